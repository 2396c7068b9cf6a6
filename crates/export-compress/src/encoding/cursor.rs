//! A walk over stored bytes that cannot run past their end.

use crate::defect::Defect;
use crate::word::Word;

pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Cursor<'a> {
    /// `what` names the bytes in errors.
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { bytes, what }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Defect> {
        let Some((head, rest)) = self.bytes.split_at_checked(count) else {
            return Err(Defect::Short {
                what: self.what,
                needed: count,
                left: self.bytes.len(),
            });
        };
        self.bytes = rest;
        Ok(head)
    }

    pub(crate) fn word<W: Word>(&mut self) -> Result<W, Defect> {
        let left = self.bytes.len();
        let bytes = self.take(W::BYTES)?;
        W::from_bytes(bytes).ok_or(Defect::Short {
            what: self.what,
            needed: W::BYTES,
            left,
        })
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len()
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    /// Fails where bytes are left over.
    pub(crate) fn finish(self) -> Result<(), Defect> {
        match self.bytes.len() {
            0 => Ok(()),
            extra => Err(Defect::mismatch("bytes after the last value", 0, extra)),
        }
    }
}

/// A count stored as `u64`, which must be at most `limit`.
pub(crate) fn bounded(what: &'static str, stored: u64, limit: usize) -> Result<usize, Defect> {
    match usize::try_from(stored) {
        Ok(count) if count <= limit => Ok(count),
        _ => Err(Defect::Range {
            what,
            found: stored,
        }),
    }
}
