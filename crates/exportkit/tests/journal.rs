//! Rows outlive the process that recorded them: whatever ends it, and whoever opens the file next.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "functions that tests share are not seen as tests"
)]

mod journals;

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use export_core::Limits;
use exportkit::{
    Cancel, Durability, Note, OnFull, OpenOptions, Place, Progress, RecordOptions, RecordStream,
    Recorder, Result, open, open_source, record, repair,
};
use journals::{Row, entries, header_with, journal_of, row, rows, some_rows, verified};

/// Says to a child what it is to do, and where.
const TASK: &str = "EXPORTKIT_TEST_TASK";
const PLACE: &str = "EXPORTKIT_TEST_PLACE";

/// A row whose columns come and widen one after the other.
fn changing(number: u64) -> serde_json::Value {
    match number % 5 {
        0 => serde_json::json!({ "number": number }),
        1 => serde_json::json!({ "number": number, "list": [number, null] }),
        2 => serde_json::json!({ "number": number, "name": format!("n{number}") }),
        3 => serde_json::json!({ "number": number, "half": number as f64 + 0.5 }),
        _ => serde_json::json!({ "number": number, "list": null, "name": null }),
    }
}

/// Starts this very test program as a child that does `task` at `place`.
fn start(task: &str, place: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_child_does_its_task", "--nocapture"])
        .env(TASK, task)
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Not a test: what children run.
#[test]
fn a_child_does_its_task() {
    let (Ok(task), Some(place)) = (env::var(TASK), env::var_os(PLACE)) else {
        return;
    };
    let place = PathBuf::from(place);
    match task.as_str() {
        "abort" => record_and_abort(&place),
        "threads" => record_for_ever(&place),
        other => panic!("no such task: {other}"),
    }
}

fn record_and_abort(path: &Path) {
    let recorder = Recorder::create(path).unwrap();
    let mut rows = recorder.records::<Row>("rows").unwrap();
    let mut changes = recorder.stream::<serde_json::Value>("changes").unwrap();
    for number in 0..3_000 {
        rows.push(&row(number)).unwrap();
        changes.push(&changing(number)).unwrap();
        if number == 1_000 {
            rows.flush().unwrap();
        }
    }
    std::process::abort();
}

fn record_for_ever(path: &Path) {
    let recorder = Recorder::create(path).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let mut rows = recorder.records::<Row>(&format!("rows {thread}")).unwrap();
            scope.spawn(move || {
                for number in 0.. {
                    rows.push(&row(number)).unwrap();
                    // Who kills us reads how far each thread has come.
                    let told = [&[thread][..], &number.to_le_bytes()].concat();
                    std::io::stdout().write_all(&told).unwrap();
                }
            });
        }
    });
}

/// A recording whose process was aborted: 3,000 rows in each of two streams, 1,001 of the first in the file.
fn aborted(directory: &Path) -> PathBuf {
    let path = directory.join("run.xk");
    let status = start("abort", &path).wait().unwrap();
    assert!(!status.success());
    assert!(journal_of(&path).exists());
    path
}

fn check_all(path: &Path) {
    assert_eq!(rows(path, "rows"), (0..3_000).map(row).collect::<Vec<_>>());
    let changes = open(path)
        .unwrap()
        .read::<serde_json::Value>("changes")
        .unwrap();
    let changes: Vec<_> = changes.collect::<Result<_>>().unwrap();
    assert_eq!(changes.len(), 3_000);
    for (number, change) in (0..).zip(&changes) {
        for (key, value) in changing(number).as_object().unwrap() {
            let same = match (value.as_f64(), change[key].as_f64()) {
                (Some(a), Some(b)) => a == b,
                _ => *value == change[key],
            };
            assert!(same, "{key} of row {number}: {}", change[key]);
        }
    }
}

