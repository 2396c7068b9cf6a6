//! R4: a process that records is killed at any moment.

mod case;
mod child;
mod found;
mod told;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use exportkit::{Cancel, Depth, Limits, Progress, Recorder};
use tempfile::TempDir;

use crate::Arguments;
use crate::outcome::{Outcome, Size};
use case::{Case, End, RECORDING};
use found::{Found, found};
use told::Told;

/// Threads that push, each to a stream of its own.
const PUSHERS: u64 = 4;
/// Tells this program to be the one that is killed.
const CHILD: &str = "--record-until-killed";
/// A child that has not ended by itself after so long never will.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where this program was started to be killed: records, and says how it ended if it was not.
pub(crate) fn child() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != CHILD {
        return None;
    }
    let directory = PathBuf::from(arguments.next()?);
    let mut number = || arguments.next()?.to_str()?.parse().ok();
    let (seed, stage) = (number()?, number()?);
    let recorded = child::record(&directory, &Case::new(seed), stage);
    if let Err(error) = recorded {
        eprintln!("error: {error:#}");
    }
    Some(ExitCode::FAILURE)
}

/// Runs the row.
pub(crate) fn row(arguments: &Arguments) -> Result<Vec<Outcome>> {
    let cases = match arguments.size {
        Size::Quick => 50,
        Size::Ci => 1_000,
        Size::Full => 10_000,
    };
    // They sleep most of the time.
    let threads = match arguments.threads {
        Some(threads) => threads,
        None => 2 * thread::available_parallelism().map_or(1, usize::from),
    };
    let next = AtomicU64::new(0);
    let run = || {
        let mut outcome = Outcome::default();
        loop {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= cases {
                return outcome;
            }
            take(arguments.seed.wrapping_add(case), &mut outcome);
        }
    };
    let mut outcome = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(run)).collect();
        let mut all = Outcome::default();
        for worker in workers {
            match worker.join() {
                Ok(outcome) => all.add(outcome),
                Err(_) => all.take(Some(String::from("the case panicked"))),
            }
        }
        all
    });
    outcome.subject = String::from("exportkit");
    outcome.injected = String::from(
        "SIGKILL, abort, panic at random moments of four pushing threads, recording and appending",
    );
    Ok(vec![outcome])
}

fn take(seed: u64, outcome: &mut Outcome) {
    let case = Case::new(seed);
    let failure = match run(&case) {
        Ok(found) => {
            outcome.count("rows pushed", found.pushed);
            outcome.count("rows acknowledged", found.acknowledged);
            outcome.count("rows found", found.rows);
            None
        }
        Err(error) => Some(format!("R4 --seed {seed}: {case:?}: {error:#}")),
    };
    outcome.take(failure);
    outcome.count(case.end.name(), 1);
    if case.stages > 1 {
        outcome.count("while appending", 1);
    }
    if !case.journalled {
        outcome.count("without a journal", 1);
    }
}

/// Records, is killed, and looks at what is there.
fn run(case: &Case) -> Result<Found> {
    let directory = directory()?;
    let mut told = Vec::new();
    for stage in 0..case.stages {
        told.push(Told::create(directory.path(), stage)?);
        killed(case, stage, directory.path()).with_context(|| format!("stage {stage}"))?;
    }
    let path = directory.path().join(RECORDING);
    let read = found(&path, case, &told).context("as it was left")?;

    // Reading files of megabytes takes longer than all else.
    if case.seed.is_multiple_of(8) {
        let files = contents(directory.path())?;
        found(&path, case, &told).context("read again")?;
        ensure!(
            files == contents(directory.path())?,
            "reading has changed a file"
        );
    }

    Recorder::append(&path)?.finish().context("completing it")?;
    let completed = found(&path, case, &told).context("completed")?;
    ensure!(
        completed.rows == read.rows,
        "completing it changed what is read"
    );
    let sound = exportkit::verify(
        &path,
        Depth::Deep,
        Limits::default(),
        &Progress::new(),
        &Cancel::new(),
    )?;
    // A frame that was torn stays where it is, since nothing of a file is ever written again; the file goes on without it.
    ensure!(
        sound.is_sound() && sound.complete,
        "completed, and not sound: {:?}",
        sound.findings
    );
    let left = contents(directory.path())?;
    let left: Vec<&str> = left
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !name.starts_with("told"))
        .collect();
    ensure!(left == [RECORDING], "left behind: {left:?}");
    Ok(completed)
}

/// A directory in memory, where there is one.
fn directory() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.context("no directory for the case")
}

/// The files of a directory and what is in them.
fn contents(directory: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.push((name, std::fs::read(entry.path())?));
    }
    files.sort_unstable();
    Ok(files)
}

/// Starts a process that records, and sees to it that it ends as the case wants.
fn killed(case: &Case, stage: u64, directory: &Path) -> Result<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .arg(directory)
        .args([case.seed.to_string(), stage.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let ended = end(case, stage, &mut child);
    if ended.is_err() {
        // Whatever it does, it must not go on.
        drop(child.kill());
    }
    let status = child.wait()?;
    ended?;
    ensure!(!status.success(), "the child was not killed: {status}");
    Ok(())
}

fn end(case: &Case, stage: u64, child: &mut Child) -> Result<()> {
    let output = child.stdout.take().context("no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    if line != "ready\n" {
        let errors = child.stderr.take().context("no errors")?;
        let said: Vec<String> = BufReader::new(errors)
            .lines()
            .map_while(Result::ok)
            .collect();
        bail!("the child did not start: {}", said.join("; "));
    }
    if case.end == End::Kill {
        thread::sleep(case.delay(stage));
        if let Some(status) = child.try_wait()? {
            bail!("the child ended by itself: {status}");
        }
        return child.kill().context("it cannot be killed");
    }
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        ensure!(start.elapsed() < PATIENCE, "the child did not end");
        thread::sleep(Duration::from_micros(500));
    }
    Ok(())
}
