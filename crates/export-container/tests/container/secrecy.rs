//! Encrypted containers: nothing is read without the key, everything with it, and nothing that was not written.

use std::sync::Arc;

use export_container::{
    Container, Depth, FileOptions, FrameHeader, FrameWriter, MemoryStorage, Report, Writer, repair,
    verify,
};
use export_core::{
    Access, Cancel, ErrorKind, FileId, Keys, Limits, Progress, Protection, Result, Storage,
};
use proptest::prelude::*;

use crate::common::{
    Random, Written, access, chunk, encrypted, key, metadata, options, read_all, same, schema,
    sealed, storage, write, write_protected,
};
use crate::damage::check_subset;

pub(crate) fn written(seed: u64, chunks: usize, longest: usize, finish: bool) -> Written {
    write_protected(options().file, seed, chunks, longest, finish, &encrypted())
}

pub(crate) fn open(bytes: &[u8]) -> Result<Container> {
    Container::open(storage(bytes), access(&encrypted()))
}

pub(crate) fn verified(bytes: &[u8], keys: Keys) -> Result<Report> {
    let access = Access {
        limits: Limits::default(),
        keys,
    };
    let (progress, cancel) = (Progress::new(), Cancel::new());
    verify(storage(bytes), Depth::Checksums, access, &progress, &cancel)
}

pub(crate) fn header(bytes: &[u8], at: usize) -> FrameHeader {
    FrameHeader::parse(&bytes[at..at + 64]).unwrap()
}

pub(crate) fn chunk_frames(written: &Written) -> Vec<usize> {
    let frames = written.frames.iter().copied();
    frames
        .filter(|&at| header(&written.bytes, at).kind == 2)
        .collect()
}

#[test]
fn everything_comes_back_with_the_key() {
    for finish in [true, false] {
        let written = written(31, 12, 300, finish);
        let plain = write(31, 12, 300, finish);
        for container in [
            open(&written.bytes).unwrap(),
            Container::recover(storage(&written.bytes), access(&encrypted())).unwrap(),
        ] {
            assert_eq!(container.findings(), []);
            assert_eq!(check_subset(&container, &plain).len(), 12);
            assert_eq!(container.metadata(), Some(&metadata()));
            assert_eq!(container.key_id(), Some(key(1).id()));
            assert!(container.file().is_encrypted());
            let events = container.stream("events").unwrap();
            assert_eq!(**events.schema(), schema(3));
            for reference in container.chunks() {
                let whole = container.read_chunk(reference, None).unwrap();
                let columns = whole.directory.columns.len();
                let last = container
                    .read_chunk(reference, Some(&[columns - 1, 0]))
                    .unwrap();
                assert_eq!(
                    last.directory.columns[1].summary,
                    whole.directory.columns[0].summary
                );
                let directory = container.read_directory(reference).unwrap();
                assert_eq!(directory.columns.len(), columns);
            }
        }
        let report = verified(&written.bytes, encrypted().keys()).unwrap();
        assert_eq!((report.chunks, report.closed_frames), (12, 0));
        assert_eq!(report.is_intact(), true);
        assert_eq!(report.findings.is_empty(), finish);
        assert!(report.blocks > 0);
    }
}

#[test]
fn columns_are_taken_out_of_the_whole() {
    let written = written(32, 6, 500, true);
    let container = open(&written.bytes).unwrap();
    for (reference, (_, chunk)) in container.chunks().into_iter().zip(&written.chunks) {
        let columns: Vec<usize> = (0..chunk.directory.columns.len()).rev().collect();
        let mut read = container.read_chunk(reference, Some(&columns)).unwrap();
        read.directory.columns.reverse();
        assert!(same(&read, chunk));
    }
}

#[test]
fn nothing_that_was_written_is_readable_in_the_file() {
    let written = written(33, 12, 300, true);
    let contains = |what: &[u8]| written.bytes.windows(what.len()).any(|part| part == what);
    for word in [
        "events",
        "states",
        "exportkit",
        "a.csv",
        "who",
        "some text",
        "int64",
        "\"c0\"",
    ] {
        assert!(!contains(word.as_bytes()), "{word}");
    }
    for (_, chunk) in &written.chunks {
        for block in chunk
            .directory
            .columns
            .iter()
            .flat_map(|column| &column.blocks)
        {
            let at = block.offset as usize;
            let stored = &chunk.bytes[at..at + block.stored_bytes as usize];
            assert!(stored.len() < 8 || !contains(stored));
            assert!(!contains(&block.checksum.to_le_bytes()));
        }
    }
}

#[test]
fn the_same_calls_make_the_same_bytes_and_other_files_share_none() {
    let one = written(34, 5, 200, true);
    assert_eq!(one.bytes, written(34, 5, 200, true).bytes);
    let other = write_protected(FileId([9; 16]), 34, 5, 200, true, &encrypted());
    for (a, b) in one.frames.iter().zip(&other.frames) {
        if header(&one.bytes, *a).is_encrypted() {
            assert_ne!(one.bytes[a + 72..a + 104], other.bytes[b + 72..b + 104]);
        }
    }
}

