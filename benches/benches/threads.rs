//! What a second worker brings, and what the pipeline costs (T10).
//!
//! ```sh
//! cargo bench -p export-benches --bench threads -- --quick
//! ```

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;
use export_benches::clock::{median, timed};
use export_benches::measured::{Figure, Figures};
use export_benches::memory::Memory;
use export_benches::{QUICK, Table, Workload};
use exportkit::{ConvertOptions, FileId, StreamBatch, container_sink};

/// What a second worker brings, and what the pipeline costs
#[derive(Parser)]
struct Arguments {
    /// A twentieth of the rows
    #[arg(long)]
    quick: bool,
    /// Timed runs of each number of workers, in turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut figures = Figures::new("threads")?;
    // Those whose short tables are several chunks.
    for workload in [Workload::HeapEvents, Workload::LineItem, Workload::Logs] {
        let shorter = if arguments.quick { QUICK / 4 } else { 1 };
        for table in workload.tables(workload.full_rows() / shorter, 1)? {
            compare(&table, arguments.runs, &mut figures)?;
        }
    }
    Ok(())
}

/// With no worker, the caller encodes; then one and two.
fn compare(table: &Table, runs: u32, figures: &mut Figures) -> Result<()> {
    let expected = write(table, 0)?.file;
    let mut taken: [(Vec<Duration>, Vec<Duration>); 3] = Default::default();
    for _ in 0..runs {
        for (threads, (walls, processors)) in taken.iter_mut().enumerate() {
            let written = write(table, threads)?;
            if written.file != expected {
                bail!("{threads} workers write another file");
            }
            walls.push(written.wall);
            processors.push(written.processor);
        }
    }
    let [direct, one, two] = taken.map(|(walls, processors)| {
        let seconds = |times| median(times).unwrap_or_default().as_secs_f64();
        (seconds(walls), seconds(processors))
    });
    let mut add = |what, value, unit| {
        figures.figure(&Figure {
            target: "T10",
            subject: table.name.to_owned(),
            what,
            value,
            unit,
        })
    };
    add("one worker, elapsed", one.0, "s")?;
    add("two workers, elapsed", two.0, "s")?;
    add("two workers × one", one.0 / two.0, "×")?;
    add("CPU time of one worker × none", one.1 / direct.1, "×")?;
    Ok(())
}

struct Written {
    file: Vec<u8>,
    wall: Duration,
    processor: Duration,
}

fn write(table: &Table, threads: usize) -> Result<Written> {
    let batches: Vec<StreamBatch> = table
        .batches
        .iter()
        .map(|batch| StreamBatch {
            stream: "rows".into(),
            batch: batch.clone(),
        })
        .collect();
    let options = ConvertOptions {
        threads: Some(threads),
        file_id: Some(FileId([7; 16])),
        created_ns: Some(0),
        ..ConvertOptions::default()
    };
    let memory = Memory::default();
    let start = Instant::now();
    let (processor, done) = timed(|| -> Result<()> {
        let mut sink = container_sink(Box::new(memory.clone()), &options)?;
        for batch in batches {
            sink.write(batch)?;
        }
        sink.finish(&Default::default())?;
        Ok(())
    });
    let wall = start.elapsed();
    done?;
    Ok(Written {
        file: memory.take(),
        wall,
        processor,
    })
}
