//! What a recorder does when the disk fails, is slow, or belongs to somebody else.

#![expect(clippy::unwrap_used, reason = "it is a test")]

mod disks;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use export_container::MemoryStorage;
use export_core::Storage;
use exportkit::{
    Durability, Error, ErrorKind, OnFull, Permissions, RecordOptions, Recorder, Result, open,
};
use serde::{Deserialize, Serialize};

use disks::Disk;

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Row {
    number: u64,
    text: String,
}

fn row(number: u64) -> Row {
    Row {
        number,
        text: format!(
            "row {number}, {}",
            number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ),
    }
}

fn numbers(path: &Path, stream: &str) -> Vec<u64> {
    let rows = open(path).unwrap().read::<Row>(stream).unwrap();
    rows.map(|read| {
        let read = read.unwrap();
        assert_eq!(read, row(read.number));
        read.number
    })
    .collect()
}

fn on(disk: &Arc<Disk>, options: RecordOptions) -> Recorder {
    let storage = Arc::clone(disk) as Arc<dyn Storage>;
    Recorder::in_storage(storage, "run.xk", options).unwrap()
}

/// Pushes until the recorder says that the file has failed.
fn push_until_failure(mut push: impl FnMut(u64) -> Result<()>, from: u64) -> (u64, Error) {
    for number in from..10_000_000 {
        if let Err(error) = push(number) {
            return (number, error);
        }
    }
    unreachable!("nothing failed")
}

#[test]
fn what_a_failed_write_left_behind_is_saved_and_recording_goes_on() {
    for (threads, by_sync) in [(0, false), (1, false), (2, true)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rescued.xk");
        let disk = Arc::new(Disk::default());
        let options = RecordOptions {
            threads,
            ..RecordOptions::default()
        };
        let recorder = on(&disk, options);
        let mut a = recorder.stream::<Row>("a").unwrap();
        let mut b = recorder.stream::<Row>("b").unwrap();
        assert_eq!(recorder.rescue(&path).unwrap_err().kind(), ErrorKind::Usage);
        assert!(!path.exists());
        for number in 0..1_000 {
            a.push(&row(number)).unwrap();
            b.push(&row(number)).unwrap();
        }
        a.sync().unwrap();
        // These are nobody's but the builder's when the disk fails.
        b.push(&row(1_000)).unwrap();
        if by_sync {
            disk.fails_sync.store(true, Ordering::SeqCst);
            a.push(&row(1_000)).unwrap();
            let error = a.sync().unwrap_err();
            assert_eq!(error.io_error().unwrap().raw_os_error(), Some(28));
        } else {
            disk.fail_writes_after(1);
        }
        let (last, error) =
            push_until_failure(|number| a.push(&row(number)), 1_001 - u64::from(!by_sync));
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.hint().unwrap().contains("rescue"), "{error}");
        // From now on nothing is taken.
        let again = a.push(&row(u64::MAX)).unwrap_err();
        assert!(again.to_string().contains("earlier failure"), "{again}");
        assert!(a.sync().is_err() && a.flush().is_err() && b.sync().is_err());
        let health = recorder.health();
        assert!(health.failure.unwrap().contains("No space left"));
        assert_eq!(disk.calls_after_failure.load(Ordering::SeqCst), 0);

        let rescued = recorder.rescue(&path).unwrap();
        assert!(rescued.rows > 0);
        assert_eq!(recorder.health().failure, None);
        a.push(&row(last + 1)).unwrap();
        b.push(&row(1_001)).unwrap();
        a.finish().unwrap();
        b.finish().unwrap();
        let recorded = recorder.finish().unwrap();

        // All that `push` has taken since the last sync, in order, and nothing twice; by the last row but one or not, the push
        // that failed first has taken its row.
        let rows = numbers(&path, "a");
        let first = rows[0];
        assert!(first <= 1_000);
        let taken = if by_sync { last - 1 } else { last };
        let expected: Vec<_> = (first..=taken).chain([last + 1]).collect();
        assert_eq!(rows, expected);
        let rows_b = numbers(&path, "b");
        assert_eq!(rows_b.last_chunk::<2>().unwrap(), &[1_000, 1_001]);
        assert_eq!(recorded.rows, (rows.len() + rows_b.len()) as u64);
        let said = open(&path).unwrap().info().metadata.unwrap().entries;
        assert_eq!(said["exportkit:first_row.a"], first.to_string());
        assert_eq!(said["exportkit:rescued_from"].len(), 32);
    }
}

