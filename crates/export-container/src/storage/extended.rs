//! Storage with more bytes after its end.

use std::sync::Arc;

use export_core::{Error, Result, Storage};

/// Storage that is only read, and bytes in memory that follow its last one: a file as it would be if it were gone on with.
pub struct Extended {
    storage: Arc<dyn Storage>,
    size_bytes: u64,
    more: Vec<u8>,
}

impl Extended {
    /// The first `size_bytes` bytes of `storage`, then `more`.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, size_bytes: u64, more: Vec<u8>) -> Self {
        Self {
            storage,
            size_bytes,
            more,
        }
    }
}

impl Storage for Extended {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let stored = usize::try_from(self.size_bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (first, rest) = buffer.split_at_mut(stored.min(buffer.len()));
        let count = match first.is_empty() {
            true => 0,
            false => self.storage.read_at(offset, first)?,
        };
        if count < first.len() {
            // The file was cut in the meantime: what follows is not here.
            return Ok(count);
        }
        let from = usize::try_from(offset.saturating_sub(self.size_bytes)).map_err(Error::limit)?;
        let more = self.more.get(from..).unwrap_or_default();
        let copied = more.len().min(rest.len());
        rest.iter_mut().zip(more).for_each(|(to, &byte)| *to = byte);
        Ok(count + copied)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> Result<()> {
        Err(read_only())
    }

    fn size_bytes(&self) -> Result<u64> {
        Ok(self.size_bytes.saturating_add(self.more.len() as u64))
    }

    fn resize(&self, _: u64) -> Result<()> {
        Err(read_only())
    }

    fn sync(&self) -> Result<()> {
        Err(read_only())
    }
}

fn read_only() -> Error {
    Error::usage("this storage is only read: its last bytes are in memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;

    #[test]
    fn both_parts_read_as_one() {
        let base = Arc::new(MemoryStorage::new(b"abcd".to_vec()));
        let both = Extended::new(base.clone(), 4, b"efg".to_vec());
        assert_eq!(both.size_bytes().unwrap(), 7);
        for (offset, length, expected) in [
            (0, 4, "abcd"),
            (2, 4, "cdef"),
            (4, 3, "efg"),
            (6, 9, "g"),
            (7, 2, ""),
            (90, 2, ""),
        ] {
            let mut buffer = vec![0; length];
            let count = both.read_at(offset, &mut buffer).unwrap();
            assert_eq!(&buffer[..count], expected.as_bytes(), "at {offset}");
        }
        assert!(both.write_at(0, b"x").is_err() && both.resize(1).is_err() && both.sync().is_err());
        // What was appended to the file in the meantime is not seen, what was cut off is not invented.
        base.write_at(4, b"later").unwrap();
        let mut buffer = [0; 9];
        assert_eq!(both.read_at(0, &mut buffer).unwrap(), 7);
        assert_eq!(&buffer[..7], b"abcdefg");
        base.resize(3).unwrap();
        assert_eq!(both.read_at(0, &mut buffer).unwrap(), 3);
    }
}
