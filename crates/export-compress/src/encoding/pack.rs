//! Bit-packing of 64 values at a time: value `i` of width `w` takes bits `i·w` to `i·w + w - 1` of a little-endian bit
//! stream, so that 64 values take exactly `w` 64-bit words. Each width has a kernel of its own, which the compiler unrolls.

use crate::defect::Defect;

/// Values a kernel packs at once.
pub(super) const GROUP: usize = 64;

/// Bytes that `count` values of `width` bits take.
pub(super) fn packed_bytes(count: usize, width: u32) -> usize {
    (count * width as usize).div_ceil(8)
}

/// Appends `values`, of which only the lowest `width` (at most 64) bits are kept.
pub(super) fn pack(values: &[u64], width: u32, output: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    for group in values.chunks(GROUP) {
        let mut words = [0; GROUP];
        if let Ok(group) = <&[u64; GROUP]>::try_from(group) {
            pack_group(width, group, &mut words);
        } else {
            let mut padded = [0; GROUP];
            for (slot, value) in padded.iter_mut().zip(group) {
                *slot = *value;
            }
            pack_group(width, &padded, &mut words);
        }
        let bytes: &[u8] = bytemuck::cast_slice(&words);
        output.extend_from_slice(
            bytes
                .get(..packed_bytes(group.len(), width))
                .unwrap_or_default(),
        );
    }
}

/// Fills `values` from `bytes`, which are exactly [`packed_bytes`] long. `width` is at most 64.
pub(super) fn unpack(bytes: &[u8], width: u32, values: &mut [u64]) -> Result<(), Defect> {
    if width == 0 {
        values.fill(0);
        return Ok(());
    }
    let groups = bytes.chunks(packed_bytes(GROUP, width));
    for (group, packed) in values.chunks_mut(GROUP).zip(groups) {
        let mut words = [0; GROUP];
        let room: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        let Some(room) = room.get_mut(..packed.len()) else {
            return Err(Defect::Rule("a packed value is wider than 64 bits"));
        };
        room.copy_from_slice(packed);
        if let Ok(group) = <&mut [u64; GROUP]>::try_from(&mut *group) {
            unpack_group(width, &words, group);
        } else {
            let mut padded = [0; GROUP];
            unpack_group(width, &words, &mut padded);
            for (value, unpacked) in group.iter_mut().zip(padded) {
                *value = unpacked;
            }
        }
    }
    Ok(())
}

#[inline]
#[expect(
    clippy::indexing_slicing,
    reason = "WIDTH and `i` are at most 64 and 63, so a word's index is at most 63"
)]
fn pack_width<const WIDTH: usize>(values: &[u64; GROUP], words: &mut [u64; GROUP]) {
    let mask = u64::MAX >> (64 - WIDTH);
    for (i, value) in values.iter().enumerate() {
        let (word, shift) = (i * WIDTH / 64, i * WIDTH % 64);
        let value = value & mask;
        words[word] |= value << shift;
        if shift + WIDTH > 64 {
            words[word + 1] |= value >> (64 - shift);
        }
    }
}

#[inline]
#[expect(
    clippy::indexing_slicing,
    reason = "WIDTH and `i` are at most 64 and 63, so a word's index is at most 63"
)]
fn unpack_width<const WIDTH: usize>(words: &[u64; GROUP], values: &mut [u64; GROUP]) {
    let mask = u64::MAX >> (64 - WIDTH);
    for (i, value) in values.iter_mut().enumerate() {
        let (word, shift) = (i * WIDTH / 64, i * WIDTH % 64);
        *value = words[word] >> shift;
        if shift + WIDTH > 64 {
            *value |= words[word + 1] << (64 - shift);
        }
        *value &= mask;
    }
}

macro_rules! by_width {
    ($width:ident, $kernel:ident, $from:ident, $to:ident) => {
        by_width!(
            $width $kernel $from $to
            1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33
            34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64
        )
    };
    ($width:ident $kernel:ident $from:ident $to:ident $($bits:literal)*) => {
        match $width {
            $($bits => $kernel::<$bits>($from, $to),)*
            _ => {}
        }
    };
}

fn pack_group(width: u32, values: &[u64; GROUP], words: &mut [u64; GROUP]) {
    by_width!(width, pack_width, values, words);
}

fn unpack_group(width: u32, words: &[u64; GROUP], values: &mut [u64; GROUP]) {
    by_width!(width, unpack_width, words, values);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_and_length() {
        for width in 0..=64u32 {
            for count in [0, 1, 7, 63, 64, 65, 200] {
                let values: Vec<u64> = (0..count as u64)
                    .map(|i| {
                        let noise = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::MAX;
                        if width == 0 { 0 } else { noise >> (64 - width) }
                    })
                    .collect();
                let mut bytes = Vec::new();
                pack(&values, width, &mut bytes);
                assert_eq!(bytes.len(), packed_bytes(count, width));
                let mut back = vec![1; count];
                unpack(&bytes, width, &mut back).unwrap();
                assert_eq!(back, values, "width {width}");
            }
        }
    }

    #[test]
    fn layout_is_a_little_endian_bit_stream() {
        let mut bytes = Vec::new();
        pack(&[0b101, 0b010, 0b111, 0b001], 3, &mut bytes);
        assert_eq!(bytes, [0b1101_0101, 0b0000_0011]);
    }
}
