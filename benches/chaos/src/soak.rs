//! R13: a recorder that runs for long while something goes wrong every second.

mod disk;
mod process;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use export_benches::Random;
use export_container::{Container, FileStorage};
use export_core::Limits;
use exportkit::{Health, OnFull, Record, RecordOptions, Recorder};

use crate::Arguments;
use crate::outcome::{Outcome, Size};
use disk::Disk;
use process::Holdings;

/// Streams, each filled by a thread of its own.
const STREAMS: [&str; 3] = ["fast", "bursts", "slow"];
/// Rounds after which memory and files are what they stay.
const WARM_UP: u64 = 4;
/// Memory that may come and go by chance.
const SLACK_BYTES: u64 = 24 << 20;
/// Memory that is taken under pressure.
const PRESSURE_BYTES: usize = 64 << 20;

/// A row that tells where it belongs.
#[derive(Debug, Record)]
struct Row {
    number: u64,
    noise: u64,
    text: String,
}

impl Row {
    fn new(stream: &str, number: u64) -> Self {
        let noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self {
            number,
            noise,
            text: format!("{stream} {}", noise % 1000),
        }
    }

    fn is_of(&self, stream: &str) -> bool {
        let due = Self::new(stream, self.number);
        (self.noise, &self.text) == (due.noise, &due.text)
    }
}

/// What goes wrong in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    SlowDisk,
    Pressure,
    Sync,
    Write,
}

/// Runs the row. Each case is a round: a recording on a bad disk, its rescue when that fails, and the count of all rows.
pub(crate) fn row(arguments: &Arguments) -> Result<Vec<Outcome>> {
    let (time, second) = match arguments.size {
        Size::Quick => (Duration::from_secs(4), Duration::from_millis(100)),
        Size::Ci => (Duration::from_secs(20), Duration::from_millis(250)),
        Size::Full => (Duration::from_secs(20 * 60), Duration::from_secs(1)),
    };
    let mut outcome = Outcome {
        subject: String::from("exportkit"),
        injected: String::from(
            "a fault every second: failing syncs and writes, a slow disk, pressure on memory",
        ),
        ..Outcome::default()
    };
    let home = tempfile::tempdir()?;
    let mut random = Random::new(arguments.seed);
    let start = Instant::now();
    let mut settled = Holdings::default();
    for round in 0.. {
        if start.elapsed() >= time && round > WARM_UP {
            break;
        }
        let directory = home.path().join(round.to_string());
        fs::create_dir(&directory)?;
        let done = one_round(&directory, &mut random, second, &mut outcome);
        fs::remove_dir_all(&directory)?;
        outcome.take(done.err().map(|error| format!("round {round}: {error:#}")));
        let holds = Holdings::now()?;
        if round <= WARM_UP {
            settled = Holdings {
                memory_bytes: holds.memory_bytes.max(settled.memory_bytes),
                files: holds.files,
                threads: holds.threads,
            };
        }
        let grew = holds.memory_bytes > settled.memory_bytes + SLACK_BYTES
            || holds.files > settled.files
            || holds.threads > settled.threads;
        if round > WARM_UP && grew {
            outcome.take(Some(format!(
                "round {round}: it grew from {settled:?} to {holds:?}"
            )));
        }
    }
    let holds = Holdings::now()?;
    outcome.count("memory, MB at the start", settled.memory_bytes >> 20);
    outcome.count("memory, MB at the end", holds.memory_bytes >> 20);
    outcome.count("open files at the end", holds.files);
    Ok(vec![outcome])
}

/// What a round's threads share.
struct Shared {
    recorder: Recorder,
    ends: AtomicBool,
    /// Calls of pushers that failed.
    failures: AtomicU64,
}