#[test]
fn no_key_and_a_wrong_key_are_said_to_be_that() {
    let empty = FrameWriter::protected(&options(), &encrypted());
    let mut empty = empty.clone();
    empty.finish().unwrap();
    for bytes in [
        written(35, 3, 100, true).bytes,
        written(35, 3, 100, false).bytes,
        empty.output().to_vec(),
    ] {
        let plain = Access::default();
        let wrong = Access {
            limits: Limits::default(),
            keys: key(7).into(),
        };
        for access in [plain, wrong.clone()] {
            let given = !access.keys.is_empty();
            for error in [
                Container::open(storage(&bytes), &access).err().unwrap(),
                Container::recover(storage(&bytes), &access).err().unwrap(),
            ] {
                assert_eq!(error.kind(), ErrorKind::Key, "{error}");
                assert!(error.message().contains("encrypted"), "{error}");
                assert_eq!(
                    error.message().contains(&key(7).id().to_string()),
                    given,
                    "{error}"
                );
                assert!(error.hint().unwrap().contains(&key(1).id().to_string()));
            }
            let mut writer = Writer::new(Vec::new(), &options()).unwrap();
            let (progress, cancel) = (Progress::new(), Cancel::new());
            let error = repair(storage(&bytes), &mut writer, &access, &progress, &cancel);
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Key);
        }
        let error = verified(&bytes, wrong.keys).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key);
    }
}

