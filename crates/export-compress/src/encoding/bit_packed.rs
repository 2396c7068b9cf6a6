//! Encoding 3: frame of reference and bit-packing, with exceptions.
//!
//! Miniblocks of 1,024 values. Each stores its least value, then how far every value is above it in as few bits as most of
//! them need; the few that need more are exceptions, stored whole beside.

use super::cursor::{Cursor, bounded};
use super::pack::{pack, packed_bytes, unpack};
use crate::defect::Defect;
use crate::word::{Kind, Word};

/// Values of a miniblock; the last one of a block has what is left.
pub(crate) const MINIBLOCK: usize = 1024;

/// How widths are chosen; a reader does not need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Widths {
    /// The fewest bits. Best where nothing compresses the result.
    Tight,
    /// Whole bytes, no exceptions, so that a codec finds repeats and skewed bytes.
    Bytes,
}

/// What is added to every value before packing, so that negative numbers are just below positive ones.
pub(crate) fn bias<W: Word>(signed: bool) -> W {
    if signed { W::SIGN } else { W::ZERO }
}

pub(crate) fn encode<W: Word>(values: &[W], kind: Kind, widths: Widths) -> (Vec<u8>, Vec<u8>) {
    let signed = kind == Kind::Signed;
    let mut bytes = Vec::with_capacity(values.len() * W::BYTES / 2 + 16);
    pack_section(values, bias(signed), widths, &mut bytes);
    (vec![u8::from(signed)], bytes)
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let mut parameters = Cursor::new("bit-packing parameters", parameters);
    let bias = read_bias(&mut parameters)?;
    parameters.finish()?;
    let mut cursor = Cursor::new("bit-packed values", bytes);
    let values = unpack_section(&mut cursor, count, bias)?;
    cursor.finish()?;
    Ok(values)
}

/// A byte that is 1 where values were signed, else 0.
pub(super) fn read_bias<W: Word>(parameters: &mut Cursor<'_>) -> Result<W, Defect> {
    match parameters.word::<u8>()? {
        0 => Ok(bias(false)),
        1 => Ok(bias(true)),
        other => Err(Defect::Range {
            what: "signedness",
            found: other.into(),
        }),
    }
}

/// Appends all miniblocks of `values`.
pub(super) fn pack_section<W: Word>(values: &[W], bias: W, widths: Widths, bytes: &mut Vec<u8>) {
    let mut biased = [W::ZERO; MINIBLOCK];
    for block in values.chunks(MINIBLOCK) {
        for (to, from) in biased.iter_mut().zip(block) {
            *to = from.plus(bias);
        }
        pack_miniblock(
            biased.get_mut(..block.len()).unwrap_or_default(),
            widths,
            bytes,
        );
    }
}

/// Reads the miniblocks of `count` values.
pub(super) fn unpack_section<W: Word>(
    cursor: &mut Cursor<'_>,
    count: usize,
    bias: W,
) -> Result<Vec<W>, Defect> {
    let mut values = vec![W::ZERO; count];
    for block in values.chunks_mut(MINIBLOCK) {
        unpack_miniblock(cursor, bias, block)?;
    }
    Ok(values)
}

/// Appends one miniblock; `values` are overwritten with their distance from the least of them.
pub(super) fn pack_miniblock<W: Word>(values: &mut [W], widths: Widths, bytes: &mut Vec<u8>) {
    let least = values.iter().copied().min().unwrap_or(W::ZERO);
    let most = values.iter().copied().max().unwrap_or(W::ZERO);
    for value in values.iter_mut() {
        *value = value.minus(least);
    }
    let full = most.minus(least).bit_length();
    let width = match widths {
        Widths::Tight => best_width(values, W::ZERO, full),
        Widths::Bytes => full.next_multiple_of(8),
    };
    let exceptions = write_head(values, (W::ZERO, least), (width, full), bytes);
    let mut halves = [0; MINIBLOCK];
    let mut pack_half = |half: fn(W) -> u64, width: u32, values: &[W]| {
        for (to, from) in halves.iter_mut().zip(values) {
            *to = half(*from);
        }
        pack(halves.get(..values.len()).unwrap_or_default(), width, bytes);
    };
    pack_half(W::low, width.min(64), values);
    if width > 64 {
        pack_half(W::high, width - 64, values);
    }
    write_exceptions(&exceptions, bytes);
}

/// What comes before the packed bits. Returns the distances from `base` that are wider than `width`, and their positions;
/// there are none where `width` is at least `full`.
#[inline(always)]
pub(super) fn write_head<W: Word>(
    values: &[W],
    (base, least): (W, W),
    (width, full): (u32, u32),
    bytes: &mut Vec<u8>,
) -> Vec<(u16, W)> {
    let exceptions = if width < full {
        over(values, base, width)
    } else {
        Vec::new()
    };
    least.append_to(bytes);
    bytes.push(u8::try_from(width).unwrap_or(u8::MAX));
    u16::try_from(exceptions.len())
        .unwrap_or(u16::MAX)
        .append_to(bytes);
    exceptions
}

/// What comes after the packed bits.
pub(super) fn write_exceptions<W: Word>(exceptions: &[(u16, W)], bytes: &mut Vec<u8>) {
    for (position, _) in exceptions {
        position.append_to(bytes);
    }
    for (_, distance) in exceptions {
        distance.append_to(bytes);
    }
}

