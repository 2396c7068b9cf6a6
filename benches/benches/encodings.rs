//! Size and time of every encoding on every column of the workloads: what the table of static costs is set from.
//!
//! ```sh
//! cargo bench -p export-benches --bench encodings -- --only D1,D4 --column size
//! ```
//!
//! One thread, memory to memory, one column a chunk. Sizes are stored bytes a value (of lists: an element), times are CPU
//! nanoseconds a value, the best of several runs. `plain` shows what everything else but the encoding takes: summary,
//! checksum, copies. What was written is read back and compared, outside of the timed part.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use export_benches::Workload;
use export_benches::clock::timed;
use export_compress::{Compression, Decoder, Encoder, Encoding, Fixed, Options};
use export_core::marrow::array::Array;
use export_core::{Batch, ChunkDecoder, ChunkEncoder, EncodedChunk, Error, Limits, Result, Schema};
use export_core::{EncodingId, array};

/// Size and time of every encoding on every column of the workloads
#[derive(Parser)]
struct Arguments {
    /// Chunks of each table, of about 4 MB with all columns
    #[arg(long, default_value_t = 4)]
    chunks: usize,
    /// Timed runs, of which the fastest counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Seed of the workloads
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Measure only these, such as D1,D5
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    only: Vec<String>,
    /// Measure only columns of these names
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    column: Vec<String>,
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
    let wanted = |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n == name);
    println!(
        "{:<10} {:<18} {:<28} {:>9} {:>9} {:>9}",
        "table", "column", "encoding", "B/value", "write ns", "read ns"
    );
    for workload in Workload::ALL {
        if !wanted(&arguments.only, workload.id()) {
            continue;
        }
        // Enough rows for that many chunks, whatever a row's size.
        let rows = workload.full_rows().min(arguments.chunks * 200_000);
        for table in workload.tables(rows, arguments.seed)? {
            let batches = table
                .batches
                .get(..arguments.chunks)
                .unwrap_or(&table.batches);
            let fields = batches
                .first()
                .map_or(&[][..], |batch| &batch.schema().fields);
            for (at, field) in fields.iter().enumerate() {
                if !wanted(&arguments.column, &field.name) {
                    continue;
                }
                let columns: Vec<Batch> = batches
                    .iter()
                    .map(|batch| column(batch, at))
                    .collect::<Result<_>>()?;
                for (name, fixed) in candidates() {
                    if let Some(row) = measure(&columns, fixed, arguments.runs)? {
                        let (table, column) = (table.name, &field.name);
                        println!("{table:<10} {column:<18} {name:<28} {row}");
                    }
                }
            }
        }
    }
    Ok(())
}

/// The column at `at` as a table of its own.
fn column(batch: &Batch, at: usize) -> Result<Batch> {
    let field = batch.schema().fields.get(at).cloned();
    let array = batch.columns().get(at).cloned();
    let (Some(field), Some(array)) = (field, array) else {
        return Err(Error::data("the batches of a table have different columns"));
    };
    Batch::new(
        Arc::new(Schema::new(vec![field])?),
        batch.rows(),
        vec![array],
    )
}

/// What a writer may choose, with its name.
fn candidates() -> Vec<(String, Fixed)> {
    let fixed = |encoding, codec, dictionary| Fixed {
        encoding: Some(encoding),
        codec: Some(codec),
        dictionary: Some(dictionary),
    };
    let none = Compression::None;
    let bare = Encoding::ALL
        .into_iter()
        .filter(|encoding| encoding.is_available());
    let mut all: Vec<(String, Fixed)> = bare
        .map(|encoding| (encoding.to_string(), fixed(encoding, none, false)))
        .collect();
    for codec in [Compression::Lz4, Compression::Zstd { level: 1 }] {
        use Encoding::{BitPacked, ByteShuffle, Delta, Plain};
        for encoding in [Plain, BitPacked, Delta, ByteShuffle] {
            all.push((
                format!("{encoding} + {codec}"),
                fixed(encoding, codec, false),
            ));
        }
    }
    for encoding in Encoding::ALL.into_iter().filter(|e| e.is_available()) {
        let whole = [
            Encoding::Plain,
            Encoding::Constant,
            Encoding::ByteShuffle,
            Encoding::Delta,
        ];
        if !whole.contains(&encoding) {
            all.push((
                format!("dictionary, {encoding}"),
                fixed(encoding, none, true),
            ));
        }
    }
    all
}

/// Figures of one candidate; `None` where the encoding applies to no block of the column.
fn measure(columns: &[Batch], fixed: Fixed, runs: u32) -> Result<Option<String>> {
    let encoder = Encoder::new(Options {
        fixed,
        ..Options::default()
    })?;
    let limits = Limits::default();
    let encode = || {
        columns
            .iter()
            .map(|batch| encoder.encode(batch))
            .collect::<Result<Vec<_>>>()
    };
    let decode = |chunks: &[EncodedChunk]| {
        let pairs = columns.iter().zip(chunks);
        let back =
            pairs.map(|(batch, chunk)| Decoder::new().decode(batch.schema(), chunk, &limits));
        back.collect::<Result<Vec<_>>>()
    };
    let chunks = encode()?;
    if !chunks.iter().any(|chunk| uses(chunk, fixed)) {
        return Ok(None);
    }
    let back = decode(&chunks)?;
    if !back
        .iter()
        .zip(columns)
        .all(|(back, batch)| back.same_rows(batch))
    {
        return Err(Error::data(format!(
            "{fixed:?} does not read back what was written"
        )));
    }
    let (mut write, mut read) = (Duration::MAX, Duration::MAX);
    for _ in 0..runs {
        let (time, made) = timed(encode);
        write = write.min(time);
        made?;
        let (time, back) = timed(|| decode(&chunks));
        read = read.min(time);
        back?;
    }
    let values: usize = columns.iter().flat_map(Batch::columns).map(values).sum();
    let blocks = chunks.iter().flat_map(|chunk| &chunk.directory.columns);
    let stored: u64 = blocks
        .flat_map(|column| &column.blocks)
        .map(|block| block.stored_bytes)
        .sum();
    let ns = |time: Duration| time.as_secs_f64() * 1e9 / values as f64;
    Ok(Some(format!(
        "{:>9.3} {:>9.2} {:>9.2}",
        stored as f64 / values as f64,
        ns(write),
        ns(read)
    )))
}

fn uses(chunk: &EncodedChunk, fixed: Fixed) -> bool {
    let encoding: Option<EncodingId> = fixed.encoding.map(Encoding::id);
    let blocks = chunk
        .directory
        .columns
        .iter()
        .flat_map(|column| &column.blocks);
    blocks
        .into_iter()
        .any(|block| Some(block.encoding) == encoding)
}

/// Slots, but of lists their elements.
fn values(array: &Array) -> usize {
    match array {
        Array::List(list) => array::len(&list.elements),
        other => array::len(other),
    }
}
