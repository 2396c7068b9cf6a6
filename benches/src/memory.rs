//! Files in memory, so that no disk is measured.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use export_core::{Error, Result, Storage};

/// Bytes to write to; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    /// What was written, which starts anew.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes to read from, and how much of them was.
#[derive(Debug, Default)]
pub struct Bytes {
    bytes: Arc<Vec<u8>>,
    requests: AtomicU64,
    read: AtomicU64,
}

impl Bytes {
    /// Storage that holds `bytes`, and shares them.
    #[must_use]
    pub fn new(bytes: Arc<Vec<u8>>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// Read requests so far, and the bytes they returned.
    #[must_use]
    pub fn reads(&self) -> (u64, u64) {
        let [requests, read] = [&self.requests, &self.read].map(|n| n.load(Ordering::Relaxed));
        (requests, read)
    }
}

impl Storage for Bytes {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let from = self.bytes.get(start..).unwrap_or_default();
        let count = from.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), from.get(..count)) {
            to.copy_from_slice(from);
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> Result<()> {
        Err(Error::unsupported("these bytes are read only"))
    }

    fn size_bytes(&self) -> Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn resize(&self, _: u64) -> Result<()> {
        Err(Error::unsupported("these bytes are read only"))
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}