/// The width that costs the fewest bytes when distances from `base` that are wider become exceptions. `full` bits are enough
/// for all of them.
#[inline(always)]
pub(super) fn best_width<W: Word>(values: &[W], base: W, full: u32) -> u32 {
    let count = values.len();
    // Of `k` bits less, at least the values of full length are exceptions: only a `k` that pays for those can win.
    let top = W::bit(full.saturating_sub(1));
    if packed_bytes(count, full) <= count_from(values, base, top) * (2 + W::BYTES) {
        return full;
    }
    // Every fourth value of many says it well enough.
    let step = if count >= MINIBLOCK { 4 } else { 1 };
    let mut of_length = [0usize; 129];
    for value in values.iter().step_by(step) {
        let distance = value.minus(base);
        if let Some(count) = of_length.get_mut(distance.bit_length() as usize) {
            *count += step;
        }
    }
    let mut exceptions = 0;
    let mut best = (packed_bytes(count, full), full);
    for width in (0..full).rev() {
        exceptions += of_length.get(width as usize + 1).copied().unwrap_or(0);
        let cost = packed_bytes(count, width) + exceptions * (2 + W::BYTES);
        if cost < best.0 {
            best = (cost, width);
        }
    }
    best.1
}

/// How many are at least `least` away from `base`.
#[inline(always)]
fn count_from<W: Word>(values: &[W], base: W, least: W) -> usize {
    // So few that even a word of 8 bits can count them; in words of their width many are counted at once.
    let counts = values.chunks(128).map(|values| {
        let one = |value: &W| {
            if value.minus(base) >= least {
                W::bit(0)
            } else {
                W::ZERO
            }
        };
        let count = values.iter().map(one).fold(W::ZERO, W::plus);
        usize::try_from(count.low()).unwrap_or(0)
    });
    counts.sum()
}

/// Positions and distances wider than `width` bits.
#[inline(always)]
fn over<W: Word>(values: &[W], base: W, width: u32) -> Vec<(u16, W)> {
    /// So many are looked at together, since most have nothing.
    const TOGETHER: usize = 16;
    let least = W::bit(width);
    let mut exceptions = Vec::new();
    for (at, some) in (0u16..).step_by(TOGETHER).zip(values.chunks(TOGETHER)) {
        let most = some
            .iter()
            .fold(W::ZERO, |most, value| most.max(value.minus(base)));
        if most >= least {
            let distances = some.iter().map(|value| value.minus(base));
            let wide = (at..).zip(distances).filter(|(_, d)| *d >= least);
            exceptions.extend(wide);
        }
    }
    exceptions
}

/// Fills `values` from one miniblock.
pub(super) fn unpack_miniblock<W: Word>(
    cursor: &mut Cursor<'_>,
    bias: W,
    values: &mut [W],
) -> Result<(), Defect> {
    let (base, width, exceptions) = read_head(cursor, bias, values.len())?;
    let mut low = [0; MINIBLOCK];
    let low = low.get_mut(..values.len()).unwrap_or_default();
    unpack(
        cursor.take(packed_bytes(values.len(), width.min(64)))?,
        width.min(64),
        low,
    )?;
    if width > 64 {
        let mut high = [0; MINIBLOCK];
        let high = high.get_mut(..values.len()).unwrap_or_default();
        unpack(
            cursor.take(packed_bytes(values.len(), width - 64))?,
            width - 64,
            high,
        )?;
        for ((value, low), high) in values.iter_mut().zip(low).zip(high) {
            *value = W::join(*low, *high).plus(base);
        }
    } else {
        for (value, low) in values.iter_mut().zip(low) {
            *value = W::join(*low, 0).plus(base);
        }
    }
    read_exceptions(cursor, exceptions, base, values)
}

/// What the distances of `count` values are added to, their width in bits, and how many exceptions there are.
pub(super) fn read_head<W: Word>(
    cursor: &mut Cursor<'_>,
    bias: W,
    count: usize,
) -> Result<(W, u32, usize), Defect> {
    let base = cursor.word::<W>()?.minus(bias);
    let width = u32::from(cursor.word::<u8>()?);
    if width > W::BITS {
        return Err(Defect::Range {
            what: "bit width",
            found: width.into(),
        });
    }
    let exceptions = bounded("number of exceptions", cursor.word::<u16>()?.into(), count)?;
    Ok((base, width, exceptions))
}

/// Puts the exceptions of a miniblock in their places.
pub(super) fn read_exceptions<W: Word>(
    cursor: &mut Cursor<'_>,
    exceptions: usize,
    base: W,
    values: &mut [W],
) -> Result<(), Defect> {
    let mut positions = Cursor::new("exception positions", cursor.take(exceptions * 2)?);
    let mut next = 0;
    for _ in 0..exceptions {
        let position = usize::from(positions.word::<u16>()?);
        let found = crate::defect::wide(position);
        match values.get_mut(position) {
            Some(value) if position >= next => *value = cursor.word::<W>()?.plus(base),
            _ => {
                return Err(Defect::Range {
                    what: "position of an exception",
                    found,
                });
            }
        }
        next = position + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{hostile_words, round_trip_words};

    #[test]
    fn exact_and_safe() {
        for widths in [Widths::Tight, Widths::Bytes] {
            round_trip_words!(|values, kind| encode(values, kind, widths), decode);
            hostile_words!(|values, kind| encode(values, kind, widths), decode);
        }
    }

    #[test]
    fn outliers_cost_little() {
        let mut values: Vec<u64> = (0..1024).map(|i| i % 16).collect();
        values[77] = u64::MAX;
        let (_, bytes) = encode(&values, Kind::Unsigned, Widths::Tight);
        assert_eq!(bytes.len(), 8 + 1 + 2 + 1024 / 2 + 2 + 8);
    }

    #[test]
    fn negative_numbers_are_near_zero() {
        let values: Vec<u32> = (-50i32..50).map(i32::cast_unsigned).collect();
        let (parameters, bytes) = encode(&values, Kind::Signed, Widths::Tight);
        assert_eq!(
            (parameters, bytes.len()),
            (vec![1], 4 + 1 + 2 + 100 * 7 / 8 + 1)
        );
    }
}
