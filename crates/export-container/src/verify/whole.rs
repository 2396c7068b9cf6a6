//! What can only be said of the file as a whole.

use export_core::{Finding, Position, Severity};

use super::damage;
use crate::catalogue::Catalogue;
use crate::findings::Findings;
use crate::index::ChunkRef;

/// How the file ends.
pub(super) fn note_end(catalogue: &mut Catalogue, rest: u64, size: u64, is_finished: bool) {
    if rest < size {
        catalogue.find_rest(rest, size);
    } else if !is_finished {
        let text = "there is no index at the end: the file was not finished, or cut after a frame";
        catalogue.find(Severity::Warning, "index", size, text);
    }
}

/// Frames that should be there, going by the numbers of those that are.
pub(super) fn note_missing(catalogue: &mut Catalogue) {
    let mut told: Vec<u64> = catalogue.announced.keys().copied().collect();
    told.sort_unstable();
    let mut findings = Findings::default();
    for range in catalogue.missing() {
        let (mut first, last) = (*range.start(), *range.end());
        let from = told.partition_point(|&sequence| sequence < first);
        let told = told.get(from..).unwrap_or_default().iter().copied();
        let told = told.take_while(|&sequence| sequence <= last);
        for sequence in told {
            note_gap(catalogue, first, sequence, &mut findings);
            if !catalogue.damaged.contains(sequence) {
                findings.extend(missing_chunk(catalogue, sequence));
            }
            first = sequence.saturating_add(1);
        }
        note_gap(catalogue, first, last.saturating_add(1), &mut findings);
    }
    catalogue.findings.append(findings);
}

/// Frames from `first` up to `end`, of which nothing more is known, as few findings as it takes: numbers can be anything.
fn note_gap(catalogue: &Catalogue, first: u64, end: u64, findings: &mut Findings) {
    let mut note = |first: u64, end: u64| {
        let text = match end.saturating_sub(first) {
            0 => return,
            1 => format!("frame {first} is missing"),
            count => format!(
                "{count} frames are missing, {first} to {}",
                end.saturating_sub(1)
            ),
        };
        findings.push(damage("sequence", Position::default(), text));
    };
    let mut from = first;
    for damaged in catalogue.damaged.ranges_from(first) {
        if *damaged.start() >= end {
            break;
        }
        note(from, *damaged.start());
        from = from.max(damaged.end().saturating_add(1));
    }
    note(from, end);
}

fn missing_chunk(catalogue: &Catalogue, sequence: u64) -> Option<Finding> {
    let (id, announced) = catalogue.announced.get(&sequence)?;
    let position = Position {
        stream: catalogue.stream(*id).map(|stream| stream.name.clone()),
        chunk: Some(announced.number),
        ..Position::default()
    };
    let text = format!(
        "frame {sequence} is missing: a chunk of {} rows from row {}",
        announced.rows,
        announced.first_row.saturating_add(1)
    );
    Some(damage("sequence", position, text))
}

/// What indexes say of chunks that are there, held against the chunks.
pub(super) fn note_index(catalogue: &mut Catalogue, listed: &[ChunkRef]) {
    let mut findings = Findings::default();
    for entry in listed {
        let stream = catalogue.stream(entry.stream);
        let found = stream.and_then(|stream| {
            let at = stream
                .chunks
                .binary_search_by_key(&entry.sequence, |chunk| chunk.sequence)
                .ok()?;
            stream.chunks.get(at)
        });
        if let Some(chunk) = found.filter(|&chunk| chunk != entry) {
            let position = Position {
                stream: stream.map(|stream| stream.name.clone()),
                chunk: Some(chunk.number),
                offset: Some(chunk.offset),
                ..Position::default()
            };
            let text = if chunk.offset == entry.offset {
                "the index describes the chunk otherwise than it is".to_owned()
            } else {
                format!(
                    "the chunk is not at byte {}, where the index has it",
                    entry.offset
                )
            };
            findings.push(damage("index", position, text));
        }
    }
    catalogue.findings.append(findings);
}

/// Rows that should be there, and schemas that chunks need.
pub(super) fn note_rows(catalogue: &mut Catalogue) {
    let mut findings = Findings::default();
    for stream in &catalogue.streams {
        let mut expected = 0;
        // Where the rows end that are there. What was torn at the end of the file holds none: whoever went on with the file
        // counted from here.
        let mut intact = 0;
        for chunk in &stream.chunks {
            let position = Position {
                stream: Some(stream.name.clone()),
                chunk: Some(chunk.number),
                offset: Some(chunk.offset),
                ..Position::default()
            };
            if chunk.first_row > expected {
                let text = format!(
                    "rows {} to {} are missing before the chunk",
                    expected.saturating_add(1),
                    chunk.first_row
                );
                findings.push(damage("rows", position.clone(), text));
            } else if chunk.first_row < intact {
                let text = format!(
                    "the chunk starts at row {}, which an earlier one holds",
                    chunk.first_row.saturating_add(1)
                );
                findings.push(damage("rows", position.clone(), text));
            }
            expected = chunk.end_row();
            if !catalogue.damaged.contains(chunk.sequence) {
                intact = chunk.end_row();
            }
            let fields = stream
                .schemas
                .get(chunk.schema_version as usize)
                .map(|schema| schema.fields.len());
            if fields != Some(chunk.columns.len()) {
                let text = format!(
                    "schema {} of the stream is lost or another",
                    chunk.schema_version
                );
                findings.push(damage("schema", position, text));
            }
        }
    }
    catalogue.findings.append(findings);
}
