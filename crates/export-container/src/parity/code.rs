//! The code itself, over shards that lie one after the other.

use std::collections::BTreeMap;

use export_core::{Error, Result};

/// Bytes of all data shards that are worked on at a time: about what a processor's second cache holds.
#[cfg(feature = "parity")]
const ENCODE_BYTES: usize = 1 << 20;
/// The same for decoding, where each time costs a fixed amount of work.
#[cfg(feature = "parity")]
const DECODE_BYTES: usize = 8 << 20;

/// The `recovery` shards of `data`, which is `shards` shards of `shard_bytes` each.
#[cfg(feature = "parity")]
pub(crate) fn encode(
    data: &[u8],
    shards: usize,
    shard_bytes: usize,
    recovery: usize,
) -> Result<Vec<u8>> {
    use reed_solomon_simd::engine::DefaultEngine;
    use reed_solomon_simd::rate::{HighRateEncoder, RateEncoder};

    let mut out = export_core::memory::zeros(recovery.saturating_mul(shard_bytes))?;
    let width = width(ENCODE_BYTES, shards, shard_bytes);
    let mut encoder =
        HighRateEncoder::new(shards, recovery, width, DefaultEngine::new(), None).map_err(wrong)?;
    for from in (0..shard_bytes).step_by(width) {
        let to = (from + width).min(shard_bytes);
        encoder.reset(shards, recovery, to - from).map_err(wrong)?;
        for shard in data.chunks_exact(shard_bytes).take(shards) {
            encoder
                .add_original_shard(shard.get(from..to).unwrap_or_default())
                .map_err(wrong)?;
        }
        let encoded = encoder.encode().map_err(wrong)?;
        for (shard, made) in out
            .chunks_exact_mut(shard_bytes)
            .zip(encoded.recovery_iter())
        {
            if let Some(place) = shard.get_mut(from..to) {
                place.copy_from_slice(made);
            }
        }
    }
    Ok(out)
}

/// Fills in the shards of `data` that are not `good` from as many recovery shards, of `recovery_count` that there were.
#[cfg(feature = "parity")]
pub(crate) fn decode(
    data: &mut [u8],
    good: &[bool],
    shard_bytes: usize,
    recovery: &BTreeMap<usize, Vec<u8>>,
    recovery_count: usize,
) -> Result<()> {
    use reed_solomon_simd::engine::DefaultEngine;
    use reed_solomon_simd::rate::{HighRateDecoder, RateDecoder};

    let width = width(DECODE_BYTES, good.len(), shard_bytes);
    let engine = DefaultEngine::new();
    let mut decoder =
        HighRateDecoder::new(good.len(), recovery_count, width, engine, None).map_err(wrong)?;
    for from in (0..shard_bytes).step_by(width) {
        let to = (from + width).min(shard_bytes);
        decoder
            .reset(good.len(), recovery_count, to - from)
            .map_err(wrong)?;
        let shards = data.chunks_exact(shard_bytes).zip(good).enumerate();
        for (number, (shard, _)) in shards.filter(|(_, (_, good))| **good) {
            let part = shard.get(from..to).unwrap_or_default();
            decoder.add_original_shard(number, part).map_err(wrong)?;
        }
        for (&number, shard) in recovery {
            let part = shard.get(from..to).unwrap_or_default();
            decoder.add_recovery_shard(number, part).map_err(wrong)?;
        }
        let decoded = decoder.decode().map_err(wrong)?;
        for (number, made) in decoded.restored_original_iter() {
            let start = number.saturating_mul(shard_bytes);
            if let Some(place) = data.get_mut(start + from..start + to) {
                place.copy_from_slice(made);
            }
        }
    }
    Ok(())
}

/// How much of each shard is worked on at a time.
#[cfg(feature = "parity")]
fn width(bytes: usize, shards: usize, shard_bytes: usize) -> usize {
    let block = export_core::chunk::BLOCK_ALIGNMENT;
    (bytes / shards.max(1) / block * block).clamp(block, shard_bytes.max(block))
}

#[cfg(feature = "parity")]
fn wrong(error: reed_solomon_simd::Error) -> Error {
    Error::corrupt(error)
}

/// This build has no such code.
#[cfg(not(feature = "parity"))]
pub(crate) fn decode(
    _data: &mut [u8],
    _good: &[bool],
    _shard_bytes: usize,
    _recovery: &BTreeMap<usize, Vec<u8>>,
    _recovery_count: usize,
) -> Result<()> {
    Err(Error::unsupported(
        "this build of exportkit is without parity",
    ))
}

