//! Batches out of a file.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use export_core::{Batch, Error, Result, Source, StreamBatch};
use exportkit::{BatchOptions, ConvertOptions, Place, Recording, export};

use crate::compare;

/// Batches as a source.
struct Batches<'b>(std::slice::Iter<'b, Batch>);

impl Source for Batches<'_> {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        Ok(self.0.next().map(|batch| StreamBatch {
            stream: Arc::from("rows"),
            batch: batch.clone(),
        }))
    }
}

fn write(batches: &[Batch], path: &Path) -> Result<Recording> {
    let mut source = Batches(batches.iter());
    export(&mut source, &Place::from(path), &ConvertOptions::default())?;
    exportkit::open(path)
}

fn read(file: &Recording, threads: usize) -> Result<usize> {
    let options = BatchOptions {
        threads: Some(threads),
        ..BatchOptions::default()
    };
    let mut rows = 0;
    for batch in file.batches_with("rows", &options)? {
        rows += black_box(batch?).rows();
    }
    Ok(rows)
}

pub(crate) fn measure(workload: &str, batches: &[Batch], runs: u32) -> Result<Vec<String>> {
    let directory = tempfile::tempdir()?;
    let file = write(batches, &directory.path().join("read.xk"))?;
    let expected: usize = batches.iter().map(Batch::rows).sum();
    let check = |threads| match read(&file, threads)? == expected {
        true => Ok(()),
        false => Err(Error::corrupt("other rows came back")),
    };
    compare(
        "read",
        workload,
        runs,
        &[("batches", 1, &|| check(1)), ("batches", 2, &|| check(2))],
    )
}
