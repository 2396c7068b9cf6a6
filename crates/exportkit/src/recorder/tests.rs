//! Recorders with a journal on a disk that fails, or loses power.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use export_compress::{Compression, Encoder, Fixed};
use export_container::{FileStorage, MemoryStorage};
use export_core::{Codec, CodecId, Error, ErrorKind, Limits, Result, Storage};

use super::blank::Blank;
use super::tape::Tape;
use super::{Durability, RecordOptions, Recorder, Shared};

/// A file that can no longer be synced once it is told so.
struct Disk {
    file: FileStorage,
    path: PathBuf,
    fails: AtomicBool,
    /// What a power loss leaves of the file for certain.
    durable: Mutex<Vec<u8>>,
    /// Numbers of the rows of `rows` that a power loss left when it came in the midst of the last sync.
    left_in_sync: Mutex<BTreeSet<u64>>,
}

impl Disk {
    /// Numbers of the rows of stream `rows` that a power loss would leave now: those of the file as it was synced last, and those of the
    /// journal that are sealed.
    fn after_a_power_loss(&self) -> BTreeSet<u64> {
        let mut left = BTreeSet::new();
        let bytes = self.durable.lock().unwrap().clone();
        let storage = Arc::new(MemoryStorage::new(bytes));
        if let Ok(file) = crate::open_storage(storage, "durable", Limits::default())
            && let Ok(rows) = file.read::<serde_json::Value>("rows")
        {
            left.extend(rows.map(|row| row.unwrap()["n"].as_u64().unwrap()));
        }
        let journal = format!("{}.journal", self.path.display());
        let recovered = export_journal::read(journal, &Limits::default()).unwrap();
        for run in recovered.lanes.iter().flat_map(|lane| &lane.runs) {
            left.extend(run.first_row..run.first_row + run.sealed_rows);
        }
        left
    }
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
        if self.fails.load(Ordering::SeqCst) {
            return Err(std::io::Error::from_raw_os_error(28).into());
        }
        if fs::exists(format!("{}.journal", self.path.display()))? {
            *self.left_in_sync.lock().unwrap() = self.after_a_power_loss();
        }
        *self.durable.lock().unwrap() = fs::read(&self.path)?;
        Ok(())
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
    let (blank, disk) = blank(path);
    (Recorder::open(blank, options).unwrap(), disk)
}

fn blank(path: &Path) -> (Blank, Arc<Disk>) {
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .unwrap();
    let disk = Arc::new(Disk {
        file: FileStorage::new(file),
        path: path.to_owned(),
        fails: AtomicBool::new(false),
        durable: Mutex::default(),
        left_in_sync: Mutex::default(),
    });
    let blank = Blank {
        storage: Arc::clone(&disk) as Arc<dyn Storage>,
        name: path.display().to_string(),
        path: Some(path.to_owned()),
        is_new: true,
        is_created: true,
    };
    (blank, disk)
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

#[test]
fn after_a_power_loss_there_is_every_row_that_was_called_durable() {
    // Longer than this test: it ticks itself.
    let interval = Durability::Interval(Duration::from_secs(3_600));
    for durability in [Durability::Sync, interval] {
        let directory = tempfile::tempdir().unwrap();
        let (recorder, disk) = recorder(&directory.path().join("run.xk"), options(durability));
        let mut stream = recorder.stream("rows").unwrap();
        for n in 0..60 {
            let all = BTreeSet::from_iter(0..n + 1);
            stream.push(&row(n)).unwrap();
            if durability == Durability::Sync {
                assert_eq!(recorder.health().rows.durable, n + 1);
            }
            match n % 6 {
                // In a chunk that may be lost, and so still in the journal.
                1 => stream.flush().unwrap(),
                3 => stream.sync().unwrap(),
                5 => {
                    recorder.shared.tape.tick();
                    // The journal comes first: rows that are durable in the end were so when the file's turn came.
                    assert_eq!(*disk.left_in_sync.lock().unwrap(), all);
                    assert_eq!(recorder.health().rows.durable, n + 1);
                }
                _ => {}
            }
            let left = disk.after_a_power_loss();
            let durable = recorder.health().rows.durable;
            assert!(
                left.is_superset(&BTreeSet::from_iter(0..durable)),
                "{durable}: {left:?}"
            );
            assert!(left.is_subset(&all));
        }
        stream.finish().unwrap();
        recorder.finish().unwrap();
    }
}

#[test]
fn a_row_whose_push_failed_after_it_was_handed_on_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let options = RecordOptions {
        journal_bytes: 2 << 20,
        ..options(Durability::Interval(Duration::from_secs(3_600)))
    };
    let (recorder, disk) = recorder(&directory.path().join("run.xk"), options);
    let mut stream = recorder.stream("rows").unwrap();
    disk.fails.store(true, Ordering::SeqCst);
    // Too long for the journal.
    stream.push(&"x".repeat(4 << 20)).unwrap_err();
    let rows = recorder.health().rows;
    assert_eq!((rows.pushed, rows.written, rows.durable), (1, 1, 0));
}

#[test]
fn a_journal_has_room_from_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let (recorder, _disk) = recorder(&directory.path().join("run.xk"), options(Durability::Flush));
    let journal = recorder.health().journal.unwrap();
    assert_eq!(
        (journal.in_use_bytes, journal.file_bytes),
        (0, (1 << 20) + 4096)
    );
    let mut stream = recorder.stream("rows").unwrap();
    stream.push(&row(0)).unwrap();
    assert_eq!(
        recorder.health().journal.unwrap().file_bytes,
        (1 << 20) + 4096
    );
}

/// A codec that never works.
struct Failing;

impl Codec for Failing {
    fn id(&self) -> CodecId {
        CodecId(2)
    }
    fn name(&self) -> &'static str {
        "zstd"
    }
    fn compress(&self, _: &[u8], _: &mut Vec<u8>) -> Result<()> {
        Err(Error::limit("no memory for tables"))
    }
    fn decompress(&self, _: &[u8], _: usize, _: &mut Vec<u8>) -> Result<()> {
        Err(Error::limit("no memory for tables"))
    }
}

#[test]
fn what_a_codec_that_failed_was_replaced_by_is_told_in_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(Durability::Flush);
    options.encode.fixed = Fixed {
        codec: Some(Compression::Zstd { level: 3 }),
        ..Fixed::default()
    };
    let encoder = Encoder::new(options.encode.clone()).unwrap();
    let encoder = encoder.with_codec(Arc::new(Failing));
    let (blank, _disk) = blank(&directory.path().join("run.xk"));
    let tape = Tape::with_encoder(blank, options, encoder).unwrap();
    let shared = Shared {
        ticker: None,
        tape: Arc::new(tape),
        rescuing: Mutex::default(),
    };
    let recorder = Recorder {
        shared: Arc::new(shared),
    };
    let mut stream = recorder.stream("rows").unwrap();
    for n in 0..1_000 {
        stream.push(&row(n * n)).unwrap();
    }
    stream.finish().unwrap();
    let notes = recorder.finish().unwrap().notes;
    let told = notes
        .iter()
        .find(|note| note.column.as_deref() == Some("n"));
    assert!(
        told.unwrap().text.contains("instead of zstd: no memory"),
        "{notes:?}"
    );
}
