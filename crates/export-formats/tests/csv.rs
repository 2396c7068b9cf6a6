//! CSV through batches and back: no cell changes, whatever it holds and whenever its column turns out to be wider.
#![cfg(feature = "csv")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use export_core::marrow::datatypes::{DataType, TimeUnit};
use export_core::{
    Batch, ErrorKind, ExportMetadata, Format, Input, Note, OnError, ReadOptions, Result, Source,
    StreamBatch, WriteOptions, conformance, widen,
};
use export_formats::csv::{Csv, Tsv};
use proptest::prelude::*;

fn options(extra: &[(&str, &str)]) -> ReadOptions {
    let extra = extra
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    ReadOptions {
        name: "table".into(),
        extra: extra.collect(),
        ..ReadOptions::default()
    }
}

fn open(text: &[u8], options: &ReadOptions) -> Result<Box<dyn Source>> {
    Csv.open(Input::Stream(Box::new(Cursor::new(text.to_vec()))), options)
}

fn read(text: &[u8], options: &ReadOptions) -> Result<(Vec<Batch>, Vec<Note>)> {
    let mut source = open(text, options)?;
    let mut batches = Vec::new();
    while let Some(StreamBatch { stream, batch }) = source.next_batch()? {
        assert_eq!(&*stream, "table");
        batches.push(batch);
    }
    assert!(source.next_batch()?.is_none());
    Ok((batches, source.notes()))
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes batches under the schema of the last, as a converter does.
fn write(format: &dyn Format, batches: &[Batch], extra: &[(&str, &str)]) -> Vec<u8> {
    let shared = Shared::default();
    let extra = extra
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let write = WriteOptions {
        extra,
        ..WriteOptions::default()
    };
    let mut sink = format.create(Box::new(shared.clone()), &write).unwrap();
    let widest = batches.last().unwrap().schema();
    for batch in batches {
        let batch = widen::cast_batch(batch, widest).unwrap();
        sink.write(StreamBatch {
            stream: "table".into(),
            batch,
        })
        .unwrap();
    }
    sink.finish(&ExportMetadata::default()).unwrap();
    Arc::into_inner(shared.0).unwrap().into_inner().unwrap()
}

fn through(text: &[u8], options: &ReadOptions) -> Vec<u8> {
    write(&Csv, &read(text, options).unwrap().0, &[])
}

fn cells(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    reader
        .records()
        .map(|row| row.unwrap().iter().map(String::from).collect())
        .collect()
}

fn types(text: &str) -> Vec<DataType> {
    let (batches, _) = read(text.as_bytes(), &options(&[])).unwrap();
    batches[0]
        .schema()
        .fields
        .iter()
        .map(|field| field.data_type.clone())
        .collect()
}

#[test]
fn types_are_found() {
    let text = "a,b,c,d,e,f,g\n\
                1,2.5,2013-01-01,2013-01-01T10:00:00Z,x,true,1.50\n\
                ,3,2013-01-02,2013-01-01T11:00:00Z,,false,2.25\n";
    let utc = DataType::Timestamp(TimeUnit::Second, Some("UTC".into()));
    assert_eq!(
        types(text),
        [
            DataType::Int64,
            DataType::Float64,
            DataType::Date32,
            utc,
            DataType::Utf8,
            DataType::Boolean,
            DataType::Decimal128(18, 2),
        ]
    );
    assert_eq!(through(text.as_bytes(), &options(&[])), text.as_bytes());
}

#[test]
fn spellings_are_kept() {
    let text = "t,u,v,w,f\n\
                2013-01-01 10:00:00+00,2013-01-01 10:00:00.123,2013-01-01T10:00:00.123456+00:00,2013-01-01T10:00:00.000000000,1.0\n\
                1969-12-31 23:59:59+00,1600-02-29 00:00:00.001,2013-01-01T10:00:00.000000+00:00,1970-01-01T00:00:00.000000001,-0.0\n";
    let zone = || Some(String::from("UTC"));
    assert_eq!(
        types(text),
        [
            DataType::Timestamp(TimeUnit::Second, zone()),
            DataType::Timestamp(TimeUnit::Millisecond, None),
            DataType::Timestamp(TimeUnit::Microsecond, zone()),
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            DataType::Float64,
        ]
    );
    assert_eq!(through(text.as_bytes(), &options(&[])), text.as_bytes());
}

#[test]
fn null_and_empty_stay_apart() {
    for text in [
        "a,b\n1,\n,\"\"\n",
        "a,b\nNA,x\n1,NA\n2,\"NA\"\n3,\n",
        "a\n\n1\n\n",
    ] {
        assert_eq!(
            through(text.as_bytes(), &options(&[])),
            text.as_bytes(),
            "{text}"
        );
    }
    let (batches, _) = read(b"a,b\nNA,x\n1,NA\n2,\"NA\"\n3,\n", &options(&[])).unwrap();
    assert_eq!(batches[0].schema().metadata["csv.null"], "NA");
    assert_eq!(export_core::array::null_count(&batches[0].columns()[0]), 1);
    assert_eq!(export_core::array::null_count(&batches[0].columns()[1]), 1);
    let (batches, _) = read(b"a,b\n-,x\n1,-\n", &options(&[("csv.null", "-")])).unwrap();
    assert_eq!(batches[0].schema().fields[0].data_type, DataType::Int64);
}

#[test]
fn headers() {
    let (batches, notes) = read(b"a,,a\n1,2,3\n", &options(&[])).unwrap();
    let names: Vec<_> = batches[0]
        .schema()
        .fields
        .iter()
        .map(|f| f.name.as_str())
        .collect();
    assert_eq!(names, ["a", "column2", "a_2"]);
    assert_eq!(notes.len(), 2);
    assert_eq!(through(b"a,,a\n1,2,3\n", &options(&[])), b"a,,a\n1,2,3\n");
    assert_eq!(through(b"1,2\n3,4\n", &options(&[])), b"1,2\n3,4\n");
    assert_eq!(read(b"1,2\n3,4\n", &options(&[])).unwrap().0[0].rows(), 2);
    assert_eq!(
        read(b"1,2\n3,4\n", &options(&[("csv.header", "yes")]))
            .unwrap()
            .0[0]
            .rows(),
        1
    );
    let (batches, _) = read(b"a,b\n", &options(&[])).unwrap();
    assert_eq!((batches.len(), batches[0].rows()), (1, 0));
}

#[test]
fn dialects() {
    let (batches, notes) = read(
        b"\xef\xbb\xbfa;b\r\n1,5;\"x\r\ny\"\r\n\r\n2,5;z",
        &options(&[]),
    )
    .unwrap();
    assert_eq!(batches[0].schema().fields[0].name, "a");
    assert_eq!(batches[0].rows(), 2);
    assert!(notes[0].text.contains("empty lines"));
    let text = b"a\tb\n1,2\tx\n";
    let source = Tsv.open(Input::Stream(Box::new(&text[..])), &options(&[]));
    let batch = source.unwrap().next_batch().unwrap().unwrap().batch;
    assert_eq!(write(&Tsv, std::slice::from_ref(&batch), &[]), text);
    assert_eq!(write(&Csv, &[batch], &[]), b"a,b\n\"1,2\",x\n");
}

#[test]
fn columns_are_chosen() {
    let columns = |names: &[&str]| ReadOptions {
        columns: Some(names.iter().map(|name| name.to_string()).collect()),
        ..options(&[])
    };
    assert_eq!(
        through(b"a,b,c\n1,2,3\n4,5,6\n", &columns(&["c", "a"])),
        b"c,a\n3,1\n6,4\n"
    );
    let error = read(b"a,b\n1,2\n", &columns(&["d"])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.hint().unwrap().contains("a, b"));
}

#[test]
fn wrong_input_says_where() {
    let fails = |text: &[u8]| read(text, &options(&[])).unwrap_err();
    assert_eq!(fails(b"").to_string(), "the input is empty");
    assert_eq!(fails(b"\xef\xbb\xbf").to_string(), "the input is empty");
    assert_eq!(fails(b"\n\n").kind(), ErrorKind::Data);
    assert_eq!(fails(b"\xff\xfea\0,\0b\0").kind(), ErrorKind::Unsupported);
    assert_eq!(fails(b"a,b\r1,2\r").kind(), ErrorKind::Unsupported);

    let ragged = fails(b"a,b\n1,\"x\ny\"\n\n3\n");
    assert_eq!(ragged.kind(), ErrorKind::Data);
    assert_eq!(
        ragged.to_string(),
        "the row has 1 cells where there are 2 columns (stream table, row 2, line 5, byte 13)"
    );
    let utf8 = fails(b"a,b\n1,2\n3,\xe9\n");
    let at = utf8.position();
    assert_eq!(
        (at.row, at.line, at.offset, at.column.as_deref()),
        (Some(2), Some(3), Some(10), Some("2"))
    );
    let quote = fails(b"a,b\n1,2\n\"3\"x,4\n");
    assert_eq!(quote.position().row, Some(2));
    let unclosed = fails(b"a,b\n1,2\n3,\"4\n5,6\n");
    assert_eq!(
        (unclosed.kind(), unclosed.position().offset),
        (ErrorKind::Truncated, Some(11))
    );
    assert_eq!(
        read(b"a\n", &options(&[("csv.nul", "x")]))
            .unwrap_err()
            .kind(),
        ErrorKind::Usage
    );
}

#[test]
fn bad_rows_are_skipped_or_filled() {
    let text = b"a,b\n1,x\n2\n3,y,z\n4,\xe9\n\"5\"5,w\n6,v\n";
    let with = |on_error| ReadOptions {
        on_error,
        ..options(&[])
    };
    let (batches, notes) = read(text, &with(OnError::Skip)).unwrap();
    assert_eq!(write(&Csv, &batches, &[]), b"a,b\n1,x\n6,v\n");
    assert!(
        notes[0].loss && notes[0].text.starts_with("4 damaged rows were left out"),
        "{notes:?}"
    );
    let (batches, notes) = read(text, &with(OnError::Null)).unwrap();
    assert_eq!(
        write(&Csv, &batches, &[]),
        b"a,b\n1,x\n2,\n3,y\n4,\n,w\n6,v\n"
    );
    assert!(notes[0].loss);
}

#[test]
fn a_row_over_the_limit_is_refused() {
    let mut text = b"a,b\n1,\"".to_vec();
    text.resize(5 << 20, b'x');
    let mut options = options(&[]);
    options.limits.record_bytes = 2 << 20;
    assert_eq!(read(&text, &options).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn small_batches_and_small_files_do_not_widen() {
    let mut small = options(&[]);
    small.batch_rows = 2;
    let source = open(b"a\n1\n2\n3\nx\n", &small).unwrap();
    assert!(!source.may_widen());
    let (batches, _) = read(b"a\n1\n2\n3\nx\n", &small).unwrap();
    assert_eq!(batches.iter().map(Batch::rows).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(batches[0].schema().fields[0].data_type, DataType::Utf8);
}

/// One cell of every kind a column can be taken for.
const SAMPLES: [&str; 19] = [
    "",
    "true",
    "7",
    "-9007199254740993",
    "18446744073709551615",
    "-123456789012345678901234567890",
    "2.5",
    "-0",
    "1e5",
    "NaN",
    "5.0",
    "1.50",
    "123456789012345678.50",
    "2013-01-01",
    "2013-01-01T10:00:00Z",
    "2013-01-01 10:00:00.123",
    "00501",
    "\"\"",
    "NA",
];

#[test]
fn late_widening_of_every_pair() {
    const ROWS: usize = 10_050;
    for from in SAMPLES {
        // All columns but the first start as `from` and turn to another sample late, on rows of their own.
        let mut text = String::from("row");
        SAMPLES
            .iter()
            .enumerate()
            .for_each(|(at, _)| text += &format!(",c{at}"));
        text.push('\n');
        for row in 0..ROWS {
            text += &row.to_string();
            for (at, to) in SAMPLES.iter().enumerate() {
                text.push(',');
                text += if row >= ROWS - SAMPLES.len() + at {
                    to
                } else {
                    from
                };
            }
            text.push('\n');
        }
        let (batches, notes) = read(
            text.as_bytes(),
            &ReadOptions {
                batch_rows: 1000,
                ..options(&[])
            },
        )
        .unwrap();
        assert_eq!(batches.iter().map(Batch::rows).sum::<usize>(), ROWS);
        for pair in batches.windows(2) {
            for (narrow, wide) in pair[0].schema().fields.iter().zip(&pair[1].schema().fields) {
                assert!(
                    narrow == wide || widen::widens(narrow, wide),
                    "{narrow:?} to {wide:?}"
                );
            }
        }
        assert!(
            notes.iter().all(|note| !note.loss && note.column.is_some()),
            "{notes:?}"
        );
        let back = write(&Csv, &batches, &[]);
        assert_eq!(cells(&back), cells(text.as_bytes()), "from {from:?}");
    }
}

#[test]
fn integers_become_floats_only_while_exact() {
    let table = |first: &str| {
        let mut text = String::from("a,b\n");
        (0..10_001).for_each(|_| text += &format!("{first},x\n"));
        text + "0.5,x\n"
    };
    let last_type = |text: &str| {
        let (batches, _) = read(text.as_bytes(), &options(&[])).unwrap();
        batches.last().unwrap().schema().fields[0].data_type.clone()
    };
    assert_eq!(last_type(&table("9007199254740991")), DataType::Float64);
    assert_eq!(last_type(&table("9007199254740993")), DataType::Utf8);
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "-?[0-9]{1,4}",
        2 => "-?[0-9]{1,40}(\\.[0-9]{1,20})?",
        1 => any::<f64>().prop_map(|v| v.to_string()),
        1 => any::<f64>().prop_map(|v| format!("{v:e}")),
        1 => "[12][0-9]{3}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|\\+00)?)?",
        1 => prop::sample::select(&SAMPLES[..]).prop_map(String::from),
        1 => prop::sample::select(&["", "NA", "NULL", "null", "\\N", "inf", "false", "\r", "\"", "\u{feff}"][..]).prop_map(String::from),
        2 => "\\PC{0,8}",
        1 => "[a\",\n\r ;\t]{0,6}",
    ]
}

/// Tables whose columns tend to repeat one kind of cell.
fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1_usize..5, 1_usize..12).prop_flat_map(|(columns, rows)| {
        let column = (
            cell(),
            prop::collection::vec((prop::bool::weighted(0.7), cell()), rows),
        )
            .prop_map(|(usual, cells)| {
                let pick = |(same, other)| if same { usual.clone() } else { other };
                cells.into_iter().map(pick).collect::<Vec<_>>()
            });
        prop::collection::vec(column, columns).prop_map(move |columns| {
            (0..rows)
                .map(|row| columns.iter().map(|column| column[row].clone()).collect())
                .collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_cell_changes(rows in table(), crlf: bool, quote_all: bool, header: bool, batch_rows in 1_usize..5) {
        let mut writer = csv::WriterBuilder::new();
        if crlf {
            writer.terminator(csv::Terminator::CRLF);
        }
        if quote_all {
            writer.quote_style(csv::QuoteStyle::Always);
        }
        let mut writer = writer.from_writer(Vec::new());
        // A byte order mark of the file's own is not part of a cell, and a file may not be empty lines alone.
        prop_assume!(!rows[0][0].starts_with('\u{feff}') && !rows[0][0].is_empty());
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let text = writer.into_inner().unwrap();
        let header = if header { "yes" } else { "no" };
        let options = options(&[("csv.delimiter", ","), ("csv.header", header)]);
        let options = ReadOptions { batch_rows, ..options };
        let back = through(&text, &options);
        prop_assert_eq!(cells(&back), cells(&text));
        prop_assert_eq!(cells(&through(&back, &options)), cells(&text));
    }

    #[test]
    fn no_input_panics(text in prop::collection::vec(prop::sample::select(&b"a1.,-\"\n\r\xff\xc3\xa9;"[..]), 0..60), skip: bool) {
        let on_error = if skip { OnError::Skip } else { OnError::Null };
        if let Ok((batches, _)) = read(&text, &ReadOptions { on_error, ..options(&[]) }) {
            for batch in &batches {
                for column in batch.columns() {
                    export_core::array::validate(column, &export_core::Limits::default()).unwrap();
                }
            }
        }
    }
}

#[test]
fn promises_of_formats_sources_and_sinks() {
    // CSV has no types of its own, so only columns whose text tells their type come back as they were.
    let kept = |batch: &Batch| match batch.schema().fields.as_slice() {
        [field] if field.data_type == DataType::Int64 => {
            let rows = batch.rows();
            (export_core::array::null_count(&batch.columns()[0]) < rows).then(|| batch.clone())
        }
        _ => None,
    };
    conformance::format(&Csv, kept).unwrap();
    conformance::format(&Tsv, kept).unwrap();

    let mut text = String::from("a,b,c\n");
    (0..12_000).for_each(|row| text += &format!("{row},{}.5,x{row}\n", row % 9));
    text += "1e3,,\n";
    conformance::source(|options| open(text.as_bytes(), options)).unwrap();
    let batch = &read(b"a,b\n1,x\n2,y\n", &options(&[])).unwrap().0[0];
    let create = || Csv.create(Box::new(std::io::sink()), &WriteOptions::default());
    conformance::sink(create, batch).unwrap();
}
