//! Parity: any lost frames up to its share come back, byte for byte; parity frames that lie do no harm.

use std::sync::Arc;

use export_container::layout::{Kind, PARITY_HEAD_BYTES};
use export_container::{
    Container, Depth, FrameHeader, FrameWriter, MemoryStorage, Parity, Report, Writer, verify,
};
use export_core::{Cancel, FileId, Limits, Progress, Storage};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::common::{
    Random, Written, chunk, frames, options, read_all, schema, storage, write, write_with_parity,
};
use crate::exact::{kept, repaired};

fn verified(bytes: &[u8]) -> Report {
    let report = verify(
        storage(bytes),
        Depth::Checksums,
        Limits::default(),
        &Progress::new(),
        &Cancel::new(),
    );
    report.unwrap()
}

fn header_at(bytes: &[u8], at: usize) -> FrameHeader {
    FrameHeader::parse(&bytes[at..at + 64]).unwrap()
}

/// Where the first parity frame is, and the index.
fn bounds(written: &Written) -> (usize, usize) {
    let of = |kind: Kind| {
        let mut starts = written.frames.iter().copied();
        starts
            .find(|&at| header_at(&written.bytes, at).known_kind() == Some(kind))
            .unwrap()
    };
    (of(Kind::Parity), of(Kind::Index))
}

fn check_all_is_back(bytes: &[u8], written: &Written, what: &str) {
    let report = verified(bytes);
    let parity = report.parity.clone().unwrap();
    assert!(parity.is_whole(), "{what}: {parity:?}");
    let (mended, report) = repaired(bytes, 1);
    assert!(report.is_lossless(), "{what}: {report:?}");
    assert_eq!(
        report.parity.map(|p| p.damaged_frames),
        Some(parity.damaged_frames),
        "{what}"
    );
    assert_eq!(
        kept(&mended, written, what).len(),
        written.chunks.len(),
        "{what}"
    );
    // The copy is what a copy of the undamaged file is, but that it counts rows anew.
    let (copied, _) = repaired(&written.bytes, 1);
    let (streams, chunks) = (mended, copied);
    assert_eq!(frames(&streams).len(), frames(&chunks).len(), "{what}");
    assert_eq!(verified(&streams).findings, [], "{what}");
}

#[test]
fn bytes_in_a_row_up_to_the_share_come_back() {
    let mut random = Random(1);
    for percent in [1, 5, 10, 30, 50] {
        let written = write_with_parity(percent, percent.into(), 40, 900, true);
        let (end, _) = bounds(&written);
        let group = end - 64;
        let most = group * usize::from(percent) / 100;
        let report = verified(&written.bytes);
        let parity = report.parity.unwrap();
        assert_eq!((parity.groups, parity.unprotected_frames), (1, 0));
        assert_eq!(parity.share, Some(Parity::percent(percent).unwrap()));
        assert!(parity.spare_bytes >= most as u64, "{parity:?}");
        for round in 0..25 {
            let count = 1 + random.below(most);
            let from = 64 + random.below(group - count);
            let mut bytes = written.bytes.clone();
            let what = format!("{percent}%, round {round}: {count} bytes from {from}");
            match round % 4 {
                0 => bytes[from..from + count].fill(0),
                1 => {
                    let noise = random.bytes(count);
                    bytes[from..from + count].copy_from_slice(&noise);
                }
                // What comes after moves.
                2 => drop(bytes.drain(from..from + count)),
                _ => {
                    let length = random.below(500);
                    let noise = random.bytes(length);
                    bytes.splice(from..from + count, noise);
                }
            }
            check_all_is_back(&bytes, &written, &what);
        }
    }
}

#[test]
fn scattered_damage_comes_back_as_long_as_there_are_shards() {
    let mut random = Random(2);
    for round in 0..40 {
        let percent = 10 + (round % 3) * 20;
        let written = write_with_parity(percent as u8, round as u64, 50, 700, true);
        let (end, index) = bounds(&written);
        let spare = verified(&written.bytes).parity.unwrap().spare_bytes as usize;
        let mut bytes = written.bytes.clone();
        // Each flip costs a shard at most, of data or of parity; shards are not longer than this.
        let shard = (end - 64).div_ceil(32).next_multiple_of(64);
        for _ in 0..spare / shard {
            let at = 64 + random.below(end - 64);
            bytes[at] ^= 1 << random.below(8);
        }
        check_all_is_back(&bytes, &written, &format!("round {round}"));
        // One byte of what a parity frame carries costs one shard, not the frame's.
        let last = *written.frames.iter().rfind(|&&at| at < index).unwrap();
        let mut bytes = written.bytes.clone();
        bytes[index - 1] ^= 1;
        assert!(last < index - 1);
        let most = (end - 64) * percent / 100 - shard;
        bytes[64..64 + most].fill(0xAB);
        check_all_is_back(&bytes, &written, &format!("round {round}, parity hit"));
    }
}

