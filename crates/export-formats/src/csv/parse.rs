//! Cells to values, by one rule: a cell is taken for a value only if writing the value back gives the very same text.
//!
//! So `00501`, `1e5`, `+5`, ` 7` and `-0` are no integers, and `1.50` is no float (it would come back as `1.5`), but a
//! decimal of two digits after the point.

mod float;
#[cfg(test)]
mod tests;
mod time;

pub(super) use float::float;
pub(super) use time::{date, timestamp, timestamp_format};

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
    if cell.len() <= 18 {
        short_digits(cell)
    } else {
        u64::try_from(decimal(cell, 0)?).ok()
    }
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
    let significant = if whole == b"0" {
        fraction.len()
    } else {
        whole.len() + fraction.len()
    };
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
    u8::try_from(cell.len() - point - 1)
        .ok()
        .filter(|&scale| usize::from(scale) <= MAX_DIGITS)
}
