//! Where bytes live: the little a container needs of a file.

use crate::Result;

/// Random-access bytes: a file, memory, an object, or a simulation that loses power.
pub trait Storage: Send + Sync {
    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end. Returns how many.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;

    /// Writes all of `bytes` at `offset`, growing the storage where needed.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Length in bytes.
    fn size_bytes(&self) -> Result<u64>;

    /// Cuts or grows (with zeros) to `size_bytes`.
    fn resize(&self, size_bytes: u64) -> Result<()>;

    /// Returns once all that was written is durable.
    fn sync(&self) -> Result<()>;
}
