//! What a row in the journal costs the thread that records, beside the same row copied into a `Vec`.
//!
//! ```sh
//! cargo bench -p export-benches --bench journal -- --directory /dev/shm
//! ```
//!
//! Time is the pushing thread's own CPU time, page faults included. `copy` puts rows into a `Vec` of 4 MiB, again and again;
//! `journal` commits them and releases them 4 MiB at a time, as a recorder does whose chunks are written; `sealed` does so while
//! another thread seals every 100 ms; `fresh` releases nothing, so that every page is touched for the first time.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Parser;
use export_benches::clock::{median, thread_time};
use export_core::{Error, Result};
use export_journal::{Journal, Options, Room};

/// As large as a recorder's chunk.
const CHUNK_BYTES: usize = 4 << 20;
const SEAL_INTERVAL: Duration = Duration::from_millis(100);

/// What a row in the journal costs
#[derive(Parser)]
struct Arguments {
    /// Rows of each run
    #[arg(long, default_value_t = 4_000_000)]
    rows: usize,
    /// Bytes of a row
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u32).range(8..4096))]
    bytes: u32,
    /// Timed runs of each, which alternate
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Where the journal is; a directory of its own in the system's temporary one, if not given
    #[arg(long, value_name = "PATH")]
    directory: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let directory = match &arguments.directory {
        Some(path) => tempfile::tempdir_in(path)?,
        None => tempfile::tempdir()?,
    };
    let path = directory.path().join("run.xk.journal");
    let bytes = arguments.bytes as usize;
    let rows: Vec<u8> = (0..=u8::MAX).cycle().take(1024 * bytes).collect();
    let rows: Vec<&[u8]> = rows.chunks_exact(bytes).collect();
    type Way<'a> = (&'a str, &'a dyn Fn() -> Result<Duration>);
    let ways: [Way<'_>; 4] = [
        ("copy", &|| Ok(copied(&rows, arguments.rows))),
        ("journal", &|| {
            journalled(&path, &rows, arguments.rows, true)
        }),
        ("sealed", &|| sealed(&path, &rows, arguments.rows)),
        ("fresh", &|| journalled(&path, &rows, arguments.rows, false)),
    ];
    let mut times = vec![Vec::new(); ways.len()];
    for _ in 0..arguments.runs {
        for ((_, way), times) in ways.iter().zip(&mut times) {
            times.push(way()?);
        }
    }
    for ((name, _), times) in ways.iter().zip(times) {
        let time = median(times).unwrap_or_default();
        println!(
            "{name:>10}{:>10.2} ns a row",
            time.as_nanos() as f64 / arguments.rows as f64
        );
    }
    Ok(())
}

fn copied(rows: &[&[u8]], count: usize) -> Duration {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES + 4096);
    let (time, ()) = thread_time(|| {
        for row in rows.iter().cycle().take(count) {
            if chunk.len() >= CHUNK_BYTES {
                std::hint::black_box(&chunk);
                chunk.clear();
            }
            chunk.extend_from_slice(row);
        }
    });
    std::hint::black_box(&chunk);
    time
}

fn create(path: &Path, bytes: usize) -> Result<Journal> {
    let options = Options {
        // All of a run where nothing is released.
        capacity_bytes: (bytes as u64 * 2).clamp(64 << 20, 1 << 32),
        ..Options::default()
    };
    Journal::create(path, [7; 16], &options)
}

fn journalled(path: &Path, rows: &[&[u8]], count: usize, release: bool) -> Result<Duration> {
    let bytes = rows.first().map_or(0, |row| row.len()) * count;
    let journal = create(path, bytes)?;
    let time = pushed(&journal, rows, count, release)?;
    journal.remove()?;
    Ok(time)
}

fn sealed(path: &Path, rows: &[&[u8]], count: usize) -> Result<Duration> {
    let journal = create(path, 0)?;
    let done = AtomicBool::new(false);
    let time = thread::scope(|scope| {
        let sealer = scope.spawn(|| -> Result<()> {
            while !done.load(Ordering::Relaxed) {
                journal.seal()?;
                thread::sleep(SEAL_INTERVAL);
            }
            Ok(())
        });
        let time = pushed(&journal, rows, count, true);
        done.store(true, Ordering::Relaxed);
        match sealer.join() {
            Ok(sealed) => sealed.and(time),
            Err(_) => Err(Error::worker_panicked("the sealing thread panicked")),
        }
    })?;
    journal.remove()?;
    Ok(time)
}

fn pushed(journal: &Journal, rows: &[&[u8]], count: usize, release: bool) -> Result<Duration> {
    let mut lane = journal.lane("rows");
    let full = || Error::limit("the journal is full");
    if lane.begin(b"rows", 0)? == Room::Full {
        return Err(full());
    }
    let mut since_release = 0;
    let (time, done) = thread_time(|| {
        for row in rows.iter().cycle().take(count) {
            if lane.space().len() < row.len() {
                if release && since_release >= CHUNK_BYTES {
                    since_release = 0;
                    journal.release(lane.id(), lane.rows());
                }
                if lane.grow(row.len())? == Room::Full {
                    return Err(full());
                }
            }
            if let Some(place) = lane.space().get_mut(..row.len()) {
                place.copy_from_slice(row);
            }
            lane.commit(row.len())?;
            since_release += row.len();
        }
        Ok(())
    });
    done.map(|()| time)
}
