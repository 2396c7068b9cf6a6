//! Codec 2: one Zstandard frame, without checksum and dictionary.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use super::failed;
use crate::defect::Defect;

thread_local! {
    // A context is megabytes of tables: made once a thread, not once a block. It keeps nothing from block to block.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

pub(super) fn compress(input: &[u8], level: i32, output: &mut Vec<u8>) -> Result<(), Defect> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(Compressor::new(level).map_err(|e| failed("zstd", e))?),
        };
        compressor
            .set_compression_level(level)
            .map_err(|e| failed("zstd", e))?;
        let start = output.len();
        let most = zstd::zstd_safe::compress_bound(input.len());
        super::reserve("zstd", output, most)?;
        output.resize(start + most, 0);
        let room = output.get_mut(start..).unwrap_or_default();
        let written = compressor
            .compress_to_buffer(input, room)
            .map_err(|e| failed("zstd", e))?;
        output.truncate(start + written);
        Ok(())
    })
}

/// Decodes straight into `output`, so the frame's window costs nothing, whatever it claims.
pub(super) fn decompress(input: &[u8], output: &mut [u8]) -> Result<(), Defect> {
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().map_err(|e| failed("zstd", e))?),
        };
        let due = output.len();
        let written = decompressor
            .decompress_to_buffer(input, output)
            .map_err(|e| failed("zstd", e))?;
        if written != due {
            return Err(Defect::mismatch("zstd output", due, written));
        }
        Ok(())
    })
}
