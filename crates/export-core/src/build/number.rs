//! What a JSON number's text says, to the last digit.

use crate::Error;

/// The narrowest value that is exactly what a number's text says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    UInt(u64),
    /// An integer of up to 38 digits.
    Wide(i128),
    Float(f64),
    /// No value of these is exact: only the text is.
    Inexact,
}

/// Decimals of up to this many significant digits survive text → `f64` → text, while the exponent is far from the ends.
const EXACT_DIGITS: usize = 15;
const EXACT_EXPONENT: i64 = 290;
/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// A number's text taken apart.
struct Parts<'a> {
    negative: bool,
    integer: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
    /// Written with a point or an exponent.
    is_float: bool,
    /// Integer and fraction digits as one integer, wrapped where they are more than 19.
    mantissa: u64,
}

fn digits(text: &[u8], mantissa: &mut u64) -> usize {
    let mut count = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        count += 1;
    }
    count
}

/// Takes a JSON number apart, or `None` where it is none.
#[inline]
fn parts(text: &[u8]) -> Option<Parts<'_>> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut mantissa = 0_u64;
    let (integer, rest) = rest.split_at_checked(digits(rest, &mut mantissa))?;
    if integer.is_empty() || matches!(integer, [b'0', _, ..]) {
        return None;
    }
    if rest.is_empty() {
        let (fraction, exponent, is_float) = (&[][..], 0, false);
        return Some(Parts {
            negative,
            integer,
            fraction,
            exponent,
            is_float,
            mantissa,
        });
    }
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let (fraction, rest) = rest.split_at_checked(digits(rest, &mut mantissa))?;
            (
                Some(fraction).filter(|fraction| !fraction.is_empty())?,
                rest,
            )
        }
        _ => (&[][..], rest),
    };
    let exponent = match rest {
        [] => 0,
        [b'e' | b'E', b'-', rest @ ..] => -exponent(rest)?,
        [b'e' | b'E', b'+', rest @ ..] | [b'e' | b'E', rest @ ..] => exponent(rest)?,
        _ => return None,
    };
    Some(Parts {
        negative,
        integer,
        fraction,
        exponent,
        is_float: true,
        mantissa,
    })
}

/// An exponent's digits; far too large ones all count as the same.
fn exponent(text: &[u8]) -> Option<i64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = text.iter().map(|digit| i64::from(digit - b'0'));
    Some(digits.fold(0, |value, digit| (value * 10 + digit).min(1 << 40)))
}

/// What `text` says, or `None` where it is not a JSON number.
#[inline]
pub(crate) fn classify(text: &[u8]) -> Option<Number> {
    let parts = parts(text)?;
    if parts.is_float {
        Some(classify_float(&parts, text))
    } else {
        Some(classify_integer(&parts))
    }
}

/// Whether `text` is a JSON number.
pub(super) fn is_number(text: &[u8]) -> bool {
    parts(text).is_some()
}

#[inline]
fn classify_integer(parts: &Parts<'_>) -> Number {
    // Up to 19 digits the mantissa has not wrapped.
    if parts.integer.len() <= 19 {
        let value = parts.mantissa;
        return match (parts.negative, i64::try_from(value)) {
            // The integers have no −0.
            (true, Ok(0)) => Number::Float(-0.0),
            (false, Ok(value)) => Number::Int(value),
            (true, Ok(value)) => Number::Int(-value),
            (false, Err(_)) => Number::UInt(value),
            (true, Err(_)) => wide(-i128::from(value)),
        };
    }
    if parts.integer.len() > 38 {
        return Number::Inexact;
    }
    let digits = parts.integer.iter().map(|digit| i128::from(digit - b'0'));
    let value = digits.fold(0, |value, digit| value * 10 + digit);
    wide(if parts.negative { -value } else { value })
}

fn wide(value: i128) -> Number {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => Number::Int(value),
        (_, Ok(value)) => Number::UInt(value),
        _ => Number::Wide(value),
    }
}

