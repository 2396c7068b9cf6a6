//! Every format obeys every limit, or it is said here why that limit is none of its business. A format or a limit that is added
//! later fails until the same is so for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::fs::File;
use std::sync::Arc;

use exportkit::marrow::array::{Array, BytesArray, ListArray, PrimitiveArray};
use exportkit::marrow::datatypes::{Field, FieldMeta};
use exportkit::{
    Batch, ErrorKind, ExportMetadata, Format, Limits, OpenOptions, Place, ReadOptions, Result,
    Schema, StreamBatch, WriteOptions, array, formats, open_source,
};

const NO_CHUNKS: &str = "text has no frames and no chunks: batches are as large as is asked for";
const NO_METADATA: &str = "text has no metadata and no index";
const ONE_STREAM: &str = "a file is one stream";
const NO_WINDOW: &str =
    "decompressors have windows, formats have not: see export-formats/tests/compressed.rs";
const NO_LINES: &str = "the format has no lines";

/// Why a format has nothing to do with a limit.
fn is_exempt(format: &str, limit: &str) -> Option<&'static str> {
    let is_text = matches!(format, "ndjson" | "csv" | "tsv");
    match (format, limit) {
        (_, "window") => Some(NO_WINDOW),
        ("ndjson" | "csv" | "tsv" | "parquet", "streams") => Some(ONE_STREAM),
        (_, "frame" | "rows" | "chunk" | "frames") if is_text => Some(NO_CHUNKS),
        (_, "keys" | "metadata" | "index") if is_text => Some(NO_METADATA),
        ("csv" | "tsv", "depth") => Some("cells do not nest"),
        ("xk" | "parquet", "record") => Some(NO_LINES),
        ("parquet", "frame" | "rows") => {
            Some("pages are bounded by `chunk`, and read by the batch")
        }
        ("parquet", "schemas") => Some("a file has one schema"),
        _ => None,
    }
}

fn batch(columns: Vec<(&str, Array)>) -> Batch {
    let field = |(name, array): &(&str, Array)| Field {
        name: (*name).into(),
        data_type: array.data_type(),
        nullable: false,
        ..Field::default()
    };
    let schema = Schema::new(columns.iter().map(field).collect()).unwrap();
    let rows = array::len(&columns[0].1);
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Batch::new(Arc::new(schema), rows, arrays).unwrap()
}

fn numbers(values: Vec<i64>) -> Array {
    Array::Int64(PrimitiveArray {
        validity: None,
        values,
    })
}

/// A text of so many bytes that hardly compress.
fn text(bytes: i32) -> Array {
    let mut state = 1_u64;
    let letter = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        b'a' + u8::try_from(state >> 60).unwrap()
    };
    Array::Utf8(BytesArray {
        validity: None,
        offsets: vec![0, bytes],
        data: (0..bytes).map(letter).collect(),
    })
}

fn list(elements: Array) -> Array {
    Array::List(ListArray {
        validity: None,
        offsets: vec![0, 1],
        meta: FieldMeta {
            name: "element".into(),
            nullable: true,
            ..FieldMeta::default()
        },
        elements: Box::new(elements),
    })
}

/// Rows that are fine under the default limits, and not under these.
fn probe(limit: &str) -> (Batch, &'static [(&'static str, u64)]) {
    let few = || batch(vec![("c", numbers((0..10).collect()))]);
    match limit {
        "memory" => (batch(vec![("c", text(4 << 20))]), &[("memory", 1 << 20)]),
        "decoded" => (
            batch(vec![("c", numbers((0..10_000).collect()))]),
            &[("decoded", 1000)],
        ),
        "ratio" | "ratio-floor" => (
            batch(vec![("c", numbers(vec![7; 1 << 20]))]),
            &[("ratio", 0), ("ratio-floor", 1000)],
        ),
        "frame" => (batch(vec![("c", text(100_000))]), &[("frame", 1000)]),
        "rows" => (
            batch(vec![("c", numbers((0..1000).collect()))]),
            &[("rows", 100)],
        ),
        "chunk" => (batch(vec![("c", text(100_000))]), &[("chunk", 1000)]),
        "frames" => (few(), &[("frames", 0)]),
        "streams" => (few(), &[("streams", 0)]),
        "schemas" => (few(), &[("schemas", 0)]),
        "keys" => (few(), &[("keys", 1)]),
        "metadata" => (few(), &[("metadata", 10)]),
        "index" => (few(), &[("index", 10)]),
        "columns" => (
            batch(
                ["a", "b", "c"]
                    .map(|name| (name, numbers((0..10).collect())))
                    .into(),
            ),
            &[("columns", 2)],
        ),
        "depth" => (
            batch(vec![("c", list(list(list(numbers(vec![1])))))]),
            &[("depth", 1)],
        ),
        "value" => (batch(vec![("c", text(1000))]), &[("value", 100)]),
        "record" => (batch(vec![("c", text(1000))]), &[("record", 100)]),
        other => panic!("there is no probe for the limit {other}: write one"),
    }
}

