//! Putting seals between frames, where the writer has a key for them.

use export_core::{Mac, Result};

use super::FrameWriter;
use crate::layout::{SEAL_FRAME_BYTES, TAIL_FRAME_BYTES, aligned};
use crate::seal::{Seal, Sealing};

/// A seal that speaks for index and tail, too, once they are written.
pub(super) struct OpenSeal {
    seal: Seal,
    sequence: u64,
    /// Where its frame starts in the output.
    start: usize,
    after: Box<dyn Mac>,
}

impl FrameWriter {
    /// Seals all that was written, where the container is sealed and anything was written since the last seal.
    pub fn seal(&mut self) -> Result<()> {
        self.seal_if(Sealing::has_news)
    }

    pub(super) fn seal_if_due(&mut self) -> Result<()> {
        self.seal_if(Sealing::is_due)
    }

    fn seal_if(&mut self, is_time: fn(&Sealing) -> bool) -> Result<()> {
        if !self.sealing.as_ref().is_some_and(is_time) {
            return Ok(());
        }
        let start = self.out.len();
        self.put_seal(0);
        self.protect(start)
    }

    /// The seal of a finished file stands before the index and speaks for index and tail as well.
    pub(super) fn seal_before_index(&mut self, index: &[u8]) -> Option<OpenSeal> {
        self.sealing.as_ref()?;
        let stored = match &self.encryption {
            Some(encryption) => encryption.stored_bytes(index.len()),
            None => index.len(),
        };
        let index_frame = aligned((stored + crate::layout::FRAME_HEADER_BYTES) as u64)?;
        self.put_seal(index_frame + TAIL_FRAME_BYTES as u64)
    }

    /// Completes the seal, whose index and tail are all that was written since.
    pub(super) fn seal_index(&mut self, open: OpenSeal) {
        let OpenSeal {
            mut seal,
            sequence,
            start,
            mut after,
        } = open;
        let end = start + SEAL_FRAME_BYTES;
        after.update(self.out.get(end..).unwrap_or_default());
        seal.after_tag = after.tag();
        if let Some(frame) = self.out.get_mut(start..end) {
            frame.copy_from_slice(&seal.to_frame(self.file.file, sequence));
        }
        if let Some(sealing) = &mut self.sealing {
            sealing.is_covered();
        }
    }

    fn put_seal(&mut self, after: u64) -> Option<OpenSeal> {
        let (offset, sequence, start) = (self.offset, self.sequence, self.out.len());
        let (seal, mac) = self.sealing.as_mut()?.seal(offset, sequence, after);
        self.out.extend(seal.to_frame(self.file.file, sequence));
        self.offset += SEAL_FRAME_BYTES as u64;
        self.sequence += 1;
        self.indexed = false;
        Some(OpenSeal {
            seal,
            sequence,
            start,
            after: mac,
        })
    }
}
