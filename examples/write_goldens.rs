//! Writes golden files of this version into a directory: what `cargo xtask golden` adds to the container's tests.
//!
//! Protected ones are so with the example key of v1.md, which is written beside them and no secret.
//! Every golden has fixed ids and times, so that the same code writes the same bytes.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use export_compress::{Compression, Encoder, Encoding, Fixed, Options};
use export_container::{FileOptions, MemoryStorage, Parity, Writer};
use export_core::marrow::array::{Array, BytesArray, ListArray, PrimitiveArray};
use export_core::marrow::datatypes::{DataType, Field, FieldMeta};
use export_core::{
    Batch, ChunkEncoder, Codec, Error, ExportMetadata, FileId, Limits, Result, Schema, Storage,
    conformance,
};
use exportkit::{
    ConvertOptions, Key, OpenOptions, Place, Protection, ReadOptions, Secret, convert,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// 2026-11-20 00:00:00 UTC, in ns.
const CREATED_NS: i64 = 1_795_132_800_000_000_000;

fn main() -> Result<()> {
    let directory = std::env::args()
        .nth(1)
        .ok_or_else(|| Error::usage("give a directory"))?;
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    let golden = |name: &str| directory.join(format!("{VERSION}-{name}.xk"));

    fs::write(golden("encodings"), encodings()?)?;
    fs::write(golden("encodings-from-7"), later_encodings()?)?;
    fs::write(golden("codecs"), codecs()?)?;
    fs::write(golden("types"), types()?)?;
    fs::write(golden("evolved"), finish(evolved()?)?)?;
    // Without an index, as a killed recorder leaves it.
    fs::write(golden("unfinished"), evolved()?.into_inner())?;
    fs::write(golden("resumed"), resumed()?)?;
    fs::write(golden("parity"), parity()?)?;
    let key = Key::from_bytes(std::array::from_fn(|at| {
        u8::try_from(at).unwrap_or_default()
    }));
    let _ = fs::remove_file(directory.join("public-test.key"));
    key.save(directory.join("public-test.key"))?;
    let key: Option<Arc<dyn Secret>> = Some(Arc::new(key));
    let sealed = Protection {
        encrypt: None,
        seal: key.clone(),
    };
    let both = Protection {
        encrypt: key.clone(),
        seal: key,
    };
    fs::write(golden("sealed"), finish(evolved_as(7, &sealed)?)?)?;
    fs::write(golden("encrypted"), finish(evolved_as(8, &both)?)?)?;
    flights(&golden("flights"))
}

fn writer(number: u8) -> Result<Writer<Vec<u8>>> {
    protected(number, &Protection::default())
}

fn protected(number: u8, protection: &Protection) -> Result<Writer<Vec<u8>>> {
    let options = FileOptions {
        file: FileId([number; 16]),
        created_ns: CREATED_NS,
    };
    let mut writer = Writer::protected(Vec::new(), &options, protection)?;
    let entries = [("purpose".to_owned(), "golden".to_owned())].into();
    writer.metadata(&ExportMetadata {
        tool: format!("exportkit {VERSION}"),
        created_ns: CREATED_NS,
        entries,
        ..ExportMetadata::default()
    })?;
    Ok(writer)
}

fn finish(mut writer: Writer<Vec<u8>>) -> Result<Vec<u8>> {
    writer.finish()?;
    Ok(writer.into_inner())
}

fn field(name: &str, data_type: DataType, nullable: bool) -> Field {
    Field {
        name: name.into(),
        data_type,
        nullable,
        ..Field::default()
    }
}

/// 1,500 rows of everything an encoding may meet: steps, jumps, runs, extremes, few and many distinct values, nulls.
fn mixed() -> Result<Batch> {
    let rows = 1_500_usize;
    let numbers: Vec<u64> = (0..rows as u64).collect();
    let noise = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
    let all = |values: Vec<u64>| {
        Array::UInt64(PrimitiveArray {
            validity: None,
            values,
        })
    };
    let signed = |n: &u64| {
        if n % 100 == 99 {
            i64::MIN
        } else {
            (noise(*n) % 2_001) as i64 - 1_000
        }
    };
    let float = |n: &u64| match n % 500 {
        7 => f64::from_bits(0x7FF8_0000_0000_BEEF),
        8 => -0.0,
        9 => f64::NEG_INFINITY,
        _ => (noise(*n) % 10_000) as f64 / 100.0,
    };
    let mut validity = vec![0_u8; rows.div_ceil(8)];
    for (at, byte) in validity.iter_mut().enumerate() {
        *byte = (noise(at as u64) & 0xFF) as u8;
    }
    if let Some(last) = validity.last_mut() {
        *last &= (1 << (rows % 8)) - 1;
    }
    let small = numbers.iter().map(|n| (n / 40 % 5) as i32).collect();
    let schema = Schema::new(vec![
        field("time", DataType::UInt64, false),
        field("noise", DataType::UInt64, false),
        field("signed", DataType::Int64, false),
        field("level", DataType::Float64, false),
        field("run", DataType::Int32, true),
    ])?;
    let columns = vec![
        all(numbers
            .iter()
            .map(|n| 1_000_000 + n * 250 + noise(*n) % 50)
            .collect()),
        all(numbers
            .iter()
            .map(|n| if n % 301 == 300 { u64::MAX } else { noise(*n) })
            .collect()),
        Array::Int64(PrimitiveArray {
            validity: None,
            values: numbers.iter().map(signed).collect(),
        }),
        Array::Float64(PrimitiveArray {
            validity: None,
            values: numbers.iter().map(float).collect(),
        }),
        Array::Int32(PrimitiveArray {
            validity: Some(validity),
            values: small,
        }),
    ];
    Batch::new(Arc::new(schema), rows, columns)
}

/// A stream for each encoding, named after it, without a codec.
fn encodings() -> Result<Vec<u8>> {
    let (mut writer, batch) = (writer(1)?, mixed()?);
    let codec = Some(Compression::None);
    let mut add = |name: &str, fixed: Fixed| -> Result<()> {
        let encoder = Encoder::new(Options {
            fixed,
            ..Options::default()
        })?;
        let stream = writer.add_stream(name, batch.schema())?;
        writer.chunk(stream, &encoder.encode(&batch)?)
    };
    for encoding in Encoding::ALL.into_iter().filter(|e| e.id().0 < 7) {
        let fixed = Fixed {
            encoding: Some(encoding),
            codec,
            dictionary: Some(false),
        };
        add(encoding.name(), fixed)?;
    }
    add(
        "dictionary",
        Fixed {
            encoding: None,
            codec,
            dictionary: Some(true),
        },
    )?;
    finish(writer)
}

/// Rows that the encodings from number 7 on are made for: more than a miniblock of them.
fn telling() -> Result<Batch> {
    let rows = 1500_u32;
    let element = field("element", DataType::UInt16, false);
    let schema = Schema::new(vec![
        field("id", DataType::Utf8, false),
        field("line", DataType::Utf8, true),
        field("spikes", DataType::List(Box::new(element)), false),
        field("price", DataType::Float64, false),
        field("count", DataType::UInt64, true),
    ])?;
    // Every third row has no line and no count.
    let validity = || -> Option<Vec<u8>> {
        let mut bitmap = vec![0_u8; 1500_usize.div_ceil(8)];
        for row in (0..1500_usize).filter(|row| row % 3 != 0) {
            if let Some(byte) = bitmap.get_mut(row / 8) {
                *byte |= 1 << (row % 8);
            }
        }
        Some(bitmap)
    };
    let noise = |row: u32| u64::from(row).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
    let lines = (0..rows).map(|row| match row % 3 {
        0 => String::new(),
        1 => format!("GET /item/{} took {} us", noise(row) % 50, 100 + row),
        _ => format!("user {} logged in", noise(row) % 7),
    });
    let spikes = (0..rows)
        .map(|row| (0..row % 4).map(move |at| u16::try_from(at * 100 + row % 90).unwrap_or(0)));
    let mut offsets = vec![0_i32];
    let mut elements = Vec::new();
    for list in spikes {
        elements.extend(list);
        offsets.push(i32::try_from(elements.len()).unwrap_or(i32::MAX));
    }
    let columns = vec![
        Array::Utf8(texts(
            (0..rows).map(|row| format!("{:016x}", noise(row))),
            None,
        )),
        Array::Utf8(texts(lines, validity())),
        Array::List(ListArray {
            validity: None,
            offsets,
            meta: FieldMeta {
                name: "element".into(),
                nullable: false,
                metadata: Default::default(),
            },
            elements: Box::new(Array::UInt16(PrimitiveArray {
                validity: None,
                values: elements,
            })),
        }),
        Array::Float64(PrimitiveArray {
            validity: None,
            values: (0..rows)
                .map(|row| f64::from(row * 37 % 10_000) / 100.0)
                .collect(),
        }),
        Array::UInt64(PrimitiveArray {
            validity: validity(),
            values: (0..rows)
                .map(|row| u64::from(noise(row).trailing_zeros()) + 1000)
                .collect(),
        }),
    ];
    Batch::new(Arc::new(schema), 1500, columns)
}

fn texts(strings: impl Iterator<Item = String>, validity: Option<Vec<u8>>) -> BytesArray<i32> {
    let (mut offsets, mut data) = (vec![0], Vec::new());
    for string in strings {
        data.extend_from_slice(string.as_bytes());
        offsets.push(i32::try_from(data.len()).unwrap_or(i32::MAX));
    }
    BytesArray {
        validity,
        offsets,
        data,
    }
}

/// A stream for each encoding from number 7 on, named after it, without a codec.
fn later_encodings() -> Result<Vec<u8>> {
    let (mut writer, batch) = (writer(6)?, telling()?);
    for encoding in Encoding::ALL.into_iter().filter(|e| e.id().0 >= 7) {
        let encoder = Encoder::new(Options {
            fixed: Fixed {
                encoding: Some(encoding),
                codec: Some(Compression::None),
                dictionary: Some(false),
            },
            ..Options::default()
        })?;
        let stream = writer.add_stream(encoding.name(), batch.schema())?;
        writer.chunk(stream, &encoder.encode(&batch)?)?;
    }
    finish(writer)
}

/// A stream for each codec, named after it, of plain values.
fn codecs() -> Result<Vec<u8>> {
    let (mut writer, batch) = (writer(2)?, mixed()?);
    for codec in Compression::ALL {
        let encoding = Some(Encoding::Plain);
        let fixed = Fixed {
            encoding,
            codec: Some(codec),
            dictionary: Some(false),
        };
        let encoder = Encoder::new(Options {
            fixed,
            ..Options::default()
        })?;
        let stream = writer.add_stream(codec.name(), batch.schema())?;
        writer.chunk(stream, &encoder.encode(&batch)?)?;
    }
    finish(writer)
}

/// A stream for each batch of every type in every shape.
fn types() -> Result<Vec<u8>> {
    let mut writer = writer(3)?;
    let encoder = Encoder::new(Options::default())?;
    for (number, batch) in conformance::batches(1)?.iter().enumerate() {
        let stream = writer.add_stream(&format!("batch {number}"), batch.schema())?;
        if batch.rows() > 0 {
            writer.chunk(stream, &encoder.encode(batch)?)?;
        }
    }
    finish(writer)
}

/// A stream that gained a wider column and a new one, and another stream in between.
fn evolved() -> Result<Writer<Vec<u8>>> {
    evolved_as(4, &Protection::default())
}

fn evolved_as(number: u8, protection: &Protection) -> Result<Writer<Vec<u8>>> {
    let mut writer = protected(number, protection)?;
    let encoder = Encoder::new(Options::default())?;
    let ints = |values: Vec<i32>| {
        Array::Int32(PrimitiveArray {
            validity: None,
            values,
        })
    };
    let longs = |values: Vec<i64>| {
        Array::Int64(PrimitiveArray {
            validity: None,
            values,
        })
    };
    let narrow = Arc::new(Schema::new(vec![field("value", DataType::Int32, false)])?);
    let wide = Arc::new(Schema::new(vec![
        field("value", DataType::Int64, false),
        field("extra", DataType::Int32, true),
    ])?);
    let stream = writer.add_stream("evolving", &narrow)?;
    let other = writer.add_stream("steady", &narrow)?;
    let first = Batch::new(Arc::clone(&narrow), 3, vec![ints(vec![1, -2, i32::MAX])])?;
    writer.chunk(stream, &encoder.encode(&first)?)?;
    writer.chunk(other, &encoder.encode(&first)?)?;
    writer.widen_stream(stream, &wide)?;
    let second = Batch::new(
        wide,
        2,
        vec![longs(vec![i64::MAX, i64::MIN]), ints(vec![7, 8])],
    )?;
    writer.chunk(stream, &encoder.encode(&second)?)?;
    Ok(writer)
}

/// Cut within its last chunk, as a killed recorder leaves it, and gone on with.
fn resumed() -> Result<Vec<u8>> {
    let mut bytes = evolved()?.into_inner();
    bytes.truncate(bytes.len() - 100);
    let torn = Arc::new(MemoryStorage::new(bytes));
    let storage: Arc<dyn Storage> = Arc::<MemoryStorage>::clone(&torn);
    let mut writer = Writer::append(storage, &Limits::default())?;
    let batch = Batch::new(
        Arc::new(Schema::new(vec![field("value", DataType::Int32, false)])?),
        2,
        vec![Array::Int32(PrimitiveArray {
            validity: None,
            values: vec![4, 5],
        })],
    )?;
    let steady = writer.frames().stream("steady");
    let steady = steady.ok_or_else(|| Error::corrupt("the stream is lost"))?;
    let encoder = Encoder::new(Options::default())?;
    writer.chunk(steady, &encoder.encode(&batch)?)?;
    writer.finish()?;
    drop(writer);
    Ok(torn.to_vec())
}

/// A stream with parity of 20 %, in one group.
fn parity() -> Result<Vec<u8>> {
    let (mut writer, batch) = (writer(7)?, mixed()?);
    writer.set_parity(Some(Parity::percent(20)?))?;
    let encoder = Encoder::new(Options::default())?;
    let stream = writer.add_stream("mixed", batch.schema())?;
    for first in (0..batch.rows()).step_by(250) {
        writer.chunk(stream, &encoder.encode(&batch.slice(first, 250)?)?)?;
    }
    finish(writer)
}

/// The first 2,000 flights of the example data, by the front door.
fn flights(path: &Path) -> Result<()> {
    let options = ConvertOptions {
        open: OpenOptions {
            read: ReadOptions {
                batch_rows: 1_000,
                ..ReadOptions::default()
            },
            ..OpenOptions::default()
        },
        overwrite: true,
        file_id: Some(FileId([5; 16])),
        created_ns: Some(CREATED_NS),
        ..ConvertOptions::default()
    };
    let excerpt = path.with_extension("csv");
    let all = text_of("examples/data/flights.csv.gz")?;
    let lines: Vec<&str> = all.lines().take(2_001).collect();
    fs::write(&excerpt, lines.join("\n") + "\n")?;
    convert(&Place::from(&*excerpt), &Place::from(path), &options)?;
    fs::remove_file(&excerpt)?;
    Ok(())
}

/// The text of a compressed file of the repository.
fn text_of(path: &str) -> Result<String> {
    use std::io::Read;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = Box::new(fs::File::open(root.join(path))?);
    let kind = export_formats::compressed::Compression::Gzip;
    let mut text = String::new();
    export_formats::compressed::wrap_reader(kind, file)?.read_to_string(&mut text)?;
    Ok(text)
}
