//! Parity through the front door: conversions and recordings, damaged and repaired.

#![cfg(feature = "parity")]
#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::fs;
use std::path::Path;

use exportkit::{
    Cancel, ConvertOptions, Depth, Limits, LossReport, Parity, Place, Progress, RecordOptions,
    Recorder, Verification, convert, repair, verify,
};

fn verified(path: &Path) -> Verification {
    let (limits, progress, cancel) = (Limits::default(), Progress::new(), Cancel::new());
    verify(path, Depth::Deep, &limits, &progress, &cancel).unwrap()
}

fn repaired(from: &Path, to: &Path) -> LossReport {
    let (limits, progress, cancel) = (Limits::default(), Progress::new(), Cancel::new());
    repair(from, to, true, &limits, &progress, &cancel).unwrap()
}

fn rows(path: &Path) -> Vec<(u64, String)> {
    let file = exportkit::open(path).unwrap();
    let rows = file.read::<(u64, String)>("rows").unwrap();
    rows.collect::<Result<Vec<_>, _>>().unwrap()
}

/// Nothing of what a repair reads changes, and a repair of what it wrote loses nothing.
#[test]
fn a_repair_restores_and_touches_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let expected: Vec<(u64, String)> = (0..60_000)
        .map(|n: u64| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15), format!("row {n}")))
        .collect();
    exportkit::write(path("plain.xk"), &expected).unwrap();
    let options = ConvertOptions {
        parity: Some(Parity::percent(15).unwrap()),
        ..ConvertOptions::default()
    };
    let from = Place::from(&*path("plain.xk"));
    convert(&from, &Place::from(&*path("good.xk")), &options).unwrap();
    let report = verified(&path("good.xk")).parity.unwrap();
    assert_eq!((report.groups, report.unprotected_frames), (1, 0));

    let mut bytes = fs::read(path("good.xk")).unwrap();
    let (from, count) = (bytes.len() / 2, bytes.len() / 10);
    bytes[from..from + count].fill(0);
    fs::write(path("bad.xk"), &bytes).unwrap();
    let before = fs::metadata(path("bad.xk")).unwrap();
    let found = verified(&path("bad.xk"));
    assert!(!found.is_sound() && found.parity.unwrap().is_whole());
    let report = repaired(&path("bad.xk"), &path("new.xk"));
    let after = fs::metadata(path("bad.xk")).unwrap();
    assert_eq!(fs::read(path("bad.xk")).unwrap(), bytes);
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());

    assert!(report.is_lossless(), "{report:?}");
    let parity = report.parity.unwrap();
    assert!(parity.restored_rows > 0 && parity.is_whole(), "{parity:?}");
    assert_eq!(rows(&path("new.xk")), expected);
    let found = verified(&path("new.xk"));
    assert!(found.is_sound() && found.parity.unwrap().share == options.parity);
    let again = repaired(&path("new.xk"), &path("newer.xk"));
    assert_eq!((again.findings.len(), again.lost_frames.len()), (0, 0));
    assert_eq!(rows(&path("newer.xk")), expected);

    // Frames are then earlier in the file than their parity has them, some of them before its start.
    let good = fs::read(path("good.xk")).unwrap();
    fs::write(path("late.xk"), &good[good.len() / 10..]).unwrap();
    assert!(!verified(&path("late.xk")).is_sound());
    let report = repaired(&path("late.xk"), &path("early.xk"));
    assert!(report.is_lossless(), "{report:?}");
    assert_eq!(rows(&path("early.xk")), expected);
}

#[test]
fn a_recording_goes_on_with_its_parity() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let record = |recorder: Recorder, first: u64| {
        let mut stream = recorder.stream::<(u64, String)>("rows").unwrap();
        for n in first..first + 5_000 {
            stream.push(&(n * n, format!("row {n}"))).unwrap();
            if n % 500 == 499 {
                stream.flush().unwrap();
            }
        }
        stream.finish().unwrap();
    };
    let options = RecordOptions {
        parity: Some(Parity::percent(25).unwrap()),
        ..RecordOptions::default()
    };
    record(Recorder::create_with(&path, options).unwrap(), 0);
    record(Recorder::append(&path).unwrap(), 5_000);
    let parity = verified(&path).parity.unwrap();
    assert_eq!((parity.groups, parity.unprotected_frames), (2, 0));

    let mut bytes = fs::read(&path).unwrap();
    let chunks: Vec<usize> = {
        let usage = exportkit::open(&path).unwrap();
        let info = usage.info();
        assert_eq!(info.streams[0].rows, 10_000);
        (0..bytes.len() / 64)
            .map(|at| at * 64)
            .filter(|&at| at > 64 && bytes[at..].starts_with(&info.file_id.0))
            .collect()
    };
    // A frame near the start, and one near the end.
    for at in [chunks[2], chunks[chunks.len() - 8]] {
        bytes[at + 17] ^= 1;
    }
    fs::write(&path, &bytes).unwrap();
    let new = directory.path().join("new.xk");
    let report = repaired(&path, &new);
    assert!(report.is_lossless(), "{report:?}");
    assert_eq!(rows(&new).len(), 10_000);
}
