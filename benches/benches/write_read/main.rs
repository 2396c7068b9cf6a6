//! Write and read speed and size of each workload: our presets, and Parquet beside them in the same run.
//!
//! ```sh
//! cargo bench -p export-benches --features rivals --bench write_read -- --quick
//! ```
//!
//! One thread, memory to memory. Speeds are bytes of in-memory data over CPU time of the process, the median of alternating
//! runs; MB are 10⁶ bytes. What was written is read back and compared, outside of the timed part.

mod contender;
mod ours;
#[cfg(feature = "rivals")]
mod parquet;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use export_benches::clock::{median, timed};
use export_benches::{Table, Workload};
use export_core::{Error, Result};

use contender::Contender;
use report::{Report, Row};

/// Tables are this many times shorter with `--quick`.
const QUICK: usize = 20;

/// Write and read speed and size of the workloads D1 to D6
#[derive(Parser)]
struct Arguments {
    /// Rows of each table (of D3, steps) instead of the full workload's
    #[arg(long)]
    rows: Option<usize>,
    /// A twentieth of the rows
    #[arg(long, conflicts_with = "rows")]
    quick: bool,
    /// Timed runs of each contender, which alternate
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Seed of the workloads
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Measure only these, such as D1,D5
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    only: Vec<String>,
    /// Write the figures here as well
    #[arg(long, value_name = "PATH")]
    csv: Option<PathBuf>,
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
    let mut report = Report::default();
    let wanted =
        |id: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == id);
    if !cfg!(feature = "rivals") {
        eprintln!("Parquet is left out: add --features rivals");
    }
    report.head();
    for workload in Workload::ALL
        .into_iter()
        .filter(|workload| wanted(workload.id()))
    {
        let rows = match arguments.rows {
            Some(rows) => rows,
            None if arguments.quick => workload.full_rows() / QUICK,
            None => workload.full_rows(),
        };
        for table in workload.tables(rows, arguments.seed)? {
            for row in measure(&table, arguments.runs)? {
                report.add(row);
            }
        }
    }
    report.means();
    report.save(arguments.csv.as_deref())
}

/// The figures of one table, the rival first.
fn measure(table: &Table, runs: u32) -> Result<Vec<Row>> {
    let mut contenders: Vec<Box<dyn Contender + '_>> = Vec::new();
    #[cfg(feature = "rivals")]
    contenders.push(Box::new(parquet::Parquet::new(table)?));
    for preset in ours::presets() {
        contenders.push(Box::new(ours::Ours::new(table, preset)?));
    }
    let named = |error: Error, contender: &dyn Contender| {
        Error::new(
            error.kind(),
            format!("{} with {}: {error}", table.name, contender.name()),
        )
    };
    for contender in &mut contenders {
        let checked = contender.write().and_then(|_| contender.check());
        checked.map_err(|error| named(error, &**contender))?;
    }
    let mut times = vec![(Vec::new(), Vec::new(), 0); contenders.len()];
    for _ in 0..runs {
        for (contender, (writes, _, stored)) in contenders.iter_mut().zip(&mut times) {
            let (time, written) = timed(|| contender.write());
            writes.push(time);
            *stored = written?;
        }
        for (contender, (_, reads, _)) in contenders.iter().zip(&mut times) {
            let (time, read) = timed(|| contender.read());
            reads.push(time);
            read?;
        }
    }
    let memory_bytes = table.memory_bytes();
    let rows = contenders
        .iter()
        .zip(times)
        .map(|(contender, (writes, reads, stored_bytes))| Row {
            table: table.name,
            contender: contender.name(),
            rows: table.rows(),
            memory_bytes,
            stored_bytes,
            write: median(writes).unwrap_or(Duration::ZERO),
            read: median(reads).unwrap_or(Duration::ZERO),
        });
    Ok(rows.collect())
}
