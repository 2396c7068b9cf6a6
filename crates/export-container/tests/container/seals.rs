//! Seals: whoever has the key knows whether anything was changed, put in, taken out or moved by who has not.

use std::sync::Arc;

use export_container::{
    Container, Depth, FileHeader, FileOptions, FrameHeader, FrameWriter, MemoryStorage, SealReport,
    Writer, layout, verify, verify_seals,
};
use export_core::{
    Access, Cancel, ErrorKind, FileId, Keys, Limits, Progress, Protection, Result, Severity,
    Storage, StreamId,
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::common::{
    Random, Written, chunk, encrypted, frames, key, options, read_all, same, schema, sealed,
    storage, write, write_protected,
};
use crate::damage::check_subset;

const SEAL: u16 = 9;

fn checked_with(bytes: &[u8], keys: Keys) -> Result<SealReport> {
    let access = Access {
        limits: Limits::default(),
        keys,
    };
    verify_seals(storage(bytes), access, &Progress::new(), &Cancel::new())
}

fn checked(bytes: &[u8]) -> SealReport {
    checked_with(bytes, sealed().keys()).unwrap()
}

fn written(seed: u64, chunks: usize, longest: usize, finish: bool) -> Written {
    write_protected(options().file, seed, chunks, longest, finish, &sealed())
}

/// A frame on its own.
type Frame = (FrameHeader, Vec<u8>);

fn take_apart(bytes: &[u8]) -> Vec<Frame> {
    let starts = frames(bytes);
    let frame = |&at: &usize| {
        let header = FrameHeader::parse(&bytes[at..at + 64]).unwrap();
        let payload = bytes[at + 64..at + 64 + header.payload_bytes as usize].to_vec();
        (header, payload)
    };
    starts.iter().map(frame).collect()
}

/// Puts frames in a row, numbers and checksums made right: what somebody without the key can do.
fn put_together(head: &[u8], frames: &[Frame]) -> Vec<u8> {
    let mut bytes = head.to_vec();
    for (sequence, (header, payload)) in frames.iter().enumerate() {
        let mut header = FrameHeader {
            file: options().file,
            sequence: sequence as u64,
            payload_bytes: payload.len() as u64,
            ..*header
        };
        let place = [&header.file.0[..], &header.sequence.to_le_bytes()].concat();
        let directory = &payload[..header.directory_bytes as usize];
        header.directory_checksum = xxh3_64_with_seed(directory, xxh3_64(&place));
        bytes.extend(header.to_bytes());
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(64), 0);
    }
    bytes
}

/// A recording of several seals, and where they are among its frames.
fn recording() -> (Written, Vec<usize>) {
    let written = written(51, 40, 60, true);
    let frames = take_apart(&written.bytes);
    let seals: Vec<usize> = (0..frames.len())
        .filter(|&at| frames[at].0.kind == SEAL)
        .collect();
    assert!(seals.len() >= 3, "{seals:?}");
    (written, seals)
}

#[test]
fn a_finished_file_is_sealed_to_its_last_byte() {
    for protection in [
        sealed(),
        Protection {
            encrypt: encrypted().encrypt,
            ..sealed()
        },
    ] {
        let written = write_protected(options().file, 50, 30, 60, true, &protection);
        let report = checked_with(&written.bytes, protection.keys()).unwrap();
        assert_eq!(report.findings, []);
        assert!(report.is_intact() && report.is_finished);
        assert_eq!(report.sealed_bytes, written.bytes.len() as u64);
        assert_eq!(report.frames, written.frames.len() as u64);
        assert_eq!(report.key, Some(key(2).id()));
        assert!(report.seals >= 2 && report.last.is_some());
    }
}