#[cfg(all(test, feature = "parity"))]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "functions that tests share are not seen as tests; what they count is small"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The basis in which v1.md writes the elements of the field.
    const BASIS: [u32; 16] = [
        0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E, 0x914C, 0x4012, 0x6C98, 0x10D8, 0x6A72,
        0xB900, 0xFDB8, 0xFB34, 0xFF38, 0x991E,
    ];

    /// The field element that a number stands for.
    fn element(number: u16) -> u32 {
        let bits = (0..16).filter(|bit| number >> bit & 1 == 1);
        bits.fold(0, |sum, bit| sum ^ BASIS[bit as usize])
    }

    fn number(element: u32) -> u16 {
        (0..=u16::MAX)
            .find(|&number| self::element(number) == element)
            .unwrap()
    }

    fn times(a: u32, b: u32) -> u32 {
        let mut product = 0_u32;
        for bit in (0..16).rev() {
            product <<= 1;
            if product & 0x1_0000 != 0 {
                product ^= 0x1_002D;
            }
            if b >> bit & 1 == 1 {
                product ^= a;
            }
        }
        product
    }

    fn inverse(a: u32) -> u32 {
        // a^(2^16 - 2)
        (0..15)
            .fold((1, a), |(product, power), _| {
                let power = times(power, power);
                (times(product, power), power)
            })
            .0
    }

    /// The value at `x` of the polynomial of the least degree through `points`.
    fn interpolated(points: &[(u32, u32)], x: u32) -> u32 {
        let terms = points.iter().map(|&(at, value)| {
            points
                .iter()
                .filter(|&&(other, _)| other != at)
                .fold(value, |product, &(other, _)| {
                    times(product, times(x ^ other, inverse(at ^ other)))
                })
        });
        terms.fold(0, |sum, term| sum ^ term)
    }

    fn symbol(shard: &[u8], at: usize) -> u16 {
        let (block, at) = (at / 32 * 64, at % 32);
        u16::from_le_bytes([shard[block + at], shard[block + at + 32]])
    }

    #[test]
    fn recovery_shards_are_what_the_format_says() {
        for (shards, recovery) in [(1, 1), (5, 2), (7, 3), (9, 5), (3, 4)] {
            let data: Vec<u8> = (0..shards * 128_usize)
                .map(|at| (at * at * 31 % 251) as u8)
                .collect();
            let made = encode(&data, shards, 128, recovery).unwrap();
            let wide = recovery.next_power_of_two();
            for at in [0, 1, 31, 32, 63] {
                for shard in 0..recovery {
                    // All polynomials over as many positions sum up to zero; positions without a shard are zero.
                    let groups = shards.div_ceil(wide);
                    let sum = (1..=groups).fold(0, |sum, group| {
                        let points: Vec<_> = (group * wide..(group + 1) * wide)
                            .map(|position| {
                                let data = data.chunks(128).nth(position - wide);
                                let value = data.map_or(0, |shard| symbol(shard, at));
                                (element(position as u16), element(value))
                            })
                            .collect();
                        sum ^ interpolated(&points, element(shard as u16))
                    });
                    let found = symbol(&made[shard * 128..][..128], at);
                    assert_eq!(found, number(sum), "{shards} + {recovery}: {shard}, {at}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn as_many_shards_as_there_is_parity_come_back(
            (shards, recovery) in (1_usize..60, 1_usize..30),
            blocks in 1_usize..4,
            lost in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
            seed in any::<u8>(),
        ) {
            let length = blocks * 64;
            let data: Vec<u8> = (0..shards * length)
                .map(|at| (at * 7 + at / 5) as u8 ^ seed)
                .collect();
            let made = encode(&data, shards, length, recovery).unwrap();
            let mut good = vec![true; shards];
            let mut left: BTreeMap<usize, Vec<u8>> =
                made.chunks(length).map(<[u8]>::to_vec).enumerate().collect();
            let mut broken = data.clone();
            for at in lost.iter().map(|at| at.index(shards + recovery)) {
                let missing = good.iter().filter(|good| !**good).count();
                if at >= shards {
                    if left.len() > missing {
                        left.remove(&(at - shards));
                    }
                } else if left.len() > missing {
                    good[at] = false;
                    broken[at * length..][..length].fill(0xEE);
                }
            }
            decode(&mut broken, &good, length, &left, recovery).unwrap();
            prop_assert!(broken == data);
        }
    }
}
