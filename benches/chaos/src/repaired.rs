//! A repair of a hurt file, held against what is true of it: what is saved, and what the report says is not.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use export_container::layout::FILE_HEADER_BYTES;
use export_container::{
    Container, Depth, FileOptions, LossReport, MemoryStorage, Writer, repair, verify,
};
use export_core::{Cancel, Error, FileId, Limits, Progress, Storage};

use crate::injury::Injury;
use crate::patient::{Patient, Truth};
use crate::reading::Verdict;
use crate::sample::Sample;

/// Repairs the patient, twice, and looks at all of it.
pub(crate) fn judge(patient: &Patient<'_>, injury: Injury, truth: &Truth) -> Verdict {
    let mut verdict = Verdict::default();
    let before = patient.bytes();
    let mut outcome = None;
    let info = allocation_counter::measure(|| {
        outcome = catch_unwind(AssertUnwindSafe(|| repaired(patient.storage()))).ok();
    });
    verdict.peak_bytes = info.bytes_max;
    verdict.panicked = outcome.is_none();
    let judged = match outcome {
        None => Err("panics".into()),
        Some(Ok(_)) if truth.is_anothers && patient.is_taken_for_anothers() => {
            verdict.detected = true;
            verdict.lost = patient.sample.chunks.len() as u64;
            Ok(())
        }
        // There is nothing that could be saved.
        Some(Err(_)) if truth.places.is_empty() => {
            verdict.detected = true;
            Ok(())
        }
        Some(Err(error)) => Err(format!("is not repaired: {error}")),
        Some(Ok((bytes, report))) => {
            verdict.lost = (patient.sample.chunks.len() as u64).saturating_sub(report.chunks);
            verdict.detected = report.unknown_loss || !report.was_finished;
            check_output(patient, truth, bytes, &report)
                .and_then(|kept| check_report(patient.sample, injury, truth, &kept, &report))
        }
    };
    verdict.failure = judged.err();
    if patient.bytes() != before {
        verdict.failure = Some("the input is changed".into());
    }
    verdict
}

fn repaired(storage: Arc<dyn Storage>) -> Result<(Vec<u8>, LossReport), Error> {
    let options = FileOptions {
        file: FileId(*b"a repaired file!"),
        created_ns: 2,
    };
    let mut writer = Writer::new(Vec::new(), &options)?;
    let report = repair(
        storage,
        &mut writer,
        Limits::default(),
        &Progress::new(),
        &Cancel::new(),
    )?;
    Ok((writer.into_inner(), report))
}

/// The new file is whole, holds what is intact and nothing else, and its repair is itself. Returns the chunks that are in it.
fn check_output(
    patient: &Patient<'_>,
    truth: &Truth,
    bytes: Vec<u8>,
    report: &LossReport,
) -> Result<Vec<usize>, String> {
    let sample = patient.sample;
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(bytes.clone()));
    let limits = Limits::default();
    let found = verify(
        storage.clone(),
        Depth::Checksums,
        &limits,
        &Progress::new(),
        &Cancel::new(),
    )
    .map_err(|error| format!("the output cannot be verified: {error}"))?;
    if let Some(finding) = found.findings.first() {
        return Err(format!("the output has a flaw: {finding:?}"));
    }
    let container = Container::open(storage.clone(), &limits)
        .map_err(|error| format!("the output cannot be opened: {error}"))?;
    let mut kept = Vec::new();
    let mut at = 0;
    for chunk in container.chunks() {
        let encoded = container
            .read_chunk(chunk, None)
            .map_err(|error| error.to_string())?;
        let name = container
            .stream_by_id(chunk.stream)
            .map_or("", |stream| &stream.name);
        let written = sample.chunks.iter().enumerate().skip(at);
        let same = written
            .filter(|(_, written)| written.stream == name)
            .find(|(_, written)| {
                written.encoded.bytes == encoded.bytes
                    && written.encoded.directory == encoded.directory
            });
        let (number, _) =
            same.ok_or("a chunk of the output was never written, or is out of order")?;
        kept.push(number);
        at = number + 1;
    }
    if kept.len() as u64 != report.chunks
        || container
            .chunks()
            .iter()
            .map(|chunk| chunk.rows)
            .sum::<u64>()
            != report.rows
    {
        return Err("the report counts other chunks or rows than there are".into());
    }
    let (again, second) = repaired(storage).map_err(|error| format!("a second time: {error}"))?;
    if again != bytes {
        return Err("a repair of the output is another file".into());
    }
    let clean =
        second.is_lossless() && second.lost_bytes.is_empty() && second.lost_frames.is_empty();
    if !clean || !second.was_finished || !second.findings.is_empty() {
        return Err(format!("a repair of the output reports {second:?}"));
    }
    let intact = sample
        .frames
        .iter()
        .enumerate()
        .filter(|(number, _)| truth.has(*number));
    let mut missing = intact
        .filter_map(|(_, frame)| frame.chunk)
        .filter(|at| !kept.contains(at));
    // Without a description of its stream a chunk cannot be copied; whether it has one the reader is asked.
    match missing.find(|&at| is_described(patient, sample, at)) {
        Some(at) => Err(format!("chunk {at} is intact and is not saved")),
        None => Ok(kept),
    }
}