#[test]
fn a_stream_alone_saves_its_own_rows_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rescued.xk");
    let disk = Arc::new(Disk::default());
    let mut stream = on(&disk, RecordOptions::default())
        .stream::<Row>("a")
        .unwrap();
    disk.fails_sync.store(true, Ordering::SeqCst);
    for number in 0..10 {
        stream.push(&row(number)).unwrap();
    }
    stream.sync().unwrap_err();
    // A name that is taken is left alone.
    fs::write(&path, "somebody's").unwrap();
    assert_eq!(stream.rescue(&path).unwrap_err().kind(), ErrorKind::Exists);
    assert_eq!(fs::read(&path).unwrap(), b"somebody's");
    fs::remove_file(&path).unwrap();
    assert_eq!(stream.rescue(&path).unwrap().rows, 10);
    assert_eq!(numbers(&path, "a"), Vec::from_iter(0..10));
}

#[test]
fn threads_that_all_call_for_a_rescue_get_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rescued.xk");
    let disk = Arc::new(Disk::default());
    let recorder = on(&disk, RecordOptions::default());
    let names = ["a", "b", "c", "d"];
    let mut streams = names.map(|name| recorder.stream::<Row>(name).unwrap());
    for stream in &mut streams {
        (0..10).for_each(|number| stream.push(&row(number)).unwrap());
    }
    disk.fails_sync.store(true, Ordering::SeqCst);
    streams[0].sync().unwrap_err();
    thread::scope(|scope| {
        for mut stream in streams {
            let path = &path;
            scope.spawn(move || {
                stream.rescue(path).unwrap();
                stream.push(&row(10)).unwrap();
                stream.finish().unwrap();
            });
        }
    });
    assert_eq!(recorder.finish().unwrap().rows, 44);
    for name in names {
        assert_eq!(numbers(&path, name), Vec::from_iter(0..11));
    }
}

#[test]
fn a_finish_that_fails_says_so() {
    let disk = Arc::new(Disk::default());
    let mut stream = on(&disk, RecordOptions::default())
        .stream::<Row>("a")
        .unwrap();
    stream.push(&row(0)).unwrap();
    disk.fail_writes_after(0);
    assert_eq!(stream.finish().unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn what_is_not_acknowledged_stays_bounded() {
    let disk = Arc::new(Disk::default());
    let recorder = on(&disk, RecordOptions::default());
    let mut stream = recorder.stream::<(u64, u64)>("a").unwrap();
    let mut random = 1_u64;
    let mut most = 0;
    for number in 0..3_000_000_u64 {
        random = random
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(number);
        stream.push(&(random, random.rotate_left(17))).unwrap();
        if number % 10_000 == 0 {
            most = most.max(recorder.health().unsynced_bytes);
        }
    }
    let health = recorder.health();
    assert!(most > 4 << 20 && most < 24 << 20, "{most}");
    assert!(health.rows.durable > 0 && health.rows.durable <= health.rows.written);
    // None keeps nothing.
    let options = RecordOptions {
        durability: Durability::None,
        ..RecordOptions::default()
    };
    let recorder = on(&Arc::new(Disk::default()), options);
    let mut stream = recorder.stream::<Row>("a").unwrap();
    stream.push(&row(1)).unwrap();
    stream.flush().unwrap();
    let health = recorder.health();
    assert_eq!((health.rows.written, health.unsynced_bytes), (1, 0));
}

#[test]
fn a_second_recorder_is_refused_and_readers_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let recorder = Recorder::create(&path).unwrap();
    let mut stream = recorder.stream::<Row>("a").unwrap();
    stream.push(&row(0)).unwrap();
    stream.sync().unwrap();
    let overwrite = RecordOptions {
        overwrite: true,
        ..RecordOptions::default()
    };
    for refused in [
        Recorder::append(&path),
        Recorder::create_with(&path, overwrite.clone()),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert_eq!(error.position().file.as_deref(), path.to_str());
        assert!(error.hint().unwrap().contains("another name"));
        #[cfg(target_os = "linux")]
        assert!(
            error.message().contains(&std::process::id().to_string()),
            "{error}"
        );
    }
    assert_eq!(numbers(&path, "a"), [0]);
    stream.push(&row(1)).unwrap();
    stream.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(numbers(&path, "a"), [0, 1]);
    Recorder::append(&path).unwrap().finish().unwrap();
    Recorder::create_with(&path, overwrite)
        .unwrap()
        .finish()
        .unwrap();
    assert!(open(&path).unwrap().streams().is_empty());
}

#[cfg(unix)]
#[test]
fn a_recording_can_be_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    Recorder::create(&path).unwrap().finish().unwrap();
    assert_ne!(
        mode(),
        0o600,
        "this test needs a umask that lets others read"
    );
    let options = RecordOptions {
        permissions: Permissions::Owner,
        overwrite: true,
        ..RecordOptions::default()
    };
    Recorder::create_with(&path, options.clone())
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(mode(), 0o600);
    fs::remove_file(&path).unwrap();
    Recorder::create_with(&path, options)
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(mode(), 0o600);
}

