//! A disk that fails and stalls when it is told to.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use export_container::FileStorage;
use export_core::{Result, Storage};

/// A file on such a disk.
#[derive(Debug)]
pub(super) struct Disk {
    file: FileStorage,
    fails_sync: AtomicBool,
    fails_write: AtomicBool,
    /// How long each write takes.
    stall_ms: AtomicU64,
}

impl Disk {
    pub(super) fn new(file: FileStorage) -> Self {
        Self {
            file,
            fails_sync: AtomicBool::new(false),
            fails_write: AtomicBool::new(false),
            stall_ms: AtomicU64::new(0),
        }
    }

    /// The next sync fails, once.
    pub(super) fn fail_sync(&self) {
        self.fails_sync.store(true, Ordering::SeqCst);
    }

    /// The next write fails, once, after half of it.
    pub(super) fn fail_write(&self) {
        self.fails_write.store(true, Ordering::SeqCst);
    }

    /// Writes take this long from now on.
    pub(super) fn stall(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.stall_ms.store(ms, Ordering::SeqCst);
    }
}

impl Storage for Disk {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let ms = self.stall_ms.load(Ordering::SeqCst);
        if ms > 0 {
            thread::sleep(Duration::from_millis(ms));
        }
        if self.fails_write.swap(false, Ordering::SeqCst) {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            self.file.write_at(offset, half)?;
            return Err(io::Error::from(io::ErrorKind::StorageFull).into());
        }
        self.file.write_at(offset, bytes)
    }

    fn size_bytes(&self) -> Result<u64> {
        self.file.size_bytes()
    }

    fn resize(&self, size_bytes: u64) -> Result<()> {
        self.file.resize(size_bytes)
    }

    fn sync(&self) -> Result<()> {
        match self.fails_sync.swap(false, Ordering::SeqCst) {
            true => Err(io::Error::other("the disk lost what it had cached").into()),
            false => self.file.sync(),
        }
    }
}
