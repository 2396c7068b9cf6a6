//! Bit-packing of 1,024 words in lanes: value `i` is in lane `i mod L` and row `i div L`, where the `L` words of a row fill
//! 128 bytes. Every lane is a bit stream of its own, made of words of the values' width, and word `k` of all lanes lie side
//! by side. One instruction thus works on as many lanes as a register holds, whatever the width in bits, and nothing has to
//! be unrolled by hand. (The idea is that of Afroozeh and Boncz, The FastLanes Compression Layout, VLDB 2023; the order of
//! values is the plain one.)

use crate::defect::Defect;

/// Values of a miniblock in lanes.
pub(crate) const VALUES: usize = 1024;
/// Bytes of the words of all lanes that lie side by side.
const ROW_BYTES: usize = 128;

/// Bytes that [`VALUES`] values of `width` bits take.
pub(super) fn lane_bytes(width: u32) -> usize {
    width as usize * ROW_BYTES
}

/// Words that can be packed in lanes.
pub(crate) trait Lanes: Sized {
    /// Appends the lowest `width` bits of each value's distance from `base`.
    fn pack_lanes(values: &[Self; VALUES], base: Self, width: u32, bytes: &mut Vec<u8>);

    /// Fills `values` with `base` plus what is packed in `bytes`, which are [`lane_bytes`] long.
    fn unpack_lanes(
        bytes: &[u8],
        base: Self,
        width: u32,
        values: &mut [Self; VALUES],
    ) -> Result<(), Defect>;
}

const WRONG_LENGTH: Defect = Defect::Rule("lanes are not as long as their width says");

macro_rules! lanes {
    ($($word:ty),*) => {$(
        impl Lanes for $word {
            #[inline(always)]
            fn pack_lanes(values: &[Self; VALUES], base: Self, width: u32, bytes: &mut Vec<u8>) {
                const LANES: usize = ROW_BYTES / size_of::<$word>();
                if width == 0 {
                    return;
                }
                let mask = <$word>::MAX >> (<$word>::BITS - width);
                let start = bytes.len();
                bytes.resize(start + lane_bytes(width), 0);
                let (rows, _) = values.as_chunks::<LANES>();
                let mut packed = bytes.get_mut(start..).unwrap_or_default().chunks_exact_mut(ROW_BYTES);
                let (mut words, mut filled) = ([0; LANES], 0);
                for row in rows {
                    let mut distances = [0; LANES];
                    for (distance, value) in distances.iter_mut().zip(row) {
                        *distance = value.wrapping_sub(base) & mask;
                    }
                    for (word, distance) in words.iter_mut().zip(&distances) {
                        *word |= distance << filled;
                    }
                    filled += width;
                    if filled < <$word>::BITS {
                        continue;
                    }
                    if let Some(packed) = packed.next() {
                        packed.copy_from_slice(bytemuck::cast_slice(&words));
                    }
                    filled -= <$word>::BITS;
                    // What did not fit goes on in the next word. A shift by all bits would not give 0.
                    words = [0; LANES];
                    if filled > 0 {
                        for (word, distance) in words.iter_mut().zip(&distances) {
                            *word = distance >> (width - filled);
                        }
                    }
                }
            }

            #[inline(always)]
            fn unpack_lanes(
                bytes: &[u8],
                base: Self,
                width: u32,
                values: &mut [Self; VALUES],
            ) -> Result<(), Defect> {
                const LANES: usize = ROW_BYTES / size_of::<$word>();
                if width == 0 {
                    values.fill(base);
                    return Ok(());
                }
                let mask = <$word>::MAX >> <$word>::BITS.saturating_sub(width);
                let mut packed = bytes.chunks_exact(ROW_BYTES);
                let mut next = || {
                    let row = packed.next().ok_or(WRONG_LENGTH)?;
                    let mut words: [$word; LANES] = [0; LANES];
                    bytemuck::cast_slice_mut::<_, u8>(&mut words).copy_from_slice(row);
                    Ok(words)
                };
                let (mut words, mut used) = (next()?, 0);
                let (rows, _) = values.as_chunks_mut::<LANES>();
                for row in rows {
                    if used == <$word>::BITS {
                        (words, used) = (next()?, 0);
                    }
                    let end = used + width;
                    if end <= <$word>::BITS {
                        for (value, word) in row.iter_mut().zip(&words) {
                            *value = ((word >> used) & mask).wrapping_add(base);
                        }
                        used = end;
                        continue;
                    }
                    let following = next()?;
                    let rest = <$word>::BITS - used;
                    for ((value, word), next) in row.iter_mut().zip(&words).zip(&following) {
                        *value = ((word >> used | next << rest) & mask).wrapping_add(base);
                    }
                    (words, used) = (following, end - <$word>::BITS);
                }
                Ok(())
            }
        }
    )*};
}

