//! Encrypted and sealed files through the front door.
#![cfg(feature = "crypt")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "it is a test, of small files"
)]

mod protected;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use export_container::layout::{FILE_SEALED, Kind};
use export_container::{FileOptions, FrameHeader, FrameWriter};
use export_core::ExportMetadata;
use exportkit::{
    Cancel, ConvertOptions, Depth, Error, ErrorKind, FileId, Key, Keys, Limits, OpenOptions, Place,
    Progress, Protection, ReadOptions, RecordOptions, Recorder, Secret, convert, open_with, repair,
    verify, write_with,
};
use protected::{Row, access, checked, key, read, rows};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

fn both() -> Protection {
    Protection {
        encrypt: Some(key(1)),
        seal: Some(key(2)),
    }
}

#[test]
fn a_conversion_in_and_out() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let options = ConvertOptions {
        protection: both(),
        file_id: Some(FileId([4; 16])),
        created_ns: Some(1),
        threads: Some(2),
        ..ConvertOptions::default()
    };
    let rows = rows(60_000);
    write_with(at("a.xk"), &rows, &options).unwrap();
    let single = ConvertOptions {
        threads: Some(0),
        ..options.clone()
    };
    write_with(at("b.xk"), &rows, &single).unwrap();
    assert_eq!(fs::read(at("a.xk")).unwrap(), fs::read(at("b.xk")).unwrap());
    assert_eq!(read(&at("a.xk"), both().keys()).unwrap(), rows);
    let found = checked(&at("a.xk"), both().keys()).unwrap();
    assert_eq!(found.findings, []);
    assert!(found.seals.unwrap().is_intact());

    let path = at("a.xk");
    let input = Place::from(path.as_path());
    let out = at("out.csv");
    let error = convert(
        &input,
        &Place::from(out.as_path()),
        &ConvertOptions::default(),
    );
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Key);
    assert!(!out.exists());
    let reading = OpenOptions {
        read: ReadOptions {
            keys: both().keys(),
            ..ReadOptions::default()
        },
        ..OpenOptions::default()
    };
    let options = ConvertOptions {
        open: reading,
        ..ConvertOptions::default()
    };
    let done = convert(&input, &Place::from(out.as_path()), &options).unwrap();
    assert_eq!(done.rows, 60_000);
    let error = write_with(
        at("c.csv"),
        &rows,
        &ConvertOptions {
            protection: both(),
            ..options
        },
    );
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn a_recording_killed_and_continued() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let options = || RecordOptions {
        protection: both(),
        durability: exportkit::Durability::None,
        ..RecordOptions::default()
    };
    let all = rows(300);
    let mut stream = Recorder::create_with(&path, options())
        .unwrap()
        .stream::<Row>("rows")
        .unwrap();
    all[..200].iter().for_each(|row| stream.push(row).unwrap());
    stream.sync().unwrap();
    let killed = directory.path().join("killed.xk");
    fs::copy(&path, &killed).unwrap();
    drop(stream);

    assert_eq!(read(&killed, both().keys()).unwrap(), all[..200]);
    let found = checked(&killed, both().keys()).unwrap();
    let seals = found.seals.clone().unwrap();
    assert_eq!((seals.unsealed_bytes, seals.is_finished), (0, false));
    assert!(!found.is_sound(), "it could have been cut");

    for protection in [
        Protection::default(),
        Protection {
            seal: None,
            ..both()
        },
        Protection {
            encrypt: None,
            ..both()
        },
        Protection {
            seal: Some(key(9)),
            ..both()
        },
    ] {
        let wrong = RecordOptions {
            protection,
            ..options()
        };
        let error = Recorder::append_with(&killed, wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key, "{error}");
    }
    let mut more = Recorder::append_with(&killed, options())
        .unwrap()
        .stream::<Row>("rows")
        .unwrap();
    all[200..].iter().for_each(|row| more.push(row).unwrap());
    more.finish().unwrap();
    assert_eq!(read(&killed, both().keys()).unwrap(), all);
    let found = checked(&killed, both().keys()).unwrap();
    assert_eq!(found.findings, []);
}

