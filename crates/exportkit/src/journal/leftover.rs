//! The rows of a journal as the frames that follow the last byte of their recording.

mod filling;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use export_compress::Options as EncodeOptions;
use export_container::{Container, FrameWriter, Stream};
use export_core::{ExportMetadata, Finding, Limits, Note, Position, Result, Severity};
use export_journal::{Cause, Recovered, RecoveredLane};

use super::{free_name, note};
use crate::clock;
use filling::Filling;

/// Before the name of a stream: rows of journals that could not be put into the file (registry.md, "Keys of metadata").
const LOST: &str = "exportkit:lost.";
/// The journals that have those rows.
const SET_ASIDE: &str = "exportkit:set_aside";

/// What a journal has that its recording has not.
#[derive(Debug)]
pub(crate) struct Leftover {
    /// Length of the recording, which `more` follows.
    pub(crate) size_bytes: u64,
    /// Frames with the rows and, where somebody is to read them as they are, an index of everything.
    pub(crate) more: Vec<u8>,
    /// Where in them the index begins, with what comes right before it.
    pub(crate) index_at: usize,
    /// Rows of each stream.
    pub(crate) rows: BTreeMap<String, u64>,
    /// How many of them no checksum covers: the recorder ended before it had computed one.
    pub(crate) unsealed_rows: u64,
    /// What the recording's own bytes show.
    pub(crate) findings: Vec<Finding>,
    /// Whether the recording is sealed, which its journal never is.
    is_sealed: bool,
    /// Rows that were or may have been in the journal and are not in `more`.
    pub(crate) losses: Vec<Lost>,
    /// Rows of the journal that lie between chunks of the file, where nothing can be put any more: the machine went down when of
    /// two chunks only the later one was on the disk.
    between: u64,
    /// Where the journal goes once `more` is in the file, if it has rows that are not: then `more` says so.
    pub(crate) aside: Option<PathBuf>,
}

/// Rows that are lost to whoever goes by `more`.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) stream: Option<String>,
    /// Number of the first of them and how many there are, where that is known.
    pub(crate) rows: Option<(u64, u64)>,
    /// A warning where the machine went down before they were sealed, else damage.
    pub(crate) severity: Severity,
    pub(crate) text: String,
}

