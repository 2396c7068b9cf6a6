//! Journals that have rows which their recordings cannot take: they are told, counted and kept.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "functions that tests share are not seen as tests"
)]

mod journals;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use export_core::Limits;
use exportkit::{
    Cancel, Durability, Note, Progress, Record, RecordOptions, Recorder, Result, open, repair,
};
use xxhash_rust::xxh3::xxh3_64;

use journals::{
    Row, Rows, entries, header_with, journal_of, put_journal, row, rows, some_rows, verified,
};

/// A recording with rows 0 to 2 in each of two streams.
fn three_rows(path: &Path) -> [u8; 16] {
    let options = RecordOptions {
        durability: Durability::None,
        ..RecordOptions::default()
    };
    let recorder = Recorder::create_with(path, options).unwrap();
    for name in ["rows", "others"] {
        let mut stream = recorder.records::<Row>(name).unwrap();
        (0..3).for_each(|number| stream.push(&row(number)).unwrap());
        stream.finish().unwrap();
    }
    recorder.finish().unwrap();
    open(path).unwrap().info().file_id.0
}

fn repaired(path: &Path, output: &Path) -> exportkit::LossReport {
    let (progress, cancel) = (Progress::new(), Cancel::new());
    repair(path, output, true, Limits::default(), &progress, &cancel).unwrap()
}

/// Completes the recording, whose journal loses `lost` rows of the stream "rows" that follow `kept` others: by whatever reader, and
/// however often it is begun anew.
fn check_lost(path: &Path, kept: u64, lost: u64) {
    let aside = {
        let mut name = journal_of(path).into_os_string();
        name.push(".unread-rows");
        PathBuf::from(name)
    };
    let told = format!("{lost} rows from row {kept} on cannot be used");
    let has_told = |notes: &[Note]| {
        let mut notes = notes.iter();
        notes.any(|note| note.loss && note.text.contains(&told))
    };
    assert!(has_told(&open(path).unwrap().info().journal_notes));
    let check = |path: &Path| {
        assert_eq!(rows(path, "rows"), some_rows(0..kept));
        assert_eq!(rows(path, "others"), some_rows(0..5));
    };
    check(path);
    let found = verified(path);
    assert!(!found.is_sound());
    let copy = path.with_file_name("copy.xk");
    let report = repaired(path, &copy);
    assert!(!report.is_lossless());
    assert_eq!(
        report.lost_rows,
        [exportkit::LostRows {
            stream: "rows".to_owned(),
            first_row: kept,
            rows: lost
        }]
    );
    assert!(
        report
            .findings
            .iter()
            .any(|found| found.text.contains(&told))
    );
    check(&copy);

    let (before, journal) = (fs::read(path).unwrap(), fs::read(journal_of(path)).unwrap());
    drop(Recorder::append(path).unwrap());
    let after = fs::read(path).unwrap();
    for cut in (before.len()..=after.len())
        .step_by(61)
        .chain([after.len()])
    {
        fs::write(path, &after[..cut]).unwrap();
        fs::write(journal_of(path), &journal).unwrap();
        fs::remove_file(&aside).unwrap();
        drop(Recorder::append(path).unwrap());
        assert!(!journal_of(path).exists());
        assert_eq!(fs::read(&aside).unwrap(), journal, "its rows are kept");
        check(path);
        let entries = entries(path);
        assert_eq!(entries["exportkit:lost.rows"], lost.to_string(), "at {cut}");
        assert!(entries["exportkit:set_aside"].starts_with("run.xk.journal.unread-rows of "));
    }
    // What is recorded next changes nothing of it.
    let recorder = Recorder::append(path).unwrap();
    let mut more = recorder.records::<Row>("rows").unwrap();
    more.push(&row(kept)).unwrap();
    more.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(rows(path, "rows"), some_rows(0..kept + 1));
    assert_eq!(entries(path)["exportkit:lost.rows"], lost.to_string());
    assert!(verified(path).is_sound());
}

#[test]
fn rows_that_cannot_be_read_are_told_counted_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let id = three_rows(&path);
    let mut bad = Rows::new("rows", 3, &some_rows(3..10));
    // Neither there nor not there.
    let odd = 8 + 4 + row(6).text.len();
    bad.images[3][odd] = 7;
    put_journal(&path, id, &[bad, Rows::new("others", 3, &some_rows(3..5))]);
    check_lost(&path, 6, 4);
}

#[derive(Record)]
struct Other {
    number: String,
}

#[test]
fn a_stream_that_does_not_fit_keeps_nobody_from_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let id = three_rows(&path);
    let others = ["a", "b"].map(|text| Other {
        number: text.to_owned(),
    });
    let unfit = Rows::new("rows", 3, &others);
    put_journal(
        &path,
        id,
        &[unfit, Rows::new("others", 3, &some_rows(3..5))],
    );
    check_lost(&path, 3, 2);
    let rest = header_with(&path, "unread-rows");
    let read = open(&rest).unwrap().read_records::<Other>("rows").unwrap();
    let read: Vec<_> = read.map(|row| row.unwrap().number).collect();
    assert_eq!(read, ["a", "b"]);
    assert_eq!(rows(&rest, "others"), some_rows(3..5));
}

