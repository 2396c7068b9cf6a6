//! Codec 1: one LZ4 block, without frame and without length.

use lz4_flex::block;

use super::failed;
use crate::defect::Defect;

pub(super) fn compress(input: &[u8], output: &mut Vec<u8>) -> Result<(), Defect> {
    let start = output.len();
    super::reserve("lz4", output, block::get_maximum_output_size(input.len()))?;
    output.resize(start + block::get_maximum_output_size(input.len()), 0);
    let room = output.get_mut(start..).unwrap_or_default();
    let written = block::compress_into(input, room).map_err(|e| failed("lz4", e))?;
    output.truncate(start + written);
    Ok(())
}

pub(super) fn decompress(input: &[u8], output: &mut [u8]) -> Result<(), Defect> {
    let written = block::decompress_into(input, output).map_err(|e| failed("lz4", e))?;
    if written != output.len() {
        return Err(Defect::mismatch("lz4 output", output.len(), written));
    }
    Ok(())
}
