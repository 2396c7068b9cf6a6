//! Encoding 6: pcodec, for numbers of 16, 32 and 64 bits. Smallest, and slowest.
//!
//! The crate `pco` is given bytes only after a look at them has bounded what it may allocate.

use half::f16;
use half::slice::HalfBitsSliceExt;
use pco::data_types::Number;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, ModeSpec, PagingSpec};

use super::cursor::Cursor;
use crate::defect::Defect;
use crate::word::{Kind, Word};

/// Values of one pco chunk, which has one page. It bounds the memory of reader and writer.
const SEGMENT: usize = 1 << 18;
/// pco format version, major.
const MAJOR: u8 = 4;
/// Bytes of the version at the start of a block: major, minor.
const HEADER_BYTES: usize = 2;
/// Largest mode: 0 classic, 1 integer multiples, 2 float multiples, 3 float quantisation. Mode 4 allocates its dictionary by
/// a length that nothing backs, and our writer never chooses it.
const MAX_MODE: u64 = 3;
/// Delta variant that allocates a window.
const LOOKBACK: u64 = 2;
/// Largest window, as a power of two of values; the largest one pco's writer chooses.
const MAX_WINDOW_LOG: u64 = 15;

/// `None` where pco does not apply: words of 8 and 128 bits.
pub(crate) fn encode<W: Word>(
    values: &[W],
    kind: Kind,
    level: usize,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let bytes = match (W::BYTES, kind) {
        (2, Kind::Unsigned) => compress(cast::<W, u16>(values)?, true, level),
        (2, Kind::Signed) => compress(cast::<W, i16>(values)?, true, level),
        (2, Kind::Float) => {
            let floats: &[f16] = cast::<W, u16>(values)?.reinterpret_cast();
            compress(floats, floats.iter().all(|x| x.is_finite()), level)
        }
        (4, Kind::Unsigned) => compress(cast::<W, u32>(values)?, true, level),
        (4, Kind::Signed) => compress(cast::<W, i32>(values)?, true, level),
        (4, Kind::Float) => {
            let floats = cast::<W, f32>(values)?;
            compress(floats, floats.iter().all(|x| x.is_finite()), level)
        }
        (8, Kind::Unsigned) => compress(cast::<W, u64>(values)?, true, level),
        (8, Kind::Signed) => compress(cast::<W, i64>(values)?, true, level),
        (8, Kind::Float) => {
            let floats = cast::<W, f64>(values)?;
            compress(floats, floats.iter().all(|x| x.is_finite()), level)
        }
        _ => return None,
    }?;
    let number = match kind {
        Kind::Unsigned => 0,
        Kind::Signed => 1,
        Kind::Float => 2,
    };
    Some((vec![number], bytes))
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let mut cursor = Cursor::new("pco parameters", parameters);
    let number = cursor.word::<u8>()?;
    cursor.finish()?;
    let mut words = vec![W::ZERO; count];
    let wrong = Defect::Inapplicable {
        what: "pco",
        to: "words of this width",
    };
    macro_rules! into {
        ($number:ty) => {
            expand::<$number>(
                bytes,
                W::BITS,
                cast_mut::<W, $number>(&mut words).ok_or(wrong)?,
            )
        };
    }
    match (W::BYTES, number) {
        (2, 0) => into!(u16),
        (2, 1) => into!(i16),
        (2, 2) => {
            let words = cast_mut::<W, u16>(&mut words).ok_or(wrong)?;
            expand::<f16>(bytes, W::BITS, words.reinterpret_cast_mut())
        }
        (4, 0) => into!(u32),
        (4, 1) => into!(i32),
        (4, 2) => into!(f32),
        (8, 0) => into!(u64),
        (8, 1) => into!(i64),
        (8, 2) => into!(f64),
        (2 | 4 | 8, other) => Err(Defect::Range {
            what: "kind of number",
            found: other.into(),
        }),
        _ => Err(wrong),
    }?;
    Ok(words)
}

fn cast<W: Word, T: bytemuck::AnyBitPattern>(values: &[W]) -> Option<&[T]> {
    bytemuck::try_cast_slice(values).ok()
}

fn cast_mut<W: Word, T: bytemuck::Pod>(values: &mut [W]) -> Option<&mut [T]> {
    bytemuck::try_cast_slice_mut(values).ok()
}

/// `any_mode` is false where a value is not finite: the float modes calculate with values, and what a NaN's payload becomes
/// in a calculation depends on the processor. Classic mode only moves bits.
fn compress<T: Number>(values: &[T], any_mode: bool, level: usize) -> Option<Vec<u8>> {
    let file = FileCompressor::default();
    let mut bytes = file.write_header(Vec::new()).ok()?;
    for segment in values.chunks(SEGMENT) {
        let config = ChunkConfig::default()
            .with_compression_level(level)
            .with_mode_spec(if any_mode {
                ModeSpec::Auto
            } else {
                ModeSpec::Classic
            })
            .with_paging_spec(PagingSpec::Exact(vec![segment.len()]));
        let mut chunk = file.chunk_compressor(segment, &config).ok()?;
        bytes = chunk.write_meta(bytes).ok()?;
        bytes = chunk.write_page(0, bytes).ok()?;
    }
    Some(bytes)
}

