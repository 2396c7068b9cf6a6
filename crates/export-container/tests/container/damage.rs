//! Promises 1 to 4: cut, flipped, moved, duplicated, dropped and stale bytes.

use std::sync::Arc;

use export_container::{Container, Depth, FileOptions, LossReport, Report, Writer, repair, verify};
use export_core::{Cancel, EncodedChunk, FileId, Limits, Progress, Result, StreamId};

use crate::common::{Random, Written, frames, read_all, same, storage, write, write_as};

fn verified(bytes: &[u8]) -> Result<Report> {
    let limits = Limits::default();
    verify(
        storage(bytes),
        Depth::Checksums,
        &limits,
        &Progress::new(),
        &Cancel::new(),
    )
}

fn repaired(bytes: &[u8], id: u8) -> Result<(Vec<u8>, LossReport)> {
    let options = FileOptions {
        file: FileId([id; 16]),
        created_ns: 1,
    };
    let mut writer = Writer::new(Vec::new(), &options)?;
    let limits = Limits::default();
    let report = repair(
        storage(bytes),
        &mut writer,
        &limits,
        &Progress::new(),
        &Cancel::new(),
    )?;
    Ok((writer.into_inner(), report))
}

/// Chunks as stream, number and content, as they were written.
fn expected(written: &Written) -> Vec<(StreamId, u64, &EncodedChunk)> {
    let mut next = std::collections::HashMap::new();
    let numbered = written.chunks.iter().map(|(stream, chunk)| {
        let number = next.entry(*stream).or_insert(0);
        *number += 1;
        (*stream, *number - 1, chunk)
    });
    numbered.collect()
}

/// Fails unless what is read is a part of what was written, in its order, each chunk at most once. Returns which part.
pub(crate) fn check_subset(container: &Container, written: &Written) -> Vec<usize> {
    let expected = expected(written);
    let mut at = 0;
    let mut found = Vec::new();
    for (stream, number, chunk) in read_all(container) {
        let here = expected[at..]
            .iter()
            .position(|e| (e.0, e.1) == (stream, number));
        at += here.unwrap_or_else(|| {
            panic!("chunk {number} of stream {stream} is twice there or out of order")
        });
        assert!(
            same(&chunk, expected[at].2),
            "chunk {number} of stream {stream} is not what was written"
        );
        found.push(at);
        at += 1;
    }
    found
}

fn reopen(bytes: &[u8]) -> Result<Container> {
    Container::open(storage(bytes), Limits::default())
}

#[test]
fn any_prefix_is_readable() {
    for finish in [true, false] {
        let written = write(11, 12, 150, finish);
        let headers: Vec<_> = written
            .frames
            .iter()
            .map(|&at| header_at(&written.bytes, at))
            .collect();
        for cut in 0..written.bytes.len() {
            let bytes = &written.bytes[..cut];
            if cut < 64 {
                assert!(reopen(bytes).is_err(), "cut at {cut}");
                continue;
            }
            let whole = written
                .frames
                .iter()
                .zip(&headers)
                .filter(|&(&at, header)| {
                    header.kind == 2 && at + 64 + header.payload_bytes as usize <= cut
                });
            let whole = whole.count();
            let container = reopen(bytes).unwrap();
            assert_eq!(
                check_subset(&container, &written),
                (0..whole).collect::<Vec<_>>(),
                "cut at {cut}"
            );
            let report = verified(bytes).unwrap();
            assert!(!report.findings.is_empty(), "cut at {cut}");
            assert_eq!(report.chunks, whole as u64, "cut at {cut}");
        }
    }
}

fn header_at(bytes: &[u8], at: usize) -> export_container::FrameHeader {
    export_container::FrameHeader::parse(&bytes[at..at + 64]).unwrap()
}

/// The chunk whose frame holds byte `at`.
fn chunk_at(written: &Written, at: usize) -> Option<usize> {
    let frame = written
        .frames
        .partition_point(|&start| start <= at)
        .checked_sub(1)?;
    let is_chunk = |&&start: &&usize| header_at(&written.bytes, start).kind == 2;
    is_chunk(&&written.frames[frame])
        .then(|| written.frames[..frame].iter().filter(is_chunk).count())
}

