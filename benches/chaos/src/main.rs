//! The reliability scoreboard: `cargo xtask chaos` runs this program, row by row, and puts its table together.
//!
//! Each row prints one line of JSON for each subject: see [`Outcome`]. The program fails where a promise of exportkit's does.

mod bombs;
mod damaged;
mod injury;
mod outcome;
mod patient;
mod power;
mod reading;
mod repaired;
mod rows;
mod sample;

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
    #[arg(value_name = "ROW", required = true)]
    rows: Vec<String>,
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
    /// Threads; one a core where not given
    #[arg(long)]
    threads: Option<usize>,
}

/// A row of the scoreboard.
type Row = fn(&Arguments) -> Result<Vec<Outcome>>;

/// The rows that this program runs; R8, R11 and R12 are other commands.
const ROWS: [(&str, Row); 6] = [
    ("R1", damaged::cuts),
    ("R2", damaged::flips),
    ("R3", damaged::sectors),
    ("R5", power::row),
    ("R9", bombs::row),
    ("R10", damaged::repairs),
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
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
        match row(&arguments) {
            Ok(outcomes) => {
                for mut outcome in outcomes {
                    outcome.id = id;
                    if outcome.seconds == 0.0 {
                        outcome.seconds = start.elapsed().as_secs_f64();
                    }
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