#[cfg(feature = "parity")]
#[test]
fn seals_and_parity_stand_for_each_other() {
    let written = crate::common::write_protected_with_parity(20, 50, &sealed());
    let report = checked(&written.bytes);
    assert_eq!(report.findings, []);
    assert!(report.is_intact() && report.seals > 1);
    assert_eq!(report.frames, written.frames.len() as u64);
    // A seal that is gone is restored like any other frame, but for the last one.
    let seals = take_apart(&written.bytes);
    let first = seals
        .iter()
        .position(|(header, _)| header.kind == SEAL)
        .unwrap();
    let mut bytes = written.bytes.clone();
    bytes[written.frames[first]..][..64].fill(0);
    let (progress, cancel) = (Progress::new(), Cancel::new());
    let limits = Limits::default();
    let report = verify(
        storage(&bytes),
        Depth::Checksums,
        &limits,
        &progress,
        &cancel,
    )
    .unwrap();
    let parity = report.parity.unwrap();
    assert_eq!((parity.damaged_frames, parity.restored_frames), (1, 1));
    assert_eq!(parity.unprotected_frames, 0);
}

#[test]
fn seals_are_nothing_to_who_does_not_ask() {
    let (written, _) = recording();
    let container = Container::open(storage(&written.bytes), Access::default()).unwrap();
    assert!(container.is_indexed() && container.file().is_sealed());
    assert_eq!(check_subset(&container, &write(51, 40, 60, true)).len(), 40);
    let (progress, cancel) = (Progress::new(), Cancel::new());
    let limits = Limits::default();
    let report = verify(
        storage(&written.bytes),
        Depth::Checksums,
        &limits,
        &progress,
        &cancel,
    )
    .unwrap();
    assert_eq!(report.findings, []);
    assert!(report.is_sealed && report.is_finished);
    // The same calls make the same bytes.
    assert_eq!(written.bytes, recording().0.bytes);
}