#[test]
fn any_flipped_bit_is_found_and_stays_local() {
    for finish in [true, false] {
        let written = write(12, 7, 90, finish);
        let all: Vec<usize> = (0..written.chunks.len()).collect();
        assert!(verified(&written.bytes).unwrap().is_intact());
        let mut bytes = written.bytes.clone();
        for bit in 0..bytes.len() * 8 {
            let at = bit / 8;
            bytes[at] ^= 1 << (bit % 8);
            let report = verified(&bytes).unwrap_or_else(|e| panic!("bit {bit}: {e}"));
            assert!(!report.findings.is_empty(), "bit {bit} was not noticed");

            let hit = chunk_at(&written, at);
            let others: Vec<usize> = all
                .iter()
                .copied()
                .filter(|&chunk| Some(chunk) != hit)
                .collect();
            let found = check_subset(&reopen(&bytes).unwrap(), &written);
            // A flip in padding hits nothing.
            assert!(
                found == others || found == all,
                "bit {bit}: found {found:?}, hit {hit:?}"
            );
            if report.is_intact() && hit.is_some() {
                assert_eq!(found, all, "bit {bit}");
            }
            if bit % 32 == at % 32 {
                check_repair(&bytes, &written, &others, &format!("bit {bit}"));
            }
            bytes[at] ^= 1 << (bit % 8);
        }
    }
}

/// Fails unless a repair keeps at least what `others` lists, leaves an intact file, and a repair of that loses nothing.
fn check_repair(bytes: &[u8], written: &Written, others: &[usize], what: &str) {
    let (once, report) = repaired(bytes, 1).unwrap_or_else(|e| panic!("{what}: {e}"));
    let kept = read_all(&reopen(&once).unwrap());
    assert!(
        kept.len() >= others.len(),
        "{what}: kept {} of {}",
        kept.len(),
        others.len()
    );
    let rows: u64 = kept.iter().map(|(_, _, chunk)| chunk.directory.rows).sum();
    let all: u64 = written
        .chunks
        .iter()
        .map(|(_, chunk)| chunk.directory.rows)
        .sum();
    let lost: u64 = report.lost_rows.iter().map(|lost| lost.rows).sum();
    assert_eq!(
        (report.rows, report.chunks),
        (rows, kept.len() as u64),
        "{what}"
    );
    if !report.unknown_loss && (report.was_finished || others.len() == written.chunks.len()) {
        assert_eq!(rows + lost, all, "{what}: {report:?}");
    }
    let again = verified(&once).unwrap();
    assert_eq!(again.findings, [], "{what}");
    let (twice, report) = repaired(&once, 2).unwrap();
    assert!(report.is_lossless() && report.findings.is_empty(), "{what}");
    let kept_again = read_all(&reopen(&twice).unwrap());
    assert_eq!(kept.len(), kept_again.len(), "{what}");
    assert!(
        kept.iter().zip(&kept_again).all(|(a, b)| same(&a.2, &b.2)),
        "{what}"
    );
}

#[test]
fn a_repair_of_what_is_intact_loses_nothing() {
    for finish in [true, false] {
        let written = write(13, 50, 400, finish);
        let (bytes, report) = repaired(&written.bytes, 1).unwrap();
        assert!(report.is_lossless());
        assert_eq!((report.chunks, report.findings.len()), (50, 0));
        let container = reopen(&bytes).unwrap();
        assert_eq!(check_subset(&container, &written).len(), 50);
        assert_eq!(container.metadata(), Some(&crate::common::metadata()));
    }
}

