//! Rows of one type on their way to a recorder's file.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use export_core::build::{BatchBuilder, RowBuilder};
use export_core::image::RowImage;
use export_core::record::{Record, RecordBuilder};
use export_core::{Error, Result};
use serde::Serialize;

use super::lane::RowLane;
use super::ledger::Account;
use super::tape::Tape;
use super::{Durability, OnFull, Recorded, Shared};
use crate::pace::next_look;
use crate::xk::CHUNK_BYTES;

/// Bytes of rows for which there is no room that a stream holds before it drops them.
const MOST_HELD_BYTES: usize = 2 * CHUNK_BYTES;

/// Rows after which a stream tries again to hand on rows for which there was no room.
const ROWS_BETWEEN_TRIES: usize = 256;

/// One stream of a [`super::Recorder`]: rows of type `T`, gathered by a `B`. Can be sent to the thread that makes the rows.
///
/// Dropped without [`RecordStream::finish`], it writes the rows it still has, but cannot report an error.
pub struct RecordStream<T: ?Sized, B: BatchBuilder = RowBuilder> {
    shared: Arc<Shared>,
    name: Arc<str>,
    account: Arc<Account>,
    rows: B,
    /// `None` where there is no journal.
    lane: Option<RowLane>,
    /// The file that the rows go to.
    tape_number: u64,
    /// Rows that were ever pushed.
    pushed: u64,
    /// With this many rows, it is time to look whether they are enough.
    next_look: usize,
    last_written: Instant,
    /// The file has failed: no row is taken until it is known to be another one.
    is_stopped: bool,
    open: bool,
    row: PhantomData<fn(&T)>,
}

impl<T: ?Sized, B: BatchBuilder> RecordStream<T, B> {
    pub(super) fn new(
        shared: &Arc<Shared>,
        name: Arc<str>,
        account: Arc<Account>,
        rows: B,
    ) -> Self {
        let (lane, tape_number) = shared.tape.lane(&name, &account);
        Self {
            shared: Arc::clone(shared),
            lane,
            tape_number,
            name,
            account,
            rows,
            pushed: 0,
            next_look: 1,
            last_written: Instant::now(),
            is_stopped: false,
            open: true,
            row: PhantomData,
        }
    }
}

impl<T: Serialize + ?Sized> RecordStream<T> {
    /// Adds a row. It is copied; encoding and writing happen on other threads, a chunk at a time.
    ///
    /// Fails where the row cannot be represented: it is then left out whole, and counted. Fails with errors of earlier chunks:
    /// the first push to find one has taken its row all the same, those after it take none.
    pub fn push(&mut self, row: &T) -> Result<()> {
        if !self.goes_on() {
            self.go_on()?;
        }
        match export_core::rows::push(&mut self.rows, row) {
            Ok(()) => self.pushed(|rows, image| rows.image_last(image)),
            Err(error) => Err(self.refused(error)),
        }
    }
}

impl<T: Record + ?Sized> RecordStream<T, RecordBuilder<T>> {
    /// Adds a row: a `T`, or one with other lifetimes. It is copied; encoding and writing happen on other threads, a chunk at a
    /// time.
    ///
    /// Fails where the row cannot be represented: it is then left out whole, and counted. Fails with errors of earlier chunks:
    /// the first push to find one has taken its row all the same, those after it take none.
    ///
    /// A row of another type is refused by the compiler:
    ///
    /// ```compile_fail,E0271
    /// # use exportkit::{Record, Recorder};
    /// #[derive(Record)]
    /// enum Light { Red, Green }
    /// #[derive(Record)]
    /// enum Fruit { Apple, Pear }
    ///
    /// let mut lights = Recorder::create("lights.xk")?.records::<Light>("lights")?;
    /// lights.push(&Fruit::Pear)?;
    /// # Ok::<(), exportkit::Error>(())
    /// ```
    #[inline]
    pub fn push<R: Record<Column = T::Column> + ?Sized>(&mut self, row: &R) -> Result<()> {
        if !self.goes_on() {
            self.go_on()?;
        }
        match self.rows.push(row) {
            Ok(()) => self.pushed(|rows, image| rows.image_of(row, image)),
            Err(error) => Err(self.refused(error)),
        }
    }
}

