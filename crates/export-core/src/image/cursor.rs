//! Bytes as a reader of rows takes them.

use crate::{Error, Limits, Result};

/// The bytes that are left, and what may still be made of them.
pub(super) struct Cursor<'a> {
    all: &'a [u8],
    at: usize,
    /// Bytes that columns may still take.
    allowance: u64,
    limits: &'a Limits,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(all: &'a [u8], limits: &'a Limits) -> Self {
        Self {
            all,
            at: 0,
            allowance: limits.chunk_decoded_bytes,
            limits,
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.all.len()
    }

    /// Counts bytes of columns before they are taken.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<()> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        match self.allowance.checked_sub(bytes) {
            Some(left) => {
                self.allowance = left;
                Ok(())
            }
            None => Err(Error::limit(format!(
                "the rows are over {} bytes of columns",
                self.limits.chunk_decoded_bytes
            ))
            .with_hint(Limits::HINT)),
        }
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let found = self.all.get(self.at..).and_then(<[u8]>::first_chunk);
        let bytes = *found.ok_or_else(ends)?;
        self.at += N;
        Ok(bytes)
    }

    pub(super) fn skip(&mut self, bytes: usize) -> Result<&'a [u8]> {
        let found = self.all.get(self.at..).and_then(|rest| rest.get(..bytes));
        let found = found.ok_or_else(ends)?;
        self.at += bytes;
        Ok(found)
    }

    /// A byte that is 0 or 1.
    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(Error::corrupt(format!("a byte that is 0 or 1 is {other}"))),
        }
    }

    pub(super) fn len(&mut self) -> Result<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// Bytes after their number.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.len()?;
        Limits::check("bytes of a value", len.into(), self.limits.value_bytes)?;
        let bytes = self.skip(usize::try_from(len).unwrap_or(usize::MAX))?;
        self.spend(bytes.len())?;
        Ok(bytes)
    }
}

#[cold]
fn ends() -> Error {
    Error::truncated("the row ends in the middle of a value")
}
