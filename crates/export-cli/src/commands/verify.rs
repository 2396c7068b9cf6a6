//! `exportkit verify`.

use std::path::PathBuf;

use clap::Args;
use exportkit::{Depth, Finding, Progress, Result, SealReport, Severity, Verification};
use serde::Serialize;

use super::parity::{ParityDocument, prospects};
use crate::args::{KeyArgs, LimitArgs, When};
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
    /// Exit with 1 also where the file was not finished: it has no index at its end
    #[arg(long)]
    require_complete: bool,
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
    journal_unsealed_rows: u64,
    parity: Option<ParityDocument>,
    encrypted: bool,
    closed_frames: u64,
    sealed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seals: Option<SealDocument>,
    findings: Vec<FindingDocument>,
}

/// What the seals say, for programs.
#[derive(Serialize)]
struct SealDocument {
    key_id: Option<String>,
    intact: bool,
    finished: bool,
    seals: u64,
    frames: u64,
    sealed_bytes: u64,
    unsealed_bytes: u64,
    /// Note it elsewhere to know later that the file was not cut back to an earlier end.
    last: Option<String>,
}

impl SealDocument {
    fn new(seals: &SealReport) -> Self {
        Self {
            key_id: seals.key.map(|key| key.to_string()),
            intact: seals.is_intact(),
            finished: seals.is_finished,
            seals: seals.seals,
            frames: seals.frames,
            sealed_bytes: seals.sealed_bytes,
            unsealed_bytes: seals.unsealed_bytes,
            last: last_tag(seals),
        }
    }
}

/// The last seal in hexadecimal digits.
fn last_tag(seals: &SealReport) -> Option<String> {
    let tag = seals.last?;
    Some(tag.iter().map(|byte| format!("{byte:02x}")).collect())
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
        let access = self.keys.access(&self.limits)?;
        let progress = Progress::new();
        let view = View::start(console, self.progress, &progress);
        let found = exportkit::verify(&self.file, depth, access, &progress, &console.cancel);
        drop(view);
        let found = found.map_err(|error| error.in_file(&file))?;
        let is_enough = found.complete || !self.require_complete;
        let verdict = if found.is_sound() && is_enough {
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
        journal_unsealed_rows: found.journal_unsealed_rows,
        parity: found.parity.as_ref().map(ParityDocument::new),
        encrypted: found.encrypted,
        closed_frames: found.closed_frames,
        sealed: found.sealed,
        seals: found.seals.as_ref().map(SealDocument::new),
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
    text.push_str(&protection(found));
    console.print(text.as_bytes())
}

/// What there is to say of encryption and seals.
fn protection(found: &Verification) -> String {
    let mut text = String::new();
    if found.closed_frames > 0 {
        let frames = units::count(found.closed_frames, "frame");
        text.push_str(&format!(
            "encrypted: {frames} by their checksums alone; with --key FILE they are looked into\n"
        ));
    }
    match &found.seals {
        Some(seals) if seals.seals > 0 => text.push_str(&sealed(seals)),
        None if found.sealed => {
            text.push_str("sealed: with --key FILE the seals are looked at\n");
        }
        _ => {}
    }
    text
}

/// How far the file is sealed, and how that was found.
fn sealed(seals: &SealReport) -> String {
    let key = seals.key.map(|key| key.to_string()).unwrap_or_default();
    let verdict = match (seals.is_intact(), seals.findings.is_empty()) {
        (true, true) => "intact",
        (true, false) => "intact, but for what was found without a seal",
        (false, _) => "not intact",
    };
    let last = last_tag(seals).map(|tag| format!("; last seal {tag}"));
    format!(
        "sealed with key {key}: {verdict}: {}, {}, {} of {} bytes{}\n",
        units::count(seals.seals, "seal"),
        units::count(seals.frames, "frame"),
        seals.sealed_bytes,
        seals.sealed_bytes.saturating_add(seals.unsealed_bytes),
        last.unwrap_or_default()
    )
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
