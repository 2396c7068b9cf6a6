//! Frames of other files among those of this one.

use std::ops::Range;

use export_core::{Cancel, FileId, Result, Severity};

use super::{Catalogue, Lost};
use crate::counted::Counted;
use crate::layout::FRAME_HEADER_BYTES;
use crate::scan::file_of_frames;

/// How much of the bytes that belong to no frame is searched, and how much of that at a time.
const SEARCH_BYTES: u64 = 256 << 20;
const STEP_BYTES: u64 = 1 << 20;

impl Catalogue {
    /// Searches what belongs to no frame of `file`, the `end` included, for frames of another one, and notes the first that is
    /// found. Returns which file it is of. Values may be files themselves, so frames of which the header is left are not searched.
    pub(crate) fn note_foreign(
        &mut self,
        source: &Counted,
        file: FileId,
        end: Lost,
        cancel: &Cancel,
    ) -> Result<Option<FileId>> {
        let mut left = SEARCH_BYTES;
        let lost = self.lost.iter().chain([&end]);
        let searched: Vec<_> = lost.map(Lost::beyond_frame).collect();
        for bytes in searched {
            let mut offset = bytes.start;
            while offset.saturating_add(FRAME_HEADER_BYTES as u64) <= bytes.end && left > 0 {
                cancel.check()?;
                let step = STEP_BYTES.min(bytes.end - offset).min(left);
                let window = source.read(offset, step)?;
                if let Some((other, at)) = file_of_frames(&window, Some(file)) {
                    let text = format!(
                        "frames of another file, {other}, follow, and are not read: it may lie there whole"
                    );
                    let at = offset.saturating_add(at as u64);
                    self.find(Severity::Damage, "structure", at, text);
                    return Ok(Some(other));
                }
                left = left.saturating_sub(step);
                offset = offset.saturating_add((STEP_BYTES - FRAME_HEADER_BYTES as u64).min(step));
            }
        }
        Ok(None)
    }
}

impl Lost {
    /// What of these bytes is not of the frame that they start with, were it whole.
    fn beyond_frame(&self) -> Range<u64> {
        let frame_bytes = self.header.map_or(0, |header| header.frame_bytes());
        let start = self.bytes.start.saturating_add(frame_bytes);
        start.min(self.bytes.end)..self.bytes.end
    }
}
