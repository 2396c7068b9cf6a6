//! Where batches come from and where they go.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;

use crate::{Access, Batch, Cancel, ExportMetadata, Keys, Limits, Note, Progress, Result};

/// A batch and the name of its stream.
#[derive(Debug, Clone)]
pub struct StreamBatch {
    /// Name of the stream.
    pub stream: Arc<str>,
    /// Its next rows. The schema may be wider than that of the stream's earlier batches, never narrower.
    pub batch: Batch,
}

/// Yields batches, stream by stream or mixed, each stream's rows in order.
pub trait Source: Send {
    /// The next batch, or `None` at the end. A stream without rows yields one empty batch. After an error, `None`.
    fn next_batch(&mut self) -> Result<Option<StreamBatch>>;

    /// Whether a stream's schema may widen while it is read. Where not, the first batch of a stream has its final schema.
    fn may_widen(&self) -> bool {
        false
    }

    /// Key/value metadata of the input, known once the first batch was read.
    fn metadata(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// What was done otherwise than one might expect. Complete once the source is at its end.
    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

/// Takes batches and writes them somewhere.
pub trait Sink: Send {
    /// Writes the next rows of a stream. A batch's schema equals that of the stream's earlier ones unless
    /// [`Sink::accepts_widening`].
    fn write(&mut self, batch: StreamBatch) -> Result<()>;

    /// Writes what is left and closes. Nothing is complete before this returned `Ok`.
    fn finish(self: Box<Self>, metadata: &ExportMetadata) -> Result<SinkSummary>;

    /// Whether a later batch of a stream may have a wider schema than an earlier one.
    fn accepts_widening(&self) -> bool {
        false
    }
}

/// What a sink did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkSummary {
    /// Rows written over all streams.
    pub rows: u64,
    /// What was written otherwise than one might expect.
    pub notes: Vec<Note>,
}

/// What a format reads from.
pub enum Input {
    /// A file that can be read anywhere.
    File(File),
    /// Bytes that come once, in order: a pipe, or a decompressor.
    Stream(Box<dyn Read + Send>),
}

/// What a source does with a row it cannot represent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// Stop with an error that names the row.
    #[default]
    Fail,
    /// Leave the row out and count it.
    Skip,
    /// Keep the row, with null in place of what cannot be represented, and count it.
    Null,
}

/// What every source needs to know.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Name of the input, for errors and for the stream's name.
    pub name: String,
    /// Bounds on what the input may cost.
    pub limits: Limits,
    /// Keys of encrypted files.
    pub keys: Keys,
    /// What to do with bad rows.
    pub on_error: OnError,
    /// Rows a batch holds at most.
    pub batch_rows: usize,
    /// Bytes of values a batch holds at about most.
    pub batch_bytes: usize,
    /// Names of the columns wanted, in this order; all where `None`.
    pub columns: Option<Vec<String>>,
    /// Threads that decode at a time, the caller's among them, where the format can; one a core where `None`. The batches are
    /// the same for any number.
    pub threads: Option<usize>,
    /// Raised to stop.
    pub cancel: Cancel,
    /// Where to count bytes and rows.
    pub progress: Progress,
    /// Options of one format only, by name, such as `csv.delimiter`. Formats refuse those of their own they do not know.
    pub extra: BTreeMap<String, String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            name: String::from("input"),
            limits: Limits::default(),
            keys: Keys::default(),
            on_error: OnError::default(),
            batch_rows: 64 << 10,
            batch_bytes: 4 << 20,
            columns: None,
            threads: None,
            cancel: Cancel::new(),
            progress: Progress::new(),
            extra: BTreeMap::new(),
        }
    }
}

impl ReadOptions {
    /// Limits and keys.
    #[must_use]
    pub fn access(&self) -> Access {
        Access {
            limits: self.limits.clone(),
            keys: self.keys.clone(),
        }
    }
}

/// What every sink needs to know.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// Name of the output, for errors.
    pub name: String,
    /// Worker threads besides the caller's; 0 works on the caller's alone.
    pub threads: usize,
    /// Raised to stop.
    pub cancel: Cancel,
    /// Options of one format only, by name, such as `parquet.codec`.
    pub extra: BTreeMap<String, String>,
}

/// How sure a format is that a file is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It is not.
    No,
    /// It could be (text that parses so far).
    Maybe,
    /// It is (a signature).
    Yes,
}

/// A kind of file. Implementations hold no state.
pub trait Format: Send + Sync {
    /// Its name in options and reports, such as `ndjson`.
    fn name(&self) -> &'static str;

    /// Endings of its files' names, without the dot, the usual one first.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether a file that starts with `head` (all of it, or its first 4,096 bytes at least) is its own.
    fn sniff(&self, head: &[u8]) -> Confidence;

    /// Whether reading goes back and forth, so that a pipe must be stored first. Such formats are given
    /// [`Input::File`] wherever the input is an ordinary file; the others are always given [`Input::Stream`].
    fn reads_anywhere(&self) -> bool {
        false
    }

    /// Reads a file of this format.
    fn open(&self, input: Input, options: &ReadOptions) -> Result<Box<dyn Source>>;

    /// Writes a file of this format. `output` is flushed by the sink's `finish`, and made durable by the caller.
    fn create(
        &self,
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>>;
}
