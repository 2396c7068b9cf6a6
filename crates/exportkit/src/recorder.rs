//! The push side: typed rows into streams of a container.

mod stream;

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use export_compress::Options as EncodeOptions;
use export_container::{FileStorage, StorageEnd};
use export_core::build::{BatchBuilder, RowBuilder};
use export_core::record::{Record, RecordBuilder};
use export_core::{Cancel, Error, ExportMetadata, Protection, Result};
use serde::Serialize;

use crate::clock;
use crate::xk::{Counts, XkOptions, XkSink};
pub use stream::RecordStream;

/// How to record.
#[derive(Debug, Clone)]
pub struct RecordOptions {
    /// How chunks are encoded.
    pub encode: EncodeOptions,
    /// Threads that encode besides those that push; 0 encodes inside of `push`. Default 1.
    pub threads: usize,
    /// A chunk is written when it is this old at the next `push`, however few its rows. Default 1 s.
    pub interval: Duration,
    /// How the file is encrypted and sealed. An append needs the keys of what it goes on with. Default not at all.
    pub protection: Protection,
    /// Whether an existing file is replaced. Default no.
    pub overwrite: bool,
    /// Parity, from which [`repair`](crate::repair()) restores damaged frames; where `None`, as much as a recording has that is
    /// gone on with. Holds some 20 MB of frames in memory, see [`Parity`](crate::Parity).
    pub parity: Option<crate::Parity>,
    /// The user's own keys.
    pub entries: std::collections::BTreeMap<String, String>,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self {
            encode: EncodeOptions::default(),
            threads: 1,
            interval: Duration::from_secs(1),
            protection: Protection::default(),
            overwrite: false,
            parity: None,
            entries: std::collections::BTreeMap::new(),
        }
    }
}

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Rows written over all streams.
    pub rows: u64,
    /// Chunks written over all streams.
    pub chunks: u64,
}

impl From<Counts> for Recorded {
    fn from(Counts { rows, chunks }: Counts) -> Self {
        Self { rows, chunks }
    }
}

struct Shared {
    path: PathBuf,
    options: RecordOptions,
    /// `None` once the file is complete.
    sink: Mutex<Option<XkSink<StorageEnd>>>,
    /// Names of the streams handed out, so that no two write to one.
    names: Mutex<std::collections::BTreeSet<String>>,
}

