//! The flights table: there and back, and beside what others make of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Arguments;
use crate::measure::{Cost, cost, median};
use crate::python::Python;
use crate::workspace::{Workspace, output, run as run_command};

/// The whole table, beside the repository where it is there at all.
const WHOLE: &str = "../shared/data/flights.csv.gz";
const EXCERPT: &str = "examples/data/flights.csv.gz";

pub(super) fn run(workspace: &Workspace, exportkit: &Path, arguments: &Arguments) -> Result<()> {
    let table = table(workspace, arguments);
    println!(
        "\nflights: {}",
        table
            .strip_prefix(&workspace.root)
            .unwrap_or(&table)
            .display()
    );
    let python = Python::prepare(workspace, crate::compat::HOME)?;
    let scratch = workspace.scratch("acceptance")?;
    let at = |name: &str| scratch.join(name);
    let (csv, xk, back, parquet) = (
        at("flights.csv"),
        at("flights.xk"),
        at("back.csv"),
        at("flights.parquet"),
    );

    run_command(
        python
            .script("flights.py")
            .arg("unpack")
            .arg(&table)
            .arg(&csv),
    )?;
    for (from, to) in [(&table, &xk), (&xk, &back), (&xk, &parquet)] {
        run_command(convert(exportkit, from, to).arg("-f"))?;
    }
    run_command(Command::new(exportkit).args(["verify", "--deep"]).arg(&xk))?;
    run_command(
        python
            .script("flights.py")
            .arg("compare")
            .args([&csv, &back, &parquet]),
    )?;
    run_command(
        python
            .script("flights.py")
            .arg("sizes")
            .args([&csv, &xk, &parquet]),
    )?;
    times(&python, exportkit, &csv, &scratch, arguments.runs.max(1))
}

/// Which table: the one asked for, else the whole one, else the excerpt.
fn table(workspace: &Workspace, arguments: &Arguments) -> PathBuf {
    let whole = workspace.root.join(WHOLE);
    match &arguments.flights {
        Some(path) => path.clone(),
        None if whole.is_file() => whole,
        None => workspace.root.join(EXCERPT),
    }
}

fn convert(exportkit: &Path, from: &Path, to: &Path) -> Command {
    let mut command = Command::new(exportkit);
    command.arg("convert").arg(from).arg(to);
    command
}

/// CSV to .xk beside DuckDB's CSV to Parquet (zstd), the runs alternating so that a noisy moment meets both.
///
/// Ours are whole processes, fsync included; DuckDB's time is that of its COPY statement alone, Python's start left out.
fn times(python: &Python, exportkit: &Path, csv: &Path, scratch: &Path, runs: usize) -> Result<()> {
    let (mut one, mut many, mut duckdb) = (Vec::new(), Vec::new(), Vec::new());
    let xk = scratch.join("timed.xk");
    for _ in 0..runs {
        one.push(timed(convert(exportkit, csv, &xk).args([
            "-f",
            "--threads",
            "1",
        ]))?);
        duckdb.push(copy(python, csv, &scratch.join("timed.parquet"))?);
        many.push(timed(convert(exportkit, csv, &xk).arg("-f"))?);
    }
    println!("\nmedians of {runs} alternating runs");
    println!(
        "{:<50} {:>9} {:>9} {:>12}",
        "CSV to", "elapsed s", "CPU-s", "peak RSS MB"
    );
    print(".xk, exportkit convert --threads 1", &one);
    print(".xk, exportkit convert", &many);
    print("Parquet (zstd), DuckDB SET threads=1, COPY alone", &duckdb);
    Ok(())
}

fn timed(command: &mut Command) -> Result<Cost> {
    cost(
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null()),
    )
}

/// One COPY in DuckDB; the script prints its elapsed seconds, processor seconds and peak bytes.
fn copy(python: &Python, csv: &Path, parquet: &Path) -> Result<Cost> {
    let printed = output(
        python
            .script("flights.py")
            .arg("duckdb")
            .args([csv, parquet]),
    )?;
    let mut words = printed.split_whitespace();
    let mut next = || {
        words
            .next()
            .with_context(|| format!("flights.py duckdb printed {printed:?}"))
    };
    Ok(Cost {
        wall: Duration::try_from_secs_f64(next()?.parse()?)?,
        processor: Duration::try_from_secs_f64(next()?.parse()?)?,
        peak_bytes: next()?.parse()?,
    })
}

fn print(what: &str, costs: &[Cost]) {
    let wall = median(costs.iter().map(|cost| cost.wall).collect());
    let processor = median(costs.iter().map(|cost| cost.processor).collect());
    let peak = costs
        .iter()
        .map(|cost| cost.peak_bytes)
        .max()
        .unwrap_or_default();
    let (wall, processor) = (wall.as_secs_f64(), processor.as_secs_f64());
    println!(
        "{what:<50} {wall:>9.3} {processor:>9.3} {:>12.1}",
        crate::measure::megabytes(peak)
    );
}
