//! The push side: typed rows into streams of a container.

mod blank;
mod health;
mod lane;
mod ledger;
mod losses;
mod options;
mod stream;
mod tape;
#[cfg(test)]
mod tests;
mod ticker;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use export_core::build::{BatchBuilder, RowBuilder};
use export_core::record::{Record, RecordBuilder};
use export_core::{Error, Note, Result, Storage};
use serde::Serialize;

use crate::xk::Counts;
use blank::Blank;
use tape::Tape;
use ticker::Ticker;

pub use health::{Health, JournalHealth, RowCounts, StreamHealth};
pub(crate) use losses::Losses;
pub use options::{Durability, OnFull, Permissions, RecordOptions};
pub use stream::RecordStream;

/// A container being recorded. Clones and its streams share the file, which is complete once the last of them is finished
/// or dropped. Killed at any moment, it leaves a file that is readable up to its last whole chunk.
///
/// ```
/// use exportkit::Recorder;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Query { at_ns: u64, micros: u32 }
/// #[derive(Serialize)]
/// struct Failure { text: String }
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("service.xk");
/// let recorder = Recorder::create(&path)?;
/// let mut queries = recorder.stream::<Query>("queries")?;
/// let mut failures = recorder.stream::<Failure>("failures")?;
/// queries.push(&Query { at_ns: 17, micros: 250 })?;
/// failures.push(&Failure { text: "time-out".into() })?;
/// queries.sync()?; // that row survives a power loss
/// queries.finish()?;
/// failures.finish()?;
/// let recorded = recorder.finish()?;
/// assert_eq!((recorded.rows, recorded.chunks), (2, 2));
/// # Ok::<(), exportkit::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

/// What a finished recording holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// Rows written over all streams.
    pub rows: u64,
    /// Chunks written over all streams.
    pub chunks: u64,
    /// What was not done as asked, once the file is complete: blocks with a simpler codec than chosen, fewer threads or smaller
    /// chunks for want of memory, rows for which the journal had no room.
    pub notes: Vec<Note>,
}

impl From<Counts> for Recorded {
    fn from(Counts { rows, chunks }: Counts) -> Self {
        Self {
            rows,
            chunks,
            notes: Vec::new(),
        }
    }
}

/// What all handles on a recording share. The last of them completes it.
struct Shared {
    /// Before the tape, so that it ends first.
    ticker: Option<Ticker>,
    tape: Arc<Tape>,
    /// One rescue at a time: of threads that find the file failed, the first makes the new one.
    rescuing: Mutex<()>,
}

