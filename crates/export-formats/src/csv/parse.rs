//! Cells to values, by one rule: a cell is taken for a value only if writing the value back gives the very same text.
//!
//! So `00501`, `1e5`, `+5`, ` 7` and `-0` are no integers, and `1.50` is no float (it would come back as `1.5`), but a
//! decimal of two digits after the point.

use export_core::marrow::datatypes::TimeUnit;
use export_core::text::{Civil, TimestampStyle, days_from_civil, units_per_second};

/// Most digits of a 128-bit decimal.
pub(super) const MAX_DIGITS: usize = 38;

/// `true` or `false`.
pub(super) fn boolean(cell: &[u8]) -> Option<bool> {
    match cell {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// The digits' value where the first is not a needless zero. `digits` is at most 18 long.
#[inline]
fn short_digits(digits: &[u8]) -> Option<u64> {
    if digits.len() > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    digits_value(digits)
}

/// The value of at most 19 digits, leading zeros allowed; `None` where one is no digit or there are none.
#[inline]
fn digits_value(digits: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    let mut wrong = digits.is_empty();
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        wrong |= digit > 9;
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (!wrong).then_some(value)
}

/// An integer of 64 bits.
#[inline]
pub(super) fn int(cell: &[u8]) -> Option<i64> {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > 18 {
        return long_int(cell);
    }
    let value = short_digits(digits)?.cast_signed();
    match negative {
        false => Some(value),
        true if value == 0 => None,
        true => Some(-value),
    }
}

#[cold]
fn long_int(cell: &[u8]) -> Option<i64> {
    i64::try_from(decimal(cell, 0)?).ok()
}

/// An unsigned integer of 64 bits.
#[inline]
pub(super) fn uint(cell: &[u8]) -> Option<u64> {
    if cell.len() <= 18 { short_digits(cell) } else { u64::try_from(decimal(cell, 0)?).ok() }
}

/// The unscaled value of a decimal with exactly `scale` digits after the point and at most 38 digits in all.
pub(super) fn decimal(cell: &[u8], scale: u8) -> Option<i128> {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let (whole, fraction) = match usize::from(scale) {
        0 => (digits, &[][..]),
        scale => {
            let (whole, rest) = digits.split_at_checked(digits.len().checked_sub(scale + 1)?)?;
            (whole, rest.strip_prefix(b".")?)
        }
    };
    let needless_zero = whole.len() > 1 && whole.first() == Some(&b'0');
    let significant = if whole == b"0" { fraction.len() } else { whole.len() + fraction.len() };
    if whole.is_empty() || needless_zero || significant > MAX_DIGITS {
        return None;
    }
    let mut value = 0_i128;
    for part in [whole, fraction] {
        for chunk in part.chunks(18) {
            let width = u32::try_from(chunk.len()).ok()?;
            value = value * 10_i128.pow(width) + i128::from(digits_value(chunk)?);
        }
    }
    match negative {
        false => Some(value),
        true if value == 0 => None,
        true => Some(-value),
    }
}

/// Digits after the point of a cell that looks like a decimal.
pub(super) fn scale_of(cell: &[u8]) -> Option<u8> {
    let point = cell.iter().position(|&byte| byte == b'.')?;
    u8::try_from(cell.len() - point - 1).ok().filter(|&scale| usize::from(scale) <= MAX_DIGITS)
}

/// Ten to the power of the position, as far as floats hold it exactly.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A float written with the fewest digits that read back as itself, and `.0` after whole numbers where `point`.
pub(super) fn float(cell: &[u8], point: bool) -> Option<f64> {
    match short_float(cell, point) {
        Short::Value(value) => Some(value),
        Short::Other => long_float(cell, point),
        Short::No => None,
    }
}

enum Short {
    /// The cell is this float.
    Value(f64),
    /// The cell is no float that would be written like this.
    No,
    /// The cell has more digits than this way of reading is exact for, or is no number.
    Other,
}

/// Floats of up to 15 digits in all. Their shortest digits are their own: two decimals of 15 digits never round to one
/// 64-bit float. And both the digits and the power of ten are exact floats, so that their quotient is rounded but once.
fn short_float(cell: &[u8], point: bool) -> Short {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > 16 || !digits.first().is_some_and(u8::is_ascii_digit) {
        return Short::Other;
    }
    let (whole, fraction) = match digits.iter().position(|&byte| byte == b'.') {
        Some(at) => {
            let (whole, rest) = digits.split_at(at);
            (whole, rest.get(1..).unwrap_or_default())
        }
        None if digits.len() > 15 => return Short::Other,
        None => (digits, &[][..]),
    };
    let has_point = digits.len() > whole.len();
    let canonical = match fraction {
        [] => !has_point && !point,
        b"0" => point,
        [.., last] => *last != b'0',
    };
    let (Some(before), Some(power)) = (short_digits(whole), POWERS.get(fraction.len())) else {
        return Short::No;
    };
    let after = if fraction.is_empty() { Some(0) } else { digits_value(fraction) };
    let Some(after) = after.filter(|_| canonical) else { return Short::No };
    #[expect(clippy::cast_precision_loss, reason = "at most 15 digits: below 2^53")]
    let value = (before * 10_u64.pow(fraction.len().try_into().unwrap_or(0)) + after) as f64 / power;
    Short::Value(if negative { -value } else { value })
}

/// Any float, by writing it back.
#[cold]
fn long_float(cell: &[u8], point: bool) -> Option<f64> {
    // No float is written with more characters; what starts otherwise is no float.
    const LONGEST: usize = 350;
    if cell.len() > LONGEST || !matches!(cell.first()?, b'0'..=b'9' | b'-' | b'N' | b'i') {
        return None;
    }
    let value: f64 = std::str::from_utf8(cell).ok()?.parse().ok()?;
    let mut same = Same { rest: cell };
    std::fmt::Write::write_fmt(&mut same, format_args!("{value}")).ok()?;
    let tail: &[u8] = if point && value.fract() == 0.0 { b".0" } else { b"" };
    (same.rest == tail).then_some(value)
}

/// Takes text as long as it is what is expected.
struct Same<'a> {
    rest: &'a [u8],
}

impl std::fmt::Write for Same<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.rest = self.rest.strip_prefix(text.as_bytes()).ok_or(std::fmt::Error)?;
        Ok(())
    }
}

