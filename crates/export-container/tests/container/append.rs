//! Promises 5 to 8: appending, syncing, reading while it is written, writing without seeking.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use export_container::{
    Container, Depth, FileStorage, LossReport, MemoryStorage, Report, StorageEnd, Writer, verify,
};
use export_core::{Cancel, EncodedChunk, Error, ErrorKind, Limits, Progress, Result, Storage};

use crate::common::{
    Random, chunk, metadata, open, options, read_all, same, schema, storage, write,
};

fn limits() -> Limits {
    Limits::default()
}

/// Appends `count` chunks of three columns to the stream `events`.
fn append(storage: &Arc<MemoryStorage>, count: usize, random: &mut Random) -> Vec<EncodedChunk> {
    let mut writer = Writer::append(Arc::clone(storage) as Arc<dyn Storage>, &limits()).unwrap();
    let stream = match writer.frames().stream("events") {
        Some(stream) => stream,
        None => writer.add_stream("events", &schema(3)).unwrap(),
    };
    let chunks: Vec<_> = (0..count)
        .map(|_| chunk(3, 1 + random.next() % 9, 80, random))
        .collect();
    chunks
        .iter()
        .for_each(|chunk| writer.chunk(stream, chunk).unwrap());
    writer.finish().unwrap();
    chunks
}

fn events(container: &Container) -> Vec<EncodedChunk> {
    let Some(events) = container.stream("events") else {
        return Vec::new();
    };
    read_all(container)
        .into_iter()
        .filter(|(id, ..)| *id == events.id)
        .map(|(_, _, chunk)| chunk)
        .collect()
}

fn verified(bytes: &[u8]) -> Report {
    let depth = Depth::Checksums;
    let (progress, cancel) = (Progress::new(), Cancel::new());
    verify(storage(bytes), depth, limits(), &progress, &cancel).unwrap()
}

fn repaired(bytes: &[u8]) -> LossReport {
    let mut writer = Writer::new(Vec::new(), &options()).unwrap();
    let (progress, cancel) = (Progress::new(), Cancel::new());
    export_container::repair(storage(bytes), &mut writer, limits(), &progress, &cancel).unwrap()
}

fn check_intact(bytes: &[u8]) {
    assert_eq!(verified(bytes).findings, []);
}

#[test]
fn appending_rewrites_nothing_and_keeps_everything() {
    let mut random = Random(5);
    let written = write(21, 100, 100, true);
    let storage = storage(&written.bytes);
    let mut expected = events(&open(&written.bytes));
    for count in [1, 0, 3, 1, 1, 150, 2, 70, 1, 1, 1] {
        let before = storage.to_vec();
        expected.extend(append(&storage, count, &mut random));
        let after = storage.to_vec();
        assert_eq!(after[..before.len()], before);
        let container = open(&after);
        assert!(container.is_indexed());
        let found = events(&container);
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(&expected).all(|(a, b)| same(a, b)));
        assert_eq!(container.metadata(), Some(&metadata()));
        check_intact(&after);
        // The start, at most a link for each time the entries doubled, and a chunk's head and blocks.
        assert!(container.reads().requests <= 4 + 2 * container.chunks().len() as u64);
    }
    assert_eq!(append(&storage, 0, &mut random).len(), 0);
}

#[test]
fn many_appends_leave_a_short_chain() {
    let mut random = Random(6);
    let storage = storage(&write(22, 300, 10, true).bytes);
    for _ in 0..200 {
        append(&storage, 1, &mut random);
    }
    let container = open(&storage.to_vec());
    assert_eq!(container.chunks().len(), 500);
    assert!(container.reads().requests <= 4, "{:?}", container.reads());
}

#[test]
fn a_file_cut_anywhere_can_be_appended_to() {
    let written = write(23, 5, 60, true);
    for cut in 64..written.bytes.len() {
        let storage = storage(&written.bytes[..cut]);
        let before = events(&open(&written.bytes[..cut]));
        let mut random = Random(cut as u64);
        let mut expected = before.len();
        let kept = open(&written.bytes[..cut]).chunks().len();
        for round in 0..2 {
            expected += append(&storage, 2, &mut random).len();
            let bytes = storage.to_vec();
            assert_eq!(bytes[..cut], written.bytes[..cut]);
            for container in [
                open(&bytes),
                Container::recover(crate::common::storage(&bytes), limits()).unwrap(),
            ] {
                let found = events(&container);
                assert_eq!(found.len(), expected, "cut at {cut}");
                assert!(
                    found.iter().zip(&before).all(|(a, b)| same(a, b)),
                    "cut at {cut}"
                );
            }
            let found = verified(&bytes);
            assert!(found.is_intact(), "cut at {cut}: {:?}", found.findings);
            let report = repaired(&bytes);
            assert!(report.is_lossless(), "cut at {cut}: {report:?}");
            assert_eq!(report.chunks, kept as u64 + 2 * (round + 1), "cut at {cut}");
        }
    }
}

