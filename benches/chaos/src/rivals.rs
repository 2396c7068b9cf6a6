//! Rivals, hurt by the same hand: their files are cut, flipped and overwritten, their writers killed.
//!
//! Files are written and read by workers, one process for each rival, which may die, hang or lie: `rivals` of export-compare for
//! those in Rust, xtask/chaos/worker.py for those from Python.

mod worker;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use export_benches::Random;

use crate::injury::hurt_sector;
use crate::outcome::{Outcome, Size};
use worker::{Answer, Command, Worker};

/// Rivals in Rust; exportkit is measured beside them, by the same workers.
const RUST: [&str; 5] = ["exportkit", "parquet", "mcap", "arrow-file", "arrow-stream"];
const PYTHON: [&str; 3] = ["hdf5", "hdf5-fletcher32", "sqlite"];
/// Rows of the whole table; a file that is damaged has the first 2,048 of them.
const TABLE_ROWS: u64 = 40_000;
/// Longest that a writer is left alive, in µs after its first chunk.
const KILLED_AFTER_US: u64 = 30_000;

/// Where the workers are.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Workers {
    /// Measure rivals, too, by this program (`rivals` of export-compare)
    #[arg(long, value_name = "PROGRAM")]
    rivals: Option<PathBuf>,
    /// … and those from Python, by this interpreter
    #[arg(long, requires = "script", value_name = "INTERPRETER")]
    python: Option<PathBuf>,
    /// … with this script (xtask/chaos/worker.py)
    #[arg(long, value_name = "SCRIPT")]
    script: Option<PathBuf>,
}

impl Workers {
    fn commands(&self) -> Vec<Command> {
        let rust = self.rivals.iter().flat_map(|program| {
            RUST.map(|rival| Command {
                rival,
                program: program.clone(),
                script: None,
            })
        });
        let python = self.python.iter().flat_map(|program| {
            PYTHON.map(|rival| Command {
                rival,
                program: program.clone(),
                script: self.script.clone(),
            })
        });
        rust.chain(python).collect()
    }
}

/// What a row does to rivals.
#[derive(Debug, Clone, Copy)]
enum Injury {
    Cut,
    Flip,
    Sectors,
    Kill,
}

/// What rivals come to in a row, where they are measured in it.
pub(crate) fn row(id: &str, workers: &Workers, size: Size, seed: u64) -> Result<Vec<Outcome>> {
    let (injury, injected, full, less) = match id {
        "R1" => (Injury::Cut, "cut at a byte", 2_000, 40),
        "R2" => (Injury::Flip, "a bit flipped", 10_000, 200),
        "R3" => (
            Injury::Sectors,
            "sectors zeroed, swapped, doubled",
            // Many of them make HDF5 hang.
            500,
            40,
        ),
        "R4" => (Injury::Kill, "writer killed", 60, 3),
        _ => return Ok(Vec::new()),
    };
    let cases = if size == Size::Full { full } else { less };
    let home = tempfile::tempdir()?;
    let table = home.path().join("table.ndjson");
    write_table(&table)?;
    let commands = workers.commands();
    let all = commands.iter().map(|command| {
        let start = Instant::now();
        let mut outcome = Outcome {
            subject: match command.rival {
                "exportkit" => "exportkit, same rows".to_owned(),
                rival => rival.to_owned(),
            },
            injected: injected.to_owned(),
            ..Outcome::default()
        };
        let mut trial = Trial {
            worker: Worker::start(command, &table)?,
            home: home.path(),
            random: Random::new(seed ^ 0x0052_1756),
            wanted: 0,
            right: 0,
        };
        match injury {
            Injury::Kill => trial.kills(command, &table, cases, &mut outcome)?,
            _ => trial.damages(injury, cases, &mut outcome)?,
        }
        let share = trial.right * 100 / trial.wanted.max(1);
        outcome.count("rows recovered %", share);
        outcome.seconds = start.elapsed().as_secs_f64();
        Ok(outcome)
    });
    all.collect()
}

