//! Repair says exactly what is lost: held against what is really there, after all kinds of harm.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use export_container::{
    Container, Depth, FileOptions, FrameHeader, LossReport, Writer, repair, verify,
};
use export_core::{Cancel, EncodedChunk, FileId, Limits, Progress};
use memchr::memmem;

use crate::common::{Random, Written, frames, read_all, same, storage, write, write_as};
use crate::harm::Harm;

pub(crate) fn repaired(bytes: &[u8], id: u8) -> (Vec<u8>, LossReport) {
    let options = FileOptions {
        file: FileId([id; 16]),
        created_ns: 1,
    };
    let mut writer = Writer::new(Vec::new(), &options).unwrap();
    let report = repair(
        storage(bytes),
        &mut writer,
        Limits::default(),
        &Progress::new(),
        &Cancel::new(),
    );
    let report = report.unwrap();
    (writer.into_inner(), report)
}

/// A frame as it was written.
struct Original {
    header: FrameHeader,
    start: usize,
    end: usize,
    /// Which chunk it is, of all.
    chunk: Option<usize>,
    /// What of it counts: all, but of a chunk not the padding between its blocks.
    parts: Vec<Range<usize>>,
}

impl Original {
    /// Where it is in `bytes`, as it was written.
    fn find<'a>(
        &'a self,
        bytes: &'a [u8],
        written: &'a Written,
    ) -> impl Iterator<Item = usize> + 'a {
        let original = &written.bytes[self.start..self.end];
        let head = &original[self.parts[0].clone()];
        memmem::find_iter(bytes, head).filter(move |&at| {
            self.parts.iter().all(|part| {
                bytes.get(at + part.start..at + part.end) == Some(&original[part.clone()])
            })
        })
    }
}

fn originals(written: &Written) -> Vec<Original> {
    let mut chunks = 0;
    let container = Container::open(storage(&written.bytes), Limits::default()).unwrap();
    let listed = container.chunks();
    let each = written.frames.iter().map(|&start| {
        let header = FrameHeader::parse(&written.bytes[start..start + 64]).unwrap();
        let chunk = (header.kind == 2).then(|| {
            chunks += 1;
            chunks - 1
        });
        let end = start + 64 + header.payload_bytes as usize;
        let head = 64 + header.directory_bytes as usize;
        let mut parts = Vec::from_iter(std::iter::once(0..head));
        if let Some(chunk) = chunk {
            let directory = container.read_directory(listed[chunk]).unwrap();
            let blocks = directory.columns.iter().flat_map(|column| &column.blocks);
            parts.extend(blocks.map(|block| {
                let start = head.next_multiple_of(64) + block.offset as usize;
                start..start + block.stored_bytes as usize
            }));
            // An empty block lies nowhere.
            parts.retain(|part| !part.is_empty());
        }
        Original {
            parts,
            header,
            start,
            end,
            chunk,
        }
    });
    each.collect()
}

/// What is really there of a file.
#[derive(Debug)]
pub(crate) struct Truth {
    /// Chunks whose frames are there, wherever.
    pub(crate) chunks: BTreeSet<usize>,
    /// Numbers of frames that are not.
    lost_frames: BTreeSet<u64>,
    /// Where frames are, padding included as far as it is zero.
    covered: Vec<Range<usize>>,
}

impl Truth {
    pub(crate) fn of(bytes: &[u8], written: &Written) -> Self {
        Self::of_frames(bytes, written, &originals(written))
    }

    fn of_frames(bytes: &[u8], written: &Written, frames: &[Original]) -> Self {
        let mut truth = Self {
            chunks: BTreeSet::new(),
            lost_frames: BTreeSet::new(),
            covered: Vec::new(),
        };
        for frame in frames {
            let length = frame.end - frame.start;
            let found: Vec<_> = frame.find(bytes, written).collect();
            if found.is_empty() {
                truth.lost_frames.insert(frame.header.sequence);
            } else {
                truth.chunks.extend(frame.chunk);
            }
            truth.covered.extend(
                found
                    .into_iter()
                    .map(|at| at..at + length.next_multiple_of(64)),
            );
        }
        truth.covered.sort_by_key(|range| range.start);
        truth
    }
}

/// Rows of each stream that are in none of `kept`, as ranges.
fn lost_rows(written: &Written, kept: &BTreeSet<usize>) -> BTreeMap<u32, Vec<Range<u64>>> {
    let mut next = BTreeMap::new();
    let mut lost: BTreeMap<u32, Vec<Range<u64>>> = BTreeMap::new();
    for (at, (stream, chunk)) in written.chunks.iter().enumerate() {
        let first = next.entry(stream.0).or_insert(0);
        let range = *first..*first + chunk.directory.rows;
        *first = range.end;
        if !kept.contains(&at) {
            let ranges = lost.entry(stream.0).or_default();
            match ranges.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => ranges.push(range),
            }
        }
    }
    lost
}