#[test]
fn any_flipped_bit_is_found() {
    for protection in [
        sealed(),
        Protection {
            encrypt: encrypted().encrypt,
            ..sealed()
        },
    ] {
        let written = write_protected(options().file, 52, 4, 50, true, &protection);
        let mut bytes = written.bytes;
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let report = checked_with(&bytes, protection.keys()).unwrap();
            assert!(!report.is_intact(), "bit {bit} was not noticed");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// Fails unless the change is found, and found to begin between the seals around frame `from`.
fn check_found(what: &str, bytes: &[u8], original: &Written, seals: &[usize], from: usize) {
    let report = checked(bytes);
    assert!(!report.is_intact(), "{what} was not noticed");
    let first = report
        .findings
        .iter()
        .find(|f| f.severity == Severity::Damage)
        .unwrap();
    let before = seals.iter().rev().find(|&&seal| seal < from);
    let start = before.map_or(0, |&seal| original.frames[seal] + layout::SEAL_FRAME_BYTES);
    assert_eq!(
        first.position.offset,
        Some(start as u64),
        "{what}: {report:?}"
    );
}

#[test]
fn whatever_is_done_to_frames_is_found_where_it_begins() {
    let (written, seals) = recording();
    let head = &written.bytes[..64];
    let original = take_apart(&written.bytes);
    let (last_seal, count) = (*seals.last().unwrap(), original.len());
    assert_eq!(put_together(head, &original), written.bytes);
    for at in 0..last_seal {
        if original[at].0.kind == SEAL {
            continue;
        }
        let changed = |what: &str, change: &dyn Fn(&mut Vec<Frame>)| {
            let mut frames = original.clone();
            change(&mut frames);
            let bytes = put_together(head, &frames);
            check_found(
                &format!("{what} of frame {at}"),
                &bytes,
                &written,
                &seals,
                at,
            );
        };
        changed("forging", &|frames| *frames[at].1.last_mut().unwrap() ^= 1);
        changed("a lie about rows", &|frames| frames[at].0.rows ^= 1);
        changed("a lie about the stream", &|frames| {
            frames[at].0.stream = Some(StreamId(77))
        });
        changed("loss", &|frames| drop(frames.remove(at)));
        changed("doubling", &|frames| frames.insert(at, frames[at].clone()));
        changed("insertion", &|frames| {
            frames.insert(at, original[(at + 7) % count].clone())
        });
        if at + 1 < last_seal && original[at] != original[at + 1] && original[at + 1].0.kind != SEAL
        {
            changed("reordering", &|frames| frames.swap(at, at + 1));
        }
    }
    // Index and tail, of which the last seal speaks as well.
    for at in [count - 2, count - 1] {
        let mut frames = original.clone();
        frames[at].1[4] ^= 1;
        assert!(!checked(&put_together(head, &frames)).is_intact());
    }
}

#[test]
fn whatever_is_done_to_seals_is_found() {
    let (written, seals) = recording();
    let head = &written.bytes[..64];
    let original = take_apart(&written.bytes);
    let kind = |at: usize| original[at].0.kind;
    let without = |gone: &dyn Fn(usize) -> bool| {
        let kept = (0..original.len()).filter(|&at| !gone(at));
        put_together(
            head,
            &kept.map(|at| original[at].clone()).collect::<Vec<_>>(),
        )
    };
    let all = checked(&without(&|at| kind(at) == SEAL));
    assert!(!all.is_intact() && all.key.is_none() && all.seals == 0);
    for &seal in &seals {
        let report = checked(&without(&|at| at == seal));
        assert!(!report.is_intact(), "{seal}");
        // Each field of the seal.
        for byte in 0..layout::SEAL_PAYLOAD_BYTES {
            let mut frames = original.clone();
            frames[seal].1[byte] ^= 1;
            let report = checked_with(&put_together(head, &frames), sealed().keys());
            match report {
                Ok(report) => assert!(!report.is_intact(), "seal {seal}, byte {byte}"),
                Err(error) => assert!(error.kind() == ErrorKind::Key && byte < 8),
            }
        }
        let mut frames = original.clone();
        frames[seal].0.rows = 1;
        assert!(!checked(&put_together(head, &frames)).is_intact());
    }
    // Whole ranges with their seals, in another order, or gone.
    let (a, b) = (seals[0], seals[1]);
    let order = (a + 1..=b).chain(0..=a).chain(b + 1..original.len());
    let bytes = put_together(
        head,
        &order.map(|at| original[at].clone()).collect::<Vec<_>>(),
    );
    assert!(!checked(&bytes).is_intact());
    assert!(!checked(&without(&|at| at <= a)).is_intact());
    assert!(!checked(&without(&|at| at > a && at <= b)).is_intact());
    // Somebody else's seal.
    let mut other = options();
    other.file = FileId([8; 16]);
    let other = write_protected(other.file, 51, 40, 60, true, &sealed());
    let mut frames = original.clone();
    frames[a].1 = take_apart(&other.bytes)[a].1.clone();
    assert!(!checked(&put_together(head, &frames)).is_intact());
    // The file header, with a right checksum.
    let mut header = FileHeader::new(options().file, options().created_ns + 1);
    header.flags = layout::FILE_SEALED;
    let report = checked(&put_together(&header.to_bytes(), &original));
    assert!(!report.is_intact());
    assert_eq!(report.findings[0].position.offset, Some(0));
}

#[test]
fn a_cut_is_never_taken_for_the_whole() {
    for finish in [true, false] {
        let written = written(53, 34, 30, finish);
        let frames = take_apart(&written.bytes);
        let seals: Vec<usize> = (0..frames.len())
            .filter(|&at| frames[at].0.kind == SEAL)
            .map(|at| written.frames[at])
            .collect();
        for cut in (64..written.bytes.len()).step_by(if finish { 1 } else { 7 }) {
            let report = checked(&written.bytes[..cut]);
            assert!(!report.is_intact() && !report.is_finished, "cut at {cut}");
            // A seal whose padding alone is missing can be read, but not vouch for itself.
            let whole = seals
                .iter()
                .rfind(|&&at| at + layout::SEAL_FRAME_BYTES <= cut);
            let sealed = whole.map_or(0, |&at| at + layout::SEAL_FRAME_BYTES);
            let torn = seals
                .iter()
                .any(|&at| at < cut && cut < at + layout::SEAL_FRAME_BYTES);
            if !torn {
                assert_eq!(report.sealed_bytes, sealed as u64, "cut at {cut}");
                assert_eq!(report.unsealed_bytes, (cut - sealed) as u64, "cut at {cut}");
                assert_eq!(report.last.is_some(), sealed > 0);
            }
        }
    }
}

#[test]
fn a_wrong_key_is_no_tampering() {
    let (written, _) = recording();
    for keys in [Keys::default(), key(7).into(), encrypted().keys()] {
        let error = checked_with(&written.bytes, keys).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key);
        assert!(error.message().contains("sealed"), "{error}");
        assert!(error.hint().unwrap().contains(&key(2).id().to_string()));
    }
    let mut both = encrypted().keys();
    both.add(key(2));
    assert!(checked_with(&written.bytes, both).unwrap().is_intact());
}

fn append(file: &Arc<MemoryStorage>, protection: &Protection) -> Result<()> {
    let at = Arc::clone(file) as Arc<dyn Storage>;
    let mut writer = Writer::append_protected(at, &Limits::default(), protection)?;
    let stream = writer.frames().stream("events").unwrap();
    writer.chunk(stream, &chunk(3, 9, 100, &mut Random(60)))?;
    writer.finish()
}

#[test]
fn an_append_goes_on_with_the_chain() {
    let written = written(54, 10, 100, true);
    let file = Arc::new(MemoryStorage::new(written.bytes.clone()));
    for chunks in 11..14 {
        append(&file, &sealed()).unwrap();
        let report = checked(&file.to_vec());
        assert_eq!(report.findings, []);
        assert!(report.is_intact());
        assert_eq!(read_all(&crate::common::open(&file.to_vec())).len(), chunks);
    }
    // Everything that was there before is covered by its own seals, as before.
    let mut bytes = file.to_vec();
    bytes[written.bytes.len() - 200] ^= 1;
    assert!(!checked(&bytes).is_intact());
    // An earlier end of the file is one: only who noted the last tag can tell.
    assert!(checked(&written.bytes).is_intact());
    assert_ne!(checked(&written.bytes).last, checked(&file.to_vec()).last);

    for protection in [
        Protection::default(),
        Protection {
            seal: Some(key(7)),
            encrypt: None,
        },
    ] {
        let before = file.to_vec();
        assert_eq!(
            append(&file, &protection).unwrap_err().kind(),
            ErrorKind::Key
        );
        assert_eq!(file.to_vec(), before);
    }
}

/// The second tag of a seal is in no hash, but there is only one that fits the bytes after it.
#[test]
fn the_second_tag_of_an_earlier_seal_cannot_be_changed() {
    let written = written(58, 10, 100, true);
    let file = Arc::new(MemoryStorage::new(written.bytes.clone()));
    append(&file, &sealed()).unwrap();
    let bytes = file.to_vec();
    assert_eq!(checked(&bytes).findings, []);
    let original = take_apart(&bytes);
    let seals = (0..original.len()).filter(|&at| original[at].0.kind == SEAL);
    let mut speaks_for_index = 0;
    for at in seals {
        let before_index = original[at].1[32..40] != [0; 8];
        speaks_for_index += usize::from(before_index);
        for byte in 72..104 {
            let mut frames = original.clone();
            frames[at].1[byte] ^= 1;
            let report = checked(&put_together(&bytes[..64], &frames));
            assert!(!report.is_intact(), "frame {at}, byte {byte}");
        }
    }
    assert_eq!(speaks_for_index, 2);
}

/// A writer that is killed right after the seal before its index, and another that goes on: nothing is lost or changed.
#[test]
fn an_index_that_was_never_written_is_no_damage() {
    let finished = written(59, 10, 100, true);
    let frames = take_apart(&finished.bytes);
    let index = frames
        .iter()
        .rposition(|(header, _)| header.kind == 5)
        .unwrap();
    let file = Arc::new(MemoryStorage::new(
        finished.bytes[..finished.frames[index]].to_vec(),
    ));
    append(&file, &sealed()).unwrap();
    let report = checked(&file.to_vec());
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].text.contains("was never written"));
}