/// Lines of JSON: a clock, a measured value, an integer and text.
fn write_table(path: &Path) -> Result<()> {
    let mut random = Random::new(4);
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    for row in 0..TABLE_ROWS {
        let line = serde_json::json!({
            "row": row,
            "level": random.normal(),
            "size": 16 << random.below(12),
            "name": format!("event {} of {:08x}", random.below(50), random.below(1 << 32)),
        });
        writeln!(file, "{line}")?;
    }
    Ok(file.flush()?)
}

struct Trial<'a> {
    worker: Worker<'a>,
    home: &'a Path,
    random: Random,
    /// Rows that were written to the files, in all.
    wanted: u64,
    /// Rows of those that came back as they were.
    right: u64,
}

impl Trial<'_> {
    /// One file, damaged in place `cases` times.
    fn damages(&mut self, injury: Injury, cases: u64, outcome: &mut Outcome) -> Result<()> {
        let path = self.home.join("whole");
        let written = self
            .worker
            .ask("write", &path)?
            .rows()
            .context("no file was written")?;
        let whole = fs::read(&path)?;
        let path = self.home.join("hurt");
        fs::write(&path, &whole)?;
        let Answer::Read {
            right,
            wrong: 0,
            error: None,
            ..
        } = self.worker.ask("read", &path)?
        else {
            anyhow::bail!("{} cannot read its own file", outcome.subject);
        };
        anyhow::ensure!(
            right == written,
            "{} reads {right} rows of {written}",
            outcome.subject
        );
        outcome.count("file bytes", whole.len() as u64);
        for case in 0..cases {
            let mut bytes = whole.clone();
            match injury {
                Injury::Cut => bytes.truncate(self.random.index(whole.len())),
                Injury::Flip => {
                    let bit = self.random.index(whole.len() * 8);
                    bytes
                        .get_mut(bit / 8)
                        .into_iter()
                        .for_each(|byte| *byte ^= 1 << (bit % 8));
                }
                _ => hurt_sector(&mut bytes, &[], &mut self.random),
            }
            fs::write(&path, &bytes)?;
            let answer = self.worker.ask("read", &path)?;
            self.note(case, written, bytes == whole, &answer, outcome);
        }
        Ok(())
    }

    /// Writers that are killed some time after their first chunk.
    fn kills(
        &mut self,
        command: &Command,
        table: &Path,
        cases: u64,
        outcome: &mut Outcome,
    ) -> Result<()> {
        for case in 0..cases {
            let path = self.home.join(format!("{}-{case}", command.rival));
            let mut writer = Worker::start(command, table)?;
            writer.tell("record", &path)?;
            let first = writer.answer()?.rows();
            thread::sleep(Duration::from_micros(self.random.below(KILLED_AFTER_US)));
            let written = writer.kill().max(first.unwrap_or(0));
            let answer = self.worker.ask("read", &path)?;
            self.note(case, written, false, &answer, outcome);
        }
        Ok(())
    }

    /// Counts a case. It passes where the reader yields all rows, or an error after nothing but right ones; a kill must not cost
    /// any row that was written.
    fn note(
        &mut self,
        case: u64,
        written: u64,
        unhurt: bool,
        answer: &Answer,
        outcome: &mut Outcome,
    ) {
        self.wanted += written;
        let failure = match answer {
            Answer::Read { panicked: true, .. } => Some("panics"),
            Answer::Died => Some("aborts"),
            Answer::Hung => Some("hangs"),
            Answer::Read { wrong, .. } if *wrong > 0 => Some("silent"),
            Answer::Read {
                right, error: None, ..
            } if *right < written => Some("silent"),
            Answer::Read { .. } | Answer::Rows { .. } => None,
        };
        if let Answer::Read { right, error, .. } = answer {
            self.right += (*right).min(written);
            let what = match error {
                Some(_) => "errors",
                None => "harmless",
            };
            outcome.count(what, (!unhurt && failure.is_none()).into());
        }
        for what in ["panics", "aborts", "hangs", "silent"] {
            outcome.count(what, (failure == Some(what)).into());
        }
        outcome.take(failure.map(|what| format!("case {case}: {what}: {answer:?}")));
    }
}
