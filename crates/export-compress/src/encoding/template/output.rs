//! Strings as they are put together, and numbers as text.

use super::HEX_PIECE;
use crate::defect::Defect;

/// Digits that are made at once, and what is above their numbers.
const GROUP: usize = 8;
const ABOVE_GROUP: u64 = 100_000_000;
/// Digits of the largest word, in whole groups.
pub(super) const DIGITS: usize = 3 * GROUP;

/// `value` in decimal, at least `digits` of it: the last of the first 24 bytes, and how many they are.
#[inline]
pub(super) fn decimal(value: u64, digits: usize) -> ([u8; DIGITS + Output::COPIED], usize) {
    let mut room = [b'0'; DIGITS + Output::COPIED];
    let (places, _) = room.as_chunks_mut::<GROUP>();
    let (mut left, mut length, mut end) = (value, 0, 0);
    for place in places.iter_mut().take(DIGITS / GROUP).rev() {
        let group = eight_digits(left % ABOVE_GROUP);
        *place = (group | u64::from_le_bytes([b'0'; GROUP])).to_le_bytes();
        end += GROUP;
        // Zeros in front are the lowest bytes.
        length = end - group.trailing_zeros() as usize / 8;
        left /= ABOVE_GROUP;
        if left == 0 {
            break;
        }
    }
    (room, length.max(digits))
}

/// The decimal digits of a value below 10^8, a byte each, the first one lowest: halves, then halves of those, side by side.
#[inline]
fn eight_digits(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7F_0000_007F;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x0F_000F_000F_000F;
    tens | ((twos - tens * 10) << 8)
}

/// Two hexadecimal digits for every byte.
static LOWER: [[u8; 2]; 256] = pairs(b"0123456789abcdef");
static UPPER: [[u8; 2]; 256] = pairs(b"0123456789ABCDEF");

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn pairs(digits: &[u8; 16]) -> [[u8; 2]; 256] {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
}

/// 16 digits of `value` in hexadecimal.
#[inline]
pub(super) fn hexadecimal(value: u64, upper: bool) -> [u8; HEX_PIECE as usize] {
    let digits = if upper { &UPPER } else { &LOWER };
    let mut text = [0; HEX_PIECE as usize];
    let (pairs, _) = text.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(value.to_be_bytes()) {
        *pair = digits.get(usize::from(byte)).copied().unwrap_or_default();
    }
    text
}

/// The strings, as far as they are written.
pub(super) struct Output {
    /// As long as it is to be, and some bytes more.
    bytes: Vec<u8>,
    pub(super) end: usize,
    size: usize,
}

impl Output {
    /// Short text is copied in so many bytes, which a compiler knows better how to do than a few of them.
    pub(super) const COPIED: usize = 16;

    pub(super) fn new(size: usize) -> Self {
        Self {
            bytes: vec![0; size.saturating_add(Self::COPIED)],
            end: 0,
            size,
        }
    }

    /// Writes the first `length` bytes of `text`, which should have more.
    #[inline]
    pub(super) fn push(&mut self, text: &[u8], length: usize) -> Result<(), Defect> {
        if length > self.size - self.end {
            return Err(Defect::Rule(
                "strings are longer than all of them should be",
            ));
        }
        let copied = match length <= Self::COPIED && text.len() >= Self::COPIED {
            true => Self::COPIED,
            false => length,
        };
        let room = self.bytes.get_mut(self.end..self.end + copied);
        let (Some(room), Some(text)) = (room, text.get(..copied)) else {
            return Err(Defect::Rule("text ends early"));
        };
        match (
            <&mut [u8; Self::COPIED]>::try_from(&mut *room),
            text.try_into(),
        ) {
            (Ok(room), Ok(text)) => *room = text,
            _ => room.copy_from_slice(text),
        }
        self.end += length;
        Ok(())
    }

    /// All strings.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Defect> {
        if self.end != self.size {
            return Err(Defect::mismatch(
                "bytes of all strings",
                self.size,
                self.end,
            ));
        }
        self.bytes.truncate(self.size);
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_text() {
        let powers = (0..20).map(|power| 10u64.pow(power));
        let near = powers.flat_map(|power| [power - 1, power, power + 1, power / 7 * 5]);
        for value in near.chain([0, u64::MAX, 12_345_678, 99_999_999_999]) {
            for digits in [1, 2, 7, 8, 9, 17, 20] {
                let (room, length) = decimal(value, digits);
                let text = &room[DIGITS - length..DIGITS];
                assert_eq!(text, format!("{value:0digits$}").as_bytes());
            }
            assert_eq!(
                hexadecimal(value, false),
                *format!("{value:016x}").as_bytes()
            );
            assert_eq!(
                hexadecimal(value, true),
                *format!("{value:016X}").as_bytes()
            );
        }
    }

    #[test]
    fn output_ends_where_it_should() {
        let mut output = Output::new(20);
        output.push(b"0123456789abcdefgh", 10).unwrap();
        output.push(b"xy", 2).unwrap();
        assert!(output.push(b"0123456789", 9).is_err());
        assert!(output.push(b"0", 8).is_err());
        output.push(b"0123456789abcdefgh", 8).unwrap();
        assert_eq!(output.finish().unwrap(), b"0123456789xy01234567");
        assert!(Output::new(1).finish().is_err());
    }
}