#[test]
fn readers_see_the_rows_of_the_journal_and_write_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = aborted(directory.path());
    let state = || {
        (
            fs::read(&path).unwrap(),
            fs::read(journal_of(&path)).unwrap(),
        )
    };
    let before = state();

    check_all(&path);
    let info = open(&path).unwrap().info();
    assert!(!info.complete);
    assert_eq!(info.size_bytes, before.0.len() as u64);
    assert_eq!(info.journal_rows["rows"], 3_000 - 1_001);
    assert_eq!(info.journal_rows["changes"], 3_000);
    assert!(
        info.journal_notes[0]
            .text
            .starts_with("4999 rows come from the journal")
    );

    let mut source = open_source(&Place::from(&*path), &OpenOptions::default())
        .unwrap()
        .source;
    let mut seen = 0;
    while let Some(batch) = source.next_batch().unwrap() {
        seen += batch.batch.rows();
    }
    assert_eq!(seen, 6_000);
    let notes = source.notes();
    assert!(notes.iter().all(|note| !note.loss), "{notes:?}");
    assert!(
        notes
            .iter()
            .any(|note: &Note| note.text.contains("4999 rows come from the journal"))
    );

    let found = verified(&path);
    assert!(found.is_sound());
    assert_eq!(
        (found.rows, found.journal_rows, found.complete),
        (1_001, 4_999, false)
    );
    assert_eq!(
        found.journal_unsealed_rows,
        4_999 - sealed_after(&path, 1_001)
    );
    assert!(
        found
            .findings
            .iter()
            .any(|finding| finding.check == "journal"
                && finding.position.stream.as_deref() == Some("rows")
                && finding.text.starts_with("1999 rows are in the journal"))
    );

    let copy = directory.path().join("repaired.xk");
    let limits = Limits::default();
    repair(
        &path,
        &copy,
        false,
        &limits,
        &Progress::new(),
        &Cancel::new(),
    )
    .unwrap();
    check_all(&copy);
    assert!(open(&copy).unwrap().info().complete);
    assert_eq!(state(), before);
}

#[test]
fn a_recorder_that_goes_on_puts_the_rows_into_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = aborted(directory.path());
    let recorder = Recorder::append(&path).unwrap();
    // They are there before anything is pushed, and what is there is no longer told as the journal's.
    assert!(open(&path).unwrap().info().journal_rows.is_empty());
    check_all(&path);
    let mut more = recorder.records::<Row>("rows").unwrap();
    for number in 3_000..3_010 {
        more.push(&row(number)).unwrap();
    }
    more.finish().unwrap();
    recorder.finish().unwrap();
    assert!(!journal_of(&path).exists());
    assert_eq!(rows(&path, "rows"), (0..3_010).map(row).collect::<Vec<_>>());
    let found = verified(&path);
    assert!(found.is_sound() && found.complete, "{:?}", found.findings);
}

#[test]
fn a_completion_that_was_killed_anywhere_is_done_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = aborted(directory.path());
    let before = fs::read(&path).unwrap();
    let journal = fs::read(journal_of(&path)).unwrap();
    drop(Recorder::append(&path).unwrap());
    let after = fs::read(&path).unwrap();
    assert_eq!(&after[..before.len()], before);
    // Every 97th byte, and where everything was written and the journal was not yet taken away.
    for cut in (before.len()..=after.len())
        .step_by(97)
        .chain([after.len()])
    {
        fs::write(&path, &after[..cut]).unwrap();
        fs::write(journal_of(&path), &journal).unwrap();
        check_all(&path);
        drop(Recorder::append(&path).unwrap());
        assert!(!journal_of(&path).exists());
        check_all(&path);
        let found = verified(&path);
        assert_eq!((found.rows, found.complete), (6_000, true), "cut at {cut}");
    }
}

/// What the threads of a child said before it was killed: how many pushes of each had returned at least.
fn told(child: &mut Child) -> [u64; 4] {
    let mut said = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    // The test harness says something first.
    let start = said
        .windows(9)
        .position(|told| told[0] < 4 && told[1..] == [0; 8]);
    let mut pushed = [0; 4];
    for told in said[start.unwrap_or(said.len())..].chunks_exact(9) {
        let number = u64::from_le_bytes(told[1..].try_into().unwrap());
        pushed[usize::from(told[0])] = number + 1;
    }
    pushed
}

