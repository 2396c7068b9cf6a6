//! Recorders with a journal on a disk that fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use export_container::FileStorage;
use export_core::{Error, ErrorKind, Result, Storage};

use super::blank::Blank;
use super::{Durability, RecordOptions, Recorder};

/// A file that can no longer be synced once it is told so.
struct Disk {
    file: FileStorage,
    fails: AtomicBool,
}

impl Storage for Disk {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.file.write_at(offset, bytes)
    }
    fn size_bytes(&self) -> Result<u64> {
        self.file.size_bytes()
    }
    fn resize(&self, size_bytes: u64) -> Result<()> {
        self.file.resize(size_bytes)
    }
    fn sync(&self) -> Result<()> {
        match self.fails.load(Ordering::SeqCst) {
            true => Err(std::io::Error::from_raw_os_error(28).into()),
            false => self.file.sync(),
        }
    }
}

fn options(durability: Durability) -> RecordOptions {
    RecordOptions {
        durability,
        ..RecordOptions::default()
    }
}

/// A recording at `path`, with a journal.
fn recorder(path: &Path, options: RecordOptions) -> (Recorder, Arc<Disk>) {
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .unwrap();
    let disk = Arc::new(Disk {
        file: FileStorage::new(file),
        fails: AtomicBool::new(false),
    });
    let blank = Blank {
        storage: Arc::clone(&disk) as Arc<dyn Storage>,
        name: path.display().to_string(),
        path: Some(path.to_owned()),
        is_new: true,
        is_created: true,
    };
    (Recorder::open(blank, options).unwrap(), disk)
}

/// What a killed process would leave of the recording at `path`, which is copied.
fn killed(path: &Path) -> PathBuf {
    let journal = |path: &Path| PathBuf::from(format!("{}.journal", path.display()));
    let left = path.with_extension("left.xk");
    fs::copy(path, &left).unwrap();
    fs::copy(journal(path), journal(&left)).unwrap();
    left
}

fn rows(path: &Path, stream: &str) -> Vec<serde_json::Value> {
    let rows = crate::open(path).unwrap().read(stream).unwrap();
    rows.map(Result::unwrap).collect()
}

fn numbers(path: &Path, stream: &str) -> Vec<u64> {
    let rows = rows(path, stream);
    rows.iter().map(|row| row["n"].as_u64().unwrap()).collect()
}

fn row(n: u64) -> serde_json::Value {
    serde_json::json!({ "n": n })
}

#[test]
fn after_a_rescue_all_streams_are_in_the_new_journal() {
    // So many that it is long until the stream looks again, where it does not look at each.
    for (durability, rows) in [(Durability::Flush, 2_000), (Durability::Sync, 20)] {
        let directory = tempfile::tempdir().unwrap();
        let old = directory.path().join("old.xk");
        let new = directory.path().join("new.xk");
        let (recorder, disk) = recorder(&old, options(durability));
        let mut a = recorder.stream("a").unwrap();
        let mut b = recorder.stream("b").unwrap();
        for n in 0..rows {
            a.push(&row(n)).unwrap();
            b.push(&row(n)).unwrap();
        }
        disk.fails.store(true, Ordering::SeqCst);
        a.sync().unwrap_err();
        a.rescue(&new).unwrap();
        b.push(&row(rows)).unwrap();
        let left = killed(&new);
        assert_eq!(numbers(&left, "a"), Vec::from_iter(0..rows));
        assert_eq!(numbers(&left, "b"), Vec::from_iter(0..rows + 1));
        // A row of another shape, as long as nobody has looked, and that row once.
        let other = serde_json::json!({ "n": rows + 1, "more": "x" });
        b.push(&other).unwrap();
        a.push(&other).unwrap();
        assert_eq!(numbers(&killed(&new), "b"), Vec::from_iter(0..rows + 2));
        a.finish().unwrap();
        b.finish().unwrap();
        recorder.finish().unwrap();
        assert_eq!(numbers(&new, "b"), Vec::from_iter(0..rows + 2));
        assert_eq!(
            numbers(&new, "a"),
            Vec::from_iter((0..rows).chain([rows + 1]))
        );
    }
}

#[test]
fn the_first_row_after_a_rescue_may_have_another_shape() {
    let directory = tempfile::tempdir().unwrap();
    let new = directory.path().join("new.xk");
    let (recorder, disk) = recorder(&directory.path().join("old.xk"), options(Durability::Flush));
    let mut a = recorder.stream("a").unwrap();
    let mut b = recorder.stream("b").unwrap();
    a.push(&row(0)).unwrap();
    for n in 0..2_000 {
        b.push(&row(n)).unwrap();
    }
    b.sync().unwrap();
    for n in 2_000..4_000 {
        b.push(&row(n)).unwrap();
    }
    disk.fails.store(true, Ordering::SeqCst);
    a.sync().unwrap_err();
    recorder.rescue(&new).unwrap();
    b.push(&serde_json::json!({ "n": 4_000, "more": "x" }))
        .unwrap();
    assert_eq!(numbers(&killed(&new), "b"), Vec::from_iter(2_000..4_001));
    b.finish().unwrap();
    a.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(numbers(&new, "b"), Vec::from_iter(2_000..4_001));
}

#[test]
fn rows_of_a_stream_that_was_idle_since_a_rescue_are_not_called_durable() {
    let directory = tempfile::tempdir().unwrap();
    let new = directory.path().join("new.xk");
    let (recorder, disk) = recorder(
        &directory.path().join("old.xk"),
        options(Durability::Interval(Duration::from_millis(5))),
    );
    let mut a = recorder.stream("a").unwrap();
    let mut b = recorder.stream("b").unwrap();
    disk.fails.store(true, Ordering::SeqCst);
    while recorder.health().failure.is_none() {
        sleep(Duration::from_millis(1));
    }
    // Until they notice, rows are taken: these lie in the journal of the old file.
    a.push(&row(0)).unwrap_err();
    b.push(&row(0)).unwrap_err();
    recorder.rescue(&new).unwrap();
    a.push(&row(1)).unwrap();
    let durable = |stream: usize| recorder.health().streams[stream].rows.durable;
    while durable(0) < 2 {
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(50));
    assert_eq!(durable(1), 0);
    b.push(&row(1)).unwrap();
    while durable(1) < 2 {
        sleep(Duration::from_millis(1));
    }
    assert_eq!(numbers(&killed(&new), "b"), [0, 1]);
}

#[test]
fn what_the_ticker_found_out_is_told_whole_to_whoever_pushes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let interval = Durability::Interval(Duration::from_millis(5));
    let (recorder, disk) = recorder(&path, options(interval));
    let mut stream = recorder.stream("a").unwrap();
    stream.push(&row(0)).unwrap();
    disk.fails.store(true, Ordering::SeqCst);
    while recorder.health().failure.is_none() {
        sleep(Duration::from_millis(1));
    }
    // The ticker has been there again.
    sleep(Duration::from_millis(50));
    let error: Error = (1..).find_map(|n| stream.push(&row(n)).err()).unwrap();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.io_error().unwrap().raw_os_error(), Some(28));
}