/// Which chunks a repair kept; fails where one is not as it was written, comes twice, or out of order.
pub(crate) fn kept(bytes: &[u8], written: &Written, what: &str) -> BTreeSet<usize> {
    let container = Container::open(storage(bytes), Limits::default()).unwrap();
    let names = ["events", "states"];
    let chunks: Vec<(usize, EncodedChunk)> = read_all(&container)
        .into_iter()
        .map(|(stream, _, chunk)| {
            let name = &container.stream_by_id(stream).unwrap().name;
            (names.iter().position(|n| n == name).unwrap(), chunk)
        })
        .collect();
    let mut at = 0;
    let mut found = BTreeSet::new();
    for (stream, chunk) in chunks {
        let place = written.chunks[at..]
            .iter()
            .position(|(id, original)| id.0 as usize == stream && same(&chunk, original));
        at += place.unwrap_or_else(|| {
            panic!(
                "{what}: a chunk that was not written, or not there: {stream} {:?} at {at}, {:?}",
                chunk.directory.rows,
                written
                    .chunks
                    .iter()
                    .map(|c| (c.0.0, c.1.directory.rows))
                    .collect::<Vec<_>>()
            )
        }) + 1;
        found.insert(at - 1);
    }
    found
}

/// Holds a repair against what is there. Returns whether the report is complete.
fn check(bytes: &[u8], written: &Written, what: &str) -> bool {
    let frames = originals(written);
    let truth = Truth::of_frames(bytes, written, &frames);
    let (once, report) = repaired(bytes, 1);
    let kept_chunks = kept(&once, written, what);

    // All that is intact, as far as anything tells what it is of, and what was restored.
    let container = Container::recover(storage(bytes), Limits::default()).unwrap();
    let described = |at: usize| container.stream_by_id(written.chunks[at].0).is_some();
    for &at in &truth.chunks {
        assert!(
            kept_chunks.contains(&at) || !described(at),
            "{what}: chunk {at} is there and was not kept: {report:?} {truth:?}"
        );
    }
    let parity = report.parity.clone().unwrap_or_default();
    let restored = kept_chunks.difference(&truth.chunks).count() as u64;
    assert!(
        restored <= parity.restored_frames,
        "{what}: {restored} {parity:?}"
    );
    if parity.is_whole() && parity.damaged_frames > 0 && parity.unprotected_frames == 0 {
        assert_eq!(
            kept_chunks.len(),
            written.chunks.len(),
            "{what}: {parity:?}"
        );
    }

    // Rows.
    let rows: u64 = kept_chunks
        .iter()
        .map(|&at| written.chunks[at].1.directory.rows)
        .sum();
    assert_eq!(
        (report.rows, report.chunks),
        (rows, kept_chunks.len() as u64),
        "{what}"
    );
    let mut said: BTreeMap<u32, Vec<Range<u64>>> = BTreeMap::new();
    for lost in &report.lost_rows {
        let stream = match lost.stream.as_str() {
            "events" | "number 0" => 0,
            "states" | "number 1" => 1,
            other => panic!("{what}: {other}"),
        };
        said.entry(stream)
            .or_default()
            .push(lost.first_row..lost.first_row + lost.rows);
    }
    let really = lost_rows(written, &kept_chunks);
    let is_part = said.iter().all(|(stream, ranges)| {
        ranges.iter().all(|range| {
            let mut of = really.get(stream).into_iter().flatten();
            of.any(|lost| lost.start <= range.start && range.end <= lost.end)
        })
    });
    assert!(is_part, "{what}: said {said:?}, lost {really:?}");
    let is_complete = said == really;
    // What is not said is not denied either.
    assert!(
        is_complete || report.unknown_loss || !report.was_finished,
        "{what}: said {said:?}, lost {really:?}, {report:?}"
    );

    // Frames, up to the last that anything tells of.
    let frames_said: BTreeSet<u64> = report.lost_frames.iter().cloned().flatten().collect();
    let unrestored: BTreeSet<u64> = truth
        .lost_frames
        .iter()
        .copied()
        .filter(|&number| {
            let chunk = frames
                .iter()
                .find(|frame| frame.header.sequence == number)
                .and_then(|frame| frame.chunk);
            !chunk.is_some_and(|chunk| kept_chunks.contains(&chunk))
        })
        .collect();
    let known = (0..written.frames.len() as u64)
        .filter(|number| frames_said.contains(number) || !truth.lost_frames.contains(number))
        .max()
        .unwrap_or(0);
    if parity.restored_frames == 0 {
        assert_eq!(
            frames_said,
            unrestored.range(..=known).copied().collect(),
            "{what}: frames, {truth:?}\n{report:?}"
        );
    } else {
        assert!(frames_said.is_subset(&unrestored), "{what}: frames");
    }

    // Bytes: none that is of an intact frame, and all others but padding.
    for range in &report.lost_bytes {
        let range = range.start as usize..range.end as usize;
        let inside = truth.covered.iter().find(|frame| {
            frame.start >= range.start && frame.start < range.end && frame.end <= range.end
        });
        assert!(inside.is_none(), "{what}: {range:?} {inside:?}");
    }
    if parity.restored_frames == 0 {
        let mut accounted: Vec<Range<usize>> = truth.covered.clone();
        accounted.extend(
            report
                .lost_bytes
                .iter()
                .map(|range| range.start as usize..range.end as usize),
        );
        accounted.sort_by_key(|range| range.start);
        let mut end = 64;
        for range in accounted
            .into_iter()
            .chain(std::iter::once(bytes.len()..bytes.len()))
        {
            assert!(
                range.start < end + 64,
                "{what}: nothing is said of {end}..{}",
                range.start
            );
            end = end.max(range.end);
        }
    }

    // What comes out is whole, and mending it again changes nothing.
    let again = verify(
        storage(&once),
        Depth::Checksums,
        Limits::default(),
        &Progress::new(),
        &Cancel::new(),
    );
    assert_eq!(again.unwrap().findings, [], "{what}");
    let (twice, report) = repaired(&once, 1);
    assert!(
        report.is_lossless() && report.findings.is_empty() && report.lost_frames.is_empty(),
        "{what}"
    );
    assert!(once == twice, "{what}: a repair of a repaired file differs");
    is_complete
}