fn is_described(patient: &Patient<'_>, sample: &Sample, at: usize) -> bool {
    let container = Container::recover(patient.storage(), Limits::default());
    let stream = sample.chunks.get(at).map(|chunk| chunk.reference.stream);
    container.is_ok_and(|container| stream.is_some_and(|id| container.stream_by_id(id).is_some()))
}

/// Whether the report says what is lost: all of it where it claims to know all, and never what is not.
fn check_report(
    sample: &Sample,
    injury: Injury,
    truth: &Truth,
    kept: &[usize],
    report: &LossReport,
) -> Result<(), String> {
    let gone: BTreeSet<u64> = (0..sample.frames.len())
        .filter(|frame| !truth.has(*frame))
        .map(|frame| frame as u64)
        .collect();
    check_rows(sample, truth, kept, report)?;
    check_frames(sample, kept, &gone, report)?;
    check_bytes(injury, truth, report)
}

fn check_rows(
    sample: &Sample,
    truth: &Truth,
    kept: &[usize],
    report: &LossReport,
) -> Result<(), String> {
    let mut lost: BTreeMap<&str, Vec<Range<u64>>> = BTreeMap::new();
    for (at, chunk) in sample.chunks.iter().enumerate() {
        if kept.contains(&at) {
            continue;
        }
        let ranges = lost.entry(&chunk.stream).or_default();
        match ranges
            .last_mut()
            .filter(|last| last.end == chunk.rows().start)
        {
            Some(last) => last.end = chunk.rows().end,
            None => ranges.push(chunk.rows()),
        }
    }
    for claim in &report.lost_rows {
        let rows = claim.first_row..claim.first_row + claim.rows;
        // Of a stream whose description is lost only the number is known.
        let number = claim.stream.strip_prefix("number ");
        let is_of = |name: &str| match number {
            None => name == claim.stream,
            Some(number) => sample
                .chunks
                .iter()
                .any(|chunk| chunk.stream == name && chunk.reference.stream.to_string() == number),
        };
        let mut ranges = lost
            .iter()
            .filter(|(name, _)| is_of(name))
            .flat_map(|(_, ranges)| ranges);
        if !ranges.any(|lost| lost.start <= rows.start && rows.end <= lost.end) {
            return Err(format!(
                "rows {rows:?} of {} are reported lost and are not",
                claim.stream
            ));
        }
    }
    let all: u64 = lost
        .values()
        .flatten()
        .map(|rows| rows.end - rows.start)
        .sum();
    let claimed: u64 = report.lost_rows.iter().map(|claim| claim.rows).sum();
    let was_whole = truth.was_whole || truth.was_indexed;
    let knows_all = report.was_finished && !report.unknown_loss && !was_whole;
    if claimed > all || (knows_all && claimed != all) {
        return Err(format!("{claimed} rows are reported lost, {all} are"));
    }
    if knows_all && report.is_lossless() && all > 0 {
        return Err(format!(
            "the report claims to be lossless, {all} rows are lost"
        ));
    }
    Ok(())
}

/// Frames that are gone, and chunks that are there but could not be copied.
fn check_frames(
    sample: &Sample,
    kept: &[usize],
    gone: &BTreeSet<u64>,
    report: &LossReport,
) -> Result<(), String> {
    let claimed: BTreeSet<u64> = report.lost_frames.iter().cloned().flatten().collect();
    let uncopied = |sequence: &u64| {
        sample
            .chunk_of(*sequence)
            .is_some_and(|at| !kept.contains(&at))
    };
    if let Some(frame) = claimed
        .iter()
        .find(|frame| !gone.contains(frame) && !uncopied(frame))
    {
        return Err(format!("frame {frame} is reported lost and is not"));
    }
    let last_seen = (0..sample.frames.len() as u64)
        .rev()
        .find(|frame| !gone.contains(frame));
    // Nothing tells of frames after the last that is there.
    let mut known = gone.iter().filter(|frame| Some(**frame) < last_seen);
    match known.find(|frame| {
        !claimed.contains(frame)
            && sample
                .chunk_of(**frame)
                .is_none_or(|at| !kept.contains(&at))
    }) {
        Some(frame) => Err(format!("frame {frame} is lost and is not reported")),
        None => Ok(()),
    }
}

/// Bytes of no intact frame. Where sectors were put down elsewhere, copies of frames may be among them.
fn check_bytes(injury: Injury, truth: &Truth, report: &LossReport) -> Result<(), String> {
    let align = |at: u64| at.next_multiple_of(64).min(truth.size as u64);
    let mut claimed = vec![false; truth.size];
    for range in &report.lost_bytes {
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(align(range.end)).unwrap_or(usize::MAX);
        claimed
            .get_mut(start..end)
            .ok_or("lost bytes beyond the end are reported")?
            .fill(true);
    }
    let mut intact = vec![false; truth.size];
    intact
        .get_mut(..FILE_HEADER_BYTES)
        .unwrap_or_default()
        .fill(true);
    for &(start, end) in &truth.places {
        intact.get_mut(start..end).unwrap_or_default().fill(true);
    }
    let wrong = match injury {
        Injury::Cut(_) | Injury::Flip(_) => claimed
            .iter()
            .zip(&intact)
            .position(|(claimed, intact)| claimed == intact),
        // Frames that are there twice are kept once.
        Injury::Sectors(_) => None,
    };
    match wrong {
        Some(at) => Err(format!(
            "byte {at} is reported wrongly among {:?}",
            report.lost_bytes
        )),
        None => Ok(()),
    }
}
