//! Journals beside encrypted and sealed files: whoever may write there can put rows into one.
#![cfg(feature = "crypt")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "functions that tests share are not seen as tests"
)]

mod journals;
mod protected;

use std::fs;
use std::path::Path;

use exportkit::{
    Cancel, Depth, Error, ErrorKind, Keys, Progress, Protection, RecordOptions, Recorder, Severity,
    open_with, repair, verify,
};
use journals::{Rows, journal_of, put_journal};
use protected::{Row, access, checked, key, read, rows};

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
