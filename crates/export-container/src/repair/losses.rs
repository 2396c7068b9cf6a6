//! What a repair lost, from what is known to have been written.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use export_core::StreamId;

use super::{LossReport, LostRows};
use crate::catalogue::{Catalogue, Lost};
use crate::container::Container;
use crate::index::ChunkRef;
use crate::sequences::Sequences;
use crate::stream::Stream;

/// Puts together what is lost from what is known to have been written.
pub(super) fn note_losses(
    container: &Container,
    kept: &BTreeMap<StreamId, Vec<&ChunkRef>>,
    lost: &Sequences,
    restored: &Sequences,
    report: &mut LossReport,
) {
    let catalogue = &container.catalogue;
    report.skipped_frames = catalogue.skipped;
    let end = container.end();
    let gone_bytes = catalogue.lost.iter().chain([&end]);
    report.lost_bytes.extend(
        gone_bytes
            .filter(|lost| !lost.bytes.is_empty() && !is_made_good(lost, catalogue, restored))
            .map(|lost| lost.bytes.clone()),
    );
    report.lost_bytes.sort_by_key(|range| range.start);

    let gone = catalogue.missing();
    let unlisted = catalogue
        .last_index
        .map_or(0, |sequence| sequence.saturating_add(1));
    // Sequence numbers can be anything, so ranges are not gone through further than to the first answer.
    let unlisted = gone
        .iter()
        .flat_map(|range| *range.start().max(&unlisted)..=*range.end());
    report.unknown_loss = unlisted.into_iter().any(|sequence| {
        !catalogue.announced.contains_key(&sequence)
            && !catalogue.torn.contains_key(&sequence)
            && !catalogue.rowless.contains(sequence)
    });
    // A torn frame that reaches to the very end is all that the end can have held; anything else may have been more.
    let known_end = match container.torn {
        Some(torn) => container.rest.saturating_add(torn.frame_bytes()) == container.size_bytes(),
        None => container.rest >= container.size_bytes(),
    };
    report.unknown_loss |= !known_end;
    report.was_finished = catalogue
        .last_index
        .is_some_and(|index| index.saturating_add(2) >= catalogue.next_sequence);
    report.lost_frames = union(gone, lost.ranges());

    let (ends, all_known) = ends(catalogue);
    report.unknown_loss |= !all_known;
    for stream in container.streams() {
        let kept = kept.get(&stream.id).map(Vec::as_slice).unwrap_or_default();
        let end = ends.get(&stream.id).copied().unwrap_or(0);
        note_lost_rows(stream, end, kept, &mut report.lost_rows);
    }
    report
        .lost_rows
        .extend(catalogue.orphans.values().flatten().map(|chunk| LostRows {
            stream: format!("number {}", chunk.stream),
            first_row: chunk.first_row,
            rows: chunk.rows,
        }));
}

/// Whether all frames that were where `lost` is are known, and restored.
fn is_made_good(lost: &Lost, catalogue: &Catalogue, restored: &Sequences) -> bool {
    let first = lost.before.map_or(0, |number| number.saturating_add(1));
    let end = lost.after.unwrap_or(catalogue.next_sequence);
    let was = end.saturating_sub(first);
    was > 0
        && catalogue.seen.count_within(first, end) == was
        && restored.count_within(first, end) > 0
}

/// The rows of `stream` between and after those of the chunks that were `kept`.
fn note_lost_rows(stream: &Stream, end: u64, kept: &[&ChunkRef], lost: &mut Vec<LostRows>) {
    let mut expected = 0;
    let starts_and_ends = kept
        .iter()
        .map(|chunk| (chunk.first_row, chunk.end_row()))
        .chain([(end, end)]);
    for (first_row, end_row) in starts_and_ends {
        if first_row > expected {
            lost.push(LostRows {
                stream: stream.name.clone(),
                first_row: expected,
                rows: first_row - expected,
            });
        }
        expected = expected.max(end_row);
    }
}

/// The row after the last one of each stream that is known to have been written, and whether that is all.
///
/// A damaged chunk of which only the header is left says how many rows it held. Which ones is known if every frame between it
/// and the chunk of the stream before is.
pub(crate) fn ends(catalogue: &Catalogue) -> (BTreeMap<StreamId, u64>, bool) {
    let mut known = catalogue.seen.clone();
    for number in catalogue.announced.keys().chain(catalogue.torn.keys()) {
        known.insert(*number);
    }
    for range in catalogue.rowless.ranges() {
        for number in range {
            known.insert(number);
        }
    }
    // Number and end of the last chunk of each stream up to the one that is looked at.
    let mut chunks: Vec<(u64, StreamId, Option<u64>, u64)> = Vec::new();
    for stream in &catalogue.streams {
        let each = stream.chunks.iter();
        chunks.extend(each.map(|c| (c.sequence, stream.id, Some(c.first_row), c.rows)));
    }
    let counts = |number: u64| !catalogue.passed_over.contains(number);
    let announced = catalogue.announced.iter();
    let announced = announced.filter(|(number, _)| counts(**number));
    chunks.extend(announced.map(|(&number, (id, a))| (number, *id, Some(a.first_row), a.rows)));
    let torn = catalogue.torn.iter();
    let torn = torn.filter(|(number, _)| {
        counts(**number)
            && !catalogue.announced.contains_key(number)
            && !catalogue.seen.contains(**number)
    });
    chunks.extend(torn.map(|(&number, &(id, rows))| (number, id, None, rows.into())));
    chunks.sort_unstable();
    let mut last: BTreeMap<StreamId, (u64, Option<u64>)> = BTreeMap::new();
    let mut ends = BTreeMap::new();
    for (number, id, first_row, rows) in chunks {
        let (from, end) = last.get(&id).map_or((0, Some(0)), |&(before, end)| {
            (before.saturating_add(1), end)
        });
        let follows = || {
            let between = number.saturating_sub(from);
            end.filter(|_| known.count_within(from, number) == between)
        };
        let first_row = first_row.or_else(follows);
        let end = first_row.map(|first| first.saturating_add(rows));
        last.insert(id, (number, end));
        let greatest = ends.entry(id).or_insert(0);
        *greatest = end.map_or(*greatest, |end| end.max(*greatest));
    }
    (ends, last.values().all(|(_, end)| end.is_some()))
}

/// Both sets of ranges as one, in order.
fn union(
    mut ranges: Vec<RangeInclusive<u64>>,
    others: impl Iterator<Item = RangeInclusive<u64>>,
) -> Vec<RangeInclusive<u64>> {
    ranges.extend(others);
    ranges.sort_by_key(|range| *range.start());
    let mut merged: Vec<RangeInclusive<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => merged.push(range),
        }
    }
    merged
}
