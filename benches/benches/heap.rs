//! Heap that writing takes above the batches it is given (T9), on the caller's thread alone.
//!
//! ```sh
//! cargo bench -p export-benches --bench heap -- --quick
//! ```

use allocation_counter::measure;
use anyhow::Result;
use clap::Parser;
use export_benches::measured::{Figure, Figures};
use export_benches::{QUICK, Table, Workload};
use exportkit::{Batch, ConvertOptions, EncodeOptions, Preset, StreamBatch, container_sink};

/// Heap that writing takes above the batches it is given
#[derive(Parser)]
struct Arguments {
    /// A twentieth of the rows
    #[arg(long)]
    quick: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut figures = Figures::new("heap")?;
    for workload in Workload::ALL {
        let shorter = if arguments.quick { QUICK } else { 1 };
        for table in workload.tables(workload.full_rows() / shorter, 1)? {
            for preset in Preset::ALL {
                let bytes = peak_bytes(&table, preset)?;
                figures.figure(&Figure {
                    target: "T9",
                    subject: format!("{} {preset}", table.name),
                    what: "heap above the batches",
                    value: bytes as f64 / 1e6,
                    unit: "MB",
                })?;
            }
        }
    }
    Ok(())
}

/// The most that was on the heap at any time, besides what was there before and the batch that was being written.
fn peak_bytes(table: &Table, preset: Preset) -> Result<u64> {
    let options = ConvertOptions {
        encode: EncodeOptions::new(preset),
        threads: Some(0),
        ..ConvertOptions::default()
    };
    let mut done = Ok(());
    let counted = measure(|| done = write(table, &options));
    done?;
    let largest = table.batches.iter().map(Batch::memory_bytes).max();
    Ok(counted
        .bytes_max
        .saturating_sub(largest.unwrap_or(0) as u64))
}

/// Batches are copied one by one, as sinks take them for good.
fn write(table: &Table, options: &ConvertOptions) -> Result<()> {
    let mut sink = container_sink(Box::new(std::io::sink()), options)?;
    for batch in &table.batches {
        sink.write(StreamBatch {
            stream: "rows".into(),
            batch: batch.clone(),
        })?;
    }
    sink.finish(&Default::default())?;
    Ok(())
}