/// What is to become of the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// Somebody reads them, as if they were in the file.
    Read,
    /// They go into the file at this path.
    Complete(&'a Path),
    /// They go into the file at this path, and whoever goes on with it seals them as what was found there, not as rows of its own.
    CompleteSealed(&'a Path),
}

impl Leftover {
    pub(crate) fn new(
        container: Container,
        recovered: &Recovered,
        encode: EncodeOptions,
        limits: &Limits,
        purpose: Purpose<'_>,
    ) -> Result<Self> {
        let mut leftover = Self {
            size_bytes: container.size_bytes(),
            more: Vec::new(),
            index_at: 0,
            rows: BTreeMap::new(),
            unsealed_rows: 0,
            findings: container.findings().to_vec(),
            is_sealed: container.file().is_sealed(),
            losses: Vec::new(),
            between: 0,
            aside: None,
        };
        let mut unsealed = Vec::new();
        for lane in &recovered.lanes {
            let stream = container.stream(&lane.name);
            leftover.note_between(lane, stream);
            let end = stream.and_then(|stream| stream.chunks.last());
            let end = end.map_or(0, |chunk| chunk.end_row());
            let of_runs = lane.runs.iter().map(|run| {
                let from = run.first_row.saturating_add(run.sealed_rows).max(end);
                run.end_row().saturating_sub(from)
            });
            unsealed.push(of_runs.fold(0, u64::saturating_add));
        }
        let mut filling = Filling::new(FrameWriter::unsealed_after(container)?, encode, limits)?;
        for (lane, unsealed) in recovered.lanes.iter().zip(unsealed) {
            let rows = filling.add_lane(lane)?;
            leftover.unsealed_rows += rows.min(unsealed);
            if rows > 0 {
                *leftover.rows.entry(lane.name.clone()).or_default() += rows;
            }
        }
        let (mut frames, lost) = filling.done();
        leftover.losses.extend(lost);
        leftover.note_losses(recovered, &frames);
        let mut has_news = leftover.has_rows();
        if let Purpose::Complete(path) | Purpose::CompleteSealed(path) = purpose {
            has_news |= leftover.tell_file(path, recovered, &mut frames)?;
        }
        let index_at = frames.output().len();
        // An index without a seal before it would hide the last one.
        if !matches!(purpose, Purpose::CompleteSealed(_)) {
            frames.finish()?;
        }
        if has_news {
            leftover.more = frames.output().to_vec();
            leftover.index_at = index_at;
        }
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
                    rows: Some((gap.start, rows)),
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
            let rows = loss.first_row.zip(loss.rows);
            let end = rows.map(|(first, rows)| first.saturating_add(rows));
            if end.zip(in_file).is_some_and(|(end, rows)| end <= rows)
                && loss.cause == Cause::Unsealed
            {
                continue;
            }
            self.losses.push(Lost {
                stream,
                rows,
                severity: match loss.cause {
                    Cause::Unsealed => Severity::Warning,
                    // The disk may have come to know the length before the end, where nothing was durable.
                    Cause::Cut if !recovered.same_boot => Severity::Warning,
                    _ => Severity::Damage,
                },
                text: loss.to_string(),
            });
        }
    }

    /// Chooses where the journal goes if it has more than the file will, and makes the file say how many rows it lacks. Whether
    /// there was anything to say: it is said once, however often a completion is begun anew.
    fn tell_file(
        &mut self,
        path: &Path,
        recovered: &Recovered,
        frames: &mut FrameWriter,
    ) -> Result<bool> {
        if self.losses.is_empty() {
            return Ok(false);
        }
        let whose = match self.between {
            0 => "unread-rows",
            _ => "rows-between-chunks",
        };
        let aside = free_name(path, whose);
        let before = frames.last_metadata().unwrap_or_default();
        let mut entries = before.entries.clone();
        let process = format!(" of process {}", recovered.pid);
        let told = entries.entry(SET_ASIDE.to_owned()).or_default();
        let is_told = told.ends_with(&process);
        if !is_told {
            let name = aside.file_name().unwrap_or_default().to_string_lossy();
            let line = if told.is_empty() { "" } else { "\n" };
            *told = format!("{told}{line}{name}{process}");
            let known = self.losses.iter();
            for (stream, (_, rows)) in known.filter_map(|l| l.stream.as_deref().zip(l.rows)) {
                add_count(&mut entries, format!("{LOST}{stream}"), rows);
            }
            let (rows, chunks) = frames.totals();
            frames.metadata(&ExportMetadata {
                tool: crate::TOOL.to_owned(),
                created_ns: clock::now_ns(),
                rows,
                chunks,
                entries,
                ..before
            })?;
        }
        self.aside = Some(aside);
        Ok(!is_told)
    }

    pub(crate) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// What there is to say to whoever reads the recording.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let rows: u64 = self.rows.values().sum();
        let told = (rows > 0).then(|| {
            let unsealed = match self.is_sealed {
                true => ", and no seal covers them",
                false => "",
            };
            let unchecked = self.unchecked();
            let text = format!(
                "{rows} rows come from the journal: the recorder did not finish{unsealed}{unchecked}"
            );
            note(text, false)
        });
        let lost = self.losses.iter().map(|lost| Note {
            stream: lost.stream.clone(),
            ..note(format!("of the journal, {}", lost.text), true)
        });
        told.into_iter().chain(lost).collect()
    }

    /// How many rows could be other than they were pushed, and nobody would see it.
    fn unchecked(&self) -> String {
        match self.unsealed_rows {
            0 => String::new(),
            1 => String::from("; 1 of them has no checksum yet"),
            rows => format!("; {rows} of them have no checksum yet"),
        }
    }

    /// What there is to say to whoever verifies the file, and `asks_seals` what they cover: never a journal.
    pub(crate) fn journal_findings(&self, asks_seals: bool) -> Vec<Finding> {
        let rows = self.rows.iter().map(|(stream, rows)| {
            let text = format!("{rows} rows are in the journal beside the file only");
            let (severity, text) = match asks_seals {
                true => (
                    Severity::Damage,
                    format!(
                        "{text}, which no seal covers: whoever may write there can put rows into it"
                    ),
                ),
                false => (
                    Severity::Note,
                    format!("{text}: the recorder did not finish"),
                ),
            };
            finding(Some(stream), severity, text)
        });
        let unchecked = (self.unsealed_rows > 0).then(|| {
            let text = format!(
                "{} rows of the journal have no checksum yet",
                self.unsealed_rows
            );
            finding(None, Severity::Note, text)
        });
        rows.chain(unchecked).chain(self.loss_findings()).collect()
    }

    /// What there is to say of rows that are lost.
    pub(crate) fn loss_findings(&self) -> impl Iterator<Item = Finding> {
        self.losses.iter().map(|lost| {
            let text = format!("of the journal, {}", lost.text);
            finding(lost.stream.as_ref(), lost.severity, text)
        })
    }
}

/// A finding about a journal.
fn finding(stream: Option<&String>, severity: Severity, text: String) -> Finding {
    Finding {
        severity,
        check: "journal".into(),
        position: Position {
            stream: stream.cloned(),
            ..Position::default()
        },
        text,
    }
}

fn add_count(entries: &mut BTreeMap<String, String>, key: String, more: u64) {
    let count = entries.entry(key).or_default();
    let before: u64 = count.parse().unwrap_or_default();
    *count = before.saturating_add(more).to_string();
}
