//! Promise 6: a failed write or sync poisons the writer for good, and what was not acknowledged can be saved.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use export_container::{Container, FileOptions, MemoryStorage, Writer};
use export_core::{ErrorKind, FileId, Limits, Result, Storage, StreamId};

use crate::common::{Random, chunk, metadata, options, read_all, same, schema};

/// Storage whose `fails_at`th write or sync fails, as does whatever comes right after it.
struct Failing {
    storage: MemoryStorage,
    fails_at: usize,
    calls: AtomicUsize,
    syncs_after: AtomicUsize,
}

impl Failing {
    fn new(fails_at: usize) -> Arc<Self> {
        Arc::new(Self {
            storage: MemoryStorage::default(),
            fails_at,
            calls: AtomicUsize::new(0),
            syncs_after: AtomicUsize::new(0),
        })
    }

    fn call(&self) -> Result<()> {
        match self.calls.fetch_add(1, Ordering::Relaxed) == self.fails_at {
            true => Err(io::Error::from(io::ErrorKind::StorageFull).into()),
            false => Ok(()),
        }
    }

    fn has_failed(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > self.fails_at
    }
}

impl Storage for Failing {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.storage.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        assert!(!self.has_failed(), "a poisoned writer writes");
        self.call()?;
        self.storage.write_at(offset, bytes)
    }
    fn size_bytes(&self) -> Result<u64> {
        self.storage.size_bytes()
    }
    fn resize(&self, size_bytes: u64) -> Result<()> {
        self.storage.resize(size_bytes)
    }
    fn sync(&self) -> Result<()> {
        if self.has_failed() {
            self.syncs_after.fetch_add(1, Ordering::Relaxed);
        }
        self.call()
    }
}

const CHUNKS: usize = 12;

/// Writes chunks to two streams, the second of which comes late, with a sync after every fourth chunk. Nothing is written
/// after the first failure, but all chunks are put. Returns the writer and how many chunks were acknowledged.
fn write(storage: &Arc<Failing>) -> Option<(Writer<export_container::StorageEnd>, usize)> {
    let mut writer = Writer::create(Arc::clone(storage) as Arc<dyn Storage>, &options()).ok()?;
    writer.keep_unsynced();
    let mut acknowledged = 0;
    for (at, (name, chunk)) in chunks().into_iter().enumerate() {
        let id = stream(&mut writer, name);
        let put = writer.put_chunk(id, chunk);
        assert_eq!(put.is_err(), writer.poison().is_some());
        if at % 4 == 3 && writer.sync().is_ok() {
            acknowledged = at + 1;
            assert_eq!(writer.unsynced_bytes(), 0);
        }
    }
    Some((writer, acknowledged))
}

fn stream(writer: &mut Writer<export_container::StorageEnd>, name: &str) -> StreamId {
    if let Some(id) = writer.frames().stream(name) {
        return id;
    }
    let added = writer.add_stream(name, &schema(2));
    added.unwrap_or_else(|_| writer.frames().stream(name).unwrap())
}

fn chunks() -> Vec<(&'static str, export_core::EncodedChunk)> {
    let mut random = Random(3);
    let name = |at| {
        if at >= 6 && at % 2 == 0 {
            "late"
        } else {
            "early"
        }
    };
    (0..CHUNKS)
        .map(|at| (name(at), chunk(2, 1 + at as u64, 100, &mut random)))
        .collect()
}

#[test]
fn whatever_fails_nothing_is_tried_again_and_the_rest_can_be_saved() {
    let mut saved_somewhere = 0;
    for fails_at in 0..30 {
        let storage = Failing::new(fails_at);
        let Some((mut writer, acknowledged)) = write(&storage) else {
            assert_eq!(fails_at, 0, "the header could not be written");
            continue;
        };
        if !storage.has_failed() {
            assert!(writer.poison().is_none());
            continue;
        }
        let error = writer.metadata(&metadata()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(
            error.message().contains("an earlier failure: a "),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("rescue"));
        assert!(writer.finish().is_err() && writer.sync().is_err());
        assert_eq!(storage.syncs_after.load(Ordering::Relaxed), 0);

        let rest: Vec<_> = chunks().split_off(acknowledged);
        let elsewhere = Arc::new(MemoryStorage::default());
        let file = FileOptions {
            file: FileId([9; 16]),
            ..options()
        };
        let mut other = Writer::create(elsewhere.clone(), &file).unwrap();
        writer.replay_unsynced(&mut other).unwrap();
        other.finish().unwrap();
        other.sync().unwrap();
        assert_eq!(writer.unsynced_bytes() > 0, !rest.is_empty());
        writer.forget_unsynced();
        assert_eq!(writer.unsynced_bytes(), 0);

        let container = Container::open(elsewhere, Limits::default()).unwrap();
        let read = read_all(&container);
        assert_eq!(read.len(), rest.len(), "failed at {fails_at}");
        for ((id, _, read), (name, chunk)) in read.iter().zip(&rest) {
            assert_eq!(container.stream_by_id(*id).unwrap().name, *name);
            assert!(same(read, chunk));
        }
        // What was acknowledged is in the file.
        let left = Container::open(storage, Limits::default()).unwrap();
        let in_file = read_all(&left);
        assert!(in_file.len() >= acknowledged);
        for ((_, _, read), (_, chunk)) in in_file.iter().zip(&chunks()[..acknowledged]) {
            assert!(same(read, chunk));
        }
        saved_somewhere += usize::from(!rest.is_empty());
    }
    assert!(saved_somewhere > 10);
}

#[test]
fn without_keeping_a_poisoned_writer_holds_nothing() {
    let storage = Failing::new(3);
    let mut writer = Writer::create(storage, &options()).unwrap();
    let id = writer.add_stream("early", &schema(2)).unwrap();
    for (_, chunk) in chunks() {
        let _ = writer.put_chunk(id, chunk);
    }
    assert!(writer.poison().is_some());
    assert_eq!(writer.unsynced_bytes(), 0);
}