#[test]
fn a_journal_that_cannot_be_read_is_a_loss_to_repair() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    three_rows(&path);
    let copy = directory.path().join("copy.xk");
    assert!(repaired(&path, &copy).is_lossless());
    fs::write(journal_of(&path), [7; 10_000]).unwrap();
    let report = repaired(&path, &copy);
    assert!(!report.is_lossless() && report.unknown_loss);
    assert!(report.findings.iter().any(|found| {
        found
            .text
            .contains("the journal beside the file cannot be read")
    }));
}

#[derive(Record, PartialEq, Debug)]
struct Number {
    number: u64,
}

#[test]
fn runs_that_are_too_much_for_one_batch_are_read_as_several() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let id = three_rows(&path);
    let numbers: Vec<_> = (0..1_000).map(|number| Number { number }).collect();
    put_journal(&path, id, &[Rows::new("numbers", 0, &numbers)]);
    // Each value costs four bytes more while the rows are read than it takes.
    let mut limits = Limits::default();
    limits.chunk_decoded_bytes = 10_000;
    let file = exportkit::open_with(&path, &limits).unwrap();
    assert_eq!(file.info().journal_rows["numbers"], 1_000);
    assert!(file.info().journal_notes.iter().all(|note| !note.loss));
    let read = file.read_records::<Number>("numbers").unwrap();
    let read: Vec<Number> = read.collect::<Result<_>>().unwrap();
    assert_eq!(read, numbers);
}

#[test]
fn no_journal_is_larger_than_readers_take() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let options = |journal_bytes| RecordOptions {
        journal_bytes,
        ..RecordOptions::default()
    };
    let error = Recorder::create_with(&path, options((2 << 30) + 4096)).unwrap_err();
    assert_eq!(error.kind(), exportkit::ErrorKind::Usage);
    assert!(!path.exists());
    Recorder::create_with(&path, options(2 << 30)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_journals_place_stops_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    three_rows(&path);
    let made = Command::new("mkfifo").arg(journal_of(&path)).status();
    assert!(made.unwrap().success());
    assert_eq!(rows(&path, "rows"), some_rows(0..3));
    drop(Recorder::append(&path).unwrap());
    assert_eq!(rows(&path, "rows"), some_rows(0..3));
    let mut aside = journal_of(&path).into_os_string();
    aside.push(".unreadable");
    assert!(fs::symlink_metadata(aside).is_ok());
}

#[test]
fn a_record_that_does_not_fit_its_stream_is_refused_before_its_first_row() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    three_rows(&path);
    let recorder = Recorder::append(&path).unwrap();
    let error = recorder.records::<Other>("rows").unwrap_err();
    assert_eq!(error.kind(), exportkit::ErrorKind::Schema);
    assert_eq!(error.position().stream.as_deref(), Some("rows"));
    let mut fitting = recorder.records::<Row>("rows").unwrap();
    fitting.push(&row(3)).unwrap();
    fitting.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(rows(&path, "rows"), some_rows(0..4));
}

/// Rows that no seal vouches for are not taken from a journal that another machine wrote, and not thrown away either.
#[test]
fn unsealed_rows_of_another_machine_are_told_counted_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let id = three_rows(&path);
    put_journal(&path, id, &[Rows::new("rows", 3, &some_rows(3..10))]);
    let mut journal = fs::read(journal_of(&path)).unwrap();
    for copy in [0, 2048] {
        journal[copy + 32..copy + 48].fill(7);
        let check = xxh3_64(&journal[copy..copy + 56]);
        journal[copy + 56..copy + 64].copy_from_slice(&check.to_le_bytes());
    }
    fs::write(journal_of(&path), &journal).unwrap();
    Recorder::append(&path).unwrap().finish().unwrap();
    assert_eq!(rows(&path, "rows"), some_rows(0..3));
    assert_eq!(entries(&path)["exportkit:lost.rows"], "7");
    assert!(!journal_of(&path).exists());
    let mut aside = journal_of(&path).into_os_string();
    aside.push(".unread-rows");
    assert_eq!(fs::read(aside).unwrap(), journal);
}

/// What is left of a journal that was copied in part is no reason to take the rest away.
#[test]
fn a_journal_that_was_cut_off_is_told_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    for (name, length, whose) in [
        ("header", 100, "unreadable"),
        ("rows", 500_000, "unread-rows"),
    ] {
        let path = directory.path().join(format!("{name}.xk"));
        let id = three_rows(&path);
        put_journal(&path, id, &[Rows::new("rows", 3, &some_rows(3..10))]);
        let cut = fs::read(journal_of(&path)).unwrap()[..length].to_vec();
        fs::write(journal_of(&path), &cut).unwrap();
        assert!(!verified(&path).is_sound(), "{name}");
        let report = repaired(&path, &directory.path().join("new.xk"));
        assert!(!report.is_lossless(), "{name}: {report:?}");
        Recorder::append(&path).unwrap().finish().unwrap();
        let mut aside = journal_of(&path).into_os_string();
        aside.push(format!(".{whose}"));
        assert_eq!(fs::read(aside).unwrap(), cut, "{name}");
    }
}
