//! A journal being written.

use std::fmt;
use std::sync::PoisonError;

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
    /// Held while sealing: one after the other, so that of two seals of a segment the first is durable before the second is
    /// written.
    durability: Mutex<Durability>,
}

/// What is known of the disk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Durability {
    /// One more with each sync that returned: seals of an earlier round are durable.
    pub(crate) round: u64,
    /// Once a sync failed, nobody knows what is on the disk, and the round stays what it is.
    failed: bool,
}

impl Durability {
    fn check(self) -> Result<()> {
        match self.failed {
            true => Err(not_durable()),
            false => Ok(()),
        }
    }
}

fn not_durable() -> Error {
    let text =
        "the journal could not be made durable before, and nobody knows what of it is on the disk";
    Error::from(std::io::Error::other(text))
        .with_hint("write what is not yet acknowledged to another file")
}

impl Shared {
    pub(crate) fn pool(&self) -> MutexGuard<'_, Pool> {
        // What panics while it holds the lock leaves a pool that is whole, with a segment less at worst.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn durability(&self) -> MutexGuard<'_, Durability> {
        let durability = self.durability.lock();
        durability.unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what `act` changed durable, where it says that a seal is concerned. Fails then once that has failed before.
    pub(crate) fn change_sealed(&self, act: impl FnOnce(Durability) -> Result<bool>) -> Result<()> {
        let mut durability = self.durability();
        let done = act(*durability).and_then(|sealed| {
            if sealed {
                durability.check()?;
                self.backing.sync()?;
                durability.round += 1;
            }
            Ok(())
        });
        durability.failed |= done.is_err();
        done
    }

    /// Fails once durability has.
    pub(crate) fn check(&self) -> Result<()> {
        self.durability().check()
    }
}

impl Journal {
    pub(crate) fn over(backing: Box<dyn Backing>, file_id: FileId, options: &Options) -> Self {
        let pool = Pool::new(options.segment_bytes, options.capacity_bytes);
        Self {
            shared: Arc::new(Shared {
                backing,
                file_id,
                pool: Mutex::new(pool),
                durability: Mutex::new(Durability::default()),
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
        shared.change_sealed(|now| {
            // A seal that may never be durable must not be stored over one that is.
            now.check()?;
            let in_use = shared.pool().in_use();
            for (segment, generation) in in_use {
                let bytes = segment.seal(generation, &shared.file_id, now.round);
                if bytes > 0 {
                    segment.flush()?;
                    sealed.bytes += bytes;
                }
            }
            Ok(sealed.bytes > 0)
        })?;
        Ok(sealed)
    }

    /// How much of the journal is used.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.shared.pool().usage()
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
