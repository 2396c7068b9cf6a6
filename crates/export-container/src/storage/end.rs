//! Writing at the end of storage.

use std::io;
use std::sync::Arc;

use export_core::{Error, Result, Storage};

/// The end of storage, where bytes are appended. Nothing before it is touched.
pub struct StorageEnd {
    storage: Arc<dyn Storage>,
    offset: u64,
}

impl StorageEnd {
    /// The end of `storage` as it is now.
    pub fn new(storage: Arc<dyn Storage>) -> Result<Self> {
        let offset = storage.size_bytes()?;
        Ok(Self { storage, offset })
    }

    /// Where the next byte goes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns once all that was written is durable.
    pub(crate) fn sync(&self) -> Result<()> {
        self.storage.sync()
    }
}

impl io::Write for StorageEnd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.storage.write_at(self.offset, bytes).map_err(into_io)?;
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn into_io(error: Error) -> io::Error {
    let kind = error
        .io_error()
        .map_or(io::ErrorKind::Other, io::Error::kind);
    io::Error::new(kind, error)
}
