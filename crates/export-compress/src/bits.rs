//! Bitmaps: one bit a slot, least significant first.

use std::borrow::Cow;
use std::ops::Range;

/// Bit `at`; false past the end.
pub(crate) fn get(bitmap: &[u8], at: usize) -> bool {
    bitmap
        .get(at / 8)
        .is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

/// The bits of `range`, from bit 0, padding zero. `None` where they are not all there.
pub(crate) fn slice(bitmap: &[u8], range: Range<usize>) -> Option<Cow<'_, [u8]>> {
    let count = range.len();
    let bytes = bitmap.get(range.start / 8..range.end.div_ceil(8).max(range.start / 8))?;
    let shift = range.start % 8;
    if shift == 0 && padding_is_zero(bytes, count) {
        return Some(Cow::Borrowed(bytes));
    }
    let next = bytes.iter().skip(1).copied().chain([0]);
    let shifted = bytes.iter().zip(next).map(|(&low, high)| {
        if shift == 0 {
            low
        } else {
            low >> shift | high << (8 - shift)
        }
    });
    let mut owned: Vec<u8> = shifted.take(count.div_ceil(8)).collect();
    clear_padding(&mut owned, count);
    Some(Cow::Owned(owned))
}

/// Whether all bits past the first `count` are zero, and there is no byte more than needed.
pub(crate) fn padding_is_zero(bitmap: &[u8], count: usize) -> bool {
    let spare = count % 8;
    bitmap.len() == count.div_ceil(8)
        && (spare == 0 || bitmap.last().is_none_or(|last| last >> spare == 0))
}

fn clear_padding(bitmap: &mut [u8], count: usize) {
    let spare = count % 8;
    if let Some(last) = bitmap.last_mut()
        && spare != 0
    {
        *last &= (1 << spare) - 1;
    }
}

/// Number of bits set; padding is zero.
pub(crate) fn count_ones(bitmap: &[u8]) -> usize {
    bitmap.iter().map(|byte| byte.count_ones() as usize).sum()
}

/// A bitmap of `count` bits, all `value`, padding zero.
pub(crate) fn filled(value: bool, count: usize) -> Vec<u8> {
    let mut bitmap = vec![if value { 0xFF } else { 0 }; count.div_ceil(8)];
    clear_padding(&mut bitmap, count);
    bitmap
}

/// Sets `length` bits from bit `start`; bits past the end are left out.
pub(crate) fn set_range(bitmap: &mut [u8], start: usize, length: usize) {
    let end = start.saturating_add(length);
    let (first, last) = (start / 8, end / 8);
    let head = 0xFFu8 << (start % 8);
    let tail = !(0xFFu8 << (end % 8));
    if first == last {
        if let Some(byte) = bitmap.get_mut(first) {
            *byte |= head & tail;
        }
        return;
    }
    if let Some(byte) = bitmap.get_mut(first) {
        *byte |= head;
    }
    if let Some(middle) = bitmap.get_mut(first + 1..last) {
        middle.fill(0xFF);
    }
    if let Some(byte) = bitmap.get_mut(last) {
        *byte |= tail;
    }
}

/// The bits as runs: value and length, none of them empty.
pub(crate) fn runs(bitmap: &[u8], count: usize) -> impl Iterator<Item = (bool, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= count {
            return None;
        }
        let value = get(bitmap, at);
        let end = run_end(bitmap, at, count, value);
        let length = end - at;
        at = end;
        Some((value, length))
    })
}

/// Where the run of `value` bits that holds bit `at` ends.
fn run_end(bitmap: &[u8], mut at: usize, count: usize, value: bool) -> usize {
    let flip = if value { 0xFF } else { 0 };
    while at < count {
        let byte = bitmap.get(at / 8).copied().unwrap_or(0) ^ flip;
        let rest = byte >> (at % 8);
        if rest != 0 {
            return (at + rest.trailing_zeros() as usize).min(count);
        }
        at = (at / 8 + 1) * 8;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bitmap(bits: &[bool]) -> Vec<u8> {
        let mut bytes = vec![0; bits.len().div_ceil(8)];
        bits.iter()
            .enumerate()
            .filter(|(_, b)| **b)
            .for_each(|(i, _)| bytes[i / 8] |= 1 << (i % 8));
        bytes
    }

    #[test]
    fn slices_runs_and_ranges() {
        let bits: Vec<bool> = (0..100u32).map(|i| i * i % 7 < 3 || i > 70).collect();
        let bytes = bitmap(&bits);
        for start in 0..100 {
            for end in start..=100 {
                let cut = slice(&bytes, start..end).unwrap();
                assert_eq!(&*cut, bitmap(&bits[start..end]), "{start}..{end}");
                let mut made = vec![0; (end - start).div_ceil(8)];
                let mut at = 0;
                for (value, length) in runs(&cut, end - start) {
                    if value {
                        set_range(&mut made, at, length);
                    }
                    at += length;
                }
                assert_eq!((at, &made[..]), (end - start, &*cut));
            }
        }
        assert!(slice(&bytes, 0..105).is_none());
        assert_eq!(filled(true, 11), [0xFF, 7]);
    }
}