impl Recorder {
    /// Starts a recording at `path`, which is there at once. Fails where a file of that name exists.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Self::create_with(path, RecordOptions::default())
    }

    /// [`Recorder::create`] with options.
    pub fn create_with(path: impl AsRef<Path>, options: RecordOptions) -> Result<Self> {
        let path = path.as_ref();
        let mut open = OpenOptions::new();
        open.write(true)
            .create(true)
            .truncate(options.overwrite)
            .create_new(!options.overwrite);
        let file = open.open(path).map_err(|error| {
            let exists = error.kind() == io::ErrorKind::AlreadyExists;
            let error = Error::from(error);
            let error = if exists {
                Error::exists("the recording exists already")
                    .with_hint("append to it, overwrite it, or give another name")
            } else {
                error
            };
            error.in_file(path.display().to_string())
        })?;
        let start = || -> Result<_> {
            let xk = XkOptions {
                encode: options.encode.clone(),
                protection: options.protection.clone(),
                parity: options.parity,
                ..XkOptions::default()
            };
            let storage = Arc::new(FileStorage::new(file));
            let sink = xk.start(storage, options.threads, &Cancel::new())?;
            crate::output::sync_directory(path)?;
            Ok(sink)
        };
        let sink = start().map_err(|error| error.in_file(path.display().to_string()))?;
        Ok(Self::from_parts(path, options, sink))
    }

    /// Goes on with a recording that exists: new rows come after its last intact chunk. Nothing already written is touched.
    ///
    /// A stream of a name that is there already continues it; its type may have gained fields or wider ones.
    pub fn append(path: impl AsRef<Path>) -> Result<Self> {
        Self::append_with(path, RecordOptions::default())
    }

    /// [`Recorder::append`] with options.
    pub fn append_with(path: impl AsRef<Path>, options: RecordOptions) -> Result<Self> {
        let path = path.as_ref();
        let open = || -> Result<_> {
            let xk = XkOptions {
                encode: options.encode.clone(),
                protection: options.protection.clone(),
                parity: options.parity,
                ..XkOptions::default()
            };
            let storage = Arc::new(FileStorage::open_writable(path)?);
            xk.resume(storage, options.threads, &Cancel::new())
        };
        let sink = open().map_err(|error| error.in_file(path.display().to_string()))?;
        Ok(Self::from_parts(path, options, sink))
    }

    fn from_parts(path: &Path, options: RecordOptions, sink: XkSink<StorageEnd>) -> Self {
        let shared = Shared {
            path: path.to_owned(),
            options,
            sink: Mutex::new(Some(sink)),
            names: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A stream of rows of type `T`, called `name`. Fails where this recorder has handed out that name before.
    pub fn stream<T: Serialize + ?Sized>(&self, name: &str) -> Result<RecordStream<T>> {
        self.open_stream(name, RowBuilder::new())
    }

    /// [`Recorder::stream`] of a type that derives `Record`: a push costs a few nanoseconds a field, the schema is known
    /// before the first row, and times are times.
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
        self.open_stream(name, RecordBuilder::new())
    }

    fn open_stream<T: ?Sized, B: BatchBuilder>(
        &self,
        name: &str,
        rows: B,
    ) -> Result<RecordStream<T, B>> {
        let mut names = lock(&self.shared.names);
        if name.is_empty() || !names.insert(name.to_owned()) {
            let text = if name.is_empty() {
                "a stream needs a name"
            } else {
                "this stream is recorded already"
            };
            return Err(Error::usage(text)
                .in_file(self.shared.path.display().to_string())
                .in_stream(name)
                .with_hint("give each stream a name of its own"));
        }
        Ok(RecordStream::new(&self.shared, name, rows))
    }

    /// Completes the file if this is the last handle on it: waits for all chunks, writes the index, syncs. Where streams are
    /// still open, the last of them does that, and the counts are of what was written so far.
    pub fn finish(self) -> Result<Recorded> {
        Shared::finish(self.shared)
    }
}

impl Shared {
    fn in_file(&self, error: Error) -> Error {
        error.in_file(self.path.display().to_string())
    }

    fn with_sink<R>(&self, act: impl FnOnce(&mut XkSink<StorageEnd>) -> Result<R>) -> Result<R> {
        match &mut *lock(&self.sink) {
            Some(sink) => act(sink),
            None => Err(Error::usage("the recording is complete already")),
        }
    }

    fn flush_and_count(&self) -> Result<Recorded> {
        self.with_sink(|sink| sink.flush_then(|written| Ok(written.counts().into())))
    }

    /// Completes the file where `shared` is the last handle: of several that finish at once, exactly one is.
    fn finish(shared: Arc<Self>) -> Result<Recorded> {
        let counts = shared
            .flush_and_count()
            .map_err(|error| shared.in_file(error))?;
        match Arc::into_inner(shared) {
            Some(mut last) => last.complete(),
            None => Ok(counts),
        }
    }

    fn complete(&mut self) -> Result<Recorded> {
        let sink = self
            .sink
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(sink) = sink else {
            return Ok(Recorded::default());
        };
        let complete = || -> Result<Recorded> {
            let metadata = ExportMetadata {
                tool: crate::TOOL.to_owned(),
                created_ns: clock::now_ns(),
                entries: self.options.entries.clone(),
                ..ExportMetadata::default()
            };
            let (counts, mut writer) = sink.close(&metadata)?;
            writer.sync()?;
            Ok(Recorded::from(counts))
        };
        complete().map_err(|error| self.in_file(error))
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
        f.debug_struct("Recording")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A poisoned lock means another pusher panicked between two whole operations: the state behind it is sound.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
