//! What is read of a file: one column out of it (T7), and what opening takes of one with many chunks (T8).
//!
//! ```sh
//! cargo bench -p export-benches --bench container -- --quick
//! ```

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Parser;
use export_benches::clock::{median, timed};
use export_benches::measured::{Figure, Figures};
use export_benches::memory::{Bytes, Memory};
use export_benches::{QUICK, Table, Workload, rows};
use export_container::Container;
use exportkit::{ConvertOptions, Limits, Recorder, StreamBatch, container_sink, open_storage};

const STREAM: &str = "rows";
/// Chunks of T8.
const CHUNKS: usize = 10_000;
/// Rows of each of them: as few as a recording that is flushed often has.
const CHUNK_ROWS: usize = 20;
/// Timed openings; the first ones find cold caches.
const OPENINGS: usize = 11;

/// What is read of a file
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
    let mut figures = Figures::new("container")?;
    let shorter = if arguments.quick { QUICK } else { 1 };
    one_column(shorter, &mut figures)?;
    many_chunks(&mut figures)
}

/// T7: every column of D1 alone.
fn one_column(shorter: usize, figures: &mut Figures) -> Result<()> {
    let count = Workload::HeapEvents.full_rows() / shorter;
    let tables = Workload::HeapEvents.tables(count, 1)?;
    let table = tables.first().context("D1 has no table")?;
    let file = Arc::new(written(table)?);
    let usage = {
        let storage = Arc::new(Bytes::new(Arc::clone(&file)));
        open_storage(storage, "memory", Limits::default())?.usage()?
    };
    let index_bytes = index_bytes(&file)?;
    for column in usage.streams.iter().flat_map(|stream| &stream.columns) {
        let storage = Arc::new(Bytes::new(Arc::clone(&file)));
        let recording = open_storage(storage.clone(), "memory", Limits::default())?;
        let name = column.field.name.clone();
        let mut read_rows = 0;
        for batch in recording.batches_of(STREAM, Some(std::slice::from_ref(&name)))? {
            read_rows += batch?.rows();
        }
        if read_rows != table.rows() {
            bail!("{read_rows} rows of {name} were read, of {}", table.rows());
        }
        let (requests, bytes) = storage.reads();
        let needed = column.stored_bytes + index_bytes;
        let mut add = |what, value, unit| {
            figures.figure(&Figure {
                target: "T7",
                subject: name.clone(),
                what,
                value,
                unit,
            })
        };
        add("column", column.stored_bytes as f64, "bytes")?;
        add("index", index_bytes as f64, "bytes")?;
        add("read", bytes as f64, "bytes")?;
        add("read requests", requests as f64, "")?;
        add(
            "bytes read × (column + index)",
            bytes as f64 / needed as f64,
            "×",
        )?;
    }
    Ok(())
}

/// Bytes behind the last chunk: metadata, index and tail. (How much opening reads at a guess may be more.)
fn index_bytes(file: &Arc<Vec<u8>>) -> Result<u64> {
    let storage = Arc::new(Bytes::new(Arc::clone(file)));
    let container = Container::open(storage, Limits::default())?;
    let chunks = container.chunks();
    let last = chunks.last().context("a file without chunks")?;
    Ok(container.size_bytes() - last.offset - last.payload_bytes)
}

fn written(table: &Table) -> Result<Vec<u8>> {
    let memory = Memory::default();
    let options = ConvertOptions::default();
    let mut sink = container_sink(Box::new(memory.clone()), &options)?;
    for batch in &table.batches {
        sink.write(StreamBatch {
            stream: STREAM.into(),
            batch: batch.clone(),
        })?;
    }
    sink.finish(&Default::default())?;
    Ok(memory.take())
}

/// T8: a recording that was flushed often.
fn many_chunks(figures: &mut Figures) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("chunks.xk");
    let mut stream = Recorder::create(&path)?.stream(STREAM)?;
    for chunk in rows::d1(CHUNKS * CHUNK_ROWS, 1).chunks(CHUNK_ROWS) {
        for row in chunk {
            stream.push(row)?;
        }
        stream.flush()?;
    }
    stream.finish()?;

    let mut times = Vec::new();
    for _ in 0..OPENINGS {
        let (time, info) = timed(|| exportkit::open(&path).map(|recording| recording.info()));
        let chunks: u64 = info?.streams.iter().map(|stream| stream.chunks).sum();
        if chunks != CHUNKS as u64 {
            bail!("{chunks} chunks were written, not {CHUNKS}");
        }
        times.push(time);
    }
    let bytes = Arc::new(std::fs::read(&path)?);
    let storage = Arc::new(Bytes::new(Arc::clone(&bytes)));
    let recording = open_storage(storage.clone(), "memory", Limits::default())?;
    black_box(recording.info());
    let (requests, read) = storage.reads();
    let index_bytes = index_bytes(&bytes)?;
    let subject = format!("{CHUNKS} chunks of {CHUNK_ROWS} rows of D1");
    let mut add = |what, value, unit| {
        figures.figure(&Figure {
            target: "T8",
            subject: subject.clone(),
            what,
            value,
            unit,
        })
    };
    let time = median(times).unwrap_or_default();
    add("open + info", time.as_secs_f64() * 1e3, "ms")?;
    add("file", bytes.len() as f64, "bytes")?;
    add("index", index_bytes as f64, "bytes")?;
    add("read", read as f64, "bytes")?;
    add("read requests", requests as f64, "")?;
    let times = read as f64 / index_bytes as f64;
    Ok(add("bytes read × index", times, "×")?)
}
