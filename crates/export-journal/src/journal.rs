//! A journal being written.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{PoisonError, TryLockError};

use export_core::{Error, Result};

use crate::backing::Backing;
use crate::lane::Lane;
use crate::layout::{FileId, HEADER_BYTES, LEAST_SEGMENT_BYTES, MOST_CAPACITY_BYTES};
use crate::pool::{Pool, Usage};
use crate::sync::{Arc, Mutex, MutexGuard};

/// How to write a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Length of a segment, a multiple of 4096 from 8192 on; a larger row gets a larger one. Default 1 MiB.
    pub segment_bytes: u64,
    /// Most bytes that the file may come to, up to 4 GiB. Default 256 MiB.
    pub capacity_bytes: u64,
    /// Who may read and write the file, as `chmod` has it. Default 0600.
    pub mode: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 20,
            capacity_bytes: 256 << 20,
            mode: 0o600,
        }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<()> {
        let segment = self.segment_bytes;
        let text = if segment < LEAST_SEGMENT_BYTES || !segment.is_multiple_of(HEADER_BYTES as u64)
        {
            format!("segments of {segment} bytes are not a multiple of 4096 from 8192 on")
        } else if !(segment + HEADER_BYTES as u64..=MOST_CAPACITY_BYTES)
            .contains(&self.capacity_bytes)
        {
            format!(
                "a journal of {} bytes has no room for a segment, or more than 4 GiB",
                self.capacity_bytes
            )
        } else {
            return Ok(());
        };
        Err(Error::usage(text).with_hint("use the default sizes"))
    }
}

/// Names a lane of one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(pub(crate) u32);

/// What one [`Journal::seal`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sealed {
    /// Bytes of rows that were not sealed before.
    pub bytes: u64,
}

/// Rows in a file that outlives the process. Clones share it, and lanes keep it.
///
/// See the [crate's documentation](crate) for an example.
#[derive(Clone)]
pub struct Journal {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) backing: Box<dyn Backing>,
    pub(crate) file_id: FileId,
    pool: Mutex<Pool>,
    /// Of the pool, which is locked while the file grows.
    usage: Mutex<Usage>,
    /// Held while sealing: one after the other, so that of two seals of a segment the first is durable before the second is
    /// written. True once durability failed, after which nobody knows what is on the disk.
    failed: Mutex<bool>,
}

/// The pool, locked. Says how much is used when it is given back.
pub(crate) struct PoolGuard<'a> {
    pool: MutexGuard<'a, Pool>,
    usage: &'a Mutex<Usage>,
}

impl Deref for PoolGuard<'_> {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

impl DerefMut for PoolGuard<'_> {
    fn deref_mut(&mut self) -> &mut Pool {
        &mut self.pool
    }
}

impl Drop for PoolGuard<'_> {
    fn drop(&mut self) {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = self.pool.usage();
    }
}

impl Shared {
    pub(crate) fn pool(&self) -> PoolGuard<'_> {
        PoolGuard {
            // What panics while it holds the lock leaves a pool that is whole, with a segment less at worst.
            pool: self.pool.lock().unwrap_or_else(PoisonError::into_inner),
            usage: &self.usage,
        }
    }

    /// Makes what `act` changed durable, where it says that a seal is concerned. It is told whether that has failed before; then it
    /// does again.
    pub(crate) fn change_sealed(&self, act: impl FnOnce(bool) -> Result<bool>) -> Result<()> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(*failed).and_then(|sealed| match sealed {
            true if *failed => Err(not_durable()),
            true => self.backing.sync(),
            false => Ok(()),
        });
        *failed |= done.is_err();
        done
    }

    /// Calls `act`, which is told whether all seals so far are durable: not so while others are waiting for the
    /// disk, nor once that has failed.
    pub(crate) fn change_soon(&self, act: impl FnOnce(bool)) {
        match self.failed.try_lock() {
            Ok(failed) => act(!*failed),
            Err(TryLockError::Poisoned(failed)) => act(!*failed.into_inner()),
            Err(TryLockError::WouldBlock) => act(false),
        }
    }
}

pub(crate) fn not_durable() -> Error {
    let text =
        "the journal could not be made durable before, and nobody knows what of it is on the disk";
    Error::from(std::io::Error::other(text))
        .with_hint("write what is not yet acknowledged to another file")
}

impl Journal {
    pub(crate) fn over(backing: Box<dyn Backing>, file_id: FileId, options: &Options) -> Self {
        let pool = Pool::new(options.segment_bytes, options.capacity_bytes);
        Self {
            shared: Arc::new(Shared {
                backing,
                file_id,
                usage: Mutex::new(pool.usage()),
                pool: Mutex::new(pool),
                failed: Mutex::new(false),
            }),
        }
    }

    /// A new lane: rows of one writer, in order. Names may repeat, say where each thread has a lane.
    #[must_use]
    pub fn lane(&self, name: &str) -> Lane {
        let number = self.shared.pool().add_lane(name);
        Lane::new(&self.shared, number)
    }

    /// Says that rows of `lane` below `up_to_row` are in the main file. Segments without any other row are free then, save for
    /// the one that is being filled. May be called by any thread.
    ///
    /// Rows are gone from here with this: where they are to survive a power loss, the main file must be durable first.
    pub fn release(&self, lane: LaneId, up_to_row: u64) {
        self.shared.pool().release(lane.0, up_to_row);
    }

    /// Makes all rows durable whose commit happened before: they survive a power loss once this returns.
    ///
    /// Only what is new is hashed. Lanes go on meanwhile. Once this has failed, it always will, since nobody knows what is on
    /// the disk, and nothing that was sealed before is put at risk; what a crash of the process leaves is not concerned.
    pub fn seal(&self) -> Result<Sealed> {
        let shared = &self.shared;
        let mut sealed = Sealed::default();
        shared.change_sealed(|has_failed| {
            // A seal that may never be durable must not be stored over one that is.
            if has_failed {
                return Err(not_durable());
            }
            let (in_use, taken_back) = {
                let mut pool = shared.pool();
                (pool.in_use(), pool.taken_back())
            };
            taken_back.iter().try_for_each(|segment| segment.flush())?;
            for (segment, generation) in in_use {
                let bytes = segment.seal(generation, &shared.file_id);
                if bytes > 0 {
                    segment.flush()?;
                    sealed.bytes += bytes;
                }
            }
            Ok(sealed.bytes > 0 || !taken_back.is_empty())
        })?;
        Ok(sealed)
    }

    /// How much of the journal is used. Waits for nobody for whom the file grows.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let usage = self.shared.usage.lock();
        *usage.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the file away, when all rows are in the main file. What lanes commit from now on is lost with the process.
    pub fn remove(self) -> Result<()> {
        self.shared.backing.remove()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}