#[test]
fn whenever_a_process_is_killed_every_row_whose_push_returned_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut all = 0;
    for round in 0..10_u64 {
        let path = directory.path().join(format!("run{round}.xk"));
        let mut child = start("threads", &path);
        while fs::metadata(&path).is_ok_and(|file| file.len() < 64) || !path.exists() {
            sleep(Duration::from_millis(1));
        }
        // Reading what they say must not hold them up.
        let killer = std::thread::spawn(move || {
            let pid = child.id();
            let reader = std::thread::spawn(move || (told(&mut child), child));
            sleep(Duration::from_millis(5 + round * 37 % 90));
            Command::new("kill")
                .args(["-KILL", &pid.to_string()])
                .status()
                .unwrap();
            let (pushed, mut child) = reader.join().unwrap();
            child.wait().unwrap();
            pushed
        });
        let pushed = killer.join().unwrap();
        for step in 0..2 {
            for (thread, &pushed) in pushed.iter().enumerate() {
                let stream = format!("rows {thread}");
                let file = open(&path).unwrap();
                let known = file.streams().iter().any(|known| known.name == stream);
                if !known {
                    assert_eq!(pushed, 0);
                    continue;
                }
                let read = rows(&path, &stream);
                assert!(
                    read.len() as u64 >= pushed,
                    "{} rows of {pushed}",
                    read.len()
                );
                assert!(read.iter().cloned().eq((0..read.len() as u64).map(row)));
                all += pushed;
            }
            if step == 0 {
                drop(Recorder::append(&path).unwrap());
            }
        }
    }
    assert!(all > 0);
}

#[test]
fn rows_without_room_in_the_journal_go_to_the_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let options = RecordOptions {
        journal_bytes: 3 << 20,
        ..RecordOptions::default()
    };
    let recorder = Recorder::create_with(&path, options).unwrap();
    let mut stream = recorder.stream::<(u64, String)>("wide").unwrap();
    let wide = |number: u64| {
        (
            number,
            "y".repeat(if number % 7 == 3 { 4 << 20 } else { 300_000 }),
        )
    };
    for number in 0..20 {
        stream.push(&wide(number)).unwrap();
        if number % 7 == 3 {
            assert_eq!(recorder.health().rows.written, number + 1);
        }
    }
    let journal = recorder.health().journal.unwrap();
    assert!(journal.times_full >= 3);
    assert!(journal.file_bytes <= 3 << 20 && journal.most_bytes == 3 << 20);
    // As a killed process would leave it, the lock given back.
    let left = directory.path().join("left.xk");
    fs::copy(&path, &left).unwrap();
    fs::copy(journal_of(&path), journal_of(&left)).unwrap();
    for path in [&left, &left] {
        let read = open(path).unwrap().read::<(u64, String)>("wide").unwrap();
        let read: Vec<_> = read.collect::<Result<_>>().unwrap();
        assert!(read.iter().cloned().eq((0..20).map(wide)));
        drop(Recorder::append(path).unwrap());
    }
    stream.finish().unwrap();
    let notes = recorder.finish().unwrap().notes;
    assert!(
        notes[0].text.contains("the journal had no room"),
        "{notes:?}"
    );
}