/// What was damaged before somebody went on with the file stays damage, wherever it is, and rows of it are missed.
#[test]
fn damage_from_before_an_append_is_not_passed_over() {
    let written = write(23, 5, 60, true);
    // Without its index: the last frame is a chunk or says what the export is.
    for frames in [written.frames.len() - 2, written.frames.len() - 3] {
        let size = written.frames[frames];
        let well = open(&written.bytes[..size]);
        for (&start, &end) in written.frames.iter().zip(&written.frames[1..=frames]) {
            let chunk = well.chunks().into_iter().find(|c| c.offset == start as u64);
            let middle = start + 64 + (end - start - 64) / 2;
            for at in [start, start + 16, start + 40, start + 64, middle] {
                let mut bytes = written.bytes[..size].to_vec();
                bytes[at] ^= 4;
                if verified(&bytes).is_intact() {
                    continue;
                }
                for cut in [0, 1, 64] {
                    let live = storage(&bytes[..size - cut.min(size - end)]);
                    append(&live, 2, &mut Random(at as u64));
                    let found = verified(&live.to_vec());
                    assert!(
                        !found.is_intact(),
                        "byte {at} of frame at {start}: {:?}",
                        found.findings
                    );
                    let report = repaired(&live.to_vec());
                    // Where its header is damaged, nothing tells what it was, but for what comes after.
                    if chunk.is_some() && at >= start + 64 {
                        assert!(
                            !report.is_lossless(),
                            "byte {at} of chunk at {start}: {report:?}"
                        );
                    }
                }
            }
        }
    }
}

/// Half a chunk is passed over only where who went on with the file says so.
#[test]
fn a_chunk_that_lost_its_end_is_missed() {
    let written = write(23, 5, 60, true);
    let index = written.frames[written.frames.len() - 2];
    let container = open(&written.bytes);
    let chunks = container.chunks().len();
    for chunk in container.chunks() {
        let end = chunk.offset + 64 + chunk.payload_bytes;
        let (end, half) = (end as usize, (chunk.offset + 64) as usize + 8);
        for size in [written.bytes.len(), index] {
            let bytes = [&written.bytes[..half], &written.bytes[end..size]].concat();
            let live = storage(&bytes);
            append(&live, 1, &mut Random(half as u64));
            for (bytes, kept) in [(bytes, chunks - 1), (live.to_vec(), chunks)] {
                assert!(!verified(&bytes).is_intact());
                let report = repaired(&bytes);
                assert!(!report.is_lossless());
                assert_eq!(report.chunks, kept as u64);
            }
        }
    }
}

/// Who was to go on with a file whose last frame is half a one was stopped as well. Headers do not cross pages, so they are whole.
#[test]
fn a_file_that_was_torn_twice_is_sound() {
    let written = write(23, 5, 60, true);
    let last = written.frames[written.frames.len() - 3];
    for cut in (last - 200..last).step_by(8) {
        let live = storage(&written.bytes[..cut]);
        append(&live, 1, &mut Random(1));
        let once = live.to_vec();
        let mut headers = (cut.next_multiple_of(64)..).step_by(64);
        let gap = headers
            .find(|&at| once[at..].starts_with(&once[16..32]))
            .unwrap();
        for again in [gap + 64, gap + 65, gap + 72] {
            let live = storage(&once[..again]);
            append(&live, 1, &mut Random(2));
            let found = verified(&live.to_vec());
            assert!(found.is_intact(), "{cut}, {again}: {:?}", found.findings);
            assert!(repaired(&live.to_vec()).is_lossless(), "{cut}, {again}");
        }
    }
}

