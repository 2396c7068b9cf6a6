//! Size and time of each encoding of strings, beside plain data with the same codec.
//!
//! ```sh
//! cargo bench -p export-benches --bench strings -- --logs ~/loghub
//! ```
//!
//! Columns of D4 and D5, ids and times; with `--logs`, the lines of every file in a directory, such as those of
//! <https://github.com/logpai/loghub>. Sizes are of lengths and data, in bytes; times are nanoseconds of CPU per byte of text, to
//! write and to read, the least of some runs. What was written is read back and compared.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use export_benches::clock::timed;
use export_benches::{Random, Workload};
use export_compress::{Compression, Decoder, Encoder, Encoding, Fixed, Options, Preset};
use export_core::marrow::array::{Array, BytesArray};
use export_core::marrow::datatypes::{DataType, Field};
use export_core::{
    Batch, ChunkDecoder, ChunkEncoder, EncodedChunk, Error, Limits, Result, Role, Schema,
};

/// Size and time of the encodings of strings
#[derive(Parser)]
struct Arguments {
    /// Measure the lines of every file in this directory, too
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
    /// Rows of the generated columns
    #[arg(long, default_value_t = 200_000)]
    rows: usize,
    /// Runs, of which the fastest counts
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Measure only columns whose name has this in it
    #[arg(long)]
    only: Option<String>,
    /// Measure only cases whose name has this in it
    #[arg(long)]
    case: Option<String>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

const ZSTD_1: Compression = Compression::Zstd { level: 1 };
const ZSTD_9: Compression = Compression::Zstd { level: 9 };

/// What is measured, with the names of the columns.
const CASES: [(&str, Encoding, Compression); 9] = [
    ("plain+zstd1", Encoding::Plain, ZSTD_1),
    ("plain+zstd9", Encoding::Plain, ZSTD_9),
    ("fsst", Encoding::Fsst, Compression::None),
    ("fsst+zstd1", Encoding::Fsst, ZSTD_1),
    ("prefix", Encoding::Prefix, Compression::None),
    ("prefix+zstd1", Encoding::Prefix, ZSTD_1),
    ("template", Encoding::Template, Compression::None),
    ("template+zstd1", Encoding::Template, ZSTD_1),
    ("template+zstd9", Encoding::Template, ZSTD_9),
];

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A name and how to make the column of that name.
type Column<'a> = (String, Box<dyn Fn() -> Result<Vec<Batch>> + 'a>);

fn run(arguments: &Arguments) -> Result<()> {
    let has = |name: &str, part: &Option<String>| {
        part.as_ref()
            .is_none_or(|part| name.contains(part.as_str()))
    };
    let cases = CASES.iter().filter(|case| has(case.0, &arguments.case));
    let cases: Vec<_> = cases.collect();
    print!("{:<24}{:>11}", "column", "text");
    cases.iter().for_each(|(name, ..)| print!("{name:>24}"));
    let units = format!("{:>24}", "bytes  write  read");
    println!("\n{:<35}{}", "", units.repeat(cases.len()));
    let mut columns = generated(arguments.rows);
    if let Some(directory) = &arguments.logs {
        columns.extend(logs(directory)?);
    }
    for (name, make) in columns {
        if has(&name, &arguments.only) {
            measure(&name, &make()?, &cases, arguments.runs)?;
        }
    }
    Ok(())
}

fn measure(
    name: &str,
    batches: &[Batch],
    cases: &[&(&str, Encoding, Compression)],
    runs: u32,
) -> Result<()> {
    let text: usize = batches.iter().filter_map(text_bytes).sum();
    print!("{name:<24}{text:>11}");
    // The lengths that the encodings with a block of lengths get, whatever their data gets.
    let free = Encoder::new(Options {
        fixed: Fixed {
            dictionary: Some(false),
            ..Fixed::default()
        },
        ..Options::default()
    })?;
    let mut lengths = 0;
    for batch in batches {
        lengths += stored(&free.encode(batch)?, Role::Lengths);
    }
    for &&(_, encoding, codec) in cases {
        // A strong codec comes with what else takes time.
        let preset = match codec {
            ZSTD_9 => Preset::MemoryEfficient,
            _ => Preset::Balanced,
        };
        let encoder = Encoder::new(Options {
            preset,
            fixed: Fixed {
                encoding: Some(encoding),
                codec: Some(codec),
                dictionary: Some(false),
            },
            ..Options::default()
        })?;
        let (mut write, mut read, mut size) = (Duration::MAX, Duration::MAX, 0);
        for _ in 0..runs {
            let (time, chunks) = timed(|| -> Result<Vec<_>> {
                batches.iter().map(|batch| encoder.encode(batch)).collect()
            });
            let chunks = chunks?;
            write = write.min(time);
            let (time, back) = timed(|| -> Result<Vec<_>> {
                let decode = |(chunk, batch): (&EncodedChunk, &Batch)| {
                    Decoder::new().decode(batch.schema(), chunk, &Limits::default())
                };
                chunks.iter().zip(batches).map(decode).collect()
            });
            read = read.min(time);
            if !back?
                .iter()
                .zip(batches)
                .all(|(back, batch)| back.same_rows(batch))
            {
                return Err(Error::data(format!(
                    "{name} came back changed by {encoding}"
                )));
            }
            size = chunks.iter().map(|chunk| stored(chunk, Role::Data)).sum();
        }
        let size = size
            + if encoding == Encoding::Template {
                0
            } else {
                lengths
            };
        let ns = |time: Duration| time.as_secs_f64() * 1e9 / text.max(1) as f64;
        print!("{size:>12}{:>6.2}{:>6.2}", ns(write), ns(read));
    }
    println!();
    Ok(())
}

