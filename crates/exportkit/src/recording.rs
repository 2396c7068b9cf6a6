//! What is in an `.xk` file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use export_container::{Container, Stream, check_header};
use export_core::record::{self, FromRecord};
use export_core::{
    Access, Batch, Error, ExportMetadata, FileId, Finding, KeyId, Limits, Note, Result, Schema,
    Storage,
};
use serde::de::DeserializeOwned;

use crate::batches::{BatchOptions, Batches, Rows};
use crate::input::open_regular;
use crate::journal;
use crate::recorder::Losses;
use crate::xk::unfinished;

/// Opens an `.xk` file, finished or not. Reads its index, or finds its frames where there is none.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("points.xk");
/// exportkit::write(&path, &[(1_u32, "a"), (2, "b")])?;
/// let file = exportkit::open(&path)?;
/// assert_eq!(file.streams()[0].rows, 2);
/// for batch in file.batches("rows")? {
///     assert_eq!(batch?.columns().len(), 2);
/// }
/// let rows = file.read::<(u32, String)>("rows")?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(rows[1], (2, "b".to_owned()));
/// # Ok::<(), exportkit::Error>(())
/// ```
pub fn open(path: impl AsRef<Path>) -> Result<Recording> {
    open_with(path, Limits::default())
}

/// [`open`] with limits of your own, or with the keys of an encrypted file ([`Access`]).
pub fn open_with(path: impl AsRef<Path>, access: impl Into<Access>) -> Result<Recording> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let access = access.into();
    let find = || journal::find(path, open_regular(path)?, &access);
    let found = find().map_err(|error| error.in_file(&name))?;
    let mut recording = open_storage(found.storage, &name, access)?;
    recording.beside = Beside {
        findings: found
            .leftover
            .iter()
            .flat_map(|leftover| leftover.findings.clone())
            .collect(),
        rows: found
            .leftover
            .map(|leftover| leftover.rows)
            .unwrap_or_default(),
        size_bytes: Some(found.size_bytes),
        notes: found.notes,
    };
    Ok(recording)
}

/// [`open`] of a container wherever it is stored; errors call it `name`. Nobody looks for a journal.
pub fn open_storage(
    storage: Arc<dyn Storage>,
    name: &str,
    access: impl Into<Access>,
) -> Result<Recording> {
    let access = access.into();
    let open = || -> Result<Container> {
        check_header(&*storage)?;
        Container::open(Arc::clone(&storage), &access)
    };
    let container = open().map_err(|error| error.in_file(name))?;
    Ok(Recording {
        container: Arc::new(container),
        name: name.to_owned(),
        limits: access.limits,
        beside: Beside::default(),
    })
}

/// An open `.xk` file.
pub struct Recording {
    pub(crate) container: Arc<Container>,
    pub(crate) name: String,
    pub(crate) limits: Limits,
    beside: Beside,
}

/// What of an open recording is not in its file.
#[derive(Default)]
struct Beside {
    /// What the file's own bytes show.
    findings: Vec<Finding>,
    /// Rows of each stream that come from the journal.
    rows: BTreeMap<String, u64>,
    /// Length of the file alone, where that is known.
    size_bytes: Option<u64>,
    notes: Vec<Note>,
}

/// What a container says of one of its streams.
#[derive(Debug, Clone)]
pub struct StreamInfo {
    /// Its name.
    pub name: String,
    /// Its widest schema.
    pub schema: Arc<Schema>,
    /// Rows of its chunks that are there.
    pub rows: u64,
    /// The number (from 0) that the next row would have: more than `rows` where chunks are missing.
    pub next_row: u64,
    /// Its chunks that are there.
    pub chunks: u64,
    /// Bytes they take in the file.
    pub stored_bytes: u64,
    /// Null slots of each column, in the schema's order.
    pub nulls: Vec<u64>,
    /// Rows that its recorders dropped, because there was no room for them.
    pub dropped_rows: u64,
    /// Rows that its recorders refused, because they cannot be represented.
    pub refused_rows: u64,
}

/// What a container says of itself.
#[derive(Debug, Clone)]
pub struct Info {
    /// What makes its frames its own.
    pub file_id: FileId,
    /// Major and minor version of its format.
    pub version: (u16, u16),
    /// When it was created, in ns since 1970 UTC.
    pub created_ns: i64,
    /// Whether it was finished: an intact index is at its end.
    pub complete: bool,
    /// The key that it is encrypted with, where it is.
    pub encrypted_with: Option<KeyId>,
    /// Whether it was begun sealed; [`crate::verify()`] looks at the seals.
    pub sealed: bool,
    /// Length in bytes.
    pub size_bytes: u64,
    /// What the export says about itself, if it does.
    pub metadata: Option<ExportMetadata>,
    /// Its streams.
    pub streams: Vec<StreamInfo>,
    /// What is not as it should be, as far as opening shows.
    pub findings: Vec<Finding>,
    /// Where the file was not finished, what that means for whoever reads it.
    pub unfinished: Option<Note>,
    /// Rows of each stream that are in the journal beside the file, because the recorder did not finish. They are read as if
    /// they were in the file.
    pub journal_rows: BTreeMap<String, u64>,
    /// What else there is to say of the journal.
    pub journal_notes: Vec<Note>,
}

