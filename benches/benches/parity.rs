//! What parity costs while a file is written, and what restoring from it takes.
//!
//! ```sh
//! cargo bench -p export-benches --bench parity -- --quick
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use export_benches::clock::{median, timed};
use export_benches::measured::{Figure, Figures};
use export_benches::memory::Memory;
use export_benches::{QUICK, Table, Workload};
use export_container::{FileOptions, MemoryStorage, Writer, repair, verify};
use exportkit::{
    Cancel, ConvertOptions, FileId, Limits, Parity, Progress, StreamBatch, container_sink,
};

/// What parity costs while a file is written, and what restoring from it takes
#[derive(Parser)]
struct Arguments {
    /// A twentieth of the rows
    #[arg(long)]
    quick: bool,
    /// Timed runs of each, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Parity in percent
    #[arg(long, default_value_t = 10)]
    percent: u8,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut figures = Figures::new("parity")?;
    for workload in [Workload::HeapEvents, Workload::Signals, Workload::Logs] {
        let shorter = if arguments.quick { QUICK } else { 1 };
        for table in workload.tables(workload.full_rows() / shorter, 1)? {
            compare(&table, &arguments, &mut figures)?;
        }
    }
    Ok(())
}

fn compare(table: &Table, arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let share = Parity::percent(arguments.percent)?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let (mut plain, mut protected) = (Vec::new(), Vec::new());
    for _ in 0..arguments.runs {
        let (time, file) = timed(|| write(table, None));
        without.push(time);
        plain = file?;
        let (time, file) = timed(|| write(table, Some(share)));
        with.push(time);
        protected = file?;
    }
    let seconds = |times: Vec<Duration>| median(times).unwrap_or_default().as_secs_f64();
    let (without, with) = (seconds(without), seconds(with));
    let megabytes = plain.len() as f64 / 1e6;
    let mut add = |what, value, unit| {
        figures.figure(&Figure {
            target: "",
            subject: format!("{}, {share}", table.name),
            what,
            value,
            unit,
        })
    };
    add("stored without", megabytes, "MB")?;
    add(
        "stored with × without",
        protected.len() as f64 / plain.len() as f64,
        "×",
    )?;
    add("CPU time of writing without", without, "s")?;
    add("CPU time of writing with × without", with / without, "×")?;
    add(
        "parity alone, of stored bytes",
        megabytes / (with - without).max(1e-9),
        "MB/s",
    )?;

    // Half of what it can bear, in a row, gone.
    let count = protected.len() * usize::from(arguments.percent) / 200;
    let from = protected.len() / 3;
    let mut broken = protected.clone();
    broken
        .get_mut(from..from + count)
        .context("a file that is too short")?
        .fill(0);
    let (intact, _) = timed(|| mend(&protected));
    let (time, mended) = timed(|| mend(&broken));
    let (lossless, restored) = mended?;
    let copied = rows_of(&plain)?;
    if !lossless || restored == 0 || copied != table.rows() as u64 {
        bail!("{}: not all was restored", table.name);
    }
    add("CPU time of repair, intact", intact.as_secs_f64(), "s")?;
    add("CPU time of repair, damaged", time.as_secs_f64(), "s")?;
    add("restored", restored as f64 / 1e6, "MB")?;
    Ok(())
}

fn write(table: &Table, parity: Option<Parity>) -> Result<Vec<u8>> {
    let options = ConvertOptions {
        threads: Some(0),
        file_id: Some(FileId([7; 16])),
        created_ns: Some(0),
        parity,
        ..ConvertOptions::default()
    };
    let memory = Memory::default();
    let mut sink = container_sink(Box::new(memory.clone()), &options)?;
    for batch in &table.batches {
        sink.write(StreamBatch {
            stream: "rows".into(),
            batch: batch.clone(),
        })?;
    }
    sink.finish(&Default::default())?;
    Ok(memory.take())
}

/// Whether nothing was lost, and how many bytes were restored.
fn mend(file: &[u8]) -> Result<(bool, u64)> {
    let storage = Arc::new(MemoryStorage::new(file.to_vec()));
    let options = FileOptions {
        file: FileId([8; 16]),
        created_ns: 0,
    };
    let mut writer = Writer::new(std::io::sink(), &options)?;
    let (limits, progress, cancel) = (Limits::default(), Progress::new(), Cancel::new());
    let report = repair(storage, &mut writer, &limits, &progress, &cancel)?;
    let restored = report
        .parity
        .as_ref()
        .map_or(0, |parity| parity.restored_bytes);
    Ok((report.is_lossless(), restored))
}

fn rows_of(file: &[u8]) -> Result<u64> {
    let storage = Arc::new(MemoryStorage::new(file.to_vec()));
    let (limits, progress, cancel) = (Limits::default(), Progress::new(), Cancel::new());
    let depth = export_container::Depth::Checksums;
    Ok(verify(storage, depth, &limits, &progress, &cancel)?.rows)
}