impl<T: ?Sized, B: BatchBuilder> RecordStream<T, B> {
    fn tape(&self) -> &Tape {
        &self.shared.tape
    }

    /// Whether a row can be taken as the one before was.
    #[inline]
    fn goes_on(&self) -> bool {
        !self.is_stopped && self.tape_number == self.tape().number()
    }

    /// A row was pushed, which `write` can put into the journal.
    #[inline]
    fn pushed(&mut self, write: impl FnOnce(&mut B, &mut RowImage<'_>)) -> Result<()> {
        let added = match &mut self.lane {
            Some(lane) => {
                let rows = self.rows.rows() as u64;
                let account = &self.account;
                lane.add_last(&mut self.rows, write, || account.handed() + rows - 1)
            }
            None => Ok(true),
        };
        // Whatever becomes of it, it is among the rows that are written next.
        self.pushed += 1;
        self.account.set_pushed(self.pushed);
        if !added? {
            self.tape().ledger.journal_was_full();
            self.write_through()?;
        }
        match self.rows.rows() >= self.next_look {
            true => self.look(),
            false => Ok(()),
        }
    }

    /// Hands the rows on where they are a chunk, or old.
    #[cold]
    fn look(&mut self) -> Result<()> {
        let rows = self.rows.rows();
        if rows == 1 {
            self.tape().ledger.waits(&self.account);
        }
        self.check()?;
        if self.tape().options.durability == Durability::Sync {
            match &self.lane {
                Some(_) => self.seal()?,
                None => return self.sync(),
            }
        }
        let bytes = self.rows.memory_bytes();
        if bytes >= CHUNK_BYTES {
            return self.write_rows(false);
        }
        if self.last_written.elapsed() >= self.tape().options.chunk_age {
            self.write_rows(false)?;
            if self.rows.rows() == 0 && self.tape().options.on_full == OnFull::Block {
                // Handed on, not waited for.
                let sent = self.tape().send_off();
                return sent.map_err(|error| self.tape().in_file(error));
            }
        }
        self.look_later(next_look(self.rows.rows(), self.rows.memory_bytes()));
        Ok(())
    }

    /// Looks with that many rows, or with each, where each is sealed.
    fn look_later(&mut self, rows: usize) {
        self.next_look = match self.tape().options.durability {
            Durability::Sync => 0,
            _ => rows,
        };
    }

    /// Fails where the file has failed, and then this stream takes nothing more.
    fn check(&mut self) -> Result<()> {
        let checked = self.tape().ledger.check();
        self.is_stopped = checked.is_err();
        checked.map_err(|error| self.in_stream(error))
    }

    /// Returns once the rows in the journal, of all streams, survive a power loss.
    fn seal(&mut self) -> Result<()> {
        let say = || self.account.set_durable(self.pushed);
        if !self.tape().seal(self.tape_number, say) {
            self.follow()?;
        }
        self.check()
    }

    /// Whether the file can be written again, or is another one.
    #[cold]
    fn go_on(&mut self) -> Result<()> {
        self.check()?;
        self.follow()
    }

    /// Goes on with a new file, where there is one: rows that are here are in the journal of the one before, and go to the new file
    /// at once therefore.
    fn follow(&mut self) -> Result<()> {
        if self.tape_number != self.tape().number() {
            match self.tape().options.on_full {
                OnFull::Block => self.write_through()?,
                OnFull::Drop => self.write_rows(false)?,
            }
            if self.rows.rows() > 0 {
                // There was no room yet.
                return Ok(());
            }
            (self.lane, self.tape_number) = self.shared.tape.lane(&self.name, &self.account);
        }
        Ok(())
    }

    /// The rows that are here go to the file, since they cannot be in the journal, or are dropped.
    #[cold]
    fn write_through(&mut self) -> Result<()> {
        if self.tape().options.on_full == OnFull::Drop {
            self.write_rows(false)?;
            return match self.rows.rows() {
                0 => Ok(()),
                _ => self.drop_rows(),
            };
        }
        // Only what is durable makes room where rows have to be.
        match self.tape().options.durability {
            Durability::Interval(_) | Durability::Sync => self.sync(),
            Durability::Flush => self.flush(),
            Durability::None => self.write_rows(true),
        }
    }

    #[cold]
    fn refused(&self, error: Error) -> Error {
        self.tape().ledger.refused(&self.account);
        self.in_stream(error)
    }

    /// The error of a file that takes nothing more, if so, and then this stream doesn't either.
    #[cold]
    fn stopped_by(&mut self, error: Error) -> Error {
        self.is_stopped = self.tape().ledger.failure().is_some();
        self.tape().in_file(error)
    }

    #[cold]
    fn in_stream(&self, error: Error) -> Error {
        self.tape().in_file(error.in_stream(&*self.name))
    }

    /// Writes the rows pushed so far to the file, however few: a reader can see them, and a crash of this process does not
    /// lose them. [`RecordStream::sync`] is for power losses.
    pub fn flush(&mut self) -> Result<()> {
        self.write_rows(true)?;
        let flushed = self.tape().flush();
        flushed.map(drop).map_err(|error| self.stopped_by(error))
    }

    /// [`RecordStream::flush`], and returns once the system says that all of the file is durable: these rows are acknowledged.
    pub fn sync(&mut self) -> Result<()> {
        self.write_rows(true)?;
        let synced = self.tape().sync();
        synced.map_err(|error| self.stopped_by(error))
    }

    /// After a failed write or sync, writes the rows of this stream to the new file, too: see [`super::Recorder::rescue`]. Where
    /// another handle has done that already, this stream goes on in the file of that one, whatever `path` says: each of several threads can
    /// call it once its stream has failed.
    pub fn rescue(&mut self, path: impl AsRef<Path>) -> Result<Recorded> {
        self.shared.rescue_once(path.as_ref(), self.tape_number)?;
        self.is_stopped = false;
        self.follow()?;
        self.write_rows(true)?;
        let synced = self.tape().sync().and_then(|()| self.tape().flush());
        synced.map_err(|error| self.tape().in_file(error))
    }

    /// Writes what is left. Completes the file if this is the last handle on it.
    ///
    /// Where this fails, what was not acknowledged can no longer be saved by [`RecordStream::rescue`]: who wants to be able to
    /// calls [`RecordStream::sync`] first.
    pub fn finish(mut self) -> Result<Recorded> {
        self.write_rows(true)?;
        self.open = false;
        let shared = Arc::clone(&self.shared);
        drop(self);
        Shared::finish(shared)
    }

    /// Hands the rows on. Without `wait`, and where rows may be dropped, those for which there is no room are held for a
    /// while, and dropped then.
    fn write_rows(&mut self, wait: bool) -> Result<()> {
        let wait = wait || self.tape().options.on_full == OnFull::Block;
        let handed = self
            .shared
            .tape
            .hand_on(&self.name, &self.account, &mut self.rows, wait);
        match handed {
            Ok(false) if self.rows.memory_bytes() < MOST_HELD_BYTES => {
                self.look_later(self.rows.rows() + ROWS_BETWEEN_TRIES);
                return Ok(());
            }
            Ok(false) => return self.drop_rows(),
            Ok(true) => {}
            Err(error) => {
                self.is_stopped = self.tape().ledger.failure().is_some();
                return Err(self.in_stream(error));
            }
        }
        if let Some(lane) = &mut self.lane {
            lane.handed_on();
        }
        self.begin_batch();
        Ok(())
    }

    /// Drops all rows that are here.
    #[cold]
    fn drop_rows(&mut self) -> Result<()> {
        let rows = self.rows.rows() as u64;
        let dropped = self.rows.take_batch().map(drop);
        self.tape().ledger.dropped(&self.account, rows);
        let discarded = match &mut self.lane {
            Some(lane) => lane.discard(),
            None => Ok(()),
        };
        self.begin_batch();
        dropped
            .and(discarded)
            .map_err(|error| self.in_stream(error))
    }

    fn begin_batch(&mut self) {
        self.last_written = Instant::now();
        self.next_look = 1;
    }
}

impl<T: ?Sized, B: BatchBuilder> Drop for RecordStream<T, B> {
    fn drop(&mut self) {
        if self.open {
            // As with a buffered writer: whoever wants to know calls `finish`.
            drop(self.write_rows(true));
        }
    }
}

impl<T: ?Sized, B: BatchBuilder> fmt::Debug for RecordStream<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream")
            .field("tape", self.tape())
            .field("name", &self.name)
            .field("rows", &self.rows.rows())
            .finish_non_exhaustive()
    }
}