impl Recorder {
    /// Starts a recording at `path`, which is there at once. Fails where a file of that name exists.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Self::create_with(path, RecordOptions::default())
    }

    /// [`Recorder::create`] with options.
    pub fn create_with(path: impl AsRef<Path>, options: RecordOptions) -> Result<Self> {
        let path = path.as_ref();
        options
            .check()
            .map_err(|error| error.in_file(path.display().to_string()))?;
        Self::open(Blank::create(path, &options)?, options)
    }

    /// Goes on with a recording that exists: new rows come after its last intact chunk. Nothing already written is touched.
    ///
    /// A stream of a name that is there already continues it; its type may have gained fields or wider ones. Rows that a recorder
    /// which did not finish left in the journal come first. Fails where somebody else is recording to the file.
    pub fn append(path: impl AsRef<Path>) -> Result<Self> {
        Self::append_with(path, RecordOptions::default())
    }

    /// [`Recorder::append`] with options.
    pub fn append_with(path: impl AsRef<Path>, options: RecordOptions) -> Result<Self> {
        let path = path.as_ref();
        options
            .check()
            .map_err(|error| error.in_file(path.display().to_string()))?;
        Self::open(Blank::open(path, &options)?, options)
    }

    /// A recording in any storage, which errors call `name`: a new one where it is empty, else one that is gone on with. Nothing
    /// keeps others from writing to it at the same time, and there is no journal: what is not in a chunk is lost with the process.
    pub fn in_storage(
        storage: Arc<dyn Storage>,
        name: &str,
        options: RecordOptions,
    ) -> Result<Self> {
        options.check().map_err(|error| error.in_file(name))?;
        let is_new = storage.size_bytes().map_err(|error| error.in_file(name))? == 0;
        let blank = Blank {
            storage,
            name: name.to_owned(),
            path: None,
            is_new,
            is_created: false,
        };
        Self::open(blank, options)
    }

    fn open(blank: Blank, options: RecordOptions) -> Result<Self> {
        let name = blank.name.clone();
        let undo = blank.undo();
        let start = || -> Result<Self> {
            let durability = options.durability;
            let tape = Arc::new(Tape::open(blank, options)?);
            // Complete, and without its journal, where it is dropped.
            let mut shared = Shared {
                ticker: None,
                tape,
                rescuing: Mutex::default(),
            };
            if let Durability::Interval(interval) = durability {
                shared.ticker = Some(Ticker::start(&shared.tape, interval)?);
            }
            let shared = Arc::new(shared);
            Ok(Self { shared })
        };
        start().map_err(|error| {
            undo.discard();
            error.in_file(name)
        })
    }

    /// A stream of rows of type `T`, called `name`. Fails where this recorder has handed out that name before.
    pub fn stream<T: Serialize + ?Sized>(&self, name: &str) -> Result<RecordStream<T>> {
        self.open_stream(name, RowBuilder::new())
    }

    /// [`Recorder::stream`] of a type that derives `Record`: a push costs a few nanoseconds a field, the schema is known
    /// before the first row, and times are times. Fails, too, where it does not fit the stream of that name which the file has.
    ///
    /// ```
    /// use exportkit::{Record, Recorder};
    ///
    /// #[derive(Record)]
    /// struct Query<'a> {
    ///     #[record(unit = "ns")]
    ///     at: u64,
    ///     table: &'a str,
    /// }
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("service.xk");
    /// let mut queries = Recorder::create(&path)?.records::<Query>("queries")?;
    /// queries.push(&Query { at: 17, table: "users" })?;
    /// assert_eq!(queries.finish()?.rows, 1);
    /// # Ok::<(), exportkit::Error>(())
    /// ```
    pub fn records<T: Record + ?Sized>(
        &self,
        name: &str,
    ) -> Result<RecordStream<T, RecordBuilder<T>>> {
        let rows = RecordBuilder::<T>::new();
        self.shared.tape.check_fits(name, &*rows.image_schema()?)?;
        self.open_stream(name, rows)
    }

    fn open_stream<T: ?Sized, B: BatchBuilder>(
        &self,
        name: &str,
        rows: B,
    ) -> Result<RecordStream<T, B>> {
        let name: Arc<str> = Arc::from(name);
        let tape = &self.shared.tape;
        let text = if name.is_empty() {
            "a stream needs a name"
        } else {
            match tape.add_stream(&name) {
                Some(account) => return Ok(RecordStream::new(&self.shared, name, account, rows)),
                None => "this stream is recorded already",
            }
        };
        Err(tape
            .in_file(Error::usage(text).in_stream(&*name))
            .with_hint("give each stream a name of its own"))
    }

    /// How the recording is doing. Can be asked from any thread, at any time.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("run.xk");
    /// let recorder = exportkit::Recorder::create(&path)?;
    /// let mut steps = recorder.stream::<u32>("steps")?;
    /// steps.push(&7)?;
    /// let health = recorder.health();
    /// assert_eq!((health.rows.pushed, health.rows.written, health.rows.dropped), (1, 0, 0));
    /// assert!(health.failure.is_none());
    /// # Ok::<(), exportkit::Error>(())
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.tape.health()
    }

    /// After a write or sync has failed, writes the chunks that no sync had acknowledged to a new file at `path`, and goes on
    /// there: streams that exist push to the new file from now on, and finish it. Rows that a stream has gathered and not handed on
    /// come with its next push, `flush` or `sync`; until then they are in the journal of the file that failed, and not counted as
    /// durable. Returns what the new file has, all of which survives a power loss.
    ///
    /// The file that failed is left as it is. It may hold rows that the new one has as well: the metadata of the new one says
    /// as `exportkit:first_row.` and the stream's name which number its first row would have had there. With [`Durability::None`] only
    /// chunks are saved that could not be written.
    ///
    /// Fails where nothing has failed, and where a file of that name exists.
    pub fn rescue(&self, path: impl AsRef<Path>) -> Result<Recorded> {
        let _one = lock(&self.shared.rescuing);
        self.shared.rescue(path.as_ref())
    }

    /// Completes the file if this is the last handle on it: waits for all chunks, writes the index, syncs. Where streams are
    /// still open, the last of them does that, and the counts are of what was written so far.
    pub fn finish(self) -> Result<Recorded> {
        Shared::finish(self.shared)
    }
}

impl Shared {
    /// [`Shared::rescue`], unless somebody has done it since the file was the one with this number.
    fn rescue_once(&self, path: &Path, number: u64) -> Result<()> {
        let _one = lock(&self.rescuing);
        match self.tape.ledger.failure() {
            None if self.tape.number() != number => Ok(()),
            _ => self.rescue(path).map(drop),
        }
    }

    /// The caller holds [`Shared::rescuing`].
    fn rescue(&self, path: &Path) -> Result<Recorded> {
        let options = RecordOptions {
            overwrite: false,
            ..self.tape.options.clone()
        };
        let blank = Blank::create(path, &options)?;
        let undo = blank.undo();
        self.tape.rescue(blank).map_err(|error| {
            undo.discard();
            error.in_file(path.display().to_string())
        })
    }

    /// Completes the file where `shared` is the last handle: of several that finish at once, exactly one is.
    fn finish(shared: Arc<Self>) -> Result<Recorded> {
        let tape = Arc::clone(&shared.tape);
        let counts = tape.flush().map_err(|error| tape.in_file(error))?;
        match Arc::into_inner(shared) {
            Some(mut last) => last.complete(),
            None => Ok(counts),
        }
    }

    fn complete(&mut self) -> Result<Recorded> {
        self.ticker = None;
        let complete = self.tape.complete();
        complete.map_err(|error| self.tape.in_file(error))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Nobody is left to tell; whoever wants to know calls `finish`.
        drop(self.complete());
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tape.fmt(f)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A poisoned lock means another pusher panicked between two whole operations: the state behind it is sound.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
