//! Scalars as text: the one spelling of every value, shared by the text formats and by [`crate::widen::cast`] to text.
//!
//! A field may carry a style under [`crate::schema::TEXT_STYLE_KEY`]: words separated by spaces that say how its values
//! differ from the default spelling.
//!
//! | word | of | effect |
//! |---|---|---|
//! | `point` | floats | whole numbers end in `.0` |
//! | `space` | timestamps | a space between date and time instead of `T` |
//! | `+00`, `+0000`, `+00:00` | timestamps | instants end so instead of in `Z` |
//!
//! Words that do not apply to a value's type have no effect.

mod civil;
mod json;

use std::io::Write;

use marrow::datatypes::TimeUnit;

pub use civil::{Civil, civil_from_days, days_from_civil, units_per_second};
#[cfg(feature = "serde")]
pub(crate) use json::{child, variant};
pub use json::{write_json, write_json_of, write_json_string};

use crate::value::Value;

/// Appends the text of a scalar and returns true; appends nothing and returns false where the value is nested.
///
/// | value | text |
/// |---|---|
/// | null | nothing |
/// | booleans | `true`, `false` |
/// | integers | decimal digits |
/// | floats | the shortest digits that read back as the same float, never an exponent; `NaN`, `inf`, `-inf` |
/// | decimals | all digits of their scale |
/// | dates | `2013-01-01`; years outside of 0 to 9999 have a sign and at least four digits |
/// | times | `10:00:00`, with the unit's 0, 3, 6 or 9 digits after the point |
/// | timestamps | `2013-01-01T10:00:00Z`, digits as for times; no `Z` where there is no zone. An instant is told in UTC |
/// | durations | ISO 8601 seconds: `PT1.5S`, `-PT86400S` |
/// | intervals | ISO 8601, each part with its own sign: `P1M-2DT0.5S` |
/// | binary | lower-case hexadecimal |
pub fn write_scalar(value: &Value<'_>, style: Option<&str>, out: &mut Vec<u8>) -> bool {
    match *value {
        Value::Null => {}
        Value::Bool(v) => out.extend_from_slice(if v { b"true" } else { b"false" }),
        Value::Int(v) => write_int(v, out),
        Value::UInt(v) => write_int(v, out),
        Value::Float32(v) => write_float(v, v.fract() == 0.0 && has_word(style, "point"), out),
        Value::Float64(v) => write_float(v, v.fract() == 0.0 && has_word(style, "point"), out),
        Value::Decimal { unscaled, scale } => write_decimal(unscaled, scale, out),
        Value::Text(v) => out.extend_from_slice(v.as_bytes()),
        Value::Bytes(v) => write_hex(v, out),
        Value::Date32(days) => civil::write_date(i64::from(days), out),
        Value::Date64(ms) => civil::write_date64(ms, out),
        Value::Time(v, unit) => civil::write_time(v, unit, out),
        Value::Timestamp(v, unit, zone) => {
            civil::write_timestamp(v, unit, TimestampStyle::new(zone.is_some(), style), out);
        }
        Value::Duration(v, unit) => civil::write_duration(v, unit, out),
        Value::Interval {
            months,
            days,
            nanoseconds,
        } => {
            civil::write_interval(months, days, nanoseconds, out);
        }
        _ => return false,
    }
    true
}

fn has_word(style: Option<&str>, word: &str) -> bool {
    style.is_some_and(|style| style.split(' ').any(|part| part == word))
}

/// Appends decimal digits, with a minus where `v` is negative.
pub fn write_int(v: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes());
}

/// Appends the shortest digits that read back as the same float, and `.0` where `point` asks for it.
fn write_float(v: impl std::fmt::Display, point: bool, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = write!(out, "{v}");
    if point {
        out.extend_from_slice(b".0");
    }
}