#[test]
fn rows_without_room_are_dropped_and_counted() {
    let disk = Arc::new(Disk::default());
    let options = RecordOptions {
        on_full: OnFull::Drop,
        ..RecordOptions::default()
    };
    let inline = RecordOptions {
        threads: 0,
        ..options.clone()
    };
    let storage = Arc::new(MemoryStorage::default());
    let refused = Recorder::in_storage(storage, "run.xk", inline).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Usage);

    let recorder = on(&disk, options.clone());
    let mut stream = recorder.stream::<Row>("a").unwrap();
    stream.push(&row(0)).unwrap();
    stream.flush().unwrap();
    disk.stick(true);
    let mut pushed = 1;
    // The disk does not move, and yet every push returns.
    while recorder.health().rows.dropped == 0 {
        for _ in 0..1_000 {
            stream.push(&row(pushed)).unwrap();
            pushed += 1;
        }
    }
    let health = recorder.health();
    assert!(health.queued_chunks > 0 && health.queued_chunks <= health.most_queued_chunks);
    assert!(health.budget_in_use_bytes > 1 << 20);
    assert!(health.lag.unwrap() > Duration::ZERO);
    assert_eq!(health.rows.pushed, pushed);
    disk.stick(false);
    for _ in 0..1_000 {
        stream.push(&row(pushed)).unwrap();
        pushed += 1;
    }
    stream.sync().unwrap();
    let health = recorder.health();
    let dropped = health.streams[0].rows.dropped;
    assert_eq!(health.rows.written + dropped, pushed);
    assert_eq!(health.rows.durable, health.rows.written);
    assert_eq!(health.lag, None);
    // The file tells before it is finished.
    let told = |bytes: &[u8]| {
        let storage = Arc::new(MemoryStorage::new(bytes.to_vec()));
        let file =
            exportkit::open_storage(storage, "run.xk", exportkit::Limits::default()).unwrap();
        let stream = file.streams().remove(0);
        (stream.rows, stream.dropped_rows, stream.refused_rows)
    };
    assert_eq!(
        told(&disk.storage.to_vec()),
        (health.rows.written, dropped, 0)
    );
    stream.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(
        told(&disk.storage.to_vec()),
        (health.rows.written, dropped, 0)
    );

    // Who goes on with the file goes on counting.
    let recorder = on(&disk, options);
    let mut stream = recorder
        .stream::<std::collections::HashMap<u64, i8>>("maps")
        .unwrap();
    let mut other = recorder.stream::<Row>("a").unwrap();
    other.push(&row(pushed)).unwrap();
    stream.push(&[(7, 1)].into()).unwrap();
    other.finish().unwrap();
    stream.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(
        told(&disk.storage.to_vec()),
        (health.rows.written + 1, dropped, 0)
    );
}

