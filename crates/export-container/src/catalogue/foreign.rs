//! Frames of other files among those of this one.

use std::ops::Range;

use export_core::{FileId, Result, Severity};

use super::Catalogue;
use crate::counted::Counted;
use crate::layout::FRAME_HEADER_BYTES;
use crate::scan::file_of_frames;

/// How much of the bytes that belong to no frame is searched, and how much of that at a time.
const SEARCH_BYTES: u64 = 256 << 20;
const STEP_BYTES: u64 = 1 << 20;

impl Catalogue {
    /// Searches what belongs to no frame of `file`, the end from `rest` included, for frames of another one, and notes the first
    /// that is found. Returns which file it is of.
    pub(crate) fn note_foreign(
        &mut self,
        source: &Counted,
        file: FileId,
        rest: Range<u64>,
    ) -> Result<Option<FileId>> {
        let mut left = SEARCH_BYTES;
        let lost: Vec<_> = self.lost.iter().map(|lost| lost.bytes.clone()).collect();
        for bytes in lost.into_iter().chain([rest]) {
            let mut offset = bytes.start;
            while offset.saturating_add(FRAME_HEADER_BYTES as u64) <= bytes.end && left > 0 {
                let step = STEP_BYTES.min(bytes.end - offset).min(left);
                let window = source.read(offset, step)?;
                if let Some(other) = file_of_frames(&window, Some(file)) {
                    let text = format!(
                        "frames of another file, {other}, follow, and are not read: it may lie there whole"
                    );
                    self.find(Severity::Damage, "structure", offset, text);
                    return Ok(Some(other));
                }
                left = left.saturating_sub(step);
                offset = offset.saturating_add((STEP_BYTES - FRAME_HEADER_BYTES as u64).min(step));
            }
        }
        Ok(None)
    }
}