#[test]
fn a_repair_needs_the_key_and_keeps_the_secret() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let options = ConvertOptions {
        protection: both(),
        ..ConvertOptions::default()
    };
    write_with(at("a.xk"), &rows(1_000), &options).unwrap();
    let mut bytes = fs::read(at("a.xk")).unwrap();
    bytes.truncate(bytes.len() - 200);
    fs::write(at("cut.xk"), bytes).unwrap();
    let (progress, cancel) = (Progress::new(), Cancel::new());
    let run = |keys: Keys| {
        repair(
            at("cut.xk"),
            at("new.xk"),
            true,
            access(keys),
            &progress,
            &cancel,
        )
    };
    for keys in [Keys::default(), key(9).into()] {
        assert_eq!(run(keys).unwrap_err().kind(), ErrorKind::Key);
        assert!(!at("new.xk").exists());
    }
    let mut keys = Keys::from(key(9));
    keys.add(key(1));
    assert_eq!(run(keys).unwrap().rows, 1_000);
    assert_eq!(
        read(&at("new.xk"), Keys::default()).unwrap_err().kind(),
        ErrorKind::Key
    );
    assert_eq!(read(&at("new.xk"), key(1).into()).unwrap(), rows(1_000));
}

#[test]
fn seals_and_secrets_may_have_keys_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.xk");
    let options = ConvertOptions {
        protection: both(),
        ..ConvertOptions::default()
    };
    write_with(&path, &rows(100), &options).unwrap();
    // Who can only read it cannot say whether it is all there.
    let found = checked(&path, key(1).into()).unwrap();
    assert!(!found.is_sound() && found.seals.is_none());
    assert_eq!(found.findings.len(), 1);
    assert!(found.findings[0].text.contains(&key(2).id().to_string()));
    // Who can only look at the seals cannot read, so the question how well it decodes has no answer.
    assert_eq!(
        checked(&path, key(2).into()).unwrap_err().kind(),
        ErrorKind::Key
    );
    let (progress, cancel) = (Progress::new(), Cancel::new());
    let found = verify(
        &path,
        Depth::Checksums,
        access(key(2).into()),
        &progress,
        &cancel,
    )
    .unwrap();
    assert!(found.is_sound() && found.closed_frames > 0 && found.seals.unwrap().is_intact());
    // Without any key: the checksums.
    let limits = Limits::default();
    let found = verify(&path, Depth::Checksums, &limits, &progress, &cancel).unwrap();
    assert!(found.is_sound() && found.encrypted && found.sealed && found.closed_frames > 0);
    assert_eq!(found.rows, 100);
    let error = verify(&path, Depth::Deep, &limits, &progress, &cancel).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);
}

