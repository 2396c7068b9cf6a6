//! Floats: the fewest digits that read back as the same float.

use super::{digits_value, short_digits};

/// Ten to the power of the position, as far as floats hold it exactly.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// A float written with the fewest digits that read back as itself, and `.0` after whole numbers where `point`.
pub(in crate::csv) fn float(cell: &[u8], point: bool) -> Option<f64> {
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
    let after = if fraction.is_empty() {
        Some(0)
    } else {
        digits_value(fraction)
    };
    let Some(after) = after.filter(|_| canonical) else {
        return Short::No;
    };
    #[expect(clippy::cast_precision_loss, reason = "at most 15 digits: below 2^53")]
    let value =
        (before * 10_u64.pow(fraction.len().try_into().unwrap_or(0)) + after) as f64 / power;
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
    let tail: &[u8] = if point && value.fract() == 0.0 {
        b".0"
    } else {
        b""
    };
    (same.rest == tail).then_some(value)
}

/// Takes text as long as it is what is expected.
struct Same<'a> {
    rest: &'a [u8],
}

impl std::fmt::Write for Same<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.rest = self
            .rest
            .strip_prefix(text.as_bytes())
            .ok_or(std::fmt::Error)?;
        Ok(())
    }
}
