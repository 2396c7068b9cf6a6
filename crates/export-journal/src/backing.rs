//! What a journal needs of its file.

use export_core::Result;

use crate::region::Region;

/// The file beneath a journal, or memory in its place.
pub(crate) trait Backing: Send + Sync {
    /// Makes the file `bytes` longer from `offset`, its end, on; the new bytes are zeros that have their place on the disk.
    fn allocate(&self, offset: u64, bytes: u64) -> Result<()>;

    /// The `bytes` bytes at `offset` as memory.
    fn map(&self, offset: u64, bytes: u64) -> Result<Region>;

    /// Returns once everything is durable, what was flushed from regions included.
    fn sync(&self) -> Result<()>;

    /// Takes the file away.
    fn remove(&self) -> Result<()>;
}