/// Appends all digits of `unscaled · 10^-scale`, at least one of them before the point.
pub fn write_decimal(unscaled: i128, scale: i8, out: &mut Vec<u8>) {
    if unscaled < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(unscaled.unsigned_abs()).as_bytes();
    let Ok(fraction) = usize::try_from(scale) else {
        out.extend_from_slice(digits);
        if unscaled != 0 {
            out.resize(out.len() + usize::from(scale.unsigned_abs()), b'0');
        }
        return;
    };
    // "0.05" has more digits after the point than the integer 5 has at all.
    let whole = digits.len().saturating_sub(fraction);
    let (before, after) = digits.split_at(whole);
    out.extend_from_slice(if before.is_empty() { b"0" } else { before });
    if fraction > 0 {
        out.push(b'.');
        out.resize(out.len() + (fraction - after.len()), b'0');
        out.extend_from_slice(after);
    }
}

/// Appends two lower-case hexadecimal digits a byte.
pub fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |nibble: u8| {
        if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' + nibble - 10
        }
    };
    out.extend(
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]),
    );
}

/// How a timestamp is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampStyle {
    /// What stands between date and time: `T` or a space.
    pub separator: u8,
    /// What stands at the end: nothing for a wall clock, else `Z`, `+00`, `+0000` or `+00:00`.
    pub suffix: &'static str,
}

impl TimestampStyle {
    /// The spelling of instants (UTC) or wall clocks under a field's style.
    #[must_use]
    pub fn new(instant: bool, style: Option<&str>) -> Self {
        let suffix = match instant {
            false => "",
            true if has_word(style, "+00:00") => "+00:00",
            true if has_word(style, "+0000") => "+0000",
            true if has_word(style, "+00") => "+00",
            true => "Z",
        };
        Self {
            separator: if has_word(style, "space") { b' ' } else { b'T' },
            suffix,
        }
    }

    /// The style to keep with a field so that its timestamps are spelt like this; `None` for the default.
    #[must_use]
    pub fn to_style(self) -> Option<String> {
        let mut words = Vec::new();
        if self.separator == b' ' {
            words.push("space");
        }
        if self.suffix.starts_with('+') {
            words.push(self.suffix);
        }
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Appends the timestamp `v`.
    pub fn write(self, v: i64, unit: TimeUnit, out: &mut Vec<u8>) {
        civil::write_timestamp(v, unit, self, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Value<'_>, style: Option<&str>) -> String {
        let mut out = Vec::new();
        assert!(write_scalar(&value, style, &mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers() {
        assert_eq!(text(Value::Int(i64::MIN), None), "-9223372036854775808");
        assert_eq!(text(Value::UInt(u64::MAX), None), "18446744073709551615");
        assert_eq!(text(Value::Float64(1e21), None), "1000000000000000000000");
        assert_eq!(text(Value::Float64(-0.0), None), "-0");
        assert_eq!(text(Value::Float64(-0.0), Some("point")), "-0.0");
        assert_eq!(text(Value::Float64(2.5), Some("point")), "2.5");
        assert_eq!(text(Value::Float64(f64::NAN), Some("point")), "NaN");
        assert_eq!(
            text(Value::Float64(f64::NEG_INFINITY), Some("point")),
            "-inf"
        );
        assert_eq!(text(Value::Float32(0.1), None), "0.1");
    }

    #[test]
    fn decimals() {
        let decimal = |unscaled, scale| text(Value::Decimal { unscaled, scale }, None);
        assert_eq!(decimal(150, 2), "1.50");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(0, 3), "0.000");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(decimal(7, -2), "700");
        assert_eq!(decimal(0, -2), "0");
        assert_eq!(
            decimal(i128::MIN, 38),
            "-1.70141183460469231731687303715884105728"
        );
        assert_eq!(decimal(i128::MAX, 127).len(), 2 + 127);
    }

    #[test]
    fn styles_of_timestamps_come_back() {
        for separator in [b' ', b'T'] {
            for suffix in ["Z", "+00", "+0000", "+00:00"] {
                let style = TimestampStyle { separator, suffix };
                assert_eq!(
                    TimestampStyle::new(true, style.to_style().as_deref()),
                    style
                );
            }
            let style = TimestampStyle {
                separator,
                suffix: "",
            };
            assert_eq!(
                TimestampStyle::new(false, style.to_style().as_deref()),
                style
            );
        }
    }

    #[test]
    fn bytes() {
        assert_eq!(text(Value::Bytes(&[0, 0x9f, 0xa0]), None), "009fa0");
    }
}