/// The stream frame of a wider schema is lost, a chunk of it is not: who goes on with the file and widens the schema in
/// another way must not make other columns of that chunk.
#[test]
fn a_version_of_a_schema_that_was_lost_is_not_given_again() {
    let wider = |name: &str| {
        let mut schema = schema(2);
        schema.fields[1].name = name.into();
        schema
    };
    let mut random = Random(8);
    let [first, orphan, last] = [1, 2, 2].map(|columns| chunk(columns, 5, 40, &mut random));
    let live = storage(&[]);
    let mut writer = Writer::create(live.clone(), &options()).unwrap();
    let stream = writer.add_stream("events", &schema(1)).unwrap();
    writer.chunk(stream, &first).unwrap();
    let start = live.to_vec().len();
    writer.widen_stream(stream, &wider("before")).unwrap();
    let end = live.to_vec().len();
    writer.chunk(stream, &orphan).unwrap();
    live.write_at(start as u64, &vec![0; end - start]).unwrap();

    let mut writer = Writer::append(live.clone(), &limits()).unwrap();
    assert_eq!(writer.frames().schema(stream), Some(&schema(1)));
    writer.widen_stream(stream, &wider("after")).unwrap();
    writer.chunk(stream, &last).unwrap();
    writer.finish().unwrap();
    let check = |container: &Container, expected: [Option<&str>; 3]| {
        let events = container.stream("events").unwrap();
        assert_eq!(**events.schema(), wider("after"));
        let found = events.chunks.iter().map(|chunk| {
            let schema = events.schema_of(chunk).ok()?;
            schema.fields.last().map(|field| field.name.clone())
        });
        let expected = expected.iter().flatten();
        assert!(found.flatten().eq(expected.copied()));
    };
    let container = open(&live.to_vec());
    check(&container, [Some("c0"), None, Some("after")]);
    let mut repaired = Writer::new(Vec::new(), &options()).unwrap();
    let report = export_container::repair(
        live,
        &mut repaired,
        limits(),
        &Progress::new(),
        &Cancel::new(),
    );
    assert_eq!(report.unwrap().chunks, 2);
    let repaired = open(&repaired.into_inner());
    check(&repaired, [Some("c0"), Some("after"), None]);
    assert!(same(&read_all(&repaired)[1].2, &last));
}

#[test]
fn a_live_file_can_be_read() {
    let written = write(24, 30, 200, true);
    let live = storage(&[]);
    live.write_at(0, &written.bytes[..64]).unwrap();
    let mut container = Container::open(Arc::clone(&live) as Arc<dyn Storage>, limits()).unwrap();
    let mut random = Random(7);
    let mut size = 64;
    while size < written.bytes.len() {
        let grown = (size + 1 + random.below(900)).min(written.bytes.len());
        live.write_at(size as u64, &written.bytes[size..grown])
            .unwrap();
        size = grown;
        let before = container.chunks().len();
        container.refresh().unwrap();
        let whole = Container::recover(storage(&written.bytes[..size]), limits()).unwrap();
        assert_eq!(container.chunks(), whole.chunks());
        assert!(container.chunks().len() >= before);
        assert_eq!(container.findings(), []);
    }
    assert!(!container.refresh().unwrap());
    let read = read_all(&container);
    assert!(
        read.iter()
            .zip(&written.chunks)
            .all(|(a, b)| same(&a.2, &b.1))
    );
    // Everything was read a few times at most, however often it was looked.
    assert!(
        container.reads().bytes < 6 * written.bytes.len() as u64,
        "{:?}",
        container.reads()
    );
}

#[test]
fn a_refresh_reads_only_what_is_new() {
    let live = storage(&write(25, 60, 20_000, true).bytes);
    let mut container = Container::open(Arc::clone(&live) as Arc<dyn Storage>, limits()).unwrap();
    let before = live.to_vec().len() as u64;
    append(&live, 3, &mut Random(8));
    let added = live.to_vec().len() as u64 - before;
    let reads = container.reads();
    assert!(container.refresh().unwrap());
    assert_eq!(container.chunks().len(), 63);
    assert!(container.reads().bytes - reads.bytes <= 2 * added);
    live.resize(before).unwrap();
    assert_eq!(container.refresh().unwrap_err().kind(), ErrorKind::Corrupt);
}

