//! Recordings where an output is to go: nobody loses rows by that who has not asked for it.

#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::fs;
use std::path::{Path, PathBuf};

use export_core::Limits;
use exportkit::{
    Cancel, ConvertOptions, ErrorKind, Place, Progress, RecordStream, Recorder, Result, convert,
    open, repair,
};

fn converted(from: &Path, to: &Path) -> Result<()> {
    let options = ConvertOptions {
        overwrite: true,
        ..ConvertOptions::default()
    };
    convert(&Place::from(from), &Place::from(to), &options).map(drop)
}

fn repaired(from: &Path, to: &Path) -> Result<()> {
    let limits = Limits::default();
    repair(from, to, true, &limits, &Progress::new(), &Cancel::new()).map(drop)
}

/// A recording with a row.
fn recording(path: &Path, row: u64) -> (Recorder, RecordStream<(u64,)>) {
    let recorder = Recorder::create(path).unwrap();
    let mut stream = recorder.stream("rows").unwrap();
    stream.push(&(row,)).unwrap();
    (recorder, stream)
}

fn finished(path: &Path, row: u64) {
    let (recorder, stream) = recording(path, row);
    stream.finish().unwrap();
    recorder.finish().unwrap();
}

fn rows(path: &Path) -> Vec<(u64,)> {
    let rows = open(path).unwrap().read("rows").unwrap();
    rows.collect::<Result<_>>().unwrap()
}

fn journal_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.journal", path.display()))
}

#[test]
fn outputs_do_not_replace_a_recording_that_is_live() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let other = directory.path().join("other.xk");
    finished(&other, 7);
    let (recorder, stream) = recording(&path, 0);
    for replaced in [
        converted(&other, &path),
        repaired(&other, &path),
        repaired(&other, &journal_of(&path)),
    ] {
        let error = replaced.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
        assert!(error.hint().unwrap().contains("another name"));
    }
    stream.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(rows(&path), [(0,)]);
    converted(&other, &path).unwrap();
    assert_eq!(rows(&path), [(7,)]);
}

#[test]
fn the_journal_of_a_recording_that_is_replaced_is_set_aside() {
    for replace in [converted, repaired] {
        let directory = tempfile::tempdir().unwrap();
        let live = directory.path().join("live.xk");
        let path = directory.path().join("run.xk");
        let other = directory.path().join("other.xk");
        finished(&other, 7);
        // As a killed process would leave it.
        let recording = recording(&live, 0);
        fs::copy(&live, &path).unwrap();
        fs::copy(journal_of(&live), journal_of(&path)).unwrap();
        drop(recording);
        let copy = directory.path().join("copy.xk");
        fs::copy(&path, &copy).unwrap();

        replace(&other, &path).unwrap();
        assert_eq!(rows(&path), [(7,)]);
        assert!(!journal_of(&path).exists());
        let aside: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains(".journal."))
            .collect();
        assert_eq!(aside.len(), 1);
        fs::rename(aside.first().unwrap(), journal_of(&copy)).unwrap();
        assert_eq!(rows(&copy), [(0,)]);
        // What only looks like one is somebody's.
        fs::write(journal_of(&path), "a diary").unwrap();
        replace(&other, &path).unwrap();
        assert_eq!(fs::read(journal_of(&path)).unwrap(), b"a diary");
    }
}
