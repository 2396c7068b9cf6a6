//! Encrypted containers: nothing is read without the key, everything with it, and nothing that was not written.

use std::sync::Arc;

use export_container::{
    Container, Depth, FileHeader, FileOptions, FrameHeader, FrameWriter, MemoryStorage, Report,
    Writer, layout, repair, verify,
};
use export_core::{
    Access, Cancel, ErrorKind, FileId, Keys, Limits, Progress, Protection, Result, Storage,
};
use proptest::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::common::{
    Random, Written, access, chunk, encrypted, frames, key, metadata, options, read_all, same,
    schema, sealed, storage, write, write_protected,
};
use crate::damage::check_subset;

fn written(seed: u64, chunks: usize, longest: usize, finish: bool) -> Written {
    write_protected(options().file, seed, chunks, longest, finish, &encrypted())
}

fn open(bytes: &[u8]) -> Result<Container> {
    Container::open(storage(bytes), access(&encrypted()))
}

fn verified(bytes: &[u8], keys: Keys) -> Result<Report> {
    let access = Access {
        limits: Limits::default(),
        keys,
    };
    let (progress, cancel) = (Progress::new(), Cancel::new());
    verify(storage(bytes), Depth::Checksums, access, &progress, &cancel)
}

fn header(bytes: &[u8], at: usize) -> FrameHeader {
    FrameHeader::parse(&bytes[at..at + 64]).unwrap()
}

/// Makes the checksums of the frame at `at` right, whatever is in it: what somebody without the key can do.
fn mend(bytes: &mut [u8], at: usize, mut header: FrameHeader) {
    let payload = &bytes[at + 64..at + 64 + header.payload_bytes as usize];
    let place = [&header.file.0[..], &header.sequence.to_le_bytes()].concat();
    header.directory_checksum = xxh3_64_with_seed(payload, xxh3_64(&place));
    bytes[at..at + 64].copy_from_slice(&header.to_bytes());
}

