//! All that is intact into a new file, and exactly what was lost.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use export_container::{Container, FileOptions, Writer};
use export_core::{
    Access, Cancel, Error, Finding, Position, Progress, Protection, Result, Severity,
};

use crate::clock;
use crate::input::open_regular;
use crate::journal::{self, Leftover};
use crate::output::Output;

pub use export_container::{LossReport, LostGroup, LostRows, Parity, ParityReport};

/// Copies all intact chunks of the `.xk` file `input` to a new file `output`, which appears whole or not at all. `input` is
/// only read, and rows of its journal come with it: those that its journal has lost, and a journal that cannot be read, are losses
/// like others. What is copied keeps its streams, their schemas and its order. Frames that
/// are damaged are restored from the file's parity where it has enough, and the copy has as much of it.
///
/// An encrypted file needs its key, with which the copy is encrypted again. A sealed file's copy is not sealed: that it was
/// repaired is what its seals would have to hide.
///
/// Fails where nothing of a container can be found in `input`.
pub fn repair(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    overwrite: bool,
    access: impl Into<Access>,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<LossReport> {
    let (input, output) = (input.as_ref(), output.as_ref());
    crate::convert::refuse_same_file(&input.into(), &output.into())?;
    if output == Path::new("-") {
        return Err(Error::usage("a repair is written to a file").with_hint("give its name"));
    }
    let in_input = |error: Error| error.in_file(input.display().to_string());
    let access = access.into();
    let find = || journal::find(input, open_regular(input)?, &access);
    let found = find().map_err(in_input)?;
    let storage = found.storage;
    progress.add_total_bytes_in(storage.size_bytes().map_err(in_input)?);
    let protection = Protection {
        encrypt: Container::key_of(Arc::clone(&storage), &access).map_err(in_input)?,
        seal: None,
    };
    let file = Output::create(output, overwrite)?;
    let copy = || -> Result<LossReport> {
        let named = Named {
            writer: file.writer()?,
            name: output.display().to_string(),
        };
        let buffered = BufWriter::with_capacity(1 << 20, named);
        let options = FileOptions::new(clock::now_ns())?;
        let mut writer = Writer::protected(buffered, &options, &protection)?;
        export_container::repair(storage, &mut writer, access, progress, cancel)
    };
    let mut report = copy().map_err(in_input)?;
    report
        .findings
        .extend(notes_of(&report, found.leftover.as_ref()));
    match &found.leftover {
        Some(leftover) => add_losses(leftover, &mut report),
        None => {
            // It may have had rows, and nobody knows how many.
            report.unknown_loss |= found.notes.iter().any(|note| note.loss);
            let findings = found.notes.into_iter().map(journal::finding_of);
            report.findings.extend(findings);
        }
    }
    file.publish()?;
    Ok(report)
}

/// What is to be said of a repair beside what was damaged.
fn notes_of(
    report: &LossReport,
    leftover: Option<&Leftover>,
) -> impl Iterator<Item = Finding> + use<> {
    let finding = |severity, check: &str, text: &str| Finding {
        severity,
        check: check.into(),
        position: Position::default(),
        text: text.into(),
    };
    let unfinished = !report.was_finished && !leftover.is_some_and(Leftover::has_rows);
    let unfinished = unfinished.then(|| {
        let text = "the file has no index at its end: it was not finished, or cut after a frame, and then nothing tells what came after";
        finding(Severity::Warning, "index", text)
    });
    let unsealed = report.was_sealed.then(|| {
        let text = "the file was sealed, and the copy is not: seal it with `convert --seal` once it is as it should be";
        finding(Severity::Note, "seal", text)
    });
    unfinished.into_iter().chain(unsealed)
}

/// Adds what the journal has lost.
fn add_losses(leftover: &Leftover, report: &mut LossReport) {
    report.findings.extend(leftover.loss_findings());
    for lost in &leftover.losses {
        match (&lost.stream, lost.rows) {
            (Some(stream), Some((first, rows))) => add_rows(stream, first, rows, report),
            _ => report.unknown_loss = true,
        }
    }
}

/// Adds lost rows, save for those that are told already: rows missing between others are missing in the file, too.
fn add_rows(stream: &str, first: u64, rows: u64, report: &mut LossReport) {
    let mut next = first;
    let end = first.saturating_add(rows);
    let told = report.lost_rows.iter().filter(|told| told.stream == stream);
    let mut told: Vec<_> = told
        .map(|told| (told.first_row, told.first_row.saturating_add(told.rows)))
        .chain([(end, end)])
        .collect();
    told.sort_unstable();
    for (told_first, told_end) in told {
        let until = told_first.min(end);
        if until > next {
            report.lost_rows.push(LostRows {
                stream: stream.to_owned(),
                first_row: next,
                rows: until - next,
            });
        }
        next = next.max(told_end);
    }
}

/// A writer whose errors name the output: the copy knows only of its input.
struct Named<W> {
    writer: W,
    name: String,
}

impl<W: Write> Named<W> {
    fn named<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::other(Error::from(error).in_file(&self.name)),
        })
    }
}

impl<W: Write> Write for Named<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes);
        self.named(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.writer.flush();
        self.named(flushed)
    }
}