lanes!(u8, u16, u32, u64);

/// The lower halves, then, where `width` is above 64, the upper ones.
impl Lanes for u128 {
    fn pack_lanes(values: &[Self; VALUES], base: Self, width: u32, bytes: &mut Vec<u8>) {
        use crate::word::Word;
        let distances = values.map(|value| value.wrapping_sub(base));
        u64::pack_lanes(&distances.map(Word::low), 0, width.min(64), bytes);
        u64::pack_lanes(
            &distances.map(Word::high),
            0,
            width.saturating_sub(64),
            bytes,
        );
    }

    fn unpack_lanes(
        bytes: &[u8],
        base: Self,
        width: u32,
        values: &mut [Self; VALUES],
    ) -> Result<(), Defect> {
        use crate::word::Word;
        let lower = width.min(64);
        let (low, high) = bytes
            .split_at_checked(lane_bytes(lower))
            .ok_or(WRONG_LENGTH)?;
        let mut halves = [[0; VALUES]; 2];
        let [lows, highs] = &mut halves;
        u64::unpack_lanes(low, 0, lower, lows)?;
        u64::unpack_lanes(high, 0, width - lower, highs)?;
        for ((value, low), high) in values.iter_mut().zip(lows).zip(highs) {
            *value = Self::join(*low, *high).wrapping_add(base);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::Word;

    fn every_width<W: Word>(noise: fn(u64) -> W) {
        for width in 0..=W::BITS {
            let shift = |value: W| {
                let bits = value.bit_length();
                if bits <= width { value } else { W::ZERO }
            };
            let values: [W; VALUES] = std::array::from_fn(|i| {
                let word = noise((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (i % 64));
                shift(word)
            });
            let mut bytes = vec![7];
            W::pack_lanes(&values, W::ZERO, width, &mut bytes);
            assert_eq!(bytes.len(), 1 + lane_bytes(width));
            let mut back = [W::SIGN; VALUES];
            W::unpack_lanes(&bytes[1..], W::ZERO, width, &mut back).unwrap();
            assert_eq!(back, values, "width {width} of {}", W::BITS);
        }
    }

    #[test]
    fn every_word_and_width() {
        every_width::<u8>(|noise| u8::join(noise, 0));
        every_width::<u16>(|noise| u16::join(noise, 0));
        every_width::<u32>(|noise| u32::join(noise, 0));
        every_width::<u64>(|noise| noise);
        every_width::<u128>(|noise| u128::join(noise, noise >> 7));
    }

    #[test]
    fn lanes_lie_side_by_side() {
        // 32 lanes of 32-bit words: values 0 and 32 share the first word of lane 0.
        let mut values = [0u32; VALUES];
        (values[0], values[1], values[32]) = (5, 6, 7);
        let mut bytes = Vec::new();
        u32::pack_lanes(&values, 0, 3, &mut bytes);
        assert_eq!(&bytes[..8], [0b11_1101, 0, 0, 0, 6, 0, 0, 0]);
    }

    #[test]
    fn lengths_are_checked() {
        let mut values = [0u64; VALUES];
        assert!(u64::unpack_lanes(&[0; 127], 0, 1, &mut values).is_err());
        let mut values = [0u128; VALUES];
        assert!(u128::unpack_lanes(&[0; 128], 0, 65, &mut values).is_err());
    }
}
