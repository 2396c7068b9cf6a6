//! The rows of a journal as the frames that follow the last byte of their recording.

use std::collections::BTreeMap;
use std::sync::Arc;

use export_compress::{Choices, Encoder, Options as EncodeOptions};
use export_container::{Container, FrameWriter, Stream, schema_from_text};
use export_core::{
    Batch, ChunkEncoder, Error, Finding, Limits, Note, Position, Protection, Result, Schema,
    Severity, image,
};
use export_journal::{Cause, Recovered, RecoveredLane, RecoveredRun};

use super::note;
use crate::xk::Gather;

/// What a journal has that its recording has not.
#[derive(Debug)]
pub(crate) struct Leftover {
    /// Length of the recording, which `more` follows.
    pub(crate) size_bytes: u64,
    /// Frames with the rows, and an index of everything.
    pub(crate) more: Vec<u8>,
    /// Rows of each stream.
    pub(crate) rows: BTreeMap<String, u64>,
    /// What the recording's own bytes show.
    pub(crate) findings: Vec<Finding>,
    /// Rows that may have been in the journal and are not.
    losses: Vec<Lost>,
    /// Rows of the journal that lie between chunks of the file, where nothing can be put any more: the machine went down when of
    /// two chunks only the later one was on the disk.
    between: u64,
}

#[derive(Debug)]
struct Lost {
    stream: Option<String>,
    severity: Severity,
    text: String,
}

impl Leftover {
    pub(crate) fn new(
        container: Container,
        recovered: Recovered,
        encode: EncodeOptions,
        limits: &Limits,
        protection: Option<&Protection>,
    ) -> Result<Self> {
        let mut leftover = Self {
            size_bytes: container.size_bytes(),
            more: Vec::new(),
            rows: BTreeMap::new(),
            findings: container.findings().to_vec(),
            losses: Vec::new(),
            between: 0,
        };
        for lane in &recovered.lanes {
            leftover.note_between(lane, container.stream(&lane.name));
        }
        let mut filling = Filling {
            frames: match protection {
                Some(protection) => FrameWriter::after(container, protection)?,
                None => FrameWriter::unsealed_after(container)?,
            },
            encoder: Encoder::new(encode)?,
            limits,
        };
        for lane in &recovered.lanes {
            let rows = filling.add_lane(lane, &mut leftover.losses)?;
            if rows > 0 {
                *leftover.rows.entry(lane.name.clone()).or_default() += rows;
            }
        }
        leftover.note_losses(&recovered, &filling.frames);
        filling.frames.finish()?;
        leftover.more = filling.frames.output().to_vec();
        Ok(leftover)
    }

    /// Rows that the file lacks although it has later ones.
    fn note_between(&mut self, lane: &RecoveredLane, stream: Option<&Stream>) {
        let Some(stream) = stream else { return };
        let mut next = 0;
        for chunk in &stream.chunks {
            let gap = next..chunk.first_row;
            let within = lane.runs.iter().map(|run| {
                let start = run.first_row.max(gap.start);
                run.end_row().min(gap.end).saturating_sub(start)
            });
            let rows: u64 = within.sum();
            if rows > 0 {
                self.between = self.between.saturating_add(rows);
                self.losses.push(Lost {
                    stream: Some(lane.name.clone()),
                    severity: Severity::Damage,
                    text: format!(
                        "{rows} rows before row {} are of no chunk, and chunks with later rows are in the file",
                        chunk.first_row
                    ),
                });
            }
            next = next.max(chunk.first_row.saturating_add(chunk.rows));
        }
    }

    /// Whether the journal has rows that the file cannot have any more.
    pub(crate) fn is_still_needed(&self) -> bool {
        self.between > 0
    }

    /// Rows that are in neither.
    fn note_losses(&mut self, recovered: &Recovered, frames: &FrameWriter) {
        for loss in &recovered.losses {
            let lane = recovered
                .lanes
                .iter()
                .find(|lane| Some(lane.number) == loss.lane);
            let stream = lane.map(|lane| lane.name.clone());
            // What the file has is nobody's loss.
            let in_file = stream
                .as_deref()
                .and_then(|name| frames.rows(frames.stream(name)?));
            let end = loss
                .first_row
                .zip(loss.rows)
                .map(|(first, rows)| first.saturating_add(rows));
            if end.zip(in_file).is_some_and(|(end, rows)| end <= rows)
                && loss.cause == Cause::Unsealed
            {
                continue;
            }
            self.losses.push(Lost {
                stream,
                severity: match loss.cause {
                    Cause::Unsealed => Severity::Warning,
                    _ => Severity::Damage,
                },
                text: loss.to_string(),
            });
        }
    }