fn chunk_frames(written: &Written) -> Vec<usize> {
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
        assert!(report.is_intact());
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

/// Every change that somebody without the key can make to one frame, its checksums made right.
#[test]
fn forged_frames_are_refused() {
    let written = written(39, 6, 100, false);
    for (number, &at) in chunk_frames(&written).iter().enumerate() {
        let original = header(&written.bytes, at);
        let others: Vec<usize> = (0..6).filter(|&other| other != number).collect();
        let mut forged = Vec::new();
        for byte in [
            at + 72,
            at + 100,
            at + 64 + original.payload_bytes as usize - 1,
        ] {
            let mut bytes = written.bytes.clone();
            bytes[byte] ^= 1;
            mend(&mut bytes, at, original);
            forged.push(bytes);
        }
        for change in [
            FrameHeader {
                rows: original.rows + 1,
                ..original
            },
            FrameHeader {
                stream: Some(export_core::StreamId(1 - original.stream.unwrap().0)),
                ..original
            },
            FrameHeader {
                sequence: original.sequence + 1000,
                ..original
            },
        ] {
            let mut bytes = written.bytes.clone();
            mend(&mut bytes, at, change);
            forged.push(bytes);
        }
        for bytes in forged {
            let container = open(&bytes).unwrap();
            assert_eq!(check_subset(&container, &written), others);
            assert!(
                container
                    .findings()
                    .iter()
                    .any(|f| f.text.contains("authentication"))
            );
            let report = verified(&bytes, encrypted().keys()).unwrap();
            assert!(!report.is_intact());
        }
        // The name of the key is no secret, either: another one is no key that is missing, once others opened.
        let mut bytes = written.bytes.clone();
        bytes[at + 64] ^= 1;
        mend(&mut bytes, at, original);
        assert_eq!(check_subset(&open(&bytes).unwrap(), &written), others);
    }
}

#[test]
fn chunks_that_change_places_are_refused() {
    // Chunks of one length, so that they fit each other's places.
    let mut random = Random(40);
    let mut writer = FrameWriter::protected(&options(), &encrypted());
    let stream = writer.add_stream("events", &schema(1)).unwrap();
    let mut one = chunk(1, 5, 0, &mut random);
    one.directory.columns[0].blocks.clear();
    one.directory.columns[0].summary = Default::default();
    writer.chunk(stream, &one).unwrap();
    writer.chunk(stream, &one).unwrap();
    let bytes = writer.output();
    let places: Vec<usize> = frames(bytes)
        .into_iter()
        .filter(|&at| header(bytes, at).kind == 2)
        .collect();
    let [a, b] = places[..] else {
        panic!("{places:?}")
    };
    let mut swapped = bytes.to_vec();
    let length = header(bytes, a).payload_bytes as usize;
    assert_eq!(length, header(bytes, b).payload_bytes as usize);
    swapped[a + 64..a + 64 + length].copy_from_slice(&bytes[b + 64..b + 64 + length]);
    swapped[b + 64..b + 64 + length].copy_from_slice(&bytes[a + 64..a + 64 + length]);
    mend(&mut swapped, a, header(bytes, a));
    mend(&mut swapped, b, header(bytes, b));
    assert_eq!(read_all(&open(&swapped).unwrap()).len(), 0);
    // Nor does a frame of another file of the same key pass.
    let mut other = FrameWriter::protected(
        &FileOptions {
            file: FileId([3; 16]),
            ..options()
        },
        &encrypted(),
    );
    let stream = other.add_stream("events", &schema(1)).unwrap();
    other.chunk(stream, &one).unwrap();
    let mut replayed = bytes.to_vec();
    replayed[a + 64..a + 64 + length].copy_from_slice(&other.output()[a + 64..a + 64 + length]);
    mend(&mut replayed, a, header(bytes, a));
    assert_eq!(read_all(&open(&replayed).unwrap()).len(), 1);
}

#[test]
fn frames_in_the_clear_are_refused_among_encrypted_ones() {
    let written = written(41, 5, 80, false);
    let plain = write(77, 3, 80, false);
    let mut bytes = written.bytes.clone();
    for (sequence, &at) in (written.frames.len() as u64..).zip(&plain.frames) {
        let mut original = header(&plain.bytes, at);
        let start = bytes.len();
        bytes.extend(&plain.bytes[at..at + original.frame_bytes() as usize]);
        original.sequence = sequence;
        let directory = &bytes[start + 64..start + 64 + original.directory_bytes as usize];
        let place = [&original.file.0[..], &original.sequence.to_le_bytes()].concat();
        original.directory_checksum = xxh3_64_with_seed(directory, xxh3_64(&place));
        bytes[start..start + 64].copy_from_slice(&original.to_bytes());
    }
    let container = open(&bytes).unwrap();
    assert_eq!(check_subset(&container, &written).len(), 5);
    assert!(
        container
            .findings()
            .iter()
            .any(|found| found.text.contains("not encrypted"))
    );

    // The file header can be changed, but it is repeated where only the key gets.
    let mut header = FileHeader::new(options().file, options().created_ns + 1);
    header.flags = layout::FILE_ENCRYPTED;
    let mut bytes = written.bytes.clone();
    bytes[..64].copy_from_slice(&header.to_bytes());
    let container = open(&bytes).unwrap();
    assert!(
        container
            .findings()
            .iter()
            .any(|found| found.check == "facts")
    );
    header.flags = 0;
    bytes[..64].copy_from_slice(&header.to_bytes());
    let container = open(&bytes).unwrap();
    assert_eq!(read_all(&container).len(), 0);
    assert!(!container.findings().is_empty());
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

/// Payloads that hold the key's tag, but make no sense.
#[test]
fn hostile_envelopes_are_refused() {
    let written = written(43, 3, 80, false);
    let at = chunk_frames(&written)[1];
    let original = header(&written.bytes, at);
    let end = at + original.frame_bytes() as usize;
    let replaced = |payload: &[u8]| {
        let mut bytes = written.bytes[..at].to_vec();
        let header = FrameHeader {
            payload_bytes: payload.len() as u64,
            directory_bytes: payload.len() as u32,
            ..original
        };
        bytes.extend([0; 64]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        mend(&mut bytes, at, header);
        bytes.extend(&written.bytes[end..]);
        bytes
    };
    let id = key(1).id().0;
    for length in 0..60 {
        let mut payload = id.to_vec();
        payload.resize(length, 7);
        payload.truncate(length);
        let container = open(&replaced(&payload)).unwrap();
        assert_eq!(check_subset(&container, &written), [0, 2], "{length}");
    }
    // What encrypted payloads are bound to, by the words of the spec.
    let context = [
        &original.file.0[..],
        &original.sequence.to_le_bytes(),
        &original.stream.unwrap().0.to_le_bytes(),
        &original.rows.to_le_bytes(),
        &original.kind.to_le_bytes(),
        &original.flags.to_le_bytes(),
    ]
    .concat();
    let cipher = key(1).cipher(options().file);
    let stored = &written.bytes[at + 72..at + 64 + original.payload_bytes as usize];
    let plain = cipher.decrypt(&context, stored.to_vec()).unwrap();
    let directory_bytes = u32::from_le_bytes(plain[..4].try_into().unwrap());
    assert!((directory_bytes as usize) < plain.len());
    let mut hostile: Vec<Vec<u8>> = (0..plain.len())
        .step_by(7)
        .map(|cut| plain[..cut].to_vec())
        .collect();
    for length in [0, 1, 23, directory_bytes + 1, u32::MAX] {
        hostile.push([&length.to_le_bytes()[..], &plain[4..]].concat());
    }
    for columns in [u32::MAX, 1 << 20] {
        let mut plain = plain.clone();
        plain[24..28].copy_from_slice(&columns.to_le_bytes());
        hostile.push(plain);
    }
    for plain in hostile {
        let mut payload = id.to_vec();
        cipher.encrypt(&context, &plain, &mut payload).unwrap();
        let bytes = replaced(&payload);
        match open(&bytes) {
            Ok(container) => assert_eq!(check_subset(&container, &written), [0, 2]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Limit),
        }
        let _ = verified(&bytes, encrypted().keys());
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

    #[test]
    fn any_payload_is_opened_or_refused(payload in prop::collection::vec(any::<u8>(), 0..200), named: bool, kind in 0_u16..12) {
        let mut bytes = FrameWriter::protected(&options(), &encrypted()).output().to_vec();
        let mut payload = payload;
        if named {
            payload.splice(..payload.len().min(8), key(1).id().0);
        }
        let header = FrameHeader {
            file: options().file, sequence: 0, payload_bytes: payload.len() as u64, stream: None, rows: 0,
            directory_bytes: payload.len() as u32, kind, flags: 2, directory_checksum: 0,
        };
        bytes.extend([0; 64]);
        bytes.extend(&payload);
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        mend(&mut bytes, 64, header);
        if let Ok(container) = open(&bytes) {
            prop_assert_eq!(container.chunks().len(), 0);
        }
        let _ = verified(&bytes, encrypted().keys());
        let _ = verified(&bytes, Keys::default());
    }
}