fn stored(chunk: &EncodedChunk, role: Role) -> u64 {
    let blocks = chunk
        .directory
        .columns
        .iter()
        .flat_map(|column| &column.blocks);
    blocks
        .filter(|block| block.role == role)
        .map(|block| block.stored_bytes)
        .sum()
}

fn text_bytes(batch: &Batch) -> Option<usize> {
    match batch.columns() {
        [Array::Utf8(array)] => Some(array.data.len()),
        [Array::Binary(array)] => Some(array.data.len()),
        _ => None,
    }
}

fn generated<'a>(rows: usize) -> Vec<Column<'a>> {
    let of = |workload: Workload, name: &'static str| -> Column<'a> {
        let make = move || {
            let tables = workload.tables(rows, 1)?;
            let batches = tables.iter().flat_map(|table| &table.batches);
            batches.map(|batch| one_column(batch, name)).collect()
        };
        (format!("{} {name}", workload.id()), Box::new(make))
    };
    let strings = |name: &str, string: fn(&mut Random, usize) -> String| -> Column<'a> {
        let make = move || {
            let mut random = Random::new(7);
            let strings = (0..rows).map(|i| string(&mut random, i).into_bytes());
            Ok(vec![text(strings)?])
        };
        (name.into(), Box::new(make))
    };
    vec![
        of(Workload::Logs, "message"),
        of(Workload::Logs, "request_id"),
        of(Workload::LineItem, "l_comment"),
        strings("uuids", |random, _| {
            let (a, b) = (random.bits(), random.bits());
            let (c, d) = ((a >> 16) & 0xFFFF, b >> 48);
            let (e, f) = (a & 0xFFF, b & ((1 << 48) - 1));
            format!("{:08x}-{c:04x}-4{e:03x}-{d:04x}-{f:012x}", a >> 32)
        }),
        strings("times", |random, i| {
            let ms = i as u64 * 1500 + random.below(1500);
            let (hour, minute) = (ms / 3_600_000 % 24, ms / 60_000 % 60);
            let (second, ms) = (ms / 1000 % 60, ms % 1000);
            format!("2026-11-21T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
        }),
        strings("sorted paths", |_, i| {
            let (folder, hour) = (i / 700, i / 25 % 28);
            format!("/srv/data/2026/{folder:03}/{hour:02}/part-{i:07}.parquet")
        }),
    ]
}

fn logs<'a>(directory: &Path) -> Result<Vec<Column<'a>>> {
    let failed = |error| Error::data(format!("{}: {error}", directory.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    files.sort();
    let column = |file: PathBuf| -> Column<'a> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.into_owned();
        let make = move || {
            let failed = |error| Error::data(format!("{}: {error}", file.display()));
            let bytes = std::fs::read(&file).map_err(failed)?;
            let lines = bytes.split(|byte| *byte == b'\n');
            let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec());
            Ok(vec![text(lines)?])
        };
        (name, Box::new(make))
    };
    Ok(files.into_iter().map(column).collect())
}

fn one_column(batch: &Batch, name: &str) -> Result<Batch> {
    let mut fields = batch.schema().fields.iter().zip(batch.columns());
    let (field, column) = fields
        .find(|(field, _)| field.name == name)
        .ok_or_else(|| Error::data(format!("there is no column {name}")))?;
    let schema = Schema::new(vec![field.clone()])?;
    Batch::new(Arc::new(schema), batch.rows(), vec![column.clone()])
}

fn text(strings: impl Iterator<Item = Vec<u8>>) -> Result<Batch> {
    let (mut offsets, mut data) = (vec![0], Vec::new());
    for string in strings {
        data.extend_from_slice(&string);
        let end = i32::try_from(data.len());
        offsets.push(end.map_err(|_| Error::limit("more than 2 GiB of text"))?);
    }
    let field = Field {
        name: "text".into(),
        data_type: DataType::Binary,
        ..Field::default()
    };
    let rows = offsets.len() - 1;
    let array = BytesArray {
        validity: None,
        offsets,
        data,
    };
    Batch::new(
        Arc::new(Schema::new(vec![field])?),
        rows,
        vec![Array::Binary(array)],
    )
}