#[test]
fn any_one_parity_frame_is_enough_to_know_the_group() {
    let written = write_with_parity(50, 7, 40, 900, true);
    let parts: Vec<usize> = written
        .frames
        .iter()
        .copied()
        .filter(|&at| header_at(&written.bytes, at).known_kind() == Some(Kind::Parity))
        .collect();
    assert!(parts.len() >= 2);
    for left in &parts {
        let mut bytes = written.bytes.clone();
        for at in parts.iter().filter(|at| *at != left) {
            // Its header is gone; what it carries is found all the same.
            bytes[*at..*at + 64].fill(0);
        }
        bytes[1000..1100].fill(0);
        check_all_is_back(&bytes, &written, &format!("left: {left}"));
        // All of it is gone.
        for at in parts.iter().filter(|at| *at != left) {
            let length = header_at(&written.bytes, *at).frame_bytes() as usize;
            bytes[*at..*at + length].fill(0);
        }
        check_all_is_back(&bytes, &written, &format!("alone: {left}"));
    }
}

#[test]
fn a_file_without_its_header_or_its_end_is_restored() {
    let written = write_with_parity(20, 8, 40, 900, true);
    let (end, index) = bounds(&written);
    let mut bytes = written.bytes[..index].to_vec();
    // The header, and all that says what the streams are.
    bytes[..64 + (end - 64) / 6].fill(0);
    let (mended, report) = repaired(&bytes, 1);
    assert_eq!(report.parity.unwrap().lost, []);
    assert_eq!(kept(&mended, &written, "start").len(), written.chunks.len());
}

#[test]
fn groups_are_closed_once_they_are_long_enough() {
    let mut writer = FrameWriter::new(&options());
    writer
        .set_parity(Some(Parity::percent(10).unwrap()))
        .unwrap();
    let stream = writer.add_stream("events", &schema(1)).unwrap();
    let mut random = Random(3);
    let (mut bytes, mut most) = (writer.output().to_vec(), 0);
    writer.clear_output();
    for _ in 0..110 {
        let mut next = chunk(1, 9, 10, &mut random);
        let block = next.directory.columns[0].blocks.last_mut().unwrap();
        let stored = random.bytes(400_000);
        (block.stored_bytes, block.checksum) = (stored.len() as u64, xxh3_64(&stored));
        next.bytes.resize(block.offset as usize, 0);
        next.bytes.extend(stored);
        writer.chunk(stream, &next).unwrap();
        bytes.extend(writer.output());
        writer.clear_output();
        most = most.max(writer.parity_memory_bytes());
    }
    writer.finish().unwrap();
    bytes.extend(writer.output());
    assert!(most < (18 << 20), "{most} bytes were held");
    let parity = verified(&bytes).parity.unwrap();
    assert_eq!((parity.groups, parity.unprotected_frames), (3, 0));
    // A tenth, one shard, and what says what is what.
    let starts = frames(&bytes);
    let carried: u64 = starts
        .iter()
        .map(|&at| header_at(&bytes, at))
        .filter(|header| header.known_kind() == Some(Kind::Parity))
        .map(|header| header.frame_bytes())
        .sum();
    let share = carried as f64 / (bytes.len() as f64 - carried as f64);
    assert!(share > 0.1 && share < 0.112, "{share}");
    // A frame of every group, and then some.
    let is_chunk = |&&at: &&usize| header_at(&bytes, at).known_kind() == Some(Kind::Chunk);
    let chunks: Vec<usize> = starts.iter().filter(is_chunk).copied().collect();
    for at in [5, 60, 100] {
        bytes[chunks[at]..chunks[at] + 500_000].fill(0);
    }
    let (_, report) = repaired(&bytes, 1);
    assert!(
        report.is_lossless() && report.lost_frames.is_empty(),
        "{:?}",
        report.parity
    );
    assert!(report.parity.unwrap().restored_bytes >= 3 * 400_000);
}