#[test]
fn dropped_rows_do_not_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let mut options = RecordOptions {
        on_full: OnFull::Drop,
        budget_bytes: Some(1),
        ..RecordOptions::default()
    };
    options.encode.preset = exportkit::Preset::MemoryEfficient;
    let recorder = Recorder::create_with(&path, options).unwrap();
    let mut stream = recorder.records::<Row>("rows").unwrap();
    // Keeps the encoder busy.
    let mut heavy = recorder.stream::<(u64, String)>("heavy").unwrap();
    let mut random = 1_u64;
    let mut pushed = 0;
    let dropped = || recorder.health().streams.last().unwrap().rows.dropped;
    while dropped() == 0 {
        for _ in 0..5_000 {
            random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            heavy.push(&(random, format!("{random:x}"))).unwrap();
            for _ in 0..4 {
                stream.push(&row(pushed)).unwrap();
                pushed += 1;
            }
        }
    }
    for _ in 0..100 {
        stream.push(&row(pushed)).unwrap();
        pushed += 1;
    }
    let left = directory.path().join("left.xk");
    // The journal first: what is written in between is in the file.
    fs::copy(journal_of(&path), journal_of(&left)).unwrap();
    fs::copy(&path, &left).unwrap();
    let dropped = dropped();
    let read = rows(&left, "rows");
    assert!(read.is_sorted_by(|a, b| a.number < b.number));
    assert_eq!(read.len() as u64 + dropped, pushed);
    assert_eq!(read.last().unwrap().number, pushed - 1);
}

#[test]
fn a_live_recorders_journal_is_left_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let recorder = Recorder::create(&path).unwrap();
    let mut stream = recorder.records::<Row>("rows").unwrap();
    stream.push(&row(0)).unwrap();
    stream.flush().unwrap();
    stream.push(&row(1)).unwrap();
    let info = open(&path).unwrap().info();
    assert!(info.journal_rows.is_empty());
    let notes = info.journal_notes.iter();
    let notes: Vec<_> = notes
        .map(|note| (note.loss, note.text.contains("being recorded")))
        .collect();
    assert_eq!(notes, [(false, true)]);
    assert_eq!(rows(&path, "rows").len(), 1);
    stream.finish().unwrap();
    recorder.finish().unwrap();
    assert!(!journal_of(&path).exists());
}

#[test]
fn the_journal_of_another_recording_is_nobodys_to_take() {
    let directory = tempfile::tempdir().unwrap();
    let path = aborted(directory.path());
    let moved = directory.path().join("moved.xk");
    fs::rename(&path, &moved).unwrap();
    // A new recording where the old one was, whose journal stayed.
    let recorder = Recorder::create(&path).unwrap();
    drop(recorder);
    let aside: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains(".journal."))
        .collect();
    assert_eq!(aside.len(), 1);
    assert!(open(&path).unwrap().streams().is_empty());
    // Put where it belongs, it serves.
    fs::rename(&aside[0], journal_of(&path)).unwrap();
    let info = open(&path).unwrap().info();
    assert!(info.journal_notes[0].text.contains("another recording"));
    let overwrite = RecordOptions {
        overwrite: true,
        ..RecordOptions::default()
    };
    drop(Recorder::create_with(&path, overwrite.clone()).unwrap());
    drop(Recorder::append(&path).unwrap());
    fs::rename(&aside[0], journal_of(&moved)).unwrap();
    check_all(&moved);
    // What is overwritten takes its journal with it.
    drop(Recorder::create_with(&moved, overwrite).unwrap());
    assert!(!journal_of(&moved).exists() && !aside[0].exists());
}

/// Rows of the journal at `path` that a power loss would leave.
fn sealed(path: &Path) -> u64 {
    let recovered = export_journal::read(journal_of(path), &Limits::default()).unwrap();
    let runs = recovered.lanes.iter().flat_map(|lane| &lane.runs);
    runs.map(|run| run.sealed_rows).sum()
}

/// Those of them that come after the first `in_file` of stream `rows`.
fn sealed_after(path: &Path, in_file: u64) -> u64 {
    let recovered = export_journal::read(journal_of(path), &Limits::default()).unwrap();
    let of_lane = |lane: &export_journal::RecoveredLane| {
        let end = if lane.name == "rows" { in_file } else { 0 };
        let runs = lane.runs.iter();
        runs.map(|run| (run.first_row + run.sealed_rows).saturating_sub(run.first_row.max(end)))
            .sum::<u64>()
    };
    recovered.lanes.iter().map(of_lane).sum()
}

