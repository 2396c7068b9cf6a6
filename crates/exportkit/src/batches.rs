//! The batches of a stream, and its rows.

use std::sync::Arc;

use export_container::Stream;
use export_core::{Batch, Cancel, Error, Result, Schema, StreamBatch};

use crate::conditions::{Condition, Conditions};
use crate::recording::Recording;
use crate::xk::{ReadAhead, Reading, View, damaged, read_ahead};

/// What is wanted of a stream, and what reading it may use.
#[derive(Debug, Clone, Default)]
pub struct BatchOptions {
    /// Names of the columns wanted, in this order; all where `None`. Only their bytes are read.
    pub columns: Option<Vec<String>>,
    /// Number (from 0) of the first row wanted.
    pub first_row: u64,
    /// What holds for the rows wanted, all of these. A chunk is left out where its summaries show that it has no such row; one
    /// that may have one comes whole, other rows with it.
    pub conditions: Vec<Condition>,
    /// Threads that decode at a time, the caller's among them; one a core where `None`. The batches are the same for any number.
    pub threads: Option<usize>,
    /// Raised to stop.
    pub cancel: Cancel,
}

/// Batches of one stream. A chunk that cannot be read is an error in its place; the next one follows.
pub struct Batches {
    chunks: ReadAhead,
    schema: Arc<Schema>,
    /// Rows of the first chunk that come before those wanted.
    skip: u64,
    skipped_chunks: u64,
    name: String,
}

impl Batches {
    /// Starts to read a stream of a file.
    pub(crate) fn new(file: &Recording, stream: &Stream, options: &BatchOptions) -> Result<Self> {
        let view = Arc::new(View::new(stream, options.columns.as_deref())?);
        let conditions = Conditions::new(stream, &options.conditions)?;
        let chunks = stream.chunks.iter();
        let (wanted, skipped): (Vec<_>, Vec<_>) = chunks
            .filter(|chunk| chunk.end_row() > options.first_row)
            .partition(|chunk| conditions.may_hold_in(chunk));
        let skip = wanted
            .first()
            .map_or(0, |chunk| options.first_row.saturating_sub(chunk.first_row));
        let jobs = wanted.into_iter();
        let jobs = jobs.map(|chunk| (chunk.clone(), Arc::clone(&view)));
        let reading = Reading {
            limits: file.limits.clone(),
            threads: options.threads,
            cancel: options.cancel.clone(),
        };
        Ok(Self {
            chunks: read_ahead(Arc::clone(&file.container), jobs.collect(), reading)?,
            schema: Arc::clone(view.schema()),
            skip,
            skipped_chunks: skipped.len() as u64,
            name: file.name.clone(),
        })
    }

    /// Chunks that are not read because no row of theirs meets [`BatchOptions::conditions`].
    #[must_use]
    pub fn skipped_chunks(&self) -> u64 {
        self.skipped_chunks
    }

    /// The schema that all batches have.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }
}

impl Iterator for Batches {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Result<Batch>> {
        let read = self.chunks.next()?.and_then(|read| read.map_err(damaged));
        let skip = usize::try_from(std::mem::take(&mut self.skip)).unwrap_or(usize::MAX);
        let wanted = read.and_then(|StreamBatch { batch, .. }| match skip {
            0 => Ok(batch),
            _ => batch.slice(skip, batch.rows().saturating_sub(skip)),
        });
        Some(wanted.map_err(|error| error.in_file(&self.name)))
    }
}

/// Rows of one stream as values of `T`.
pub struct Rows<T> {
    batches: Batches,
    stream: String,
    rows: std::vec::IntoIter<T>,
    read: fn(&Batch) -> Result<Vec<T>>,
}

impl<T> Rows<T> {
    pub(crate) fn new(batches: Batches, stream: &str, read: fn(&Batch) -> Result<Vec<T>>) -> Self {
        Self {
            batches,
            stream: stream.to_owned(),
            rows: Vec::new().into_iter(),
            read,
        }
    }
}

impl<T> Iterator for Rows<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            let read = self.batches.next()?.and_then(|batch| {
                (self.read)(&batch).map_err(|error: Error| {
                    error.in_stream(&self.stream).in_file(&self.batches.name)
                })
            });
            match read {
                Ok(rows) => self.rows = rows.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