#[test]
fn what_was_not_sealed_when_a_recording_goes_on_is_marked() {
    let written = written(55, 30, 100, false);
    let torn = written.bytes.len() - 100;
    for cut in [torn, written.bytes.len()] {
        let file = Arc::new(MemoryStorage::new(written.bytes[..cut].to_vec()));
        let killed = checked(&file.to_vec());
        assert!(killed.unsealed_bytes > 0);
        append(&file, &sealed()).unwrap();
        let report = checked(&file.to_vec());
        assert!(report.is_intact(), "{report:?}");
        assert_eq!(report.findings.len(), 1);
        assert_eq!(report.findings[0].severity, Severity::Warning);
        assert_eq!(
            report.findings[0].position.offset,
            Some(killed.sealed_bytes)
        );
        assert!(report.findings[0].text.contains(&format!("to {cut} ")));
    }
    // A writer that died while it wrote the index.
    let finished = write_protected(options().file, 55, 30, 100, true, &sealed());
    let before_tail = finished.bytes.len() - 200;
    let file = Arc::new(MemoryStorage::new(finished.bytes[..before_tail].to_vec()));
    assert!(!checked(&file.to_vec()).is_intact());
    append(&file, &sealed()).unwrap();
    let report = checked(&file.to_vec());
    assert!(
        report.is_intact() && report.findings.len() == 1,
        "{report:?}"
    );
    // A file that was never sealed before.
    let plain = write(56, 5, 100, true);
    let file = Arc::new(MemoryStorage::new(plain.bytes.clone()));
    append(&file, &sealed()).unwrap();
    let report = checked(&file.to_vec());
    assert!(report.is_intact());
    assert!(
        report.findings[0]
            .text
            .starts_with(&format!("bytes 0 to {}", plain.bytes.len()))
    );
    // What somebody adds without the key is not sealed.
    let end = file.to_vec().len() as u64;
    append(&file, &Protection::default()).unwrap();
    let report = checked(&file.to_vec());
    assert!(!report.is_intact());
    assert_eq!(report.sealed_bytes, end);
}

