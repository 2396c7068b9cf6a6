//! `exportkit repair`.

use std::path::PathBuf;

use clap::Args;
use exportkit::{LossReport, Progress, Result};
use serde::Serialize;

use super::parity::ParityDocument;
use super::verify::{FindingDocument, line};
use crate::args::{KeyArgs, LimitArgs, When};
use crate::console::{Console, plain};
use crate::exit::Exit;
use crate::progress::View;
use crate::{failure, json, units};

/// Options of `repair`.
#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// The damaged .xk file; it is not changed
    #[arg(value_name = "IN", value_hint = clap::ValueHint::FilePath)]
    input: PathBuf,
    /// The new .xk file
    #[arg(short, long, value_name = "OUT", value_hint = clap::ValueHint::FilePath)]
    output: PathBuf,
    /// Replace the output if it exists
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// Whether to show how far the work is; auto does on a terminal
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Everywhere"
    )]
    progress: When,
}

#[derive(Serialize)]
struct Document {
    input: String,
    output: String,
    chunks: u64,
    rows: u64,
    lossless: bool,
    unknown_loss: bool,
    finished: bool,
    lost_rows: Vec<LostRowsDocument>,
    lost_bytes: Vec<RangeDocument>,
    lost_frames: Vec<RangeDocument>,
    skipped_frames: u64,
    foreign_file: Option<String>,
    parity: Option<ParityDocument>,
    findings: Vec<FindingDocument>,
}

#[derive(Serialize)]
struct LostRowsDocument {
    stream: String,
    first_row: u64,
    rows: u64,
}

/// From `first` to `last`, both included.
#[derive(Serialize)]
struct RangeDocument {
    first: u64,
    last: u64,
}

impl Repair {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        let access = self.keys.access(&self.limits)?;
        let progress = Progress::new();
        let view = View::start(console, self.progress, &progress);
        let done = exportkit::repair(
            &self.input,
            &self.output,
            self.force,
            access,
            &progress,
            &console.cancel,
        );
        drop(view);
        let done = done?;
        let printed = if console.json {
            json::print(&self.document(&done))
        } else {
            self.print(&done, console)
        };
        let all_kept = done.skipped_frames == 0 && done.foreign_file.is_none();
        let whole = done.is_lossless() && all_kept;
        let verdict = if whole { Exit::Done } else { Exit::Loss };
        failure::after_printing(printed, verdict)
    }

    fn document(&self, done: &LossReport) -> Document {
        let bytes = done.lost_bytes.iter();
        let frames = done.lost_frames.iter();
        let rows = done.lost_rows.iter();
        Document {
            input: self.input.display().to_string(),
            output: self.output.display().to_string(),
            chunks: done.chunks,
            rows: done.rows,
            lossless: done.is_lossless(),
            unknown_loss: done.unknown_loss,
            finished: done.was_finished,
            lost_rows: rows
                .map(|lost| LostRowsDocument {
                    stream: lost.stream.clone(),
                    first_row: lost.first_row,
                    rows: lost.rows,
                })
                .collect(),
            lost_bytes: bytes
                .map(|range| RangeDocument {
                    first: range.start,
                    last: range.end.saturating_sub(1),
                })
                .collect(),
            lost_frames: frames
                .map(|range| RangeDocument {
                    first: *range.start(),
                    last: *range.end(),
                })
                .collect(),
            skipped_frames: done.skipped_frames,
            foreign_file: done.foreign_file.map(|file| file.to_string()),
            parity: done.parity.as_ref().map(ParityDocument::new),
            findings: done.findings.iter().map(FindingDocument::new).collect(),
        }
    }

    fn print(&self, done: &LossReport, console: &Console) -> Result<()> {
        let mut text: String = done
            .findings
            .iter()
            .map(|finding| line(finding, console))
            .collect();
        if let Some(parity) = done
            .parity
            .as_ref()
            .filter(|parity| parity.restored_frames > 0)
        {
            let good = console.out.good;
            text.push_str(&format!(
                "{good}restored:{good:#} {} from parity: {}, {}\n",
                units::count(parity.restored_frames, "frame"),
                units::count(parity.restored_rows, "row"),
                units::bytes(parity.restored_bytes),
            ));
        }
        for lost in losses(done) {
            let odd = console.out.odd;
            text.push_str(&format!("{odd}lost:{odd:#} {}\n", plain(&lost)));
        }
        let (good, odd) = (console.out.good, console.out.odd);
        let nothing = losses(done).is_empty();
        let verdict = match (done.is_lossless(), done.was_finished) {
            (false, _) => format!("{odd}not all of it{odd:#}"),
            (true, true) if nothing => format!("{good}nothing was lost{good:#}"),
            (true, true) => format!("{good}no row was lost{good:#}"),
            (true, false) if nothing => format!("{good}nothing is known to be lost{good:#}"),
            (true, false) => format!("{good}no row is known to be lost{good:#}"),
        };
        text.push_str(&format!(
            "{}: {}, {} kept; {verdict}\n",
            plain(&self.output.display().to_string()),
            units::count(done.chunks, "chunk"),
            units::count(done.rows, "row"),
        ));
        console.print(text.as_bytes())
    }
}

/// Exactly what was lost, in sentences. Rows are counted from 1, as people do.
fn losses(done: &LossReport) -> Vec<String> {
    let mut losses = Vec::new();
    for lost in &done.lost_rows {
        let (first, last) = (
            lost.first_row.saturating_add(1),
            lost.first_row.saturating_add(lost.rows),
        );
        losses.push(format!(
            "{} of stream {}: {first} to {last}",
            units::count(lost.rows, "row"),
            lost.stream
        ));
    }
    if done.unknown_loss {
        losses.push(String::from(
            "frames at the end, or rows of the journal: nothing tells how many rows they were",
        ));
    }
    for lost in done.parity.iter().flat_map(|parity| &parity.lost) {
        losses.push(format!(
            "{} of {} to {}, which their parity does not restore: {}",
            units::count(lost.lost_frames, "frame"),
            lost.first_frame,
            lost.last_frame,
            lost.reason
        ));
    }
    for range in &done.lost_bytes {
        let count = range.end.saturating_sub(range.start);
        losses.push(format!(
            "{} that belong to no intact frame: from {}",
            units::count(count, "byte"),
            range.start
        ));
    }
    if done.skipped_frames > 0 {
        let frames = units::count(done.skipped_frames, "frame");
        losses.push(format!("{frames} of kinds that this release does not know"));
    }
    losses
}
