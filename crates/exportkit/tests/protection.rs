//! Encrypted and sealed files through the front door.
#![cfg(feature = "crypt")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "functions that tests share are not seen as tests"
)]

mod journals;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use exportkit::{
    Access, Cancel, ConvertOptions, Depth, Error, ErrorKind, FileId, Key, Keys, Limits,
    OpenOptions, Place, Progress, Protection, ReadOptions, RecordOptions, Recorder, Secret,
    Severity, Verification, convert, open_with, repair, verify, write_with,
};
use journals::{Rows, journal_of, put_journal};

fn key(number: u8) -> Arc<dyn Secret> {
    Arc::new(Key::from_bytes([number; 32]))
}

fn both() -> Protection {
    Protection {
        encrypt: Some(key(1)),
        seal: Some(key(2)),
    }
}

fn access(keys: Keys) -> Access {
    Access {
        limits: Limits::default(),
        keys,
    }
}

fn checked(path: &Path, keys: Keys) -> Result<Verification, Error> {
    let (progress, cancel) = (Progress::new(), Cancel::new());
    verify(path, Depth::Deep, access(keys), &progress, &cancel)
}

type Row = (u64, String, Option<f64>);

fn rows(count: u64) -> Vec<Row> {
    (0..count)
        .map(|n| {
            (
                n * 3,
                format!("row {n}"),
                (n % 3 > 0).then_some(n as f64 / 8.0),
            )
        })
        .collect()
}

fn read(path: &Path, keys: Keys) -> Result<Vec<Row>, Error> {
    open_with(path, access(keys))?.read("rows")?.collect()
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
    // Who can read it is told that the seals are not their business.
    let found = checked(&path, key(1).into()).unwrap();
    assert!(found.is_sound() && found.seals.is_none());
    assert_eq!(found.findings.len(), 1);
    assert_eq!(found.findings[0].severity, Severity::Warning);
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

/// A finished recording of the first three of [`rows`], and a journal of somebody's with its id that has two more.
fn with_a_journal(path: &Path, protection: &Protection) {
    let options = RecordOptions {
        protection: protection.clone(),
        durability: exportkit::Durability::None,
        ..RecordOptions::default()
    };
    let recorder = Recorder::create_with(path, options).unwrap();
    let mut stream = recorder.records::<Row>("rows").unwrap();
    rows(3).iter().for_each(|row| stream.push(row).unwrap());
    stream.finish().unwrap();
    recorder.finish().unwrap();
    let file = open_with(path, access(protection.keys())).unwrap();
    let more = Rows::new("rows", 3, &rows(5)[3..]);
    put_journal(path, file.info().file_id.0, &[more]);
}

fn goes_on(path: &Path, protection: &Protection) -> Result<(), Error> {
    let options = RecordOptions {
        protection: protection.clone(),
        durability: exportkit::Durability::None,
        ..RecordOptions::default()
    };
    Recorder::append_with(path, options)?.finish().map(drop)
}

#[test]
fn a_journal_beside_an_encrypted_recording_is_nobodys() {
    let directory = tempfile::tempdir().unwrap();
    for (name, seal) in [("a.xk", None), ("b.xk", Some(key(2)))] {
        let path = directory.path().join(name);
        let protection = Protection {
            encrypt: Some(key(1)),
            seal,
        };
        with_a_journal(&path, &protection);
        let journal = fs::read(journal_of(&path)).unwrap();
        let keys = || protection.keys();
        assert_eq!(read(&path, keys()).unwrap(), rows(3));
        let info = open_with(&path, access(keys())).unwrap().info();
        assert!(info.complete && info.journal_rows.is_empty());
        let (progress, cancel) = (Progress::new(), Cancel::new());
        for (keys, depth) in [(keys(), Depth::Deep), (Keys::default(), Depth::Checksums)] {
            let found = verify(&path, depth, access(keys), &progress, &cancel).unwrap();
            assert_eq!(found.journal_rows, 0);
            assert!(
                found.is_sound()
                    && found
                        .findings
                        .iter()
                        .any(|finding| finding.text.contains("an encrypted recording has none")),
                "{:?}",
                found.findings
            );
        }
        let copy = directory.path().join("copy.xk");
        repair(&path, &copy, true, access(keys()), &progress, &cancel).unwrap();
        assert_eq!(read(&copy, keys()).unwrap(), rows(3));

        goes_on(&path, &protection).unwrap();
        assert_eq!(read(&path, keys()).unwrap(), rows(3));
        assert!(!journal_of(&path).exists());
        let aside = directory
            .path()
            .join(format!("{name}.journal.not-encrypted"));
        assert_eq!(fs::read(aside).unwrap(), journal);
        assert_eq!(checked(&path, keys()).unwrap().findings, []);
    }
}

#[test]
fn rows_of_a_journal_are_never_taken_for_sealed_ones() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let sealed = Protection {
        encrypt: None,
        seal: Some(key(2)),
    };
    with_a_journal(&path, &sealed);
    assert_eq!(read(&path, Keys::default()).unwrap(), rows(5));
    let notes = open_with(&path, access(sealed.keys()))
        .unwrap()
        .info()
        .journal_notes;
    assert!(notes[0].text.contains("no seal covers them"), "{notes:?}");
    assert!(checked(&path, Keys::default()).unwrap().is_sound());
    let found = checked(&path, sealed.keys()).unwrap();
    assert!(!found.is_sound());
    assert!(found.findings.iter().any(|finding| {
        finding.severity == Severity::Damage && finding.text.contains("which no seal covers")
    }));

    // Who cannot seal changes nothing.
    let before = fs::read(&path).unwrap();
    for protection in [
        Protection::default(),
        Protection {
            encrypt: None,
            seal: Some(key(9)),
        },
    ] {
        let error = goes_on(&path, &protection).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key);
        assert!(journal_of(&path).exists());
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    goes_on(&path, &sealed).unwrap();
    assert!(!journal_of(&path).exists());
    assert_eq!(read(&path, Keys::default()).unwrap(), rows(5));
    let found = checked(&path, sealed.keys()).unwrap();
    assert!(found.is_sound(), "{:?}", found.findings);
    assert!(found.findings.iter().any(|finding| {
        finding.severity == Severity::Warning
            && finding
                .text
                .contains("were not sealed when the file was continued")
    }));
    // What comes then is its own.
    goes_on(&path, &sealed).unwrap();
    let again = checked(&path, sealed.keys()).unwrap();
    assert!(again.is_sound());
    assert_eq!(again.findings.len(), found.findings.len());
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