#[test]
fn an_append_goes_on_with_it() {
    let written = write_with_parity(25, 9, 12, 300, true);
    let storage = Arc::new(MemoryStorage::new(written.bytes.clone()));
    let shared = Arc::clone(&storage) as Arc<dyn Storage>;
    let mut writer = Writer::append(shared, &Limits::default()).unwrap();
    assert_eq!(writer.frames().parity(), Some(Parity::percent(25).unwrap()));
    let stream = writer.frames().stream("events").unwrap();
    let mut random = Random(4);
    for _ in 0..12 {
        writer
            .chunk(stream, &chunk(3, 5, 300, &mut random))
            .unwrap();
    }
    writer.finish().unwrap();
    let bytes = storage.to_vec();
    let parity = verified(&bytes).parity.unwrap();
    assert_eq!((parity.groups, parity.unprotected_frames), (2, 0));
    let mut broken = bytes.clone();
    let start = frames(&bytes)
        .into_iter()
        .rfind(|&at| header_at(&bytes, at).known_kind() == Some(Kind::Chunk))
        .unwrap();
    broken[start..start + 64].fill(0xFF);
    broken[200] ^= 4;
    let (mended, report) = repaired(&broken, 1);
    assert!(report.is_lossless(), "{report:?}");
    let read = |bytes: &[u8]| read_all(&crate::common::open(bytes)).len();
    assert_eq!(read(&mended), read(&bytes));

    // A crash leaves frames without; the append after it does not make up for them, and says nothing else.
    let cut = frames(&bytes)[20];
    let storage = Arc::new(MemoryStorage::new(bytes[..cut].to_vec()));
    let shared = Arc::clone(&storage) as Arc<dyn Storage>;
    let mut writer = Writer::append(shared, &Limits::default()).unwrap();
    writer.finish().unwrap();
    let parity = verified(&storage.to_vec()).parity.unwrap();
    assert!(parity.unprotected_frames > 0, "{parity:?}");
}

#[test]
fn the_same_frames_make_the_same_parity() {
    let files = [0, 1].map(|_| write_with_parity(10, 5, 20, 500, true).bytes);
    assert!(files[0] == files[1]);
    // And none where none is wanted: what was written before there was any is written still.
    let mut writer = FrameWriter::new(&options());
    writer
        .set_parity(Some(Parity::percent(3).unwrap()))
        .unwrap();
    writer.set_parity(None).unwrap();
    writer.finish().unwrap();
    let mut plain = FrameWriter::new(&options());
    plain.finish().unwrap();
    assert_eq!(writer.output(), plain.output());
    assert_eq!(verified(&write(1, 3, 20, true).bytes).parity, None);
}

/// Rewrites a parity frame so that all its checksums are right again.
fn seal(bytes: &mut [u8], at: usize, length: usize) {
    let mut header = header_at(bytes, at);
    let payload = at + 64..at + 64 + length;
    let place = |file: FileId, number: u64| {
        let mut place = file.0.to_vec();
        place.extend(number.to_le_bytes());
        xxh3_64(&place)
    };
    let number = |at: usize, width: usize| {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(&bytes[at..at + width]);
        u64::from_le_bytes(wide) as usize
    };
    let head = at + 64;
    let sums = number(head + 32, 4).saturating_add(number(head + 36, 4));
    let descriptor = PARITY_HEAD_BYTES
        .saturating_add(number(head + 24, 4).saturating_mul(4))
        .saturating_add(sums.saturating_mul(8));
    let first = number(head + 8, 8) as u64;
    if descriptor <= length {
        let covered = &bytes[head + 8..head + descriptor];
        let sum = xxh3_64_with_seed(covered, place(header.file, first));
        bytes[head..head + 8].copy_from_slice(&sum.to_le_bytes());
    }
    header.directory_checksum =
        xxh3_64_with_seed(&bytes[payload], place(header.file, header.sequence));
    bytes[at..at + 64].copy_from_slice(&header.to_bytes());
}

