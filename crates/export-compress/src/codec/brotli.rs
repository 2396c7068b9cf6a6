//! Codec 4: one Brotli stream with a window of at most 4 MiB.

use std::io::Read;

use brotli::enc::BrotliEncoderParams;

use super::failed;
use crate::defect::{Defect, wide};

/// Largest window a stream may ask for, as a power of two: it is memory the decoder takes.
pub(super) const MAX_WINDOW_BITS: u8 = 22;
const MIN_WINDOW_BITS: u32 = 10;
/// Bytes the decoder takes from its input at once.
const INPUT_BUFFER: usize = 4096;

pub(super) fn compress(mut input: &[u8], quality: u32, output: &mut Vec<u8>) -> Result<(), Defect> {
    let needed = (usize::BITS - input.len().leading_zeros()).max(MIN_WINDOW_BITS);
    let params = BrotliEncoderParams {
        quality: i32::try_from(quality.min(11)).unwrap_or(11),
        lgwin: i32::try_from(needed)
            .unwrap_or(i32::MAX)
            .min(i32::from(MAX_WINDOW_BITS)),
        size_hint: input.len(),
        ..BrotliEncoderParams::default()
    };
    brotli::BrotliCompress(&mut input, output, &params).map_err(|e| failed("brotli", e))?;
    Ok(())
}

pub(super) fn decompress(input: &[u8], output: &mut [u8]) -> Result<(), Defect> {
    match window_bits(input) {
        Some(bits) if bits <= MAX_WINDOW_BITS => {}
        Some(bits) => {
            return Err(Defect::Range {
                what: "brotli window bits",
                found: bits.into(),
            });
        }
        None => return Err(Defect::Rule("brotli: no valid window size")),
    }
    let mut stream = brotli::Decompressor::new(input, INPUT_BUFFER);
    stream.read_exact(output).map_err(|e| failed("brotli", e))?;
    match stream.read(&mut [0]).map_err(|e| failed("brotli", e))? {
        0 => Ok(()),
        more => Err(Defect::Mismatch {
            what: "brotli output",
            due: wide(output.len()),
            found: wide(output.len() + more),
        }),
    }
}

/// The window's size as RFC 7932, section 9.1 codes it; `None` for large windows, which are no part of that RFC.
fn window_bits(input: &[u8]) -> Option<u8> {
    let first = *input.first()?;
    Some(match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, _, _) => 16,
        (_, 0, 0) => 17,
        (_, 0, 1) => return None,
        (_, 0, n) => 8 + n,
        (_, n, _) => 17 + n,
    })
}
