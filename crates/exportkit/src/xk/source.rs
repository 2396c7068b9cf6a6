//! A container's chunks as batches: read and decoded ahead, presented with the stream's widest schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use export_compress::Decoder;
use export_container::{ChunkRef, Container, Stream, check_header};
use export_core::{
    Batch, Cancel, ChunkDecoder, Error, Limits, Note, OnError, Progress, ReadOptions, Result,
    Schema, Severity, Source, Storage, StreamBatch, widen,
};
use export_parallel::{Ahead, Bounds, Budget};

/// Memory that batches read ahead may hold, in bytes.
const BUDGET_BYTES: usize = 24 << 20;
/// Threads that read ahead: one keeps up with whoever takes the batches.
const THREADS: usize = 1;
/// Bytes that a byte of a chunk usually decodes to, for the budget.
const USUAL_RATIO: usize = 4;

/// What there is to say of a file without an index at its end, whose last `torn_bytes` are no whole frame: those are lost.
pub(crate) fn unfinished(torn_bytes: u64) -> Note {
    let mut text = String::from(
        "no index ends the file: it is being written, or was cut off; all whole chunks are read",
    );
    if torn_bytes > 0 {
        text.push_str(&format!(
            "; its last {torn_bytes} bytes are no whole frame, rows in them are lost"
        ));
    }
    Note {
        stream: None,
        column: None,
        text,
        loss: torn_bytes > 0,
    }
}

type Job = (ChunkRef, Arc<View>);
type Jobs = std::vec::IntoIter<Result<Job>>;
/// Batches in order; a chunk that cannot be read is an error in its place, and the next one follows.
pub(crate) type ReadAhead = Ahead<Jobs, Job, Result<StreamBatch>>;

/// What is wanted of a stream.
#[derive(Debug)]
pub(crate) struct View {
    name: Arc<str>,
    /// The stream's schemas, as its chunks count them.
    written: Vec<Arc<Schema>>,
    /// The widest of them, of the wanted columns.
    wanted: Arc<Schema>,
}

impl View {
    /// All of a stream, or the columns called `columns`, in that order.
    pub(crate) fn new(stream: &Stream, columns: Option<&[String]>) -> Result<Self> {
        let schema = stream.schema();
        let wanted = match columns {
            None => Arc::clone(schema),
            Some(names) => {
                let known = || schema.fields.iter().map(|field| field.name.as_str());
                let at = |name: &String| {
                    let missing =
                        || Error::no_such("column", name, known()).in_stream(&stream.name);
                    schema.index_of(name).ok_or_else(missing)
                };
                let columns = names.iter().map(at).collect::<Result<Vec<_>>>()?;
                Arc::new(schema.project(&columns)?)
            }
        };
        Ok(Self {
            name: Arc::from(stream.name.as_str()),
            written: stream.schemas.clone(),
            wanted,
        })
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.wanted
    }

    /// Reads, verifies, decodes and widens one chunk.
    pub(crate) fn read(
        &self,
        container: &Container,
        chunk: &ChunkRef,
        limits: &Limits,
    ) -> Result<Batch> {
        let placed = |error: Error| error.in_chunk(chunk.number).in_stream(&*self.name);
        let version = usize::try_from(chunk.schema_version).unwrap_or(usize::MAX);
        let written = self.written.get(version).ok_or_else(|| {
            placed(Error::corrupt(
                "the schema this chunk was written with is lost",
            ))
        })?;
        let columns: Vec<usize> = self
            .wanted
            .fields
            .iter()
            .filter_map(|field| written.index_of(&field.name))
            .collect();
        let encoded = container.read_chunk(chunk, Some(&columns))?;
        let schema = Arc::new(written.project(&columns)?);
        let batch = Decoder::new()
            .decode(&schema, &encoded, limits)
            .map_err(placed)?;
        let presented = if schema.fields == self.wanted.fields {
            Batch::new(Arc::clone(&self.wanted), batch.rows(), batch.into_columns())
        } else {
            widen::cast_batch(&batch, &self.wanted)
        };
        presented.map_err(placed)
    }
}