#[test]
fn a_sync_seals() {
    let file = Arc::new(MemoryStorage::default());
    let at = || Arc::clone(&file) as Arc<dyn Storage>;
    let mut writer = Writer::create_protected(at(), &options(), &sealed()).unwrap();
    let stream = writer.add_stream("events", &schema(3)).unwrap();
    let mut random = Random(57);
    for _ in 0..5 {
        writer.chunk(stream, &chunk(3, 4, 90, &mut random)).unwrap();
        writer.sync().unwrap();
        let size = file.to_vec().len();
        let report = checked(&file.to_vec());
        assert_eq!((report.unsealed_bytes, report.is_finished), (0, false));
        writer.sync().unwrap();
        assert_eq!(file.to_vec().len(), size, "nothing new, nothing to seal");
    }
    writer.finish().unwrap();
    let size = file.to_vec().len();
    writer.sync().unwrap();
    assert_eq!(file.to_vec().len(), size);
    assert!(checked(&file.to_vec()).is_intact());
    let more = chunk(3, 4, 90, &mut random);
    writer.chunk(stream, &more).unwrap();
    writer.finish().unwrap();
    assert!(checked(&file.to_vec()).is_intact());
    assert!(same(
        &read_all(&crate::common::open(&file.to_vec()))
            .last()
            .unwrap()
            .2,
        &more
    ));
}

#[test]
fn seals_of_other_lengths_and_hostile_numbers_are_refused() {
    let (written, seals) = recording();
    let head = &written.bytes[..64];
    let original = take_apart(&written.bytes);
    for length in [0, 8, 103, 105, 500] {
        let mut frames = original.clone();
        frames[seals[0]].1.resize(length, 1);
        frames[seals[0]].0.directory_bytes = length as u32;
        assert!(
            !checked(&put_together(head, &frames)).is_intact(),
            "{length}"
        );
    }
    for field in 1..5 {
        for value in [0, 1, 1 << 40, u64::MAX] {
            let mut frames = original.clone();
            for &seal in &seals {
                let place = &mut frames[seal].1[field * 8..field * 8 + 8];
                if place != value.to_le_bytes() {
                    place.copy_from_slice(&value.to_le_bytes());
                }
            }
            if frames != original {
                let bytes = put_together(head, &frames);
                assert!(!checked(&bytes).is_intact(), "field {field}, {value}");
                let file = Arc::new(MemoryStorage::new(bytes));
                let _ = append(&file, &sealed());
            }
        }
    }
    let nothing = FrameWriter::protected(&FileOptions { ..options() }, &sealed());
    let report = checked(nothing.output());
    assert!(!report.is_intact() && report.seals == 0);
}
