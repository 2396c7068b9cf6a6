//! Gap frames: what a writer that was stopped left of a frame (v1.md, "Gap").

use crate::cursor::Cursor;
use crate::fault::Fault;
use crate::layout::ALIGNMENT;

/// Bytes at what was the end of the file that were no whole frame when somebody went on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Where they start.
    pub(crate) start: u64,
    /// Where they end: the length of the file at that time.
    pub(crate) end: u64,
}

impl Gap {
    pub(crate) fn to_payload(self) -> [u8; 16] {
        let mut payload = [0; 16];
        let (start, end) = payload.split_at_mut(8);
        start.copy_from_slice(&self.start.to_le_bytes());
        end.copy_from_slice(&self.end.to_le_bytes());
        payload
    }

    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("gap", payload);
        let (start, end) = (cursor.u64()?, cursor.u64()?);
        if start >= end {
            return Err(cursor.out_of_range("start", start));
        }
        cursor.end()?;
        Ok(Self { start, end })
    }

    /// Whether `bytes`, up to the next frame, are these and the zeros after them.
    pub(crate) fn holds(self, bytes: &std::ops::Range<u64>) -> bool {
        let zeros = bytes.end.saturating_sub(self.end);
        !bytes.is_empty() && self.start <= bytes.start && zeros <= 2 * ALIGNMENT
    }
}