/// One thing that can happen to a file on its way: a sector zeroed, or content from elsewhere; frames moved about.
fn mishap(bytes: &mut Vec<u8>, starts: &[usize], other: &[u8], random: &mut Random) {
    let sector = [64, 512, 4096][random.below(3)];
    let at = random.below(bytes.len() / sector + 1) * sector;
    let to = (at + sector).min(bytes.len());
    let frame = |n: usize| starts[n]..starts.get(n + 1).copied().unwrap_or(bytes.len());
    let (a, b) = (random.below(starts.len()), random.below(starts.len()));
    match random.below(8) {
        0 => bytes[at.min(to)..to].fill(0),
        1 => {
            let stale = random.below(other.len().saturating_sub(sector).max(1));
            let length = (to - at.min(to)).min(other.len() - stale);
            bytes[at.min(to)..][..length].copy_from_slice(&other[stale..][..length]);
        }
        2 => {
            let from = random.below(bytes.len());
            let length = (to - at.min(to)).min(bytes.len() - from);
            let copy = bytes[from..from + length].to_vec();
            bytes[at.min(to)..][..length].copy_from_slice(&copy);
        }
        3 => drop(bytes.drain(frame(a))),
        4 => {
            let copy = bytes[frame(a)].to_vec();
            let place = frame(b).start;
            bytes.splice(place..place, copy);
        }
        5 => {
            let (low, high) = (frame(a.min(b)), frame(a.max(b)));
            if low != high {
                let moved = bytes[high.clone()].to_vec();
                let first = bytes[low.clone()].to_vec();
                bytes.splice(high, first);
                bytes.splice(low, moved);
            }
        }
        6 => drop(bytes.drain(at.min(to)..to)),
        _ => {
            let from = random.below(bytes.len());
            let length = random.below(200).min(bytes.len() - from);
            drop(bytes.drain(from..from + length));
        }
    }
}

#[test]
fn moved_and_stale_bytes_are_found_and_no_chunk_comes_twice() {
    let mut random = Random(99);
    for round in 0..2_500 {
        let written = write(
            round % 7,
            10 + random.below(12),
            60 + random.below(600),
            round % 4 != 0,
        );
        let other = write_as(FileId([9; 16]), 1000 + round, 8, 300, true);
        let mut bytes = written.bytes.clone();
        let starts = frames(&bytes);
        mishap(&mut bytes, &starts, &other.bytes, &mut random);
        if bytes == written.bytes {
            continue;
        }
        match verified(&bytes) {
            Ok(report) => assert!(!report.findings.is_empty(), "round {round} was not noticed"),
            Err(error) => panic!("round {round}: {error}"),
        }
        let container = reopen(&bytes).unwrap();
        let found = check_subset(&container, &written);
        let mut intact = intact_chunks(&bytes, &written);
        if round % 4 == 0 {
            // Without an index, one sector can hold all the copies of a stream's schema that there are yet.
            intact.retain(|&at| container.stream_by_id(written.chunks[at].0).is_some());
        }
        assert!(
            intact.iter().all(|chunk| found.contains(chunk)),
            "round {round}: {intact:?} of {found:?}"
        );
        check_repair(&bytes, &written, &intact, &format!("round {round}"));
    }
}

/// Chunks whose frames are anywhere in `bytes` as they were written.
fn intact_chunks(bytes: &[u8], written: &Written) -> Vec<usize> {
    let starts = written
        .frames
        .iter()
        .filter(|&&at| header_at(&written.bytes, at).kind == 2);
    let frames = starts.map(|&at| {
        &written.bytes[at..at + 64 + header_at(&written.bytes, at).payload_bytes as usize]
    });
    let intact = frames
        .enumerate()
        .filter(|(_, frame)| memchr::memmem::find(bytes, frame).is_some());
    intact.map(|(at, _)| at).collect()
}

#[test]
fn a_container_behind_an_arc_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Arc::new(reopen(&write(1, 2, 10, true).bytes).unwrap()));
}

#[test]
fn a_header_and_frames_of_another_file_do_not_hide_what_is_there() {
    let written = write(61, 12, 150, true);
    let stale = write_as(FileId([9; 16]), 62, 3, 20, true).bytes;
    let torn = written.bytes.len() - 64;
    for size in [written.bytes.len(), torn] {
        for sector in [64, 512, 1024] {
            let mut bytes = written.bytes[..size].to_vec();
            bytes[..sector].copy_from_slice(&stale[..sector]);
            let intact = intact_chunks(&bytes, &written);
            let container = reopen(&bytes).unwrap();
            assert_eq!(
                check_subset(&container, &written),
                intact,
                "{sector} of {size}"
            );
            assert!(!verified(&bytes).unwrap().is_intact());
            let (rest, report) = repaired(&bytes, 3).unwrap();
            assert_eq!(report.chunks, intact.len() as u64, "{sector} of {size}");
            assert_eq!(reopen(&rest).unwrap().chunks().len(), intact.len());
        }
    }
}
