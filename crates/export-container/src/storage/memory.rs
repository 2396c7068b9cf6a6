//! Storage in memory.

use std::sync::{PoisonError, RwLock};

use export_core::{Error, Result, Storage};

/// A container in memory.
#[derive(Debug, Default)]
pub struct MemoryStorage(RwLock<Vec<u8>>);

impl MemoryStorage {
    /// Storage that holds `bytes`.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(RwLock::new(bytes))
    }

    /// A copy of all bytes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn index(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(Error::limit)
}

impl Storage for MemoryStorage {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let bytes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let from = usize::try_from(offset)
            .ok()
            .and_then(|offset| bytes.get(offset..));
        let from = from.unwrap_or_default();
        let count = from.len().min(buffer.len());
        buffer
            .iter_mut()
            .zip(from)
            .for_each(|(to, &byte)| *to = byte);
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let start = index(offset)?;
        let end = start
            .checked_add(bytes.len())
            .ok_or_else(|| Error::limit("the end is out of reach"))?;
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() < end {
            all.resize(end, 0);
        }
        if let Some(place) = all.get_mut(start..end) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).len() as u64)
    }

    fn resize(&self, size_bytes: u64) -> Result<()> {
        let size = index(size_bytes)?;
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .resize(size, 0);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}