/// Days since 1970-01-01 of a date such as `2013-01-01`.
pub(super) fn date(cell: &[u8]) -> Option<i32> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = cell else { return None };
    let year = digits_value(&[y0, y1, y2, y3])?.cast_signed();
    let (month, day) = (two_digits(m0, m1)?, two_digits(d0, d1)?);
    i32::try_from(days_from_civil(Civil { year, month, day })?).ok()
}

#[inline]
fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| tens * 10 + ones)
}

/// A timestamp of exactly this unit and style.
pub(super) fn timestamp(cell: &[u8], unit: TimeUnit, style: TimestampStyle) -> Option<i64> {
    let body = cell.strip_suffix(style.suffix.as_bytes())?;
    let (date_text, rest) = body.split_at_checked(10)?;
    let (&[separator, h0, h1, b':', m0, m1, b':', s0, s1], fraction) = rest.split_first_chunk()? else {
        return None;
    };
    let per_second = units_per_second(unit);
    let fraction = match (unit, fraction) {
        (TimeUnit::Second, []) => 0,
        (TimeUnit::Second, _) => return None,
        (_, [b'.', digits @ ..]) if 10_i64.pow(digits.len().min(10) as u32) == per_second => {
            digits_value(digits)?.cast_signed()
        }
        _ => return None,
    };
    let (hour, minute, second) = (two_digits(h0, h1)?, two_digits(m0, m1)?, two_digits(s0, s1)?);
    if separator != style.separator || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let of_day = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    let seconds = i64::from(date(date_text)?) * 86_400 + of_day;
    seconds.checked_mul(per_second)?.checked_add(fraction)
}

