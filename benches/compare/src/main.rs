//! exportkit beside its rivals: the workloads D1 to D6 as batches, and D1 and D5 as structs.
//!
//! ```sh
//! cargo run --release -p export-compare -- --quick --only D1
//! ```
//!
//! One thread, memory to memory. Times are CPU times of the process, the median of runs in turns. What was written is read
//! back and compared, outside of the timed part. `cargo xtask bench` runs this, and others, and judges the figures.

mod contender;
mod rows;
mod tables;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use export_benches::measured::{Figures, Speed};
use export_benches::{Table, Workload};

use contender::{Contender, Taken, measure};

/// exportkit beside its rivals, on the workloads D1 to D6
#[derive(Parser)]
struct Arguments {
    /// Rows of each table (of D3, steps) instead of the full workload's
    #[arg(long)]
    rows: Option<usize>,
    /// A twentieth of the rows
    #[arg(long, conflicts_with = "rows")]
    quick: bool,
    /// Timed runs of each contender, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Seed of the workloads
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// These workloads only, such as D1,D5
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    only: Vec<String>,
    /// These contenders only: those whose names contain one of these
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    contenders: Vec<String>,
    /// Only what is given batches, or only what is given structs
    #[arg(long, value_parser = ["tables", "rows"])]
    from: Option<String>,
    /// Leave the tables there as Arrow IPC files, for those who are not written in Rust
    #[arg(long, value_name = "DIRECTORY")]
    hand_over: Option<PathBuf>,
}

impl Arguments {
    fn rows_of(&self, workload: Workload) -> usize {
        match self.rows {
            Some(rows) => rows,
            None if self.quick => workload.full_rows() / export_benches::QUICK,
            None => workload.full_rows(),
        }
    }

    fn wants(&self, from: &str) -> bool {
        self.from.as_deref().is_none_or(|only| only == from)
    }

    fn choose(&self, contenders: &mut Vec<Box<dyn Contender + '_>>) {
        if !self.contenders.is_empty() {
            contenders.retain(|contender| {
                let name = contender.name();
                self.contenders.iter().any(|part| name.contains(part))
            });
        }
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let mut figures = Figures::new("compare")?;
    for workload in Workload::ALL {
        let id = workload.id();
        if !arguments.only.is_empty() && !arguments.only.iter().any(|only| only == id) {
            continue;
        }
        let count = arguments.rows_of(workload);
        let tables = workload.tables(count, arguments.seed)?;
        for table in &tables {
            if let Some(directory) = &arguments.hand_over {
                tables::hand_over(table, directory)?;
            }
            if arguments.wants("tables") {
                let mut contenders = tables::contenders(table)?;
                arguments.choose(&mut contenders);
                let taken = measure(&mut contenders, arguments.runs).context(table.name)?;
                tell(&mut figures, "tables", table, taken)?;
            }
        }
        let Some(table) = tables.first().filter(|_| arguments.wants("rows")) else {
            continue;
        };
        let seed = arguments.seed;
        let taken = match workload {
            Workload::HeapEvents => {
                let rows = export_benches::rows::d1(count, seed);
                let mut contenders = rows::contenders::<_, rows::D1>(&rows)?;
                arguments.choose(&mut contenders);
                measure(&mut contenders, arguments.runs)
            }
            Workload::Logs => {
                let rows = export_benches::rows::d5(count, seed);
                let mut contenders = rows::contenders::<_, rows::D5>(&rows)?;
                arguments.choose(&mut contenders);
                measure(&mut contenders, arguments.runs)
            }
            _ => continue,
        };
        let taken = taken.with_context(|| format!("rows of {}", table.name))?;
        tell(&mut figures, "rows", table, taken)?;
    }
    Ok(())
}

/// Speeds from structs, too, are of the bytes that the table has in memory as batches.
fn tell(figures: &mut Figures, from: &'static str, table: &Table, taken: Vec<Taken>) -> Result<()> {
    for taken in taken {
        figures.speed(&Speed {
            from,
            table: table.name.to_owned(),
            contender: taken.contender,
            rows: table.rows(),
            memory_bytes: table.memory_bytes(),
            stored_bytes: taken.stored_bytes,
            write_seconds: taken.write.as_secs_f64(),
            read_seconds: taken.read.as_secs_f64(),
        })?;
    }
    Ok(())
}