/// Whether frames of another file were put in and the file is taken for that one: most of what is there is of it (v1.md, "File
/// header").
fn is_anothers(bytes: &[u8], harms: &[Harm]) -> bool {
    let may_be = harms.contains(&Harm::InsertForeign) || harms.contains(&Harm::Stale);
    may_be
        && Container::recover(storage(bytes), Limits::default())
            .is_ok_and(|container| container.file_id() == FileId([9; 16]))
}

#[test]
fn the_loss_report_is_exact_whatever_happened() {
    let mut random = Random(2026);
    let mut complete = BTreeMap::new();
    for round in 0..1_000_u64 {
        let chunks = 6 + random.below(25);
        let longest = [40, 300, 2500][random.below(3)];
        let finished = round % 5 != 0;
        let written = write(round % 11, chunks, longest, finished);
        let other = write_as(FileId([9; 16]), 1000 + round, 5, 300, true);
        let mut bytes = written.bytes.clone();
        let mut harms = Vec::new();
        for _ in 0..[1, 1, 1, 2, 4][random.below(5)] {
            let harm = Harm::ALL[random.below(Harm::ALL.len())];
            harm.befall(&mut bytes, &written.frames, &other.bytes, &mut random);
            harms.push(harm);
        }
        let what = format!("round {round}: {harms:?}");
        // Where nothing tells whose file it is, it is that of most frames.
        let is_anyones = !bytes.starts_with(&written.bytes[..64])
            && (harms.contains(&Harm::InsertForeign) || harms.contains(&Harm::Stale));
        if is_anyones
            || is_anothers(&bytes, &harms)
            || Truth::of(&bytes, &written).covered.is_empty()
        {
            continue;
        }
        let is_complete = check(&bytes, &written, &what);
        let single = harms.len() == 1 && finished;
        let counts = complete
            .entry(if single { "one, finished" } else { "others" })
            .or_insert((0, 0));
        counts.0 += u32::from(is_complete);
        counts.1 += 1;
    }
    println!("complete reports of rows, of all: {complete:?}");
}

#[cfg(feature = "parity")]
#[test]
fn the_loss_report_of_files_with_parity_is_exact() {
    let mut random = Random(2027);
    let (mut whole, mut all) = (0, 0);
    for round in 0..400_u64 {
        let percent = [5, 10, 25, 50][random.below(4)];
        let chunks = 6 + random.below(25);
        let longest = [40, 300, 2500][random.below(3)];
        let finished = round % 5 != 0;
        let written = crate::common::write_with_parity(percent, round, chunks, longest, finished);
        let other = write_as(FileId([9; 16]), 1000 + round, 5, 300, true);
        let mut bytes = written.bytes.clone();
        let mut harms = Vec::new();
        for _ in 0..[1, 1, 1, 2, 4][random.below(5)] {
            let harm = Harm::ALL[random.below(Harm::ALL.len())];
            harm.befall(&mut bytes, &written.frames, &other.bytes, &mut random);
            harms.push(harm);
        }
        // Where nothing tells whose file it is, it is that of most frames.
        let is_anyones = !bytes.starts_with(&written.bytes[..64])
            && (harms.contains(&Harm::InsertForeign) || harms.contains(&Harm::Stale));
        if is_anyones
            || is_anothers(&bytes, &harms)
            || Truth::of(&bytes, &written).covered.is_empty()
        {
            continue;
        }
        check(&bytes, &written, &format!("round {round}: {harms:?}"));
        let (mended, _) = repaired(&bytes, 1);
        whole += u32::from(kept(&mended, &written, "mended").len() == written.chunks.len());
        all += 1;
    }
    println!("{whole} of {all} files lost nothing");
}

#[test]
fn frames_are_found_as_the_harness_counts_them() {
    let written = write(3, 9, 100, true);
    assert_eq!(frames(&written.bytes), written.frames);
    let truth = Truth::of(&written.bytes, &written);
    assert_eq!((truth.chunks.len(), truth.lost_frames.len()), (9, 0));
    assert!(check(&written.bytes, &written, "nothing"));
}
