//! Rows of lanes into frames.

use std::sync::Arc;

use export_compress::{Choices, Encoder, Options as EncodeOptions};
use export_container::{FrameWriter, schema_from_text};
use export_core::{
    Batch, ChunkEncoder, Error, ErrorKind, Limits, Result, Schema, Severity, StreamId, image,
};
use export_journal::{RecoveredLane, RecoveredRun};

use super::Lost;
use crate::xk::Gather;

/// Frames that are being filled with rows. Rows that cannot be read, or do not fit their stream, are told as lost: they keep
/// nobody from the others.
pub(super) struct Filling<'a> {
    frames: FrameWriter,
    encoder: Encoder,
    limits: &'a Limits,
    losses: Vec<Lost>,
    /// Rows put into frames.
    added: u64,
}

impl<'a> Filling<'a> {
    pub(super) fn new(
        frames: FrameWriter,
        encode: EncodeOptions,
        limits: &'a Limits,
    ) -> Result<Self> {
        Ok(Self {
            frames,
            encoder: Encoder::new(encode)?,
            limits,
            losses: Vec::new(),
            added: 0,
        })
    }

    /// The frames, and what is not in them.
    pub(super) fn done(self) -> (FrameWriter, Vec<Lost>) {
        (self.frames, self.losses)
    }

    /// Adds the rows of a lane that come after those of its stream. Returns how many there were.
    pub(super) fn add_lane(&mut self, lane: &RecoveredLane) -> Result<u64> {
        let name = lane.name.as_str();
        let before = self.added;
        let known = self.frames.stream(name);
        let mut next = known
            .and_then(|id| self.frames.rows(id))
            .unwrap_or_default();
        let mut gather = Gather::new(
            known
                .and_then(|id| self.frames.schema(id))
                .map(|schema| Arc::new(schema.clone())),
        );
        for run in lane.runs.iter().filter(|run| run.rows > 0) {
            if run.end_row() <= next {
                continue;
            }
            let (batches, error) = batches(run, self.limits);
            let mut first_row = run.first_row;
            for batch in batches {
                let end = first_row.saturating_add(batch.rows() as u64);
                if let Some(new) = after(batch, first_row, next)? {
                    let first = end.saturating_sub(new.rows() as u64);
                    if self.add(name, &mut gather, new, first, next)? {
                        next = end;
                    }
                }
                first_row = end;
            }
            if let Some(error) = error {
                let first = first_row.max(next);
                self.lose(name, first, run.end_row().saturating_sub(first), &error);
            }
        }
        if let Some(whole) = gather.take()? {
            self.put(name, &whole)?;
        }
        Ok(self.added - before)
    }

