//! Bitmaps, least significant bit first: [`marrow`]'s validity and booleans.
//!
//! A bit beyond the end of a bitmap reads as 0.

use std::ops::Range;

use marrow::view::BitsWithOffset;

use crate::{Error, Result};

/// The bit at `index`.
#[must_use]
pub fn get(bits: &[u8], index: usize) -> bool {
    bits.get(index / 8)
        .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}

/// Whether slot `index` has a value under this validity bitmap; without a bitmap all have.
#[must_use]
pub fn is_valid(validity: Option<&[u8]>, index: usize) -> bool {
    validity.is_none_or(|bits| get(bits, index))
}

/// How many of the `count` bits from bit `start` are 1.
#[must_use]
pub fn count_ones(bits: &[u8], start: usize, count: usize) -> usize {
    let (skip, end) = (start % 8, start.saturating_add(count));
    let last = end.div_ceil(8).min(bits.len());
    let Some(bytes) = bits.get(start / 8..last).filter(|bytes| !bytes.is_empty()) else {
        return 0;
    };
    let ones: usize = bytes.iter().map(|byte| byte.count_ones() as usize).sum();
    let before = bytes
        .first()
        .map_or(0, |byte| (byte & !(0xFF << skip)).count_ones() as usize);
    let after = match bytes.last() {
        Some(byte) if last * 8 > end => (byte >> (end % 8)).count_ones() as usize,
        _ => 0,
    };
    ones - before - after
}

/// Eight bits from bit `start`, the first lowest.
fn byte_at(bits: &[u8], start: usize) -> u8 {
    let at = start / 8;
    let low = bits.get(at).copied().unwrap_or(0);
    match start % 8 {
        0 => low,
        shift => low >> shift | bits.get(at + 1).copied().unwrap_or(0) << (8 - shift),
    }
}

/// Appends the `count` bits of `from` that start at bit `start` to the `len` bits of `to`.
///
/// `to` holds exactly the bytes that `len` bits need; bits after the last are 0 afterwards.
pub fn append(to: &mut Vec<u8>, len: usize, from: &[u8], start: usize, count: usize) {
    append_with(to, len, count, |at| byte_at(from, start + at));
}

/// Appends `count` times `bit` to the `len` bits of `to`, as [`append`] does.
pub fn append_same(to: &mut Vec<u8>, len: usize, bit: bool, count: usize) {
    append_with(to, len, count, |_| if bit { 0xFF } else { 0 });
}

/// Appends `bit` to the `len` bits of `to`.
#[inline]
pub fn push(to: &mut Vec<u8>, len: usize, bit: bool) {
    if len.is_multiple_of(8) {
        to.push(u8::from(bit));
    } else if let Some(last) = to.last_mut() {
        *last |= u8::from(bit) << (len % 8);
    }
}

/// Appends `count` bits, eight at a time, as `byte` gives them by their position.
fn append_with(to: &mut Vec<u8>, len: usize, count: usize, byte: impl Fn(usize) -> u8) {
    to.resize(len.div_ceil(8), 0);
    let shift = len % 8;
    let mut done = 0;
    if shift != 0
        && count > 0
        && let Some(last) = to.last_mut()
    {
        *last = *last & !(0xFF << shift) | byte(0) << shift;
        done = (8 - shift).min(count);
    }
    to.reserve((count - done).div_ceil(8));
    while done < count {
        to.push(byte(done));
        done += 8;
    }
    let end = len + count;
    if !end.is_multiple_of(8)
        && let Some(last) = to.last_mut()
    {
        *last &= !(0xFF << (end % 8));
    }
}

/// Appends ranges of a validity bitmap to that of `len` slots, which comes into being with the first null.
pub(super) fn extend_validity(
    to: &mut Option<Vec<u8>>,
    mut len: usize,
    from: Option<BitsWithOffset<'_>>,
    ranges: &[Range<usize>],
) -> Result<()> {
    let Some(from) = from else {
        if let Some(to) = to {
            append_same(to, len, true, ranges.iter().map(Range::len).sum());
        }
        return Ok(());
    };
    for range in ranges {
        let start = from.offset.checked_add(range.start).ok_or_else(too_short)?;
        let end = start.checked_add(range.len()).ok_or_else(too_short)?;
        if end.div_ceil(8) > from.data.len() {
            return Err(too_short());
        }
        if to.is_none() && count_ones(from.data, start, range.len()) == range.len() {
            len += range.len();
            continue;
        }
        let to = to.get_or_insert_with(|| {
            let mut ones = Vec::new();
            append_same(&mut ones, 0, true, len);
            ones
        });
        append(to, len, from.data, start, range.len());
        len += range.len();
    }
    Ok(())
}

fn too_short() -> Error {
    Error::corrupt("a bitmap is shorter than its array")
}

/// The runs of slots with a value among `count` slots from `start`.
pub(crate) fn valid_runs(
    validity: Option<&[u8]>,
    start: usize,
    count: usize,
) -> impl Iterator<Item = Range<usize>> {
    let end = start.saturating_add(count);
    let mut at = start;
    std::iter::from_fn(move || {
        let Some(bits) = validity else {
            let run = at..end;
            at = end;
            return (!run.is_empty()).then_some(run);
        };
        at = skip(bits, at, end, 0);
        let from = at;
        at = skip(bits, at, end, 0xFF);
        (from < at).then_some(from..at)
    })
}

/// The first bit at or after `at` that differs from those of `byte` (all 0 or all 1), or `end`.
fn skip(bits: &[u8], mut at: usize, end: usize, byte: u8) -> usize {
    while at < end {
        let differing = byte_at(bits, at) ^ byte;
        if differing != 0 {
            return (at + differing.trailing_zeros() as usize).min(end);
        }
        at += 8;
    }
    end
}

/// Whether `count` bits of `a` from `i` equal those of `b` from `j`; no bitmap is all ones.
pub(crate) fn equal(a: Option<&[u8]>, i: usize, b: Option<&[u8]>, j: usize, count: usize) -> bool {
    let byte = |bits: Option<&[u8]>, at| bits.map_or(0xFF, |bits| byte_at(bits, at));
    if a.is_none() && b.is_none() {
        return true;
    }
    (0..count).step_by(8).all(|at| {
        let differing = byte(a, i + at) ^ byte(b, j + at);
        differing.trailing_zeros() as usize >= (count - at).min(8)
    })
}
