//! Storage that is asked again where that may help.

use std::time::Duration;

use backon::{BlockingRetryable, ExponentialBuilder};
use export_core::{Error, Result, Storage};

/// How long transient errors are put up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How often a request is made again after its first failure.
    pub retries: usize,
    /// Time before the first of these; each further one waits twice as long.
    pub first_wait: Duration,
    /// Longest time between two.
    pub longest_wait: Duration,
}

impl Default for Patience {
    /// Ten times in a second and a half.
    fn default() -> Self {
        Self {
            retries: 10,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(500),
        }
    }
}

impl Patience {
    /// Calls `request` until it succeeds, fails for good ([`Error::is_transient`] tells), or patience is at its end.
    pub fn call<T>(&self, request: impl FnMut() -> Result<T>) -> Result<T> {
        let waits = ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_factor(2.0)
            .with_max_times(self.retries);
        request.retry(waits).when(Error::is_transient).call()
    }
}

/// Storage whose reads and writes are made again after a transient error: they name their place, so that twice is as once.
///
/// A sync is never made again, but for one that was interrupted before it was done (`EINTR`). The system reports a failed writeback once; the next sync would acknowledge what is lost.
#[derive(Debug)]
pub struct Retrying<S> {
    storage: S,
    patience: Patience,
}

impl<S: Storage> Retrying<S> {
    /// `storage`, asked with the usual patience.
    pub fn new(storage: S) -> Self {
        Self::with(storage, Patience::default())
    }

    /// `storage`, asked with `patience`.
    pub fn with(storage: S, patience: Patience) -> Self {
        Self { storage, patience }
    }
}

impl<S: Storage> Storage for Retrying<S> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        // The first time without the machinery: nearly always there is no second.
        match self.storage.read_at(offset, buffer) {
            Err(error) if error.is_transient() => {
                self.patience.call(|| self.storage.read_at(offset, buffer))
            }
            done => done,
        }
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.patience.call(|| self.storage.write_at(offset, bytes))
    }

    fn size_bytes(&self) -> Result<u64> {
        self.patience.call(|| self.storage.size_bytes())
    }

    fn resize(&self, size_bytes: u64) -> Result<()> {
        self.patience.call(|| self.storage.resize(size_bytes))
    }

    fn sync(&self) -> Result<()> {
        self.storage.sync()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::storage::MemoryStorage;

    /// Fails so many times in a row, then works.
    struct Moody {
        storage: MemoryStorage,
        kind: io::ErrorKind,
        failures: usize,
        asked: AtomicUsize,
    }

    impl Moody {
        fn ask(&self) -> Result<()> {
            match self.asked.fetch_add(1, Ordering::Relaxed) < self.failures {
                true => Err(io::Error::from(self.kind).into()),
                false => Ok(()),
            }
        }
    }

    impl Storage for Moody {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
            self.ask()
                .and_then(|()| self.storage.read_at(offset, buffer))
        }
        fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
            self.ask()
                .and_then(|()| self.storage.write_at(offset, bytes))
        }
        fn size_bytes(&self) -> Result<u64> {
            self.ask().and_then(|()| self.storage.size_bytes())
        }
        fn resize(&self, size_bytes: u64) -> Result<()> {
            self.ask().and_then(|()| self.storage.resize(size_bytes))
        }
        fn sync(&self) -> Result<()> {
            self.ask()
        }
    }

    fn moody(kind: io::ErrorKind, failures: usize) -> Retrying<Moody> {
        let storage = Moody {
            storage: MemoryStorage::new(b"abc".to_vec()),
            kind,
            failures,
            asked: AtomicUsize::new(0),
        };
        let patience = Patience {
            retries: 3,
            first_wait: Duration::from_micros(10),
            longest_wait: Duration::from_micros(50),
        };
        Retrying::with(storage, patience)
    }

    fn asked(storage: &Retrying<Moody>) -> usize {
        storage.storage.asked.load(Ordering::Relaxed)
    }

    #[test]
    fn transient_errors_are_waited_out() {
        type Request = fn(&Retrying<Moody>) -> Result<()>;
        let requests: [Request; 4] = [
            |storage| storage.read_at(0, &mut [0; 3]).map(drop),
            |storage| storage.write_at(0, b"abc"),
            |storage| storage.size_bytes().map(drop),
            |storage| storage.resize(2),
        ];
        for request in requests {
            for kind in [
                io::ErrorKind::Interrupted,
                io::ErrorKind::WouldBlock,
                io::ErrorKind::TimedOut,
                io::ErrorKind::ConnectionReset,
            ] {
                let storage = moody(kind, 2);
                request(&storage).unwrap();
                assert_eq!(asked(&storage), 3);
                // Patience ends.
                assert!(request(&moody(kind, 100)).unwrap_err().is_transient());
            }
            for kind in [io::ErrorKind::StorageFull, io::ErrorKind::Other] {
                let storage = moody(kind, 1);
                assert!(request(&storage).is_err());
                assert_eq!(asked(&storage), 1, "{kind} is for good");
            }
        }
    }

    #[test]
    fn a_sync_is_never_made_again() {
        let storage = moody(io::ErrorKind::Interrupted, 1);
        assert!(storage.sync().is_err());
        assert_eq!(asked(&storage), 1);
    }
}
