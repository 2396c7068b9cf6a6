//! Batches out of a file, and one column alone.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use export_core::{Batch, Error, Result, Source, StreamBatch};
use exportkit::{BatchOptions, ConvertOptions, Place, Recording, export};

use crate::compare;

/// Batches as a source.
struct Batches(std::vec::IntoIter<Batch>);

impl Source for Batches {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        Ok(self.0.next().map(|batch| StreamBatch {
            stream: Arc::from("rows"),
            batch,
        }))
    }
}

fn write(batches: &[Batch], path: &Path) -> Result<Recording> {
    let mut source = Batches(batches.to_vec().into_iter());
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

/// Bytes read for each column alone, beside those it takes.
pub(crate) fn columns(workload: &str, batches: &[Batch]) -> Result<Vec<String>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("columns.xk");
    let usage = write(batches, &path)?.usage()?;
    let columns = usage.streams.iter().flat_map(|stream| &stream.columns);
    let mut lines = vec!["part,workload,column,,stored,opening,read,ratio".to_owned()];
    for column in columns {
        let file = exportkit::open(&path)?;
        let opening = file.bytes_read();
        let wanted = [column.field.name.clone()];
        for batch in file.batches_of("rows", Some(&wanted))? {
            black_box(batch?);
        }
        let (stored, read) = (column.stored_bytes, file.bytes_read());
        let ratio = read as f64 / (stored + opening) as f64;
        let name = &column.field.name;
        lines.push(format!(
            "column,{workload},{name},,{stored},{opening},{read},{ratio:.4}"
        ));
    }
    Ok(lines)
}