fn expand<T: Number>(bytes: &[u8], bits: u32, values: &mut [T]) -> Result<(), Defect> {
    let failed = |e| Defect::Codec {
        codec: "pco",
        cause: Box::new(e),
    };
    let major =
        Cursor::new("pco version", bytes.get(..HEADER_BYTES).unwrap_or_default()).word::<u8>()?;
    if major != MAJOR {
        return Err(Defect::Unknown {
            what: "pco format version",
            id: u64::from(major),
        });
    }
    let (file, mut rest) = FileDecompressor::new(bytes).map_err(failed)?;
    for segment in values.chunks_mut(SEGMENT) {
        check_chunk_head(rest, bits)?;
        let (mut chunk, page) = file.chunk_decompressor::<T, _>(rest).map_err(failed)?;
        let mut page = chunk
            .page_decompressor(page, segment.len())
            .map_err(failed)?;
        let progress = page.read(segment).map_err(failed)?;
        if !progress.finished {
            return Err(Defect::Rule("a pco page has more values than the block"));
        }
        rest = page.into_src();
    }
    Cursor::new("pco", rest).finish()
}

/// Refuses chunks that would make pco allocate more than their bytes back. A chunk starts, least significant bit first, with
/// mode (4 bits), the mode's base (the number's width) or `k` (8 bits), delta variant (4 bits) and, for lookback, the
/// window's logarithm less one (5 bits).
fn check_chunk_head(bytes: &[u8], number_bits: u32) -> Result<(), Defect> {
    let head = bytes
        .iter()
        .take(16)
        .rev()
        .fold(0u128, |head, byte| head << 8 | u128::from(*byte));
    let mode = head.low() & 15;
    let base_bits = match mode {
        1 | 2 => number_bits,
        3 => 8,
        _ => 0,
    };
    if mode > MAX_MODE {
        return Err(Defect::Range {
            what: "pco mode",
            found: mode,
        });
    }
    let delta = (head >> (4 + base_bits)).low();
    let window_log = (delta >> 4 & 31) + 1;
    if delta & 15 == LOOKBACK && window_log > MAX_WINDOW_LOG {
        return Err(Defect::Range {
            what: "pco lookback window",
            found: window_log,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{hostile_words, round_trip_words};

    #[test]
    fn exact_and_safe() {
        for level in [0, 4, 8] {
            round_trip_words!(
                [u16, u32, u64] | values,
                kind | encode(values, kind, level).unwrap(),
                decode
            );
        }
        hostile_words!(
            [u16, u32, u64] | values,
            kind | encode(values, kind, 8).unwrap(),
            decode
        );
        assert!(encode(&[1u8], Kind::Unsigned, 4).is_none());
        assert!(decode::<u128>(&[0], &[], 0).is_err());
    }

    #[test]
    fn nan_payloads_and_signed_zeros() {
        let specials = [
            0,
            1 << 63,
            0x7FF0_0000_0000_0001,
            0xFFF8_1234_5678_9ABC,
            u64::MAX,
        ];
        let tenths = (0..3000u32).map(|i| (f64::from(i) * 0.1).to_bits());
        let values: Vec<u64> = tenths.chain(specials).collect();
        let (parameters, bytes) = encode(&values, Kind::Float, 8).unwrap();
        assert_eq!(
            decode::<u64>(&parameters, &bytes, values.len()).unwrap(),
            values
        );
    }

    #[test]
    fn windows_and_dictionaries_are_refused() {
        // Mode 4, then the largest length.
        let mut bytes = vec![MAJOR, 1, 0xF4, 0xFF, 0xFF, 0xFF];
        bytes.extend([0; 64]);
        assert!(decode::<u64>(&[0], &bytes, 1000).is_err());
        // Classic, lookback, window of 2^24.
        let mut bytes = vec![MAJOR, 1, 0x20, 23];
        bytes.extend([0; 64]);
        assert!(decode::<u64>(&[0], &bytes, 1000).is_err());
    }

    #[test]
    fn several_segments() {
        let values: Vec<u32> = (0..(1 << 18) + 1000).map(|i| i / 3).collect();
        let (parameters, bytes) = encode(&values, Kind::Unsigned, 2).unwrap();
        assert_eq!(
            decode::<u32>(&parameters, &bytes, values.len()).unwrap(),
            values
        );
    }
}