/// The bytes of a file that is encrypted, or sealed, or both, as its header says whatever follows it.
fn header_of(bytes: &[u8], change: impl FnOnce(&mut u32)) -> Vec<u8> {
    let mut header = bytes[..64].to_vec();
    let mut flags = u32::from_le_bytes(header[12..16].try_into().unwrap());
    change(&mut flags);
    header[12..16].copy_from_slice(&flags.to_le_bytes());
    let checksum = xxh3_64(&header[..56]);
    header[56..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Nothing of a sealed file but its header, which says that it never was: what anybody could have made of it.
#[test]
fn a_gutted_file_does_not_pass() {
    for encrypt in [Some(key(1)), None] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.xk");
        let options = ConvertOptions {
            protection: Protection { encrypt, ..both() },
            file_id: Some(FileId([4; 16])),
            created_ns: Some(1),
            ..ConvertOptions::default()
        };
        write_with(&path, &rows(100), &options).unwrap();
        let bytes = fs::read(&path).unwrap();
        let sealed = header_of(&bytes, |_| ());
        assert_eq!(sealed, bytes[..64]);
        let unsealed = header_of(&bytes, |flags| *flags &= !FILE_SEALED);
        let plain = header_of(&bytes, |flags| *flags = 0);
        // An encrypted frame that says nothing of the file: one of metadata.
        let mut writer = FrameWriter::protected(
            &FileOptions {
                file: FileId([4; 16]),
                created_ns: 1,
            },
            &options.protection,
        );
        writer.metadata(&ExportMetadata::default()).unwrap();
        let start = writer.output()[64..].to_vec();
        for header in [sealed, unsealed, plain] {
            for rest in [&[][..], &start] {
                fs::write(&path, [&header[..], rest].concat()).unwrap();
                let (progress, cancel) = (Progress::new(), Cancel::new());
                let keys = access(both().keys());
                let found = verify(&path, Depth::Checksums, keys, &progress, &cancel).unwrap();
                assert!(
                    !found.is_sound(),
                    "{} bytes: {:?}",
                    rest.len(),
                    found.findings
                );
            }
        }
    }
}

/// Seals in the place of others, of a key that nobody gave: what they would have told of is not told.
#[test]
fn seals_of_another_key_do_not_pass() {
    for encrypt in [Some(key(1)), None] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.xk");
        let options = ConvertOptions {
            protection: Protection { encrypt, ..both() },
            ..ConvertOptions::default()
        };
        write_with(&path, &rows(100_000), &options).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let mut ends = Vec::new();
        let mut seals = 0;
        let mut at = 64;
        while at < bytes.len() {
            let mut header = FrameHeader::parse(&bytes[at..at + 64]).unwrap();
            if header.known_kind() == Some(Kind::Seal) {
                seals += 1;
                let payload = at + 64..at + 64 + header.payload_bytes as usize;
                bytes[payload.start..payload.start + 8].fill(0xEE);
                let place = [&header.file.0[..], &header.sequence.to_le_bytes()].concat();
                header.directory_checksum = xxh3_64_with_seed(&bytes[payload], xxh3_64(&place));
                bytes[at..at + 64].copy_from_slice(&header.to_bytes());
            }
            at += header.frame_bytes() as usize;
            ends.push(at);
        }
        assert!(seals > 0 && ends.len() > 4);
        for end in ends {
            fs::write(&path, &bytes[..end]).unwrap();
            let found = checked(&path, both().keys());
            let is_key = |error: &Error| error.kind() == ErrorKind::Key;
            let passes = found
                .as_ref()
                .map_or_else(|error| !is_key(error), |f| f.is_sound());
            assert!(!passes, "{end} of {}: {found:?}", bytes.len());
        }
    }
}

/// Files that were protected once stay readable, and true.
#[test]
fn protected_goldens() {
    let directory =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../export-container/tests/golden/v1");
    let scratch = tempfile::tempdir().unwrap();
    let copy = scratch.path().join("public-test.key");
    // Git keeps no modes that would do for a key.
    Key::from_bytes([0; 32]).save(&copy).unwrap();
    fs::write(&copy, fs::read(directory.join("public-test.key")).unwrap()).unwrap();
    let key: Arc<dyn Secret> = Arc::new(Key::read(&copy).unwrap());
    let contents = |name: &str, keys: Keys| {
        let file = open_with(directory.join(name), access(keys)).unwrap();
        let batches = ["evolving", "steady"].map(|stream| {
            let batches = file.batches(stream).unwrap();
            let columns = batches.map(|batch| batch.unwrap().columns().to_vec());
            columns.collect::<Vec<_>>()
        });
        (batches, file.info().metadata)
    };
    let plain = contents("0.1.0-evolved.xk", Keys::default());
    assert_eq!(contents("0.1.0-sealed.xk", Keys::default()), plain);
    assert_eq!(
        contents("0.1.0-encrypted.xk", Arc::clone(&key).into()),
        plain
    );
    for name in ["0.1.0-sealed.xk", "0.1.0-encrypted.xk"] {
        let path = directory.join(name);
        let found = checked(&path, Arc::clone(&key).into()).unwrap();
        assert_eq!(found.findings, [], "{name}");
        assert!(found.seals.unwrap().is_intact());
        let bytes = fs::read(&path).unwrap();
        let forged = scratch.path().join(name);
        for at in (0..bytes.len()).step_by(11) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            fs::write(&forged, bytes).unwrap();
            assert!(
                !checked(&forged, Arc::clone(&key).into())
                    .unwrap()
                    .is_sound()
            );
        }
    }
}