/// The unit and style of a cell that is a timestamp.
pub(super) fn timestamp_format(cell: &[u8]) -> Option<(TimeUnit, TimestampStyle)> {
    let separator = *cell.get(10).filter(|&&byte| byte == b'T' || byte == b' ')?;
    let after = cell.get(19..)?;
    let (fraction, digits) = match after {
        [b'.', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (digits + 1, digits)
        }
        _ => (0, 0),
    };
    let unit = match (fraction, digits) {
        (0, _) => TimeUnit::Second,
        (_, 3) => TimeUnit::Millisecond,
        (_, 6) => TimeUnit::Microsecond,
        (_, 9) => TimeUnit::Nanosecond,
        _ => return None,
    };
    let suffix = match after.get(fraction..)? {
        b"" => "",
        b"Z" => "Z",
        b"+00" => "+00",
        b"+0000" => "+0000",
        b"+00:00" => "+00:00",
        _ => return None,
    };
    let style = TimestampStyle { separator, suffix };
    timestamp(cell, unit, style).map(|_| (unit, style))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_not_come_back_is_refused() {
        for cell in ["", "-", "+5", "00501", "-0", "1e5", " 7", "7 ", "9223372036854775808", "0x1", "1_0", "٣"] {
            assert_eq!(int(cell.as_bytes()), None, "{cell}");
        }
        for cell in ["1.50", "1.", ".5", "01.5", "-", "nan", "1e5", "9007199254740993", "0.10000000000000001", "infinity", "1.0"] {
            assert_eq!(float(cell.as_bytes(), false), None, "{cell}");
        }
        for cell in ["1", "1.00", "-0", "1.50", "123456789012345678.0"] {
            assert_eq!(float(cell.as_bytes(), true), None, "{cell}");
        }
        for cell in ["1.5", "01.50", "-0.00", ".50", "1.5a", "1,50", "-.50"] {
            assert_eq!(decimal(cell.as_bytes(), 2), None, "{cell}");
        }
        for cell in ["2013-02-29", "2013-1-01", "2013-01-32", "13-01-01", "2013-00-10", "2013/01/01"] {
            assert_eq!(date(cell.as_bytes()), None, "{cell}");
        }
        for cell in ["2013-01-01T24:00:00Z", "2013-01-01T10:00:60Z", "2013-01-01T10:00Z", "2013-01-01T10:00:00.12Z", "2013-01-01T10:00:00+01:00"] {
            assert_eq!(timestamp_format(cell.as_bytes()), None, "{cell}");
        }
        assert_eq!(timestamp_format(b"2263-01-01T00:00:00.000000000Z"), None);
    }

    #[test]
    fn what_comes_back_is_taken() {
        assert_eq!(int(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(uint(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(float(b"-0", false).map(f64::to_bits), Some((-0.0_f64).to_bits()));
        assert_eq!(float(b"-0.0", true).map(f64::to_bits), Some((-0.0_f64).to_bits()));
        assert!(float(b"NaN", false).is_some_and(f64::is_nan));
        assert_eq!(float(b"-inf", true), Some(f64::NEG_INFINITY));
        assert_eq!(decimal(b"-0.05", 2), Some(-5));
        assert_eq!(decimal(&[b'9'; 38], 0), Some(10_i128.pow(38) - 1));
        assert_eq!(decimal(&[b'9'; 39], 0), None);
        assert_eq!(date(b"2013-01-01"), Some(15_706));
        let style = TimestampStyle { separator: b'T', suffix: "Z" };
        assert_eq!(timestamp_format(b"2013-01-01T10:00:00Z"), Some((TimeUnit::Second, style)));
    }

    proptest! {
        #[test]
        fn numbers_by_the_rule(cell in "-?[0-9]{0,20}(\\.[0-9]{0,18})?") {
            let bytes = cell.as_bytes();
            prop_assert_eq!(int(bytes), cell.parse::<i64>().ok().filter(|v| v.to_string() == cell));
            prop_assert_eq!(uint(bytes), cell.parse::<u64>().ok().filter(|v| v.to_string() == cell));
            let plain = cell.parse::<f64>().ok().filter(|v| v.to_string() == cell);
            prop_assert_eq!(float(bytes, false).map(f64::to_bits), plain.map(f64::to_bits));
            let point = cell.parse::<f64>().ok().filter(|v| {
                let text = v.to_string();
                (if v.fract() == 0.0 { format!("{text}.0") } else { text }) == cell
            });
            prop_assert_eq!(float(bytes, true).map(f64::to_bits), point.map(f64::to_bits));
        }

        #[test]
        fn floats_come_back(bits: u64) {
            let value = f64::from_bits(bits);
            let text = value.to_string();
            let read = float(text.as_bytes(), false);
            prop_assert!(read.is_some_and(|v| v.to_bits() == bits || (v.is_nan() && value.is_nan())), "{}", text);
        }

        #[test]
        fn decimals_come_back(unscaled in -(10_i128.pow(38) - 1)..10_i128.pow(38), scale in 0_u8..=38) {
            let mut text = Vec::new();
            export_core::text::write_decimal(unscaled, scale.cast_signed(), &mut text);
            prop_assert_eq!(decimal(&text, scale), Some(unscaled));
        }

        #[test]
        fn dates_like_jiff(cell in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]") {
            let expected = cell.parse::<jiff::civil::Date>().ok().map(|date| {
                let epoch = jiff::civil::date(1970, 1, 1);
                date.since((jiff::Unit::Day, epoch)).unwrap().get_days()
            });
            prop_assert_eq!(date(cell.as_bytes()), expected);
        }

        #[test]
        fn instants_like_jiff(nanoseconds in -9_000_000_000_000_000_000_i64..9_000_000_000_000_000_000) {
            let style = TimestampStyle { separator: b'T', suffix: "Z" };
            for (unit, digits) in [(TimeUnit::Millisecond, 3), (TimeUnit::Microsecond, 6), (TimeUnit::Nanosecond, 9)] {
                let value = nanoseconds.div_euclid(1_000_000_000 / units_per_second(unit));
                let rounded = i128::from(value) * i128::from(1_000_000_000 / units_per_second(unit));
                let instant = jiff::Timestamp::from_nanosecond(rounded).unwrap();
                let text = format!("{instant:.digits$}");
                prop_assert_eq!(timestamp(text.as_bytes(), unit, style), Some(value));
                let mut written = Vec::new();
                style.write(value, unit, &mut written);
                prop_assert_eq!(String::from_utf8(written).unwrap(), text);
            }
        }
    }
}
