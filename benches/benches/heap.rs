//! Heap that writing takes above the batches it is given (T9), on the caller's thread alone.
//!
//! ```sh
//! cargo bench -p export-benches --bench heap -- --quick
//! ```

use std::alloc::System;

use anyhow::Result;
use clap::Parser;
use export_benches::measured::{Figure, Figures};
use export_benches::{QUICK, Table, Workload};
use exportkit::{ConvertOptions, EncodeOptions, Preset, StreamBatch, container_sink};
use peakmem_alloc::{INSTRUMENTED_SYSTEM, PeakMemAlloc, PeakMemAllocTrait};

#[global_allocator]
static HEAP: &PeakMemAlloc<System> = &INSTRUMENTED_SYSTEM;

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
fn peak_bytes(table: &Table, preset: Preset) -> Result<usize> {
    HEAP.reset_peak_memory();
    let options = ConvertOptions {
        encode: EncodeOptions::new(preset),
        threads: Some(0),
        ..ConvertOptions::default()
    };
    let mut sink = container_sink(Box::new(std::io::sink()), &options)?;
    let mut largest = 0;
    for batch in &table.batches {
        largest = largest.max(batch.memory_bytes());
        sink.write(StreamBatch {
            stream: "rows".into(),
            batch: batch.clone(),
        })?;
    }
    sink.finish(&Default::default())?;
    Ok(HEAP.get_peak_memory().saturating_sub(largest))
}