fn recorded(
    path: &Path,
    durability: Durability,
) -> (Recorder, RecordStream<Row, record::RecordBuilder<Row>>) {
    let options = RecordOptions {
        durability,
        ..RecordOptions::default()
    };
    let recorder = Recorder::create_with(path, options).unwrap();
    let stream = recorder.records("rows").unwrap();
    (recorder, stream)
}

#[test]
fn levels_seal_what_they_promise() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name| directory.path().join(name);

    let (recorder, mut stream) = recorded(&path("none.xk"), Durability::None);
    stream.push(&row(0)).unwrap();
    assert!(!journal_of(&path("none.xk")).exists() && recorder.health().journal.is_none());

    let (_recorder, mut stream) = recorded(&path("flush.xk"), Durability::Flush);
    stream.push(&row(0)).unwrap();
    assert_eq!(sealed(&path("flush.xk")), 0);

    let (recorder, mut stream) = recorded(&path("sync.xk"), Durability::Sync);
    for number in 0..20 {
        stream.push(&row(number)).unwrap();
        assert_eq!(sealed(&path("sync.xk")), number + 1);
        assert_eq!(recorder.health().rows.durable, number + 1);
    }
    // In a chunk that is not durable they would be lost: they stay in the journal.
    stream.flush().unwrap();
    assert_eq!(sealed(&path("sync.xk")), 20);
    stream.finish().unwrap();

    let interval = Durability::Interval(Duration::from_millis(20));
    let (recorder, mut stream) = recorded(&path("interval.xk"), interval);
    for number in 0..20 {
        stream.push(&row(number)).unwrap();
    }
    // Nobody pushes, and yet.
    while recorder.health().rows.durable < 20 {
        sleep(Duration::from_millis(1));
    }
    assert_eq!(sealed(&path("interval.xk")), 20);
    assert!(recorder.health().since_durable < Duration::from_secs(5));
    stream.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(rows(&path("interval.xk"), "rows").len(), 20);
}

#[cfg(unix)]
#[test]
fn a_journal_has_the_recordings_mode() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let options = RecordOptions {
        permissions: exportkit::Permissions::Owner,
        ..RecordOptions::default()
    };
    let _recorder = Recorder::create_with(&path, options).unwrap();
    let mode = fs::metadata(journal_of(&path))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn rows_whose_place_in_the_file_is_gone_are_told_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let (_recorder, mut stream) = recorded(&path, Durability::Sync);
    let mut ends = Vec::new();
    for number in 0..30 {
        stream.push(&row(number)).unwrap();
        if number % 10 == 9 {
            stream.flush().unwrap();
            ends.push(usize::try_from(fs::metadata(&path).unwrap().len()).unwrap());
        }
    }
    // A power loss after which the second of three chunks was not on the disk, and the third was.
    let left = directory.path().join("left.xk");
    let mut bytes = fs::read(&path).unwrap();
    bytes[ends[0]..ends[1]].fill(0);
    fs::write(&left, bytes).unwrap();
    fs::copy(journal_of(&path), journal_of(&left)).unwrap();
    let notes = open(&left).unwrap().info().journal_notes;
    assert!(
        notes
            .iter()
            .any(|note| note.loss && note.text.contains("10 rows before row 20")),
        "{notes:?}"
    );
    drop(Recorder::append(&left).unwrap());
    assert!(!journal_of(&left).exists());
    let mut aside = journal_of(&left).into_os_string();
    aside.push(".rows-between-chunks");
    assert_eq!(
        fs::read(aside).unwrap(),
        fs::read(journal_of(&path)).unwrap()
    );
    let rest = header_with(&left, "rows-between-chunks");
    let read = rows(&rest, "rows");
    assert!(some_rows(10..20).iter().all(|row| read.contains(row)));
    assert_eq!(entries(&left)["exportkit:lost.rows"], "10");
}
