//! The reliability scoreboard: `cargo xtask chaos` runs this program, row by row, and puts its table together.
//!
//! Each row prints one line of JSON for each subject: see [`Outcome`]. The program fails where a promise of exportkit's does.

mod allocations;
mod bombs;
mod calls;
mod cases;
mod damaged;
mod injury;
mod kills;
mod outcome;
mod patient;
mod power;
mod reading;
mod repaired;
mod rivals;
mod rows;
mod sample;
mod soak;
mod subject;
mod traced;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;

use injury::Injury;
use outcome::{Outcome, Size};

/// Runs rows of the reliability scoreboard.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rows, such as R1
    #[arg(value_name = "ROW", required_unless_present = "list")]
    rows: Vec<String>,
    /// Print which rows there are
    #[arg(long)]
    list: bool,
    /// How many cases
    #[arg(long, value_enum, default_value = "quick")]
    size: Size,
    /// Where random cases start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// R1, R2, R3, R10: only files that this is part of the name of, such as text/hex+zstd/short
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
    /// R1, R2, R3, R10: this case only, such as cut:99, bit:1234, sectors:7
    #[arg(long, requires = "file", value_name = "CASE")]
    case: Option<Injury>,
    /// With --case: puts the file into this directory, as `well.xk`, `hurt.xk`, and `stale.xk`, which was there before
    #[arg(long, requires = "case", value_name = "DIRECTORY")]
    keep: Option<PathBuf>,
    /// Threads; one a core where not given
    #[arg(long)]
    threads: Option<usize>,
    #[command(flatten)]
    workers: rivals::Workers,
}

/// A row of the scoreboard.
type Row = fn(&Arguments) -> Result<Vec<Outcome>>;

/// The rows that this program runs; R8, R11 and R12 are other commands.
const ROWS: [(&str, Row); 10] = [
    ("R1", damaged::cuts),
    ("R2", damaged::flips),
    ("R3", damaged::sectors),
    ("R4", kills::row),
    ("R5", power::row),
    ("R6", calls::row),
    ("R7", allocations::row),
    ("R9", bombs::row),
    ("R10", damaged::repairs),
    ("R13", soak::row),
];

fn main() -> ExitCode {
    if let Some(code) = kills::child() {
        return code;
    }
    let arguments = Arguments::parse();
    if arguments.list {
        ROWS.iter().for_each(|(id, _)| println!("{id}"));
        return ExitCode::SUCCESS;
    }
    let mut failed = false;
    for name in &arguments.rows {
        let Some((id, row)) = ROWS
            .into_iter()
            .find(|(id, _)| id.eq_ignore_ascii_case(name))
        else {
            eprintln!("error: there is no row {name}");
            return ExitCode::from(2);
        };
        let start = Instant::now();
        let beside = |outcomes: Vec<Outcome>| -> Result<Vec<Outcome>> {
            let mut outcomes = outcomes;
            for outcome in &mut outcomes {
                outcome.seconds = start.elapsed().as_secs_f64();
            }
            outcomes.extend(rivals::row(
                id,
                &arguments.workers,
                arguments.size,
                arguments.seed,
            )?);
            Ok(outcomes)
        };
        match row(&arguments).and_then(beside) {
            Ok(outcomes) => {
                for mut outcome in outcomes {
                    outcome.id = id;
                    failed |= outcome.subject == "exportkit" && outcome.passed < outcome.cases;
                    match serde_json::to_string(&outcome) {
                        Ok(line) => println!("{line}"),
                        Err(error) => eprintln!("error: {error}"),
                    }
                }
            }
            Err(error) => {
                eprintln!("error: {id}: {error:#}");
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}
