//! Codec 0: the bytes as they are.

use crate::defect::Defect;

pub(super) fn compress(input: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(input);
}

pub(super) fn decompress(input: &[u8], output: &mut [u8]) -> Result<(), Defect> {
    if input.len() != output.len() {
        return Err(Defect::mismatch("stored bytes", output.len(), input.len()));
    }
    output.copy_from_slice(input);
    Ok(())
}