    pub(crate) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// What there is to say to whoever reads the recording.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let rows: u64 = self.rows.values().sum();
        let told = (rows > 0).then(|| {
            let text = format!("{rows} rows come from the journal: the recorder did not finish");
            note(text, false)
        });
        let lost = self.losses.iter().map(|lost| Note {
            stream: lost.stream.clone(),
            ..note(format!("of the journal, {}", lost.text), true)
        });
        told.into_iter().chain(lost).collect()
    }

    /// What there is to say to whoever verifies the file.
    pub(crate) fn journal_findings(&self) -> Vec<Finding> {
        let finding = |stream: Option<&String>, severity, text| Finding {
            severity,
            check: "journal".into(),
            position: Position {
                stream: stream.cloned(),
                ..Position::default()
            },
            text,
        };
        let rows = self.rows.iter().map(|(stream, rows)| {
            let text = format!(
                "{rows} rows are in the journal beside the file only: the recorder did not finish"
            );
            finding(Some(stream), Severity::Note, text)
        });
        let lost = self.losses.iter().map(|lost| {
            let text = format!("of the journal, {}", lost.text);
            finding(lost.stream.as_ref(), lost.severity, text)
        });
        rows.chain(lost).collect()
    }
}

/// Frames that are being filled with rows.
struct Filling<'a> {
    frames: FrameWriter,
    encoder: Encoder,
    limits: &'a Limits,
}

impl Filling<'_> {
    /// Adds the rows of a lane that come after those of its stream. Returns how many there were.
    fn add_lane(&mut self, lane: &RecoveredLane, losses: &mut Vec<Lost>) -> Result<u64> {
        let name = lane.name.as_str();
        let known = self.frames.stream(name);
        let mut next = known
            .and_then(|id| self.frames.rows(id))
            .unwrap_or_default();
        let mut gather = Gather::new(
            known
                .and_then(|id| self.frames.schema(id))
                .map(|schema| Arc::new(schema.clone())),
        );
        let mut added = 0;
        for run in lane.runs.iter().filter(|run| run.rows > 0) {
            if run.end_row() <= next {
                continue;
            }
            let batch = match self.batch(run, next) {
                Ok(batch) => batch,
                Err(error) => {
                    losses.push(Lost {
                        stream: Some(name.to_owned()),
                        severity: Severity::Damage,
                        text: format!(
                            "{} rows from row {} on cannot be read: {error}",
                            run.rows, run.first_row
                        ),
                    });
                    continue;
                }
            };
            if gather.is_unknown() {
                gather = Gather::new(Some(Arc::clone(batch.schema())));
            }
            if run.first_row > next {
                // Rows before these are lost; their numbers stay theirs.
                if let Some(whole) = gather.take()? {
                    self.put(name, &whole)?;
                }
                let id = self.describe(name, batch.schema())?;
                self.frames.skip_rows(id, run.first_row);
            }
            next = run.end_row();
            added += batch.rows() as u64;
            let batch = gather.continued(batch)?;
            gather.add(batch, |whole| self.put(name, &whole))?;
        }
        if let Some(whole) = gather.take()? {
            self.put(name, &whole)?;
        }
        Ok(added)
    }

    /// The rows of a run from row `next` on.
    fn batch(&self, run: &RecoveredRun, next: u64) -> Result<Batch> {
        let schema = Arc::new(schema_from_text(&run.about, self.limits)?);
        let batch = image::read(&schema, &run.bytes, self.limits)?;
        if batch.rows() as u64 != run.rows {
            let text = format!("there are {} rows instead of {}", batch.rows(), run.rows);
            return Err(Error::corrupt(text));
        }
        let known = usize::try_from(next.saturating_sub(run.first_row)).map_err(Error::limit)?;
        match known {
            0 => Ok(batch),
            _ => batch.slice(known, batch.rows() - known),
        }
    }

    fn put(&mut self, name: &str, batch: &Batch) -> Result<()> {
        let id = self.describe(name, batch.schema())?;
        let (chunk, _) = self.encoder.encode_with(batch, &Choices::default())?;
        self.frames.chunk(id, &chunk)
    }

    /// The stream, which has rows of `schema` next.
    fn describe(&mut self, name: &str, schema: &Schema) -> Result<export_core::StreamId> {
        match self.frames.stream(name) {
            None => self.frames.add_stream(name, schema),
            Some(id) => {
                self.frames.widen_stream(id, schema)?;
                Ok(id)
            }
        }
    }
}
