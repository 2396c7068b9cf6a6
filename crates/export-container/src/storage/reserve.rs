//! Space on the disk for a file that grows.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};

/// Space that is set aside at a time: as much as the file has, within these bounds. A small recording does not take
/// much that it will not use, a large one lies in few pieces.
const LEAST_BYTES: u64 = 1 << 20;
const MOST_BYTES: u64 = 64 << 20;

/// How far space was set aside. That there is some is a help and no promise: nothing fails for want of it.
#[derive(Debug, Default)]
pub(super) struct Reserve {
    /// Bytes from the start of the file; all there could be once the system has refused.
    end: AtomicU64,
}

impl Reserve {
    /// A write that ends at byte `end` comes next.
    pub(super) fn before(&self, file: &File, end: u64) {
        if end <= self.end.load(Ordering::Relaxed) {
            return;
        }
        let step = end.clamp(LEAST_BYTES, MOST_BYTES);
        let reserved = set_aside(file, end, step).unwrap_or(u64::MAX);
        self.end.store(reserved, Ordering::Relaxed);
    }

    /// Gives back what lies after the file's end.
    pub(super) fn give_back(&self, file: &File) {
        let end = self.end.load(Ordering::Relaxed);
        if let Ok(metadata) = file.metadata()
            && end != u64::MAX
            && end > metadata.len()
        {
            // To its own length. Where this fails, the space stays with the file, which is whole all the same.
            drop(file.set_len(metadata.len()));
        }
    }
}

/// Sets space aside for the bytes up to `end` and `step` more. Returns where it ends.
#[cfg(target_os = "linux")]
fn set_aside(file: &File, end: u64, step: u64) -> Option<u64> {
    use rustix::fs::{FallocateFlags, fallocate};
    let start = file.metadata().ok()?.len();
    let reserved = end.checked_add(step)?;
    let length = reserved.checked_sub(start)?;
    fallocate(file, FallocateFlags::KEEP_SIZE, start, length).ok()?;
    Some(reserved)
}

/// Elsewhere the system is not asked.
#[cfg(not(target_os = "linux"))]
fn set_aside(_: &File, _: u64, _: u64) -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use export_core::Storage;

    use super::super::FileStorage;
    use super::*;

    #[test]
    fn space_is_ahead_of_the_bytes_and_given_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.xk");
        let storage = FileStorage::growing(File::create(&path).unwrap());
        let allocated = || std::fs::metadata(&path).unwrap().blocks() * 512;
        storage.write_at(0, &[1; 100]).unwrap();
        assert_eq!(storage.size_bytes().unwrap(), 100);
        let ahead = allocated();
        storage.write_at(100, &[1; 500_000]).unwrap();
        storage.sync().unwrap();
        // File systems that cannot do it have only what was written.
        assert!(ahead < LEAST_BYTES || allocated() < ahead + 100_000);
        drop(storage);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 500_100);
        assert!(allocated() < LEAST_BYTES);
    }
}