fn classify_float(parts: &Parts<'_>, text: &[u8]) -> Number {
    let count = parts.integer.len() + parts.fraction.len();
    let Ok(scale) = i64::try_from(parts.fraction.len()) else {
        return Number::Inexact;
    };
    let exponent = parts.exponent - scale;
    if count <= EXACT_DIGITS
        && let Some(value) = exact_quotient(parts.mantissa, exponent)
    {
        return Number::Float(if parts.negative { -value } else { value });
    }
    let Some(value) = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
    else {
        return Number::Inexact;
    };
    let far_from_ends = count <= EXACT_DIGITS && exponent.abs() <= EXACT_EXPONENT;
    if value.is_finite() && (far_from_ends || has_digits(value, parts, text)) {
        Number::Float(value)
    } else {
        Number::Inexact
    }
}

/// `mantissa · 10^exponent` where both operands are exact in an `f64`, so that one rounding gives the nearest value
/// (Clinger, "How to read floating point numbers accurately", 1990).
#[inline]
#[expect(
    clippy::cast_precision_loss,
    reason = "a mantissa of up to 15 digits is exact"
)]
fn exact_quotient(mantissa: u64, exponent: i64) -> Option<f64> {
    let power = POWERS.get(usize::try_from(exponent.unsigned_abs()).ok()?)?;
    let mantissa = mantissa as f64;
    Some(if exponent < 0 {
        mantissa / power
    } else {
        mantissa * power
    })
}

/// Whether the digits of the text are the shortest that make `value`. Where two are as short and as near, most languages
/// write the even one and Rust the greater: both will do.
fn has_digits(value: f64, written: &Parts<'_>, text: &[u8]) -> bool {
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    if shortest.as_bytes() == text {
        return true;
    }
    let written = written.significant();
    let is_written = |text: &str| {
        let shortest = parts(text.as_bytes()).and_then(|shortest| shortest.significant());
        shortest.is_some() && shortest == written
    };
    is_written(shortest) || is_written(&format!("{value:e}"))
}

impl Parts<'_> {
    /// The number's digits without zeros at either end, as an integer, and the power of ten to multiply it by; `None` for
    /// more digits than any float has. Zero is zero times one.
    fn significant(&self) -> Option<(u64, i64)> {
        let count = self.integer.len() + self.fraction.len();
        let mut exponent = self.exponent - i64::try_from(self.fraction.len()).ok()?;
        let mut mantissa = if count <= 19 {
            self.mantissa
        } else {
            self.long_mantissa()?
        };
        if mantissa == 0 {
            return Some((0, 0));
        }
        if count > 19 {
            let digits = self.fraction.iter().rev().chain(self.integer.iter().rev());
            let zeros = digits.take_while(|digit| **digit == b'0').count();
            exponent += i64::try_from(zeros).ok()?;
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        Some((mantissa, exponent))
    }

    /// The digits up to the last that is not zero, where these fit.
    #[cold]
    fn long_mantissa(&self) -> Option<u64> {
        let mut zeros = 0;
        let mut mantissa = 0_u64;
        for digit in self.integer.iter().chain(self.fraction) {
            if *digit == b'0' {
                zeros += 1;
                continue;
            }
            let shift = if mantissa == 0 { 0 } else { zeros + 1 };
            let factor = 10_u64.checked_pow(shift)?;
            mantissa = mantissa
                .checked_mul(factor)?
                .checked_add(u64::from(digit - b'0'))?;
            zeros = 0;
        }
        Some(mantissa)
    }
}

#[cold]
pub(super) fn not_a_number(text: &[u8]) -> Error {
    let start = String::from_utf8_lossy(text.get(..40).unwrap_or(text));
    Error::data(format!("{start:?} is not a JSON number"))
}

#[cfg(test)]
mod tests {
    use super::{Number, classify};
    use proptest::prelude::*;

