//! Rows of one type on their way to a recorder's file.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use export_core::build::{BatchBuilder, RowBuilder};
use export_core::record::{Record, RecordBuilder};
use export_core::{Error, Result, StreamBatch};
use serde::Serialize;

use super::{Recorded, Shared};
use crate::pace::next_look;
use crate::xk::{CHUNK_BYTES, XkSink};

/// One stream of a [`super::Recorder`]: rows of type `T`, gathered by a `B`. Can be sent to the thread that makes the rows.
///
/// Dropped without [`RecordStream::finish`], it writes the rows it still has, but cannot report an error.
pub struct RecordStream<T: ?Sized, B: BatchBuilder = RowBuilder> {
    shared: Arc<Shared>,
    name: Arc<str>,
    rows: B,
    /// With this many rows, it is time to look whether they are enough.
    next_look: usize,
    last_written: Instant,
    open: bool,
    row: PhantomData<fn(&T)>,
}

impl<T: ?Sized, B: BatchBuilder> RecordStream<T, B> {
    pub(super) fn new(shared: &Arc<Shared>, name: &str, rows: B) -> Self {
        Self {
            shared: Arc::clone(shared),
            name: Arc::from(name),
            rows,
            next_look: 1,
            last_written: Instant::now(),
            open: true,
            row: PhantomData,
        }
    }
}

impl<T: Serialize + ?Sized> RecordStream<T> {
    /// Adds a row. It is copied; encoding and writing happen on other threads, a chunk at a time.
    ///
    /// Fails where the row cannot be represented (it is then left out whole), and with errors of earlier chunks.
    pub fn push(&mut self, row: &T) -> Result<()> {
        match export_core::rows::push(&mut self.rows, row) {
            Ok(()) => self.pushed(),
            Err(error) => Err(self.in_stream(error)),
        }
    }
}

impl<T: Record + ?Sized> RecordStream<T, RecordBuilder<T>> {
    /// Adds a row: a `T`, or one with other lifetimes. It is copied; encoding and writing happen on other threads, a chunk at a
    /// time.
    ///
    /// Fails where the row cannot be represented (it is then left out whole), and with errors of earlier chunks.
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
        match self.rows.push(row) {
            Ok(()) => self.pushed(),
            Err(error) => Err(self.in_stream(error)),
        }
    }
}

impl<T: ?Sized, B: BatchBuilder> RecordStream<T, B> {
    #[inline]
    fn pushed(&mut self) -> Result<()> {
        match self.rows.rows() >= self.next_look {
            true => self.look(),
            false => Ok(()),
        }
    }

    /// Hands the rows on where they are a chunk, or old.
    #[cold]
    fn look(&mut self) -> Result<()> {
        let bytes = self.rows.memory_bytes();
        if bytes >= CHUNK_BYTES {
            return self.write_rows();
        }
        if self.last_written.elapsed() >= self.shared.options.interval {
            self.write_rows()?;
            // Handed on, not waited for.
            return self
                .shared
                .with_sink(XkSink::flush)
                .map_err(|error| self.shared.in_file(error));
        }
        self.next_look = next_look(self.rows.rows(), bytes);
        Ok(())
    }

    #[cold]
    fn in_stream(&self, error: Error) -> Error {
        self.shared.in_file(error.in_stream(&*self.name))
    }

    /// Writes the rows pushed so far to the file, however few: a reader can see them, and a crash of this process does not
    /// lose them. [`RecordStream::sync`] is for power losses.
    pub fn flush(&mut self) -> Result<()> {
        self.write_rows()?;
        let flushed = self.shared.with_sink(|sink| sink.flush_then(|_| Ok(())));
        flushed.map_err(|error| self.shared.in_file(error))
    }

    /// [`RecordStream::flush`], and returns once the system says that all of the file is durable.
    pub fn sync(&mut self) -> Result<()> {
        self.write_rows()?;
        let synced = self
            .shared
            .with_sink(|sink| sink.flush_then(|written| written.writer().sync()));
        synced.map_err(|error| self.shared.in_file(error))
    }

    /// Writes what is left. Completes the file if this is the last handle on it.
    pub fn finish(mut self) -> Result<Recorded> {
        self.write_rows()?;
        self.open = false;
        let shared = Arc::clone(&self.shared);
        drop(self);
        Shared::finish(shared)
    }

    fn write_rows(&mut self) -> Result<()> {
        self.last_written = Instant::now();
        self.next_look = 1;
        let mut write = || -> Result<()> {
            let batch = self.rows.take_batch()?;
            let item = StreamBatch {
                stream: Arc::clone(&self.name),
                batch,
            };
            self.shared.with_sink(|sink| sink.gather(item))
        };
        write().map_err(|error| self.in_stream(error))
    }
}

impl<T: ?Sized, B: BatchBuilder> Drop for RecordStream<T, B> {
    fn drop(&mut self) {
        if self.open {
            // As with a buffered writer: whoever wants to know calls `finish`.
            drop(self.write_rows());
        }
    }
}

impl<T: ?Sized, B: BatchBuilder> fmt::Debug for RecordStream<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream")
            .field("path", &self.shared.path)
            .field("name", &self.name)
            .field("rows", &self.rows.rows())
            .finish_non_exhaustive()
    }
}
