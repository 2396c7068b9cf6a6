//! A container's chunks as batches: read and decoded ahead, presented with the stream's widest schema.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use export_container::{ChunkRef, Container, check_header};
use export_core::{
    Batch, Error, Finding, Note, OnError, Progress, ReadOptions, Result, Severity, Source, Storage,
    StreamBatch, Tally,
};

use super::ahead::{Job, ReadAhead, Reading, read_ahead};
use super::view::View;
use crate::journal;

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
    tally: Tally,
    failed: bool,
}

impl XkSource {
    /// Opens the container in a file, and the rows of the journal beside it. Fails as [`XkSource::open`].
    pub(crate) fn open_file(path: &Path, file: File, options: &ReadOptions) -> Result<Self> {
        let found = journal::find(path, file, &options.access())?;
        let findings = found.leftover.map(|leftover| leftover.findings);
        let findings = findings.unwrap_or_default();
        let mut source = Self::open_with(found.storage, &findings, options)?;
        source.notes.extend(found.notes);
        Ok(source)
    }

    /// Opens a container. Fails where parts of it are known to be lost, unless errors are to be skipped.
    pub(crate) fn open(storage: Arc<dyn Storage>, options: &ReadOptions) -> Result<Self> {
        Self::open_with(storage, &[], options)
    }

    fn open_with(
        storage: Arc<dyn Storage>,
        findings: &[Finding],
        options: &ReadOptions,
    ) -> Result<Self> {
        check_header(&*storage)?;
        let container = Container::open(storage, options.access())?;
        let mut notes = Vec::new();
        for finding in findings.iter().chain(container.findings()) {
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
                    stream: Arc::clone(view.name()),
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
        let reading = Reading {
            limits: options.limits.clone(),
            threads: options.threads,
            cancel: options.cancel.clone(),
        };
        let batches = read_ahead(Arc::new(container), jobs, reading)?;
        Ok(Self {
            empty,
            batches,
            metadata,
            notes,
            on_error: options.on_error,
            progress: options.progress.clone(),
            bytes_per_chunk,
            tally: Tally::new(&options.limits),
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
                Ok(batch) => {
                    self.tally
                        .take(&batch.batch)
                        .inspect_err(|_| self.failed = true)?;
                    return Ok(Some(batch));
                }
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
