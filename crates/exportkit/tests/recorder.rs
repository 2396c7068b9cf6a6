//! Recorders as their users meet them: several streams, threads, dropping, dying, appending.

#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::collections::BTreeMap;
use std::fs;

use exportkit::{
    Cancel, Depth, ErrorKind, Limits, Progress, RecordOptions, Recorder, Result, open, verify,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Step {
    step: u64,
    voltage: f64,
    spikes: Vec<u16>,
    label: Option<String>,
}

fn steps(range: std::ops::Range<u64>) -> Vec<Step> {
    let step = |step| Step {
        step,
        voltage: f64::from_bits(0x7FF8_0000_0000_0000 | step),
        spikes: (0..step % 4).map(|n| u16::try_from(n).unwrap()).collect(),
        label: (step % 3 == 0).then(|| format!("step {step}")),
    };
    range.map(step).collect()
}

/// Rows with the bits of their floats, which may be NaNs.
fn bits(rows: &[Step]) -> Vec<(u64, u64, &[u16], Option<&str>)> {
    let bits = |row: &Step| row.voltage.to_bits();
    rows.iter()
        .map(|row| (row.step, bits(row), &*row.spikes, row.label.as_deref()))
        .collect()
}

fn read(path: &std::path::Path, stream: &str) -> Vec<Step> {
    let rows: Result<Vec<Step>> = open(path).unwrap().read(stream).unwrap().collect();
    rows.unwrap()
}

#[test]
fn streams_are_recorded_from_threads_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let recorder = Recorder::create(&path).unwrap();
    std::thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let mut stream = recorder.stream::<Step>(name).unwrap();
            scope.spawn(move || {
                for row in steps(0..2_000) {
                    stream.push(&row).unwrap();
                }
                stream.finish().unwrap();
            });
        }
    });
    let recorded = recorder.finish().unwrap();
    assert_eq!(recorded.rows, 6_000);
    for name in ["a", "b", "c"] {
        assert_eq!(bits(&read(&path, name)), bits(&steps(0..2_000)));
    }
    let info = open(&path).unwrap().info();
    assert!(info.complete);
    assert_eq!(info.metadata.unwrap().rows, 6_000);
}

#[test]
fn a_dropped_recorder_leaves_a_complete_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let mut stream = Recorder::create(&path).unwrap().stream("steps").unwrap();
    for row in steps(0..10) {
        stream.push(&row).unwrap();
    }
    drop(stream);
    assert_eq!(bits(&read(&path, "steps")), bits(&steps(0..10)));
}

#[test]
fn what_was_synced_is_there_when_the_process_dies() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let mut stream = Recorder::create(&path).unwrap().stream("steps").unwrap();
    for row in steps(0..10) {
        stream.push(&row).unwrap();
    }
    stream.sync().unwrap();
    for row in steps(10..20) {
        stream.push(&row).unwrap();
    }
    // The file as it is now is what a killed process would leave.
    let left = directory.path().join("left.xk");
    fs::copy(&path, &left).unwrap();
    assert_eq!(bits(&read(&left, "steps")), bits(&steps(0..10)));
    assert!(!open(&left).unwrap().info().complete);
    // And one torn in the middle of its last frame is gone on with.
    let bytes = fs::read(&left).unwrap();
    fs::write(&left, [&bytes[..], &bytes[64..100]].concat()).unwrap();
    let mut stream = Recorder::append(&left).unwrap().stream("steps").unwrap();
    for row in steps(10..30) {
        stream.push(&row).unwrap();
    }
    stream.finish().unwrap();
    assert_eq!(bits(&read(&left, "steps")), bits(&steps(0..30)));
}

#[derive(Serialize)]
struct Longer<'a> {
    step: u64,
    voltage: f64,
    spikes: &'a [u16],
    label: Option<&'a str>,
    extra: i32,
}

#[test]
fn an_appended_recording_keeps_what_it_said_of_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let entry = |key: &str| BTreeMap::from([(key.to_owned(), "1".to_owned())]);
    let options = RecordOptions {
        entries: entry("first"),
        ..RecordOptions::default()
    };
    let recorder = Recorder::create_with(&path, options).unwrap();
    let mut stream = recorder.stream("steps").unwrap();
    for row in steps(0..5) {
        stream.push(&row).unwrap();
    }
    stream.finish().unwrap();
    recorder.finish().unwrap();
    let before = fs::read(&path).unwrap();

    let options = RecordOptions {
        entries: entry("second"),
        ..RecordOptions::default()
    };
    let more = steps(5..8);
    let recorder = Recorder::append_with(&path, options).unwrap();
    let mut stream = recorder.stream::<Longer<'_>>("steps").unwrap();
    for row in &more {
        let Step { step, voltage, .. } = *row;
        let (spikes, label) = (&*row.spikes, row.label.as_deref());
        let extra = 7;
        stream
            .push(&Longer {
                step,
                voltage,
                spikes,
                label,
                extra,
            })
            .unwrap();
    }
    stream.finish().unwrap();
    let recorded = recorder.finish().unwrap();
    assert_eq!((recorded.rows, recorded.chunks), (3, 1));

    let after = fs::read(&path).unwrap();
    assert_eq!(before[..], after[..before.len()], "nothing is rewritten");
    assert_eq!(bits(&read(&path, "steps")), bits(&steps(0..8)));
    let metadata = open(&path).unwrap().info().metadata.unwrap();
    assert_eq!((metadata.rows, metadata.chunks), (8, 2));
    assert_eq!(metadata.entries.len(), 2);
    let (limits, progress, cancel) = (Limits::default(), Progress::new(), Cancel::new());
    let found = verify(&path, Depth::Deep, &limits, &progress, &cancel).unwrap();
    assert!(found.is_sound() && found.complete, "{:?}", found.findings);
}

#[test]
fn misuse_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let recorder = Recorder::create(&path).unwrap();
    let _first = recorder.stream::<Step>("steps").unwrap();
    let twice = recorder.stream::<Step>("steps").unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Usage);
    let exists = Recorder::create(&path).unwrap_err();
    assert_eq!(exists.kind(), ErrorKind::Exists);
    let error = open(&path).unwrap().read::<Step>("stpes").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let missing = Recorder::append(directory.path().join("none.xk")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}
