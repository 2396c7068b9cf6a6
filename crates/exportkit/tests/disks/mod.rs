//! A disk that fails.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

use export_container::MemoryStorage;
use export_core::Storage;
use exportkit::Result;

/// Storage that fails where it is told to, and waits where it is told to.
#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) storage: MemoryStorage,
    /// Calls left until one fails.
    writes_left: Mutex<Option<usize>>,
    pub(crate) fails_sync: AtomicBool,
    pub(crate) calls_after_failure: AtomicUsize,
    has_failed: AtomicBool,
    stuck: Mutex<bool>,
    moved: Condvar,
}

impl Disk {
    pub(crate) fn fail_writes_after(&self, calls: usize) {
        *self.writes_left.lock().unwrap() = Some(calls);
    }

    pub(crate) fn stick(&self, stuck: bool) {
        *self.stuck.lock().unwrap() = stuck;
        self.moved.notify_all();
    }

    fn fail(&self) -> Result<()> {
        self.has_failed.store(true, Ordering::SeqCst);
        Err(io::Error::from_raw_os_error(28).into())
    }

    fn count_after_failure(&self) {
        if self.has_failed.load(Ordering::SeqCst) {
            self.calls_after_failure.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Storage for Disk {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.storage.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut stuck = self.stuck.lock().unwrap();
        while *stuck {
            stuck = self.moved.wait(stuck).unwrap();
        }
        drop(stuck);
        self.count_after_failure();
        match &mut *self.writes_left.lock().unwrap() {
            Some(0) => return self.fail(),
            Some(left) => *left -= 1,
            None => {}
        }
        self.storage.write_at(offset, bytes)
    }
    fn size_bytes(&self) -> Result<u64> {
        self.storage.size_bytes()
    }
    fn resize(&self, size_bytes: u64) -> Result<()> {
        self.storage.resize(size_bytes)
    }
    fn sync(&self) -> Result<()> {
        self.count_after_failure();
        match self.fails_sync.load(Ordering::SeqCst) {
            true => self.fail(),
            false => Ok(()),
        }
    }
}