    fn of(text: &str) -> Option<Number> {
        classify(text.as_bytes())
    }

    #[test]
    fn integers_are_the_narrowest() {
        assert_eq!(of("0"), Some(Number::Int(0)));
        assert_eq!(of("-9223372036854775808"), Some(Number::Int(i64::MIN)));
        assert_eq!(of("9223372036854775808"), Some(Number::UInt(1 << 63)));
        assert_eq!(of("18446744073709551615"), Some(Number::UInt(u64::MAX)));
        assert_eq!(of("18446744073709551616"), Some(Number::Wide(1 << 64)));
        assert_eq!(
            of("-9223372036854775809"),
            Some(Number::Wide(i128::from(i64::MIN) - 1))
        );
        assert_eq!(of(&"9".repeat(38)), Some(Number::Wide(10_i128.pow(38) - 1)));
        assert_eq!(of(&"9".repeat(39)), Some(Number::Inexact));
    }

    #[test]
    fn fractions_are_floats_where_these_hold_every_digit() {
        assert_eq!(of("0.1"), Some(Number::Float(0.1)));
        assert_eq!(of("-1.50e3"), Some(Number::Float(-1500.0)));
        assert_eq!(of("0.30000000000000004"), Some(Number::Float(0.1 + 0.2)));
        assert_eq!(of("1.7976931348623157e308"), Some(Number::Float(f64::MAX)));
        assert_eq!(of("5e-324"), Some(Number::Float(5e-324)));
        assert_eq!(of("0e999999999999999999999"), Some(Number::Float(0.0)));
        for text in [
            "1e400",
            "1e-400",
            "0.1234567890123456789",
            "4.9e-324",
            "9007199254740993.0",
        ] {
            assert_eq!(of(text), Some(Number::Inexact), "{text}");
        }
        assert!(
            matches!(of("-0"), Some(Number::Float(zero)) if zero.to_bits() == (-0.0_f64).to_bits())
        );
        assert!(
            matches!(of("-0.0e5"), Some(Number::Float(zero)) if zero.to_bits() == (-0.0_f64).to_bits())
        );
    }

    #[test]
    fn what_json_does_not_allow_is_no_number() {
        for text in [
            "", "-", "01", "+1", "1.", ".5", "1e", "1e+", "1x", "0x1", "NaN", "Infinity", "--1",
            "1.5.2", "1e5.5", " 1",
        ] {
            assert_eq!(of(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn shortest_text_of_a_float_is_that_float(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let number = of(&format!("{value:e}")).unwrap();
            // Integral values within an i64 may come back as integers when written without an exponent; `{:e}` has one.
            prop_assert!(matches!(number, Number::Float(back) if back.to_bits() == bits), "{number:?}");
            let plain = of(&format!("{value:?}")).unwrap();
            prop_assert!(matches!(plain, Number::Float(back) if back.to_bits() == bits), "{plain:?}");
        }

        #[test]
        fn a_float_is_what_the_standard_library_reads(text in "-?(0|[1-9][0-9]{0,24})\\.[0-9]{1,24}([eE][+-]?[0-9]{1,3})?") {
            match of(&text).unwrap() {
                Number::Float(value) => prop_assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits()),
                Number::Inexact => {
                    // The shortest digits of the nearest float say another number than the text.
                    let nearest = text.parse::<f64>().unwrap();
                    prop_assert!(text.len() > 15 || !nearest.is_normal());
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn integers_are_read_to_the_digit(value: i128) {
            let expected = if value.unsigned_abs() >= 10_u128.pow(38) {
                Number::Inexact
            } else if let Ok(value) = i64::try_from(value) {
                Number::Int(value)
            } else if let Ok(value) = u64::try_from(value) {
                Number::UInt(value)
            } else {
                Number::Wide(value)
            };
            prop_assert_eq!(of(&value.to_string()), Some(expected));
        }
    }
}