fn write(format: &dyn Format, batch: Batch, file: File) {
    let mut sink = format
        .create(Box::new(file), &WriteOptions::default())
        .unwrap();
    sink.write(StreamBatch {
        stream: "rows".into(),
        batch,
    })
    .unwrap();
    let entries = (0..40).map(|key| (format!("key{key}"), String::from("value")));
    let metadata = ExportMetadata {
        entries: entries.collect(),
        ..ExportMetadata::default()
    };
    sink.finish(&metadata).unwrap();
}

fn read(place: &Place, format: &dyn Format, limits: Limits) -> Result<usize> {
    let options = OpenOptions {
        format: Some(format.name().into()),
        read: ReadOptions {
            limits,
            ..ReadOptions::default()
        },
        ..OpenOptions::default()
    };
    let mut source = open_source(place, &options)?.source;
    let mut rows = 0;
    while let Some(batch) = source.next_batch()? {
        rows += batch.batch.rows();
    }
    Ok(rows)
}

#[test]
fn every_format_obeys_every_limit() {
    let mut failures = Vec::new();
    for format in formats::all().iter().copied() {
        for limit in Limits::ALL {
            if is_exempt(format.name(), limit.name).is_some() {
                continue;
            }
            let (batch, values) = probe(limit.name);
            let rows = batch.rows();
            let file = tempfile::NamedTempFile::new().unwrap();
            write(format, batch, file.reopen().unwrap());
            let place = Place::from(file.path());
            let mut limits = Limits::default();
            assert_eq!(
                read(&place, format, limits.clone()).unwrap(),
                rows,
                "{}",
                limit.name
            );
            for (name, value) in values {
                Limits::named(name)
                    .unwrap()
                    .set(&mut limits, *value)
                    .unwrap();
            }
            let kind = read(&place, format, limits).err().map(|error| error.kind());
            if kind != Some(ErrorKind::Limit) {
                failures.push(format!("{}: {}: {kind:?}", format.name(), limit.name));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Keys that are new in every row would be a column each, and a null in every other row.
#[test]
fn rows_with_ever_new_keys_are_refused_before_they_are_many() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.ndjson");
    let rows = |count: u32| {
        (0..count)
            .map(|n| format!("{{\"key{n}\":{n}}}\n"))
            .collect::<String>()
    };
    let convert = |count| {
        std::fs::write(&path, rows(count)).unwrap();
        let output = directory.path().join(format!("{count}.xk"));
        exportkit::convert(
            &Place::from(&*path),
            &Place::from(&*output),
            &exportkit::ConvertOptions::default(),
        )
    };
    let error = convert(20_000).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.hint().unwrap().contains("new keys"), "{error}");
    // What is let through stays small: a thousand columns of a thousand rows, all but a few of them null.
    let done = convert(1000).unwrap();
    assert!(done.bytes_out < 1 << 20, "{} bytes", done.bytes_out);
}

/// Constants have no ratio that an honest file keeps to: what our own writer makes must be read.
#[test]
fn what_is_written_is_read_however_small_it_became() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("constant.xk");
    let rows = 10_000_000;
    let zeros = batch(vec![
        ("number", numbers(vec![0; rows])),
        (
            "text",
            Array::Utf8(BytesArray {
                validity: None,
                offsets: vec![0; rows + 1],
                data: Vec::new(),
            }),
        ),
    ]);
    write(
        formats::named("xk").unwrap(),
        zeros,
        File::create(&path).unwrap(),
    );
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size < 100_000, "{size} bytes");
    let format = formats::named("xk").unwrap();
    assert_eq!(
        read(&Place::from(&*path), format, Limits::default()).unwrap(),
        rows
    );
}
