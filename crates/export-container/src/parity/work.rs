//! How much may be done to restore what is in a file, before it is taken for a trap.

use crate::fault::{Fault, within};

/// What a read counts as, besides its bytes.
const REQUEST_BYTES: u64 = 512;

/// Work that may still be done, in bytes that are read.
#[derive(Debug)]
pub(crate) struct Work {
    left: u64,
    is_spent: bool,
}

impl Work {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            left: bytes,
            is_spent: false,
        }
    }

    /// Takes what is as much work as reading `bytes` bytes. Fails where that is more than is left, and from then on.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), Fault> {
        let allowed = if self.is_spent { 0 } else { self.left };
        let taken = within("bytes read to restore frames", bytes, allowed);
        self.is_spent |= taken.is_err();
        self.left = self.left.saturating_sub(bytes);
        taken
    }

    /// Takes a read of `bytes` bytes.
    pub(super) fn take_read(&mut self, bytes: u64) -> Result<(), Fault> {
        self.take(bytes.saturating_add(REQUEST_BYTES))
    }

    /// Whether more was asked for than there was.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }
}
