//! Codec 3: one raw DEFLATE stream, the compression of gzip without its header and checksum.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::failed;
use crate::defect::{Defect, wide};

pub(super) fn compress(input: &[u8], level: u32, output: &mut Vec<u8>) -> Result<(), Defect> {
    let mut state = Compress::new(Compression::new(level.min(9)), false);
    // Stored blocks cost 5 bytes in 16 KiB at most.
    super::reserve("gzip", output, input.len() + input.len() / 1024 + 64)?;
    loop {
        let read = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
        let rest = input.get(read..).unwrap_or_default();
        let status = state
            .compress_vec(rest, output, FlushCompress::Finish)
            .map_err(|e| failed("gzip", e))?;
        if status == Status::StreamEnd {
            return Ok(());
        }
        super::reserve("gzip", output, 4096)?;
    }
}

pub(super) fn decompress(input: &[u8], output: &mut [u8]) -> Result<(), Defect> {
    let mut state = Decompress::new(false);
    // An empty output still has to see the end of the stream, for which flate2 wants room.
    let mut spare = [0];
    let due = output.len();
    let room = if due == 0 { &mut spare[..] } else { output };
    let status = state
        .decompress(input, room, FlushDecompress::Finish)
        .map_err(|e| failed("gzip", e))?;
    if state.total_out() != wide(due) {
        return Err(Defect::Mismatch {
            what: "gzip output",
            due: wide(due),
            found: state.total_out(),
        });
    }
    if status != Status::StreamEnd {
        return Err(Defect::Rule(
            "gzip: the stream does not end where its output does",
        ));
    }
    Ok(())
}
