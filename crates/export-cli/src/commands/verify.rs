//! `exportkit verify`.

use std::path::PathBuf;

use clap::Args;
use exportkit::{Depth, Finding, Progress, Result, Severity, Verification};
use serde::Serialize;

use super::parity::{ParityDocument, prospects};
use crate::args::{LimitArgs, When};
use crate::console::{Console, plain};
use crate::exit::Exit;
use crate::failure::PositionDocument;
use crate::progress::View;
use crate::{failure, json, units};

/// Options of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// An .xk file
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Only the structure: frames, index and sequence; the checksums of the data are not looked at
    #[arg(long, conflicts_with = "deep")]
    quick: bool,
    /// All checksums, and decode all values
    #[arg(long)]
    deep: bool,
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
    file: String,
    depth: &'static str,
    sound: bool,
    complete: bool,
    size_bytes: u64,
    streams: u64,
    frames: u64,
    chunks: u64,
    blocks: u64,
    rows: u64,
    journal_rows: u64,
    parity: Option<ParityDocument>,
    findings: Vec<FindingDocument>,
}

/// A finding, for programs.
#[derive(Serialize)]
pub(crate) struct FindingDocument {
    severity: &'static str,
    check: String,
    text: String,
    position: PositionDocument,
}

impl FindingDocument {
    pub(crate) fn new(finding: &Finding) -> Self {
        Self {
            severity: match finding.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Damage => "damage",
            },
            check: finding.check.clone(),
            text: finding.text.clone(),
            position: PositionDocument::new(&finding.position),
        }
    }
}

impl Verify {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        let file = self.file.display().to_string();
        let (depth, name) = match (self.quick, self.deep) {
            (true, _) => (Depth::Quick, "quick"),
            (_, true) => (Depth::Deep, "deep"),
            _ => (Depth::Checksums, "checksums"),
        };
        let progress = Progress::new();
        let view = View::start(console, self.progress, &progress);
        let limits = self.limits.limits();
        let found = exportkit::verify(&self.file, depth, &limits, &progress, &console.cancel);
        drop(view);
        let found = found.map_err(|error| error.in_file(&file))?;
        let verdict = if found.is_sound() {
            Exit::Done
        } else {
            Exit::No
        };
        let printed = if console.json {
            json::print(&document(file, name, &found))
        } else {
            print(&file, &found, console)
        };
        failure::after_printing(printed, verdict)
    }
}

fn document(file: String, depth: &'static str, found: &Verification) -> Document {
    Document {
        file,
        depth,
        sound: found.is_sound(),
        complete: found.complete,
        size_bytes: found.size_bytes,
        streams: found.streams,
        frames: found.frames,
        chunks: found.chunks,
        blocks: found.blocks,
        rows: found.rows,
        journal_rows: found.journal_rows,
        parity: found.parity.as_ref().map(ParityDocument::new),
        findings: found.findings.iter().map(FindingDocument::new).collect(),
    }
}

fn print(file: &str, found: &Verification, console: &Console) -> Result<()> {
    let paint = console.out;
    let (style, verdict) = if found.is_sound() {
        (paint.good, "sound")
    } else {
        (paint.bad, "damaged")
    };
    let mut text: String = found
        .findings
        .iter()
        .map(|finding| line(finding, console))
        .collect();
    for sentence in found.parity.iter().flat_map(prospects) {
        text.push_str(&format!("parity: {}\n", plain(&sentence)));
    }
    text.push_str(&format!(
        "{}: {style}{verdict}{style:#}: {}, {}, {}, {}{}\n",
        plain(file),
        units::count(found.streams, "stream"),
        units::count(found.chunks, "chunk"),
        units::count(found.rows, "row"),
        units::bytes(found.size_bytes),
        if found.complete {
            ""
        } else {
            ", no index at the end"
        },
    ));
    console.print(text.as_bytes())
}

/// A finding on a line of its own.
pub(crate) fn line(finding: &Finding, console: &Console) -> String {
    let (style, word) = match finding.severity {
        Severity::Note => (console.out.bold, "note"),
        Severity::Warning => (console.out.odd, "warning"),
        Severity::Damage => (console.out.bad, "damage"),
    };
    format!("{style}{word}:{style:#} {}\n", plain(&sentence(finding)))
}

/// What was found, and where.
pub(crate) fn sentence(finding: &Finding) -> String {
    match finding.position.to_string() {
        place if place.is_empty() => format!("{}: {}", finding.check, finding.text),
        place => format!("{}: {} ({place})", finding.check, finding.text),
    }
}