#[test]
fn rows_that_cannot_be_represented_are_counted() {
    /// Cannot be represented where it is `true`.
    #[derive(Clone, Copy)]
    struct Odd(bool);
    impl Serialize for Odd {
        fn serialize<S: serde::Serializer>(
            &self,
            serializer: S,
        ) -> std::result::Result<S::Ok, S::Error> {
            match self.0 {
                true => Err(serde::ser::Error::custom("odd")),
                false => serializer.serialize_u8(1),
            }
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let recorder = Recorder::create(&path).unwrap();
    let mut stream = recorder.stream::<(Odd,)>("odd").unwrap();
    for at in 0..10 {
        assert_eq!(stream.push(&(Odd(at % 3 == 0),)).is_err(), at % 3 == 0);
    }
    assert_eq!(recorder.health().rows.refused, 4);
    stream.finish().unwrap();
    recorder.finish().unwrap();
    let file = open(&path).unwrap();
    assert_eq!(
        (file.streams()[0].rows, file.streams()[0].refused_rows),
        (6, 4)
    );
    let said = file.info().metadata.unwrap().entries;
    assert_eq!(said["exportkit:refused.odd"], "4");
}

#[test]
fn health_follows_the_rows() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(directory.path().join("run.xk")).unwrap();
    assert_eq!(
        (recorder.health().lag, recorder.health().streams.len()),
        (None, 0)
    );
    let mut stream = recorder.stream::<Row>("a").unwrap();
    stream.push(&row(0)).unwrap();
    stream.push(&row(1)).unwrap();
    std::thread::sleep(Duration::from_millis(5));
    let health = recorder.health();
    assert_eq!((health.rows.pushed, health.rows.written), (2, 0));
    assert!(health.lag.unwrap() >= Duration::from_millis(5));
    stream.flush().unwrap();
    let health = recorder.health();
    assert_eq!(
        (health.rows.written, health.rows.durable, health.lag),
        (2, 0, None)
    );
    assert!(health.unsynced_bytes > 0);
    let start = Instant::now();
    stream.sync().unwrap();
    let health = recorder.health();
    assert_eq!((health.rows.durable, health.unsynced_bytes), (2, 0));
    assert!(health.since_durable <= start.elapsed());
    assert_eq!((health.queued_chunks, health.budget_in_use_bytes), (0, 0));
}

#[test]
fn options_that_contradict_one_another_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let refused = [
        RecordOptions {
            on_full: OnFull::Drop,
            durability: Durability::Sync,
            ..RecordOptions::default()
        },
        RecordOptions {
            durability: Durability::Interval(Duration::ZERO),
            ..RecordOptions::default()
        },
    ];
    for options in refused {
        let error = Recorder::create_with(&path, options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.hint().is_some());
        assert!(!path.exists());
    }
}

#[test]
fn a_recording_that_could_not_be_started_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    // So long that a journal's name is too long.
    let path = directory.path().join("x".repeat(250));
    let files = || fs::read_dir(directory.path()).unwrap().count();
    let error = Recorder::create(&path).unwrap_err();
    assert!(
        error.hint().unwrap().contains("Durability::None"),
        "{error}"
    );
    assert_eq!(files(), 0);
    let options = RecordOptions {
        durability: Durability::None,
        ..RecordOptions::default()
    };
    Recorder::create_with(&path, options)
        .unwrap()
        .finish()
        .unwrap();
    // What was there is not taken away.
    Recorder::append(&path).unwrap_err();
    assert_eq!(files(), 1);
    fs::remove_file(&path).unwrap();

    let disk = Arc::new(Disk::default());
    let mut stream = on(&disk, RecordOptions::default())
        .stream::<Row>("a")
        .unwrap();
    stream.push(&row(0)).unwrap();
    disk.fails_sync.store(true, Ordering::SeqCst);
    stream.sync().unwrap_err();
    stream.rescue(&path).unwrap_err();
    assert_eq!(files(), 0);
    let path = directory.path().join("rescued.xk");
    stream.rescue(&path).unwrap();
    assert_eq!(numbers(&path, "a"), [0]);
}

#[cfg(unix)]
#[test]
fn an_overwrite_that_is_refused_changes_nothing() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let recorder = Recorder::create(&path).unwrap();
    let before = mode();
    assert_ne!(
        before, 0o600,
        "this test needs a umask that lets others read"
    );
    let options = RecordOptions {
        permissions: Permissions::Owner,
        overwrite: true,
        ..RecordOptions::default()
    };
    let error = Recorder::create_with(&path, options).unwrap_err();
    assert_eq!((error.kind(), mode()), (ErrorKind::Busy, before));
    recorder.finish().unwrap();
}

/// A recorder that was killed before it wrote anything leaves an empty file, which is no obstacle to the next.
#[test]
fn an_empty_file_is_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.xk");
    std::fs::write(&path, b"").unwrap();
    let recorder = Recorder::append(&path).unwrap();
    let mut stream = recorder.stream::<Row>("rows").unwrap();
    stream.push(&row(7)).unwrap();
    stream.finish().unwrap();
    recorder.finish().unwrap();
    assert_eq!(numbers(&path, "rows"), [7]);
}