#[test]
fn parity_that_lies_is_not_believed() {
    let written = write_with_parity(30, 6, 30, 300, true);
    let parts: Vec<usize> = written
        .frames
        .iter()
        .copied()
        .filter(|&at| header_at(&written.bytes, at).known_kind() == Some(Kind::Parity))
        .collect();
    let numbers = [
        0_u64,
        1,
        2,
        63,
        64,
        65,
        1 << 15,
        (1 << 16) + 1,
        1 << 31,
        u64::MAX,
        u64::MAX / 2,
    ];
    let fields = [
        (8, 8),
        (16, 8),
        (24, 4),
        (28, 4),
        (32, 4),
        (36, 4),
        (40, 2),
        (42, 1),
        (48, 4),
    ];
    for (offset, width) in fields {
        for number in numbers {
            let mut bytes = written.bytes.clone();
            for &at in &parts {
                let length = header_at(&bytes, at).payload_bytes as usize;
                let field = at + 64 + offset;
                bytes[field..field + width].copy_from_slice(&number.to_le_bytes()[..width]);
                seal(&mut bytes, at, length);
            }
            // Something to restore.
            bytes[2000..2100].fill(0);
            let what = format!("field at {offset}: {number}");
            let report = verified(&bytes);
            assert!(!report.is_intact(), "{what}");
            let (mended, report) = repaired(&bytes, 1);
            let found = kept(&mended, &written, &what);
            assert!(found.len() >= written.chunks.len() - 2, "{what}");
            let parity = report.parity.unwrap();
            assert!(
                parity.restored_frames <= parity.damaged_frames,
                "{what}: {parity:?}"
            );
        }
    }
    // Shards and checksums of something else: what comes out is no frame.
    let mut bytes = written.bytes.clone();
    for &at in &parts {
        let length = header_at(&bytes, at).payload_bytes as usize;
        let noise = Random(9).bytes(length - 400);
        bytes[at + 64 + 400..at + 64 + length].copy_from_slice(&noise);
        seal(&mut bytes, at, length);
    }
    bytes[2000..2100].fill(0);
    let (mended, report) = repaired(&bytes, 1);
    assert_eq!(report.parity.unwrap().restored_frames, 0);
    kept(&mended, &written, "noise");
}

#[test]
fn every_flipped_bit_of_a_parity_frame_is_noticed() {
    let written = write_with_parity(10, 6, 6, 60, true);
    let (start, index) = bounds(&written);
    let mut bytes = written.bytes.clone();
    for bit in start * 8..index * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let report = verified(&bytes);
        assert!(!report.findings.is_empty(), "bit {bit}");
        assert_eq!(report.chunks, 6, "bit {bit}");
        assert!(report.parity.is_some(), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    let container = Container::open(storage(&bytes), Limits::default()).unwrap();
    assert_eq!(container.parity(), Some(Parity::percent(10).unwrap()));
}

#[test]
fn long_frames_make_long_groups() {
    let mut writer = FrameWriter::new(&options());
    writer
        .set_parity(Some(Parity::percent(10).unwrap()))
        .unwrap();
    let stream = writer.add_stream("events", &schema(1)).unwrap();
    let mut random = Random(5);
    for _ in 0..13 {
        let mut next = chunk(1, 9, 10, &mut random);
        let block = next.directory.columns[0].blocks.last_mut().unwrap();
        let stored = random.bytes(2_400_001);
        (block.stored_bytes, block.checksum) = (stored.len() as u64, xxh3_64(&stored));
        next.bytes.resize(block.offset as usize, 0);
        next.bytes.extend(stored);
        writer.chunk(stream, &next).unwrap();
    }
    writer.finish().unwrap();
    let mut bytes = writer.output().to_vec();
    assert_eq!(verified(&bytes).parity.unwrap().groups, 2);
    for percent in [3, 5, 9] {
        let mut bytes = bytes.clone();
        let (from, length) = (bytes.len() / 3, bytes.len() / 100 * percent / 2);
        bytes[from..from + length].fill(0);
        let (_, report) = repaired(&bytes, 1);
        assert!(report.is_lossless(), "{:?}", report);
    }
    // All of one chunk.
    let at = frames(&bytes)[4];
    bytes[at..at + 2_400_000].fill(0);
    let (_, report) = repaired(&bytes, 1);
    assert!(report.is_lossless(), "{:?}", report.parity);
}