/// Starts to read chunks ahead of whoever asks for them.
pub(crate) fn read_ahead(
    container: Arc<Container>,
    jobs: Vec<Job>,
    limits: Limits,
    cancel: Cancel,
) -> Result<ReadAhead> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = THREADS.min(cores - 1);
    let bounds = Bounds {
        threads,
        budget: Budget::new(BUDGET_BYTES),
        cancel,
    };
    let weight = |(chunk, _): &Job| {
        let encoded = usize::try_from(chunk.payload_bytes).unwrap_or(usize::MAX);
        encoded.saturating_mul(USUAL_RATIO)
    };
    let work = move |(chunk, view): Job| {
        let batch = view.read(&container, &chunk, &limits);
        Ok(batch.map(|batch| StreamBatch {
            stream: Arc::clone(&view.name),
            batch,
        }))
    };
    Ahead::new(
        bounds,
        jobs.into_iter().map(Ok).collect::<Vec<_>>(),
        weight,
        work,
    )
}

/// A container as a source: first an empty batch of each stream without rows, then all chunks in the order of the file.
pub(crate) struct XkSource {
    /// Empty batches that come first, last one first.
    empty: Vec<StreamBatch>,
    batches: ReadAhead,
    metadata: BTreeMap<String, String>,
    notes: Vec<Note>,
    on_error: OnError,
    progress: Progress,
    bytes_per_chunk: Vec<u64>,
    failed: bool,
}

impl XkSource {
    /// Opens a container. Fails where parts of it are known to be lost, unless errors are to be skipped.
    pub(crate) fn open(storage: Arc<dyn Storage>, options: &ReadOptions) -> Result<Self> {
        check_header(&*storage)?;
        let container = Container::open(storage, &options.limits)?;
        let mut notes = Vec::new();
        for finding in container.findings() {
            let damage = finding.severity == Severity::Damage;
            if damage && options.on_error == OnError::Fail {
                return Err(damaged(
                    Error::corrupt(finding.text.clone())
                        .at_offset(finding.position.offset.unwrap_or_default()),
                ));
            }
            notes.push(Note {
                stream: finding.position.stream.clone(),
                column: None,
                text: finding.text.clone(),
                loss: damage,
            });
        }
        if !container.is_indexed() {
            notes.push(unfinished(container.torn_bytes()));
        }
        let columns = options.columns.as_deref();
        let views = container
            .streams()
            .iter()
            .map(|stream| View::new(stream, columns).map(Arc::new));
        let views = views.collect::<Result<Vec<_>>>()?;
        let mut empty = Vec::new();
        for (stream, view) in container.streams().iter().zip(&views) {
            if stream.chunks.is_empty() {
                let batch = Batch::empty(Arc::clone(view.schema()))?;
                empty.push(StreamBatch {
                    stream: Arc::clone(&view.name),
                    batch,
                });
            }
        }
        empty.reverse();
        let view_of = |chunk: &ChunkRef| {
            let at = container
                .streams()
                .iter()
                .position(|stream| stream.id == chunk.stream);
            at.and_then(|at| views.get(at)).map(Arc::clone)
        };
        let chunks = container.chunks().into_iter();
        let jobs: Vec<Job> = chunks
            .filter_map(|chunk| view_of(chunk).map(|view| (chunk.clone(), view)))
            .collect();
        let metadata = container
            .metadata()
            .map(|m| m.entries.clone())
            .unwrap_or_default();
        let mut bytes_per_chunk: Vec<u64> = jobs.iter().map(|(c, _)| c.payload_bytes).collect();
        bytes_per_chunk.reverse();
        let batches = read_ahead(
            Arc::new(container),
            jobs,
            options.limits.clone(),
            options.cancel.clone(),
        )?;
        Ok(Self {
            empty,
            batches,
            metadata,
            notes,
            on_error: options.on_error,
            progress: options.progress.clone(),
            bytes_per_chunk,
            failed: false,
        })
    }
}

/// Says what helps against damage.
pub(crate) fn damaged(error: Error) -> Error {
    error.with_hint(
        "`exportkit repair` saves all that is intact; --on-error skip reads on past the damage",
    )
}

impl Source for XkSource {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        if let Some(empty) = self.empty.pop() {
            return Ok(Some(empty));
        }
        while !self.failed {
            let Some(next) = self.batches.next().transpose()? else {
                return Ok(None);
            };
            self.progress
                .add_bytes_in(self.bytes_per_chunk.pop().unwrap_or_default());
            match next {
                Ok(batch) => return Ok(Some(batch)),
                Err(error) if self.on_error == OnError::Fail => {
                    self.failed = true;
                    return Err(damaged(error));
                }
                Err(error) => self.notes.push(Note {
                    stream: error.position().stream.clone(),
                    column: None,
                    text: format!("a chunk was left out: {error}"),
                    loss: true,
                }),
            }
        }
        Ok(None)
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        self.metadata.clone()
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}
