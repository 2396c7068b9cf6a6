//! Suites that every implementation of this crate's traits runs, and the batches they run on.
//!
//! Each suite returns an error that says which promise was broken, on what. They are meant for tests:
//!
//! ```
//! use export_core::{Storage, conformance};
//! # struct Memory(std::sync::Mutex<Vec<u8>>);
//! # impl Storage for Memory {
//! #     fn read_at(&self, offset: u64, buffer: &mut [u8]) -> export_core::Result<usize> {
//! #         let bytes = self.0.lock().unwrap();
//! #         let start = usize::try_from(offset).unwrap().min(bytes.len());
//! #         let count = buffer.len().min(bytes.len() - start);
//! #         buffer[..count].copy_from_slice(&bytes[start..start + count]);
//! #         Ok(count)
//! #     }
//! #     fn write_at(&self, offset: u64, new: &[u8]) -> export_core::Result<()> {
//! #         let mut bytes = self.0.lock().unwrap();
//! #         let start = usize::try_from(offset).unwrap();
//! #         let end = start.checked_add(new.len()).filter(|&end| end < 1 << 30);
//! #         let end = end.ok_or_else(|| export_core::Error::limit("too far"))?;
//! #         let len = bytes.len().max(end);
//! #         bytes.resize(len, 0);
//! #         bytes[start..end].copy_from_slice(new);
//! #         Ok(())
//! #     }
//! #     fn size_bytes(&self) -> export_core::Result<u64> { Ok(self.0.lock().unwrap().len() as u64) }
//! #     fn resize(&self, size: u64) -> export_core::Result<()> {
//! #         self.0.lock().unwrap().resize(usize::try_from(size).unwrap(), 0);
//! #         Ok(())
//! #     }
//! #     fn sync(&self) -> export_core::Result<()> { Ok(()) }
//! # }
//! conformance::storage(|| Box::new(Memory(Default::default())))?;
//! # Ok::<(), export_core::Error>(())
//! ```

mod batches;
mod checks;
mod chunks;
mod codecs;
mod column;
mod damage;
mod flows;
mod formats;
mod layout;
mod nested;
mod random;
mod scalars;
mod secrets;
mod stores;
mod types;

pub use batches::{batches, batches_of};
pub use checks::check;
pub use chunks::chunk_coder;
pub use codecs::codec;
pub use flows::{sink, source};
pub use formats::format;
pub use secrets::secret;
pub use stores::storage;
pub use types::fields;

use crate::{Error, Result};

/// Fails with a broken promise.
fn promise(kept: bool, broken: impl FnOnce() -> String) -> Result<()> {
    if kept {
        Ok(())
    } else {
        Err(Error::data(broken()))
    }
}

#[cfg(test)]
mod tests;