impl Recording {
    /// The streams, in the order they were added.
    #[must_use]
    pub fn streams(&self) -> Vec<StreamInfo> {
        let entries = self.container.metadata().map(|said| &said.entries);
        let losses = entries.map(Losses::of).unwrap_or_default();
        let streams = self.container.streams().iter();
        streams
            .map(|stream| StreamInfo::new(stream, &losses))
            .collect()
    }

    /// All that opening has told.
    #[must_use]
    pub fn info(&self) -> Info {
        let file = self.container.file();
        Info {
            file_id: self.container.file_id(),
            version: (file.major, file.minor),
            created_ns: file.created_ns,
            complete: self.container.is_indexed() && self.beside.rows.is_empty(),
            encrypted_with: self.container.key_id(),
            sealed: file.is_sealed(),
            size_bytes: self
                .beside
                .size_bytes
                .unwrap_or(self.container.size_bytes()),
            metadata: self.container.metadata().cloned(),
            streams: self.streams(),
            findings: [&self.beside.findings, self.container.findings()].concat(),
            unfinished: (!self.container.is_indexed())
                .then(|| unfinished(self.container.torn_bytes())),
            journal_rows: self.beside.rows.clone(),
            journal_notes: self.beside.notes.clone(),
        }
    }

    /// The batches of a stream, one a chunk, with the stream's widest schema. Fails where there is no such stream.
    pub fn batches(&self, stream: &str) -> Result<Batches> {
        self.batches_with(stream, &BatchOptions::default())
    }

    /// [`Recording::batches`] of some columns only, in the order given. Only their bytes are read.
    pub fn batches_of(&self, stream: &str, columns: Option<&[String]>) -> Result<Batches> {
        let options = BatchOptions {
            columns: columns.map(<[String]>::to_vec),
            ..BatchOptions::default()
        };
        self.batches_with(stream, &options)
    }

    /// [`Recording::batches`] as `options` have it. Chunks that hold nothing of what is wanted are not read.
    pub fn batches_with(&self, stream: &str, options: &BatchOptions) -> Result<Batches> {
        let known = self.stream(stream)?;
        Batches::new(self, known, options).map_err(|error| error.in_file(&self.name))
    }

    /// Bytes of the file that were read so far, to open it and since.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.container.reads().bytes
    }

    /// The number (from 0) of the first of the last `rows` rows of a stream that are there.
    pub fn first_of_last(&self, stream: &str, rows: u64) -> Result<u64> {
        let mut missing = rows;
        for chunk in self.stream(stream)?.chunks.iter().rev() {
            if chunk.rows >= missing {
                return Ok(chunk.first_row + (chunk.rows - missing));
            }
            missing -= chunk.rows;
        }
        Ok(0)
    }

    /// The rows of a stream as values of `T`, whose fields are matched by name: it may have fewer fields than the stream, or
    /// optional ones more.
    pub fn read<T: DeserializeOwned>(&self, stream: &str) -> Result<Rows<T>> {
        self.rows(stream, export_core::rows::read)
    }

    /// [`Recording::read`] of rows whose type derives `Record`.
    pub fn read_records<T: FromRecord>(&self, stream: &str) -> Result<Rows<T>> {
        self.rows(stream, record::read::read)
    }

    fn rows<T>(&self, stream: &str, read: fn(&Batch) -> Result<Vec<T>>) -> Result<Rows<T>> {
        Ok(Rows::new(self.batches(stream)?, stream, read))
    }

    pub(crate) fn stream(&self, name: &str) -> Result<&Stream> {
        self.container.stream(name).ok_or_else(|| {
            let known = self
                .container
                .streams()
                .iter()
                .map(|stream| stream.name.as_str());
            Error::no_such("stream", name, known).in_file(&self.name)
        })
    }
}

impl StreamInfo {
    fn new(stream: &Stream, losses: &Losses) -> Self {
        let schema = stream.schema();
        let nulls = schema
            .fields
            .iter()
            .map(|field| nulls_of(stream, &field.name))
            .collect();
        let (dropped_rows, refused_rows) = losses.of_stream(&stream.name);
        Self {
            name: stream.name.clone(),
            schema: Arc::clone(schema),
            rows: stream.rows(),
            next_row: stream
                .chunks
                .last()
                .map_or(0, |chunk| chunk.first_row + chunk.rows),
            chunks: stream.chunks.len() as u64,
            stored_bytes: stream.chunks.iter().map(|chunk| chunk.payload_bytes).sum(),
            nulls,
            dropped_rows,
            refused_rows,
        }
    }
}

/// Null slots of a column, which all rows of a chunk have that was written before the column was there.
fn nulls_of(stream: &Stream, column: &str) -> u64 {
    let nulls = stream.chunks.iter().map(|chunk| {
        let at = stream
            .schema_of(chunk)
            .ok()
            .and_then(|schema| schema.index_of(column));
        at.and_then(|at| chunk.columns.get(at))
            .map_or(chunk.rows, |column| column.summary.nulls)
    });
    nulls.sum()
}