/// A recording on a disk that goes bad, and its rescue to a good one.
fn one_round(
    directory: &Path,
    random: &mut Random,
    second: Duration,
    outcome: &mut Outcome,
) -> Result<()> {
    let [bad, good] = ["bad.xk", "good.xk"].map(|name| directory.join(name));
    let (disk, shared) = begin(&bad)?;
    let (faults, breaks) = faults(random);
    let pushers: Vec<_> = STREAMS
        .into_iter()
        .map(|stream| {
            let shared = Arc::clone(&shared);
            let seed = random.bits();
            thread::spawn(move || push(&shared, stream, seed))
        })
        .collect();
    let reader = {
        let (shared, bad) = (Arc::clone(&shared), bad.clone());
        thread::spawn(move || follow(&shared, &bad))
    };
    let mut rescued = false;
    let mut mend = |outcome: &mut Outcome| -> Result<()> {
        outcome.count("times asked how it is", 1);
        if shared.recorder.health().failure.is_some() {
            shared.recorder.rescue(&good).context("the rescue failed")?;
            outcome.count("rescues", 1);
            rescued = true;
        }
        Ok(())
    };
    for fault in faults {
        inject(fault, &disk, second);
        outcome.count("faults", 1);
        let until = Instant::now() + second;
        while Instant::now() < until {
            thread::sleep(second / 20);
            mend(outcome)?;
        }
        disk.stall(Duration::ZERO);
    }
    shared.ends.store(true, Ordering::SeqCst);
    while pushers.iter().any(|pusher| !pusher.is_finished()) {
        thread::sleep(Duration::from_millis(1));
        mend(outcome)?;
    }
    let tried = pushers
        .into_iter()
        .map(|pusher| joined(pusher, "a pusher"))
        .collect::<Result<Vec<u64>>>()?;
    outcome.count("polls of a reader", joined(reader, "the reader")??);
    let failures = shared.failures.load(Ordering::SeqCst);
    ensure!(failures > 0 || !rescued, "nobody was told of the failure");
    let shared = Arc::into_inner(shared).context("somebody still records")?;
    let health = shared.recorder.health();
    shared.recorder.finish().context("it cannot be finished")?;
    ensure!(rescued, "the fault {breaks:?} did nothing");
    for (stream, tried) in STREAMS.into_iter().zip(tried) {
        account(stream, tried, &health, &[&bad, &good], outcome)?;
    }
    Ok(())
}

fn begin(bad: &Path) -> Result<(Arc<Disk>, Arc<Shared>)> {
    File::create_new(bad)?;
    let disk = Arc::new(Disk::new(FileStorage::open_writable(bad)?));
    let options = RecordOptions {
        on_full: OnFull::Drop,
        chunk_age: Duration::from_millis(50),
        ..RecordOptions::default()
    };
    let shared = Shared {
        recorder: Recorder::in_storage(disk.clone(), "bad.xk", options)?,
        ends: AtomicBool::new(false),
        failures: AtomicU64::new(0),
    };
    Ok((disk, Arc::new(shared)))
}

/// What goes wrong in a round, second by second, and what of it makes the recording fail.
fn faults(random: &mut Random) -> (Vec<Fault>, Fault) {
    let (slow, pressure) = (Fault::SlowDisk, Fault::Pressure);
    let orders = [
        [slow, pressure, slow, pressure],
        [pressure, slow, pressure, slow],
    ];
    let before = orders.get(random.index(2)).copied().unwrap_or(orders[0]);
    let breaks = if random.chance(0.5) {
        Fault::Sync
    } else {
        Fault::Write
    };
    let before = before.into_iter().take(1 + random.index(3));
    (before.chain([breaks, pressure]).collect(), breaks)
}

fn inject(fault: Fault, disk: &Disk, second: Duration) {
    match fault {
        Fault::SlowDisk => disk.stall(second / 2),
        Fault::Sync => disk.fail_sync(),
        Fault::Write => disk.fail_write(),
        Fault::Pressure => drop(std::hint::black_box(vec![1_u8; PRESSURE_BYTES])),
    }
}