    /// Adds rows from `first` on of a stream whose rows so far end with `next`. Whether they fit it.
    fn add(
        &mut self,
        name: &str,
        gather: &mut Gather,
        batch: Batch,
        first: u64,
        next: u64,
    ) -> Result<bool> {
        if gather.is_unknown() {
            *gather = Gather::new(Some(Arc::clone(batch.schema())));
        }
        let rows = batch.rows() as u64;
        let added = gather.continued(batch).and_then(|batch| {
            if first > next {
                // Rows before these are lost; their numbers stay theirs.
                if let Some(whole) = gather.take()? {
                    self.put(name, &whole)?;
                }
                let id = self.describe(name, batch.schema())?;
                self.frames.skip_rows(id, first);
            }
            gather.add(batch, |whole| self.put(name, &whole))
        });
        match added {
            Ok(()) => Ok(true),
            Err(error) if is_of_rows(&error) => {
                self.lose(name, first, rows, &error);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes a chunk of the rows that follow those of the stream.
    fn put(&mut self, name: &str, batch: &Batch) -> Result<()> {
        let rows = batch.rows() as u64;
        match self.write(name, batch) {
            Ok(()) => {
                self.added += rows;
                Ok(())
            }
            Err(error) if is_of_rows(&error) => {
                let id = self.frames.stream(name);
                let first = id.and_then(|id| self.frames.rows(id)).unwrap_or_default();
                self.lose(name, first, rows, &error);
                if let Some(id) = id {
                    self.frames.skip_rows(id, first.saturating_add(rows));
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn write(&mut self, name: &str, batch: &Batch) -> Result<()> {
        let id = self.describe(name, batch.schema())?;
        let (chunk, _) = self.encoder.encode_with(batch, &Choices::default())?;
        self.frames.chunk(id, &chunk)
    }

    /// The stream, which has rows of `schema` next.
    fn describe(&mut self, name: &str, schema: &Schema) -> Result<StreamId> {
        match self.frames.stream(name) {
            None => self.frames.add_stream(name, schema),
            Some(id) => {
                self.frames.widen_stream(id, schema)?;
                Ok(id)
            }
        }
    }

    fn lose(&mut self, name: &str, first: u64, rows: u64, error: &Error) {
        if rows > 0 {
            self.losses.push(Lost {
                stream: Some(name.to_owned()),
                rows: Some((first, rows)),
                severity: Severity::Damage,
                text: format!("{rows} rows from row {first} on cannot be used: {error}"),
            });
        }
    }
}

/// Whether rows are at fault, or what is said about them, and not the machine that reads them.
fn is_of_rows(error: &Error) -> bool {
    use ErrorKind as K;
    matches!(
        error.kind(),
        K::Corrupt
            | K::Truncated
            | K::Unsupported
            | K::Version
            | K::Limit
            | K::Schema
            | K::Data
            | K::Usage
    )
}

/// The rows of a run, in batches as large as the limits have it, and why the rest of them cannot be read, if so.
fn batches(run: &RecoveredRun, limits: &Limits) -> (Vec<Batch>, Option<Error>) {
    let schema = match schema_from_text(&run.about, limits) {
        Ok(schema) => Arc::new(schema),
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut batches = Vec::new();
    let (mut at, mut rows) = (0, 0_u64);
    let error = loop {
        let rest = run.bytes.get(at..).unwrap_or_default();
        let (batch, bytes, error) = read_some(&schema, rest, limits);
        if let Some(batch) = batch {
            rows = rows.saturating_add(batch.rows() as u64);
            batches.push(batch);
        }
        at += bytes;
        match error {
            // What is too much for one batch may do for several.
            Some(error) if error.kind() == ErrorKind::Limit && bytes > 0 => {}
            error => break error,
        }
    };
    let are_others = match error {
        None => rows != run.rows,
        Some(_) => rows >= run.rows,
    };
    if are_others {
        let text = format!("there are {rows} rows or more instead of {}", run.rows);
        return (Vec::new(), Some(Error::corrupt(text)));
    }
    (batches, error)
}

/// The rows up to the first one that cannot be read, how many bytes they are, and why that is so.
fn read_some(
    schema: &Arc<Schema>,
    bytes: &[u8],
    limits: &Limits,
) -> (Option<Batch>, usize, Option<Error>) {
    let error = match image::read(schema, bytes, limits) {
        Ok(batch) => return (Some(batch), bytes.len(), None),
        Err(error) => error,
    };
    let start = error
        .position()
        .offset
        .and_then(|at| usize::try_from(at).ok());
    let good = start.and_then(|at| bytes.get(..at)).unwrap_or_default();
    if good.is_empty() {
        return (None, 0, Some(error));
    }
    match image::read(schema, good, limits) {
        Ok(batch) => (Some(batch), good.len(), Some(error)),
        Err(error) => (None, 0, Some(error)),
    }
}

/// The rows of a batch that begins with row `first`, from row `next` on, if it has any.
fn after(batch: Batch, first: u64, next: u64) -> Result<Option<Batch>> {
    let known = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
    match batch.rows().checked_sub(known) {
        None | Some(0) => Ok(None),
        Some(_) if known == 0 => Ok(Some(batch)),
        Some(rows) => batch.slice(known, rows).map(Some),
    }
}
