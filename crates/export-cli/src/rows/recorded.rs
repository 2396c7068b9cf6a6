//! One stream of an `.xk` file as a source. Only its own bytes are read.

use std::sync::Arc;

use exportkit::{
    Batch, BatchOptions, Batches, Cancel, Error, Finding, Note, OnError, ReadOptions, Recording,
    Result, Severity, Source, StreamBatch,
};

/// The batches of one stream.
pub(crate) struct Recorded {
    stream: Arc<str>,
    batches: Batches,
    /// Whether a batch was given: a stream without rows gives an empty one.
    begun: bool,
    on_error: OnError,
    cancel: Cancel,
    notes: Vec<Note>,
}

impl Recorded {
    /// The rows of `stream` from row `first_row` (from 0) on.
    pub(crate) fn new(
        file: &Recording,
        stream: &str,
        first_row: u64,
        options: &ReadOptions,
    ) -> Result<Self> {
        let wanted = BatchOptions {
            columns: options.columns.clone(),
            first_row,
            threads: options.threads,
            cancel: options.cancel.clone(),
            ..BatchOptions::default()
        };
        Ok(Self {
            stream: Arc::from(stream),
            batches: file.batches_with(stream, &wanted)?,
            begun: false,
            on_error: options.on_error,
            cancel: options.cancel.clone(),
            notes: Vec::new(),
        })
    }
}

impl Source for Recorded {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        loop {
            self.cancel.check()?;
            let batch = match self.batches.next() {
                Some(Ok(batch)) => batch,
                Some(Err(error)) if self.on_error == OnError::Fail => return Err(error),
                Some(Err(error)) => {
                    self.notes.push(left_out(&self.stream, &error));
                    continue;
                }
                None if self.begun => return Ok(None),
                None => Batch::empty(Arc::clone(self.batches.schema()))?,
            };
            self.begun = true;
            return Ok(Some(StreamBatch {
                stream: Arc::clone(&self.stream),
                batch,
            }));
        }
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

fn left_out(stream: &str, error: &Error) -> Note {
    let text = format!("a chunk was left out: {error}");
    Note {
        stream: Some(stream.to_owned()),
        column: None,
        text,
        loss: true,
    }
}

/// What is known to be damaged in a file, as losses, or as an error unless such are to be skipped.
pub(crate) fn damage(file: &Recording, on_error: OnError) -> Result<Vec<Note>> {
    let findings = file.info().findings.into_iter();
    let damage = findings.filter(|finding| finding.severity == Severity::Damage);
    let mut notes = damage
        .map(|found| {
            if on_error == OnError::Fail {
                Err(error(&found))
            } else {
                Ok(loss(found))
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let info = file.info();
    notes.extend(info.unfinished);
    notes.extend(info.journal_notes);
    Ok(notes)
}

fn loss(finding: Finding) -> Note {
    Note {
        stream: finding.position.stream,
        column: None,
        text: finding.text,
        loss: true,
    }
}

fn error(finding: &Finding) -> Error {
    let error = Error::corrupt(finding.text.clone()).with_hint(
        "exportkit repair saves all that is intact; --on-error skip reads on past the damage",
    );
    match finding.position.offset {
        Some(offset) => error.at_offset(offset),
        None => error,
    }
}