/// Takes bytes in small pieces and cannot do anything else, like a pipe.
#[derive(Default)]
struct Pipe(Vec<u8>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(100);
        self.0.extend(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_pipe_gets_the_same_bytes() {
    let mut random = Random(9);
    let chunks: Vec<_> = (0..5).map(|_| chunk(3, 4, 500, &mut random)).collect();
    fn record<W: Write>(mut writer: Writer<W>, chunks: &[EncodedChunk]) -> W {
        let stream = writer.add_stream("events", &schema(3)).unwrap();
        chunks
            .iter()
            .for_each(|chunk| writer.chunk(stream, chunk).unwrap());
        writer.finish().unwrap();
        writer.into_inner()
    }
    let pipe = record(Writer::new(Pipe::default(), &options()).unwrap(), &chunks);
    let memory = Arc::new(MemoryStorage::default());
    let writer = Writer::create(Arc::clone(&memory) as Arc<dyn Storage>, &options()).unwrap();
    let end: StorageEnd = record(writer, &chunks);
    assert_eq!(end.offset(), pipe.0.len() as u64);
    assert_eq!(memory.to_vec(), pipe.0);
    assert!(
        Writer::create(memory, &options()).is_err_and(|error| error.kind() == ErrorKind::Exists)
    );
}

/// Memory whose writes or syncs fail on demand.
#[derive(Default)]
struct Failing {
    memory: MemoryStorage,
    write: AtomicBool,
    sync: AtomicBool,
}

fn fail(on: &AtomicBool) -> Result<()> {
    if on.load(Ordering::Relaxed) {
        Err(Error::from(io::Error::from(io::ErrorKind::StorageFull)))
    } else {
        Ok(())
    }
}

impl Storage for Failing {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.memory.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        fail(&self.write)?;
        self.memory.write_at(offset, bytes)
    }

    fn size_bytes(&self) -> Result<u64> {
        self.memory.size_bytes()
    }

    fn resize(&self, size_bytes: u64) -> Result<()> {
        self.memory.resize(size_bytes)
    }

    fn sync(&self) -> Result<()> {
        fail(&self.sync)
    }
}

#[test]
fn a_failed_write_or_sync_is_final() {
    for writes in [true, false] {
        let failing = Arc::new(Failing::default());
        let mut writer =
            Writer::create(Arc::clone(&failing) as Arc<dyn Storage>, &options()).unwrap();
        let stream = writer.add_stream("events", &schema(3)).unwrap();
        let chunk = chunk(3, 4, 50, &mut Random(1));
        writer.chunk(stream, &chunk).unwrap();
        writer.sync().unwrap();
        let on = if writes {
            &failing.write
        } else {
            &failing.sync
        };
        on.store(true, Ordering::Relaxed);
        let error = if writes {
            writer.chunk(stream, &chunk)
        } else {
            writer.sync()
        }
        .unwrap_err();
        assert_eq!(error.io_error().unwrap().kind(), io::ErrorKind::StorageFull);
        on.store(false, Ordering::Relaxed);
        for error in [
            writer.sync(),
            writer.chunk(stream, &chunk),
            writer.finish(),
            writer.metadata(&metadata()),
        ] {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Io);
        }
        assert_eq!(open(&failing.memory.to_vec()).chunks().len(), 1);
    }
}

#[test]
fn files_are_storage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    std::fs::write(&path, write(26, 4, 100, true).bytes).unwrap();
    let file = Arc::new(FileStorage::open_writable(&path).unwrap());
    let mut writer = Writer::append(file, &limits()).unwrap();
    let stream = writer.frames().stream("states").unwrap();
    writer
        .chunk(stream, &chunk(2, 4, 50, &mut Random(1)))
        .unwrap();
    writer.finish().unwrap();
    writer.sync().unwrap();
    let container = Container::open(Arc::new(FileStorage::open(&path).unwrap()), limits()).unwrap();
    assert_eq!(read_all(&container).len(), 5);
    assert_eq!(
        FileStorage::open(directory.path()).unwrap_err().kind(),
        ErrorKind::Io
    );
    let missing = FileStorage::open(directory.path().join("none.xk")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(
        missing
            .position()
            .file
            .as_deref()
            .is_some_and(|file| file.ends_with("none.xk"))
    );
}

#[test]
fn storage_keeps_its_contract() {
    export_core::conformance::storage(|| Box::new(MemoryStorage::default())).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    export_core::conformance::storage(|| {
        count.set(count.get() + 1);
        let path = directory.path().join(count.get().to_string());
        std::fs::write(&path, b"").unwrap();
        Box::new(FileStorage::open_writable(path).unwrap())
    })
    .unwrap();
}