#[test]
fn checksums_are_verified_without_the_key() {
    let whole = written(36, 7, 120, true);
    let report = verified(&whole.bytes, Keys::default()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.chunks, report.streams), (7, 2));
    assert!(report.is_encrypted && report.is_finished);
    assert!(report.closed_frames >= 10);
    let rows: u64 = whole
        .chunks
        .iter()
        .map(|(_, chunk)| chunk.directory.rows)
        .sum();
    assert_eq!(report.rows, rows);

    for finish in [true, false] {
        let written = written(36, 3, 30, finish);
        let mut bytes = written.bytes.clone();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let report = verified(&bytes, Keys::default()).unwrap();
            assert!(!report.findings.is_empty(), "bit {bit} was not noticed");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn any_flipped_bit_is_found_with_the_key_and_stays_local() {
    for finish in [true, false] {
        let written = written(37, 3, 30, finish);
        let mut bytes = written.bytes.clone();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let report = verified(&bytes, encrypted().keys()).unwrap();
            assert!(!report.findings.is_empty(), "bit {bit} was not noticed");
            let found = check_subset(&open(&bytes).unwrap(), &written);
            assert!(found.len() >= 2, "bit {bit}: {found:?}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn any_prefix_is_readable() {
    for finish in [true, false] {
        let written = written(38, 6, 100, finish);
        let ends: Vec<usize> = chunk_frames(&written)
            .iter()
            .map(|&at| at + 64 + header(&written.bytes, at).payload_bytes as usize)
            .collect();
        for cut in 64..written.bytes.len() {
            let whole = ends.iter().filter(|&&end| end <= cut).count();
            let container = open(&written.bytes[..cut]).unwrap();
            let found = check_subset(&container, &written);
            assert_eq!(found, (0..whole).collect::<Vec<_>>(), "cut at {cut}");
        }
    }
}

#[test]
fn a_damaged_header_does_not_matter() {
    for finish in [true, false] {
        let written = written(42, 5, 80, finish);
        let mut bytes = written.bytes.clone();
        bytes[..64].fill(0);
        let container = open(&bytes).unwrap();
        assert_eq!(check_subset(&container, &written).len(), 5);
        assert!(container.file().is_encrypted());
    }
}

#[test]
fn limits_hold_before_anything_is_decrypted() {
    let written = written(44, 4, 2000, true);
    let tight: [fn(&mut Limits); 4] = [
        |limits| limits.frame_bytes = 100,
        |limits| limits.index_bytes = 300,
        |limits| limits.metadata_bytes = 50,
        |limits| limits.columns = 2,
    ];
    for set in tight {
        let mut access = access(&encrypted());
        set(&mut access.limits);
        for opened in [
            Container::open(storage(&written.bytes), &access),
            Container::recover(storage(&written.bytes), &access),
        ] {
            let read = opened.and_then(|container| {
                let mut chunks = container.chunks().into_iter();
                chunks.try_for_each(|chunk| container.read_chunk(chunk, None).map(drop))
            });
            let kind = read.err().map(|error| error.kind());
            // Who walks needs no index.
            assert!(
                kind == Some(ErrorKind::Limit) || access.limits.index_bytes == 300,
                "{kind:?}"
            );
        }
    }
}

#[test]
fn what_is_appended_is_encrypted_too() {
    for (finish, torn) in [(true, 0), (false, 0), (false, 100)] {
        let written = written(45, 4, 100, finish);
        let file = Arc::new(MemoryStorage::new(
            written.bytes[..written.bytes.len() - torn].to_vec(),
        ));
        let at = || Arc::clone(&file) as Arc<dyn Storage>;
        let limits = Limits::default();
        for protection in [Protection::default(), sealed()] {
            let error = Writer::append_protected(at(), &limits, &protection)
                .err()
                .unwrap();
            assert_eq!(error.kind(), ErrorKind::Key, "{error}");
        }
        let mut writer = Writer::append_protected(at(), &limits, &encrypted()).unwrap();
        let stream = writer.frames().stream("events").unwrap();
        let more = chunk(3, 9, 100, &mut Random(46));
        writer.chunk(stream, &more).unwrap();
        writer.finish().unwrap();
        let bytes = file.to_vec();
        let container = open(&bytes).unwrap();
        let read = read_all(&container);
        assert!(same(&read.last().unwrap().2, &more));
        assert!(read.len() >= 4);
        let added = frames_from(&bytes, written.bytes.len() - torn);
        assert!(
            added
                .iter()
                .all(|header| header.is_encrypted() || header.kind == 6)
        );
        let error = Container::open(at(), Access::default()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Key);
    }
    let plain = Arc::new(MemoryStorage::new(write(1, 1, 10, true).bytes));
    let error = Writer::append_protected(plain, &Limits::default(), &encrypted())
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Usage);
    // Nothing but a header tells already that the file is to be encrypted.
    let begun = FrameWriter::protected(&options(), &encrypted())
        .output()
        .to_vec();
    let begun = Arc::new(MemoryStorage::new(begun));
    let error = Writer::append(Arc::clone(&begun) as Arc<dyn Storage>, &Limits::default())
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Key);
    assert!(Writer::append_protected(begun, &Limits::default(), &encrypted()).is_ok());
}

fn frames_from(bytes: &[u8], start: usize) -> Vec<FrameHeader> {
    let mut at = start.next_multiple_of(64);
    let mut headers = Vec::new();
    while at < bytes.len() {
        let header = header(bytes, at);
        at += header.frame_bytes() as usize;
        headers.push(header);
    }
    headers
}

#[test]
fn a_repair_encrypts_again() {
    let written = written(47, 6, 100, true);
    let mut bytes = written.bytes.clone();
    bytes[chunk_frames(&written)[2] + 80] ^= 1;
    let fresh = FileOptions {
        file: FileId([5; 16]),
        created_ns: 1,
    };
    let mut writer = Writer::protected(Vec::new(), &fresh, &encrypted()).unwrap();
    let (progress, cancel) = (Progress::new(), Cancel::new());
    let report = repair(
        storage(&bytes),
        &mut writer,
        access(&encrypted()),
        &progress,
        &cancel,
    )
    .unwrap();
    assert_eq!(report.chunks, 5);
    assert_eq!(report.lost_rows.len(), 1);
    let rest = writer.into_inner();
    assert!(Container::open(storage(&rest), Access::default()).is_err());
    let container = open(&rest).unwrap();
    let kept = written.chunks.iter().enumerate().filter(|(at, _)| *at != 2);
    for ((_, (_, chunk)), (_, _, read)) in kept.zip(read_all(&container)) {
        assert!(same(&read, chunk));
    }
}

/// Damage is made good without anybody having looked into a frame.
#[cfg(feature = "parity")]
#[test]
fn parity_restores_what_nobody_can_read() {
    let both = Protection {
        encrypt: encrypted().encrypt,
        ..sealed()
    };
    let written = crate::common::write_protected_with_parity(20, 48, &both);
    let report = verified(&written.bytes, Keys::default()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.parity.unwrap().unprotected_frames, 0);
    for at in chunk_frames(&written) {
        let mut bytes = written.bytes.clone();
        bytes[at..at + 100].fill(0xEE);
        let report = verified(&bytes, Keys::default()).unwrap();
        assert!(report.parity.unwrap().is_whole());
        let fresh = FileOptions {
            file: FileId([5; 16]),
            created_ns: 1,
        };
        let mut writer = Writer::protected(Vec::new(), &fresh, &encrypted()).unwrap();
        let (progress, cancel) = (Progress::new(), Cancel::new());
        let report = repair(
            storage(&bytes),
            &mut writer,
            access(&both),
            &progress,
            &cancel,
        )
        .unwrap();
        assert_eq!((report.chunks, report.lost_rows.len()), (40, 0));
        let container = open(&writer.into_inner()).unwrap();
        assert_eq!(check_subset(&container, &written).len(), 40);
    }
}

#[test]
fn a_private_frame_would_be_in_the_clear() {
    let mut writer = FrameWriter::protected(&options(), &encrypted());
    let error = writer.private_frame(0x8001, false, b"ours").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_written_comes_back(
        seed: u64, chunks in 0_usize..9, longest in 0_usize..400, finish: bool, both: bool, number: u8,
    ) {
        let protection = Protection {
            encrypt: Some(key(number)),
            seal: both.then(|| key(2)),
        };
        let written = write_protected(options().file, seed, chunks, longest, finish, &protection);
        let container = Container::open(storage(&written.bytes), access(&protection)).unwrap();
        prop_assert_eq!(check_subset(&container, &written).len(), chunks);
        prop_assert_eq!(container.findings(), []);
    }
}
