//! Dates and timestamps.

use export_core::marrow::datatypes::TimeUnit;
use export_core::text::{Civil, TimestampStyle, days_from_civil, units_per_second};

use super::digits_value;

/// Days since 1970-01-01 of a date such as `2013-01-01`.
pub(in crate::csv) fn date(cell: &[u8]) -> Option<i32> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = cell else {
        return None;
    };
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
pub(in crate::csv) fn timestamp(cell: &[u8], unit: TimeUnit, style: TimestampStyle) -> Option<i64> {
    let body = cell.strip_suffix(style.suffix.as_bytes())?;
    let (date_text, rest) = body.split_at_checked(10)?;
    let (&[separator, h0, h1, b':', m0, m1, b':', s0, s1], fraction) = rest.split_first_chunk()?
    else {
        return None;
    };
    let per_second = units_per_second(unit);
    let fraction = match (unit, fraction) {
        (TimeUnit::Second, []) => 0,
        (TimeUnit::Second, _) => return None,
        (_, [b'.', digits @ ..]) if usize::try_from(per_second.ilog10()) == Ok(digits.len()) => {
            digits_value(digits)?.cast_signed()
        }
        _ => return None,
    };
    let (hour, minute, second) = (
        two_digits(h0, h1)?,
        two_digits(m0, m1)?,
        two_digits(s0, s1)?,
    );
    if separator != style.separator || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let of_day = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    let seconds = i64::from(date(date_text)?) * 86_400 + of_day;
    seconds.checked_mul(per_second)?.checked_add(fraction)
}

/// The unit and style of a cell that is a timestamp.
pub(in crate::csv) fn timestamp_format(cell: &[u8]) -> Option<(TimeUnit, TimestampStyle)> {
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
