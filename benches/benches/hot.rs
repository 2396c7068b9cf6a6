//! One hot loop an argument, for `cargo xtask bench --instructions` to count its instructions.
//!
//! ```sh
//! cargo bench -p export-benches --bench hot                          # what there is
//! cargo bench -p export-benches --bench hot -- "D1 encode" 10        # ten times
//! ```
//!
//! What is done before the loop does not depend on how often it runs, so that the difference of two runs is the loop's alone.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result};
use export_benches::Workload;
use export_benches::memory::{Bytes, Memory};
use export_benches::rows::{self, D1Row};
use export_core::build::{BatchBuilder, RowBuilder};
use export_core::record::RecordBuilder;
use exportkit::{
    Batch, Compression, ConvertOptions, EncodeOptions, Encoding, Fixed, Limits, Preset,
    StreamBatch, container_sink, open_storage,
};

const STREAM: &str = "rows";
/// Rows of the columns that single encodings are given.
const COLUMN_ROWS: usize = 16_384;
/// Rows that whole workloads have at most: counting takes fifty times as long as running.
const TABLE_ROWS: usize = 50_000;
/// The column that a single encoding is given: one that it is for.
fn column_of(encoding: Encoding) -> Option<(Workload, &'static str)> {
    use Workload::{HeapEvents, Logs, Signals, Spikes};
    Some(match encoding {
        Encoding::Plain | Encoding::Delta | Encoding::LaneDelta => (HeapEvents, "timestamp"),
        Encoding::RunLength => (HeapEvents, "thread"),
        Encoding::ByteShuffle => (Signals, "v00"),
        Encoding::Decimal => (Logs, "latency_ms"),
        Encoding::FlatGap => (Spikes, "step"),
        Encoding::Fsst | Encoding::Template => (Logs, "message"),
        Encoding::Prefix | Encoding::Hex => (Logs, "request_id"),
        Encoding::Constant => return None,
        _ => (HeapEvents, "stack"),
    })
}

fn main() -> Result<()> {
    // Cargo adds an option of its own.
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let Some(name) = arguments.next() else {
        for name in names() {
            println!("{name}");
        }
        return Ok(());
    };
    let times = arguments.next().map_or(Ok(1), |times| times.parse())?;
    run(&name, times).with_context(|| format!("{name}: not one of the loops"))
}

/// `<workload> encode`, `<workload> decode`, `<column> <encoding> encode`, …, and `push`.
fn names() -> Vec<String> {
    let mut names = Vec::new();
    for way in ["encode", "decode"] {
        names.extend(Workload::ALL.map(|workload| format!("{} {way}", workload.id())));
        for encoding in Encoding::ALL {
            if let Some((workload, column)) = column_of(encoding) {
                let id = workload.id();
                names.push(format!("{id}.{column} {} {way}", encoding.name()));
            }
        }
    }
    names.extend(["push by serde", "push by derive"].map(String::from));
    names
}

fn run(name: &str, times: usize) -> Result<()> {
    let words: Vec<&str> = name.split(' ').collect();
    let (batch, options, way) = match *words.as_slice() {
        ["push", "by", "serde"] => {
            return push(RowBuilder::new(), export_core::rows::push, times);
        }
        ["push", "by", "derive"] => {
            return push(RecordBuilder::<D1Row>::new(), RecordBuilder::push, times);
        }
        [id, way] => {
            let workload = workload(id)?;
            let batch = first_batch(workload, TABLE_ROWS.min(workload.full_rows() / 20))?;
            (batch, EncodeOptions::new(Preset::Balanced), way)
        }
        [column, encoding, way] => {
            let (id, column) = column.split_once('.').context("no column")?;
            let batch = first_batch(workload(id)?, COLUMN_ROWS)?;
            let at = batch.schema().index_of(column).context("no such column")?;
            let options = EncodeOptions {
                fixed: Fixed {
                    encoding: Some(encoding.parse::<Encoding>()?),
                    codec: Some(Compression::None),
                    dictionary: Some(false),
                },
                ..EncodeOptions::default()
            };
            (batch.project(&[at])?, options, way)
        }
        _ => anyhow::bail!("neither `workload way` nor `column encoding way`"),
    };
    match way {
        "encode" => encode(&batch, options, times).map(drop),
        "decode" => decode(&encode(&batch, options, 1)?, times),
        _ => anyhow::bail!("neither encode nor decode"),
    }
}

fn workload(id: &str) -> Result<Workload> {
    let found = Workload::ALL
        .into_iter()
        .find(|workload| workload.id() == id);
    found.context("no such workload")
}

fn first_batch(workload: Workload, rows: usize) -> Result<Batch> {
    let mut batches = workload
        .tables(rows, 1)?
        .into_iter()
        .flat_map(|table| table.batches);
    batches.next().context("a workload without batches")
}

/// Writes the batch as so many chunks of one stream.
fn encode(batch: &Batch, encode: EncodeOptions, times: usize) -> Result<Vec<u8>> {
    let options = ConvertOptions {
        encode,
        threads: Some(0),
        ..ConvertOptions::default()
    };
    let memory = Memory::default();
    let mut sink = container_sink(Box::new(memory.clone()), &options)?;
    for _ in 0..times {
        sink.write(StreamBatch {
            stream: STREAM.into(),
            batch: batch.clone(),
        })?;
    }
    sink.finish(&Default::default())?;
    Ok(memory.take())
}

/// Reads the file so often.
fn decode(file: &[u8], times: usize) -> Result<()> {
    let file = Arc::new(file.to_vec());
    for _ in 0..times {
        let storage = Arc::new(Bytes::new(Arc::clone(&file)));
        let recording = open_storage(storage, "memory", Limits::default())?;
        for batch in recording.batches(STREAM)? {
            black_box(batch?);
        }
    }
    Ok(())
}

/// Pushes a thousand rows of D1 so often.
fn push<B: BatchBuilder>(
    mut builder: B,
    push: fn(&mut B, &D1Row) -> exportkit::Result<()>,
    times: usize,
) -> Result<()> {
    let rows = rows::d1(1_000, 1);
    for _ in 0..times {
        for row in &rows {
            push(&mut builder, row)?;
        }
        black_box(builder.take_batch()?);
    }
    Ok(())
}