fn joined<T>(thread: JoinHandle<T>, name: &str) -> Result<T> {
    thread
        .join()
        .map_err(|_| anyhow::anyhow!("{name} panicked"))
}

/// Counts the rows of a stream. Fails where one that was taken is neither stored in `files` nor was reported as dropped.
fn account(
    stream: &str,
    tried: u64,
    health: &Health,
    files: &[&Path],
    outcome: &mut Outcome,
) -> Result<()> {
    let mut streams = health.streams.iter();
    let counts = streams.find(|s| s.name == stream).map(|s| s.rows);
    let counts = counts.with_context(|| format!("nothing is known of {stream}"))?;
    let mut stored = BTreeSet::new();
    for path in files {
        collect(path, stream, &mut stored)?;
    }
    let taken = counts.pushed;
    ensure!(
        taken <= tried,
        "{stream}: {taken} rows were taken of {tried}"
    );
    ensure!(
        stored.last().is_none_or(|last| *last < tried),
        "{stream}: a row that nobody pushed"
    );
    let accounted = stored.len() as u64 + counts.dropped;
    ensure!(
        accounted == taken,
        "{stream}: {taken} rows were taken, {} are stored, {} dropped",
        stored.len(),
        counts.dropped
    );
    outcome.count("rows pushed", taken);
    outcome.count("rows stored", stored.len() as u64);
    outcome.count("rows dropped and reported", counts.dropped);
    Ok(())
}

/// Pushes rows until the round ends. Returns how many it tried.
fn push(shared: &Shared, stream: &str, seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let Ok(mut rows) = shared.recorder.records::<Row>(stream) else {
        return 0;
    };
    let mut number = 0;
    while !shared.ends.load(Ordering::SeqCst) {
        let burst = match stream {
            "fast" => 2000,
            "bursts" => random.index(5000),
            _ => 5,
        };
        for _ in 0..burst {
            let pushed = rows.push(&Row::new(stream, number));
            number += 1;
            if pushed.is_err() {
                shared.failures.fetch_add(1, Ordering::SeqCst);
                // Until somebody has rescued it.
                thread::sleep(Duration::from_millis(2));
                break;
            }
        }
        if random.chance(0.2) && rows.sync().is_err() {
            shared.failures.fetch_add(1, Ordering::SeqCst);
        }
        thread::sleep(Duration::from_millis(1 + random.below(4)));
    }
    // What is left goes to the file, or is left for the rescue.
    while rows.flush().is_err() {
        shared.failures.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(2));
    }
    number
}

/// Reads the file as it grows. Returns how often it looked.
fn follow(shared: &Shared, path: &Path) -> Result<u64> {
    let storage = Arc::new(FileStorage::open(path)?);
    let mut polls = 0;
    let mut container: Option<Container> = None;
    while !shared.ends.load(Ordering::SeqCst) {
        match &mut container {
            None => container = Container::open(storage.clone(), Limits::default()).ok(),
            Some(container) => {
                container.refresh()?;
                // The newest chunk of all is whole.
                if let Some(last) = container.chunks().last() {
                    container.read_chunk(last, None)?;
                }
            }
        }
        polls += 1;
        thread::sleep(Duration::from_millis(5));
    }
    Ok(polls)
}

/// Adds the numbers of the rows that a file holds of a stream. Fails where one is another than it should be, or twice there.
fn collect(path: &Path, stream: &str, numbers: &mut BTreeSet<u64>) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let file = exportkit::open(path)?;
    let mut last = None;
    for row in file.read_records::<Row>(stream)? {
        let row = row?;
        ensure!(row.is_of(stream), "{stream}: row {} is another", row.number);
        ensure!(
            last.is_none_or(|last| last < row.number),
            "{stream}: row {} is out of order",
            row.number
        );
        last = Some(row.number);
        numbers.insert(row.number);
    }
    Ok(())
}
