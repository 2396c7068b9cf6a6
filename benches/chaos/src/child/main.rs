//! The programs that the scoreboard hurts, each in a process of its own: they record, go on, convert, mend and look.
//!
//! On standard output they say what they know to be safe, as it happens: `acknowledged STREAM ROWS` of what survives a power
//! loss, `taken STREAM ROWS` of what survives their own end.

mod allocator;
mod record;
mod rows;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use exportkit::{Cancel, ConvertOptions, Depth, Error, FileId, Limits, Place, Progress, Result};

#[global_allocator]
static ALLOCATOR: allocator::Failing = allocator::Failing::new();

/// The programs that the scoreboard hurts.
#[derive(Debug, Parser)]
struct Arguments {
    /// The allocation that fails, counted from 0 once the program has begun
    #[arg(long, value_name = "N")]
    allocation: Option<u64>,
    /// All allocations after it fail, too
    #[arg(long)]
    for_good: bool,
    /// Only allocations of this many bytes and more are counted
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    large: usize,
    #[command(subcommand)]
    program: Program,
}

#[derive(Debug, Subcommand)]
enum Program {
    /// Starts a recording
    Record(Recording),
    /// Goes on with a recording
    Append(Recording),
    /// Looks whether a recording holds what it should: each stream its rows from the first on
    Check {
        path: PathBuf,
        /// What was acknowledged, as STREAM=ROWS
        acknowledged: Vec<rows::Known>,
    },
    /// Converts
    Convert { input: PathBuf, output: PathBuf },
    /// Reads all rows
    Read { path: PathBuf },
    /// Verifies, contents too
    Verify { path: PathBuf },
    /// Repairs
    Repair { input: PathBuf, output: PathBuf },
}

/// What is recorded.
#[derive(Debug, clap::Args)]
struct Recording {
    path: PathBuf,
    /// Rows of each stream
    #[arg(long, default_value_t = 60)]
    rows: u64,
    /// Rows between two syncs
    #[arg(long, default_value_t = 12)]
    sync: u64,
    /// Threads that encode
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Keeps a journal: rows are safe from the end of this process once they are pushed
    #[arg(long)]
    journal: bool,
    /// Bytes of text in each row, at least
    #[arg(long, default_value_t = 0)]
    text: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Standard output takes its buffer before anything fails.
    rows::say(format_args!("begun"));
    ALLOCATOR.arm(arguments.allocation, arguments.for_good, arguments.large);
    let done = run(&arguments.program);
    let counted = ALLOCATOR.disarm();
    match done {
        Ok(()) => {
            rows::say(format_args!("allocations {counted}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            // Writing that fails, too, changes nothing about the exit code.
            drop(writeln!(io::stderr(), "error: {:?}: {error}", error.kind()));
            ExitCode::FAILURE
        }
    }
}

fn run(program: &Program) -> Result<()> {
    match program {
        Program::Record(recording) => record::record(recording, false),
        Program::Append(recording) => record::record(recording, true),
        Program::Check { path, acknowledged } => rows::check(path, acknowledged),
        Program::Convert { input, output } => convert(input, output),
        Program::Read { path } => read(path),
        Program::Verify { path } => verify(path),
        Program::Repair { input, output } => {
            let limits = Limits::default();
            let (progress, cancel) = (Progress::new(), Cancel::new());
            exportkit::repair(input, output, false, &limits, &progress, &cancel).map(drop)
        }
    }
}

fn convert(input: &Path, output: &Path) -> Result<()> {
    // The same bytes each time.
    let options = ConvertOptions {
        threads: Some(0),
        file_id: Some(FileId(*b"sixteen bytes id")),
        created_ns: Some(7),
        ..ConvertOptions::default()
    };
    exportkit::convert(&Place::from(input), &Place::from(output), &options).map(drop)
}

fn read(path: &Path) -> Result<()> {
    let recording = exportkit::open(path)?;
    for stream in recording.streams() {
        for batch in recording.batches(&stream.name)? {
            batch?;
        }
    }
    Ok(())
}

fn verify(path: &Path) -> Result<()> {
    let limits = Limits::default();
    let (progress, cancel) = (Progress::new(), Cancel::new());
    let report = exportkit::verify(path, Depth::Deep, &limits, &progress, &cancel)?;
    match report.is_sound() {
        true => Ok(()),
        false => Err(Error::corrupt("the file is damaged")),
    }
}
