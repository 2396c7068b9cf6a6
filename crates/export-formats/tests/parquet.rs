//! Batches through Parquet and back, for every type; metadata; damage.
#![cfg(feature = "parquet")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use export_core::marrow::array::{Array, PrimitiveArray, StructArray, TimestampArray};
use export_core::marrow::datatypes::{DataType, Field, FieldMeta, IntervalUnit, TimeUnit};
use export_core::{
    Batch, ErrorKind, ExportMetadata, Format, Input, Note, ReadOptions, Result, Schema, Source,
    StreamBatch, WriteOptions, array, conformance,
};
use export_formats::parquet::Parquet;

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

fn write(batch: &Batch, metadata: &ExportMetadata) -> Result<(Vec<u8>, Vec<Note>)> {
    let shared = Shared::default();
    let mut sink = Parquet.create(Box::new(shared.clone()), &WriteOptions::default())?;
    sink.write(StreamBatch {
        stream: "rows".into(),
        batch: batch.clone(),
    })?;
    let summary = sink.finish(metadata)?;
    let bytes = shared.0.lock().unwrap().clone();
    Ok((bytes, summary.notes))
}

fn open(bytes: &[u8], options: &ReadOptions) -> Result<Box<dyn Source>> {
    Parquet.open(
        Input::Stream(Box::new(Cursor::new(bytes.to_vec()))),
        options,
    )
}

fn read(bytes: &[u8], options: &ReadOptions) -> Result<(Batch, BTreeMap<String, String>)> {
    let mut source = open(bytes, options)?;
    let mut batches = Vec::new();
    while let Some(StreamBatch { batch, .. }) = source.next_batch()? {
        batches.push(batch);
    }
    Ok((Batch::concat(&batches)?, source.metadata()))
}

fn field(name: &str, data_type: DataType) -> Field {
    Field {
        name: name.into(),
        data_type,
        nullable: true,
        ..Field::default()
    }
}

/// What Parquet keeps of a column, by the notes of the format; `None` where it cannot hold it.
fn kept_column(field: &Field, column: &Array) -> Option<(Field, Array)> {
    let valid = |validity: &Option<Vec<u8>>, row: usize| {
        validity
            .as_ref()
            .is_none_or(|bits| bits[row / 8] >> (row % 8) & 1 == 1)
    };
    let column = match column {
        // Milliseconds in the file, seconds again when read.
        Array::Timestamp(a) if a.unit == TimeUnit::Second => {
            let too_far =
                |(row, v): (usize, &i64)| v.checked_mul(1000).is_none() && valid(&a.validity, row);
            if a.values.iter().enumerate().any(too_far) {
                return None;
            }
            column.clone()
        }
        Array::Time32(a) if a.unit == TimeUnit::Second => {
            let mut a = a.clone();
            a.unit = TimeUnit::Millisecond;
            for (row, value) in a.values.iter_mut().enumerate() {
                *value = match value.checked_mul(1000) {
                    None if valid(&a.validity, row) => return None,
                    scaled => scaled.unwrap_or(0),
                };
            }
            Array::Time32(a)
        }
        Array::Date64(a) => {
            let day = |(row, &v): (usize, &i64)| match i32::try_from(v / 86_400_000) {
                Ok(days) if v % 86_400_000 == 0 => Some(days),
                _ => (!valid(&a.validity, row)).then_some(0),
            };
            let values = a
                .values
                .iter()
                .enumerate()
                .map(day)
                .collect::<Option<_>>()?;
            let validity = a.validity.clone();
            Array::Date32(PrimitiveArray { validity, values })
        }
        Array::MonthDayNanoInterval(a) => {
            let meta = |name: &str| FieldMeta {
                name: name.into(),
                ..FieldMeta::default()
            };
            let plain = |values| {
                Array::Int32(PrimitiveArray {
                    validity: None,
                    values,
                })
            };
            let months = plain(a.values.iter().map(|v| v.months).collect());
            let days = plain(a.values.iter().map(|v| v.days).collect());
            let nanoseconds = a.values.iter().map(|v| v.nanoseconds).collect();
            let nanoseconds = Array::Int64(PrimitiveArray {
                validity: None,
                values: nanoseconds,
            });
            Array::Struct(StructArray {
                len: a.values.len(),
                validity: a.validity.clone(),
                fields: vec![
                    (meta("months"), months),
                    (meta("days"), days),
                    (meta("nanoseconds"), nanoseconds),
                ],
            })
        }
        Array::RunEndEncoded(a) => {
            let ends: Vec<usize> = match &*a.run_ends {
                Array::Int16(ends) => ends.values.iter().map(|&end| end as usize).collect(),
                Array::Int32(ends) => ends.values.iter().map(|&end| end as usize).collect(),
                Array::Int64(ends) => ends.values.iter().map(|&end| end as usize).collect(),
                _ => panic!("run ends"),
            };
            let rows: Vec<usize> = (0..ends.last().copied().unwrap_or(0))
                .map(|row| ends.iter().position(|&end| row < end).unwrap())
                .collect();
            array::take(&a.values, &rows).unwrap()
        }
        other => other.clone(),
    };
    let changed = match &field.data_type {
        DataType::Date64
        | DataType::Time32(TimeUnit::Second)
        | DataType::Interval(IntervalUnit::MonthDayNano)
        | DataType::RunEndEncoded(..) => column.data_type(),
        same => same.clone(),
    };
    Some((
        Field {
            data_type: changed,
            ..field.clone()
        },
        column,
    ))
}

fn holds(data_type: &DataType) -> bool {
    match data_type {
        DataType::Union(..) | DataType::RunEndEncoded(..) => false,
        DataType::Interval(IntervalUnit::MonthDayNano) => false,
        DataType::Decimal128(_, scale) => *scale >= 0,
        DataType::Struct(fields) => {
            !fields.is_empty() && fields.iter().all(|field| holds(&field.data_type))
        }
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => holds(&field.data_type),
        DataType::Dictionary(_, values) => holds(values),
        _ => true,
    }
}

fn kept(batch: &Batch) -> Option<Batch> {
    let columns = batch.schema().fields.iter().zip(batch.columns());
    let kept: Option<Vec<_>> = columns
        .map(|(field, column)| kept_column(field, column))
        .collect();
    let (fields, columns): (Vec<_>, Vec<_>) = kept?.into_iter().unzip();
    if !fields.iter().all(|field| holds(&field.data_type)) {
        return None;
    }
    let schema = Schema {
        fields,
        metadata: batch.schema().metadata.clone(),
    };
    Some(Batch::new(Arc::new(schema), batch.rows(), columns).unwrap())
}

#[test]
fn every_type_comes_back() {
    conformance::format(&Parquet, kept).unwrap();
}

#[test]
fn what_cannot_be_written_is_named() {
    for batch in conformance::batches(3).unwrap() {
        let Err(error) = write(&batch, &ExportMetadata::default()) else {
            continue;
        };
        assert!(kept(&batch).is_none(), "{:?}: {error}", batch.schema());
        assert!(
            matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Data),
            "{error:?}"
        );
        assert!(error.position().column.is_some(), "{error}");
    }
}

#[test]
fn metadata_comes_back() {
    let mut x = field(
        "x",
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    );
    x.metadata = [("unit".to_owned(), "ms".to_owned())].into();
    let mut schema = Schema::new(vec![x]).unwrap();
    schema.metadata.insert("csv.null".into(), "NA".into());
    let batch = Batch::empty(Arc::new(schema)).unwrap();
    let entries = BTreeMap::from([
        ("pandas".into(), "{}".into()),
        ("exportkit.tool".into(), "old".into()),
    ]);
    let metadata = ExportMetadata {
        tool: "new 1".into(),
        rows: 0,
        entries,
        ..ExportMetadata::default()
    };
    let (bytes, notes) = write(&batch, &metadata).unwrap();
    assert!(notes.is_empty());
    let (found, pairs) = read(&bytes, &ReadOptions::default()).unwrap();
    assert_eq!(found.schema(), batch.schema());
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("exportkit.created_ns", "0"),
            ("exportkit.rows", "0"),
            ("exportkit.tool", "new 1"),
            ("pandas", "{}")
        ]
    );
}

fn numbers(rows: i64) -> Batch {
    let column = |f: fn(i64) -> i64| {
        Array::Int64(PrimitiveArray {
            validity: None,
            values: (0..rows).map(f).collect(),
        })
    };
    let fields = ["a", "b", "c"]
        .map(|name| field(name, DataType::Int64))
        .to_vec();
    let columns = vec![column(|n| n), column(|n| n % 7), column(|n| n * n)];
    Batch::new(
        Arc::new(Schema::new(fields).unwrap()),
        rows as usize,
        columns,
    )
    .unwrap()
}

#[test]
fn columns_and_batches_are_as_asked_for() {
    let (bytes, _) = write(&numbers(10_000), &ExportMetadata::default()).unwrap();
    conformance::source(|options| open(&bytes, options)).unwrap();
    let columns = Some(vec!["c".to_owned(), "a".to_owned()]);
    let (batch, _) = read(
        &bytes,
        &ReadOptions {
            columns,
            ..ReadOptions::default()
        },
    )
    .unwrap();
    assert!(batch.same_rows(&numbers(10_000).project(&[2, 0]).unwrap()));
    let columns = Some(vec!["d".to_owned()]);
    let error = read(
        &bytes,
        &ReadOptions {
            columns,
            ..ReadOptions::default()
        },
    )
    .unwrap_err();
    assert_eq!(
        (error.kind(), error.hint()),
        (ErrorKind::NotFound, Some("there are a, b, c"))
    );
}

#[test]
fn one_stream_a_file() {
    let mut sink = Parquet
        .create(Box::new(std::io::sink()), &WriteOptions::default())
        .unwrap();
    sink.write(StreamBatch {
        stream: "one".into(),
        batch: numbers(1),
    })
    .unwrap();
    let error = sink
        .write(StreamBatch {
            stream: "two".into(),
            batch: numbers(1),
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.message().contains("\"one\"") && error.message().contains("\"two\""));
}

#[test]
fn damage_is_an_error() {
    let (bytes, _) = write(&numbers(300), &ExportMetadata::default()).unwrap();
    let options = ReadOptions::default();
    assert_eq!(
        read(b"", &options).unwrap_err().message(),
        "the input is empty"
    );
    for cut in 1..bytes.len() {
        let error = read(&bytes[..cut], &options).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Truncated | ErrorKind::Corrupt),
            "{error:?}"
        );
    }
    for byte in 0..bytes.len() {
        for bit in [0, 3, 7] {
            let mut damaged = bytes.clone();
            damaged[byte] ^= 1 << bit;
            // Parquet has no checksums: what is not seen is read as something else. It must only not panic.
            let _ = read(&damaged, &options);
        }
    }
}

struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said() {
    let mut sink = Parquet
        .create(Box::new(Full), &WriteOptions::default())
        .unwrap();
    let written = sink.write(StreamBatch {
        stream: "rows".into(),
        batch: numbers(10),
    });
    let error = match written {
        Ok(()) => sink.finish(&ExportMetadata::default()).unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(
        error.io_error().unwrap().kind(),
        std::io::ErrorKind::StorageFull,
        "{error:?}"
    );
}

#[test]
fn promises_of_sinks() {
    let create = || Parquet.create(Box::new(std::io::sink()), &WriteOptions::default());
    conformance::sink(create, &numbers(10)).unwrap();
}

/// A file of one INT96 column, each value a Julian day and nanoseconds of it.
fn int96_file(values: &[(u32, u64)]) -> Vec<u8> {
    use parquet::data_type::{Int96, Int96Type};
    use parquet::file::{properties::WriterProperties, writer::SerializedFileWriter};
    let schema = parquet::schema::parser::parse_message_type("message m { required int96 at; }");
    let properties = Arc::new(WriterProperties::new());
    let mut writer =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema.unwrap()), properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values: Vec<Int96> = values
        .iter()
        .map(|&(day, nanoseconds)| {
            let mut value = Int96::new();
            value.set_data(nanoseconds as u32, (nanoseconds >> 32) as u32, day);
            value
        })
        .collect();
    column
        .typed::<Int96Type>()
        .write_batch(&values, None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn int96_is_read_where_nanoseconds_hold_it() {
    const EPOCH: u32 = 2_440_588;
    let bytes = int96_file(&[(EPOCH, 1), (EPOCH - 1, 86_399_999_999_999)]);
    let (batch, _) = read(&bytes, &ReadOptions::default()).unwrap();
    let Array::Timestamp(column) = &batch.columns()[0] else {
        panic!("{batch:?}")
    };
    assert_eq!(
        (column.unit, &column.values[..]),
        (TimeUnit::Nanosecond, &[1, -1][..])
    );
    // The year 1.
    let bytes = int96_file(&[(EPOCH, 1), (1_721_426, 0)]);
    let error = read(&bytes, &ReadOptions::default()).unwrap_err();
    assert_eq!(
        (error.kind(), error.position().row),
        (ErrorKind::Unsupported, Some(2))
    );
}

/// A file of milliseconds in UTC whose schema says that they were seconds in New York, as pyarrow writes it.
fn milliseconds_told_as_seconds(a: i64, b: i64) -> Vec<u8> {
    use arrow_array::{Array as _, ArrayRef, RecordBatch, TimestampMillisecondArray};
    use arrow_schema::{DataType, Field, Schema, TimeUnit};
    use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
    use parquet::file::metadata::KeyValue;
    let schema = |unit, zone: &str| {
        let at = DataType::Timestamp(unit, Some(zone.into()));
        let list = DataType::List(Arc::new(Field::new("element", at.clone(), true)));
        let fields = [("a", at.clone()), ("b", at), ("list", list)];
        let fields = fields.map(|(name, data_type)| Field::new(name, data_type, true));
        Schema::new(fields.to_vec())
    };
    let written = Arc::new(schema(TimeUnit::Millisecond, "UTC"));
    let at = |value| -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from(vec![Some(value), None]).with_timezone("UTC"))
    };
    let list = arrow_data::ArrayData::builder(written.field(2).data_type().clone())
        .len(2)
        .add_buffer(vec![0_i32, 2, 2].into())
        .add_child_data(at(7000).to_data())
        .build();
    let list = arrow_array::make_array(list.unwrap());
    let rows = RecordBatch::try_new(Arc::clone(&written), vec![at(a), at(b), list]);
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), written, options).unwrap();
    writer.write(&rows.unwrap()).unwrap();
    let told = schema(TimeUnit::Second, "America/New_York");
    writer.append_key_value_metadata(KeyValue {
        key: "ARROW:schema".into(),
        value: Some(parquet::arrow::encode_arrow_schema(&told)),
    });
    writer.into_inner().unwrap()
}

fn at(unit: TimeUnit, zone: &str) -> DataType {
    DataType::Timestamp(unit, Some(zone.to_owned()))
}

#[test]
fn zones_and_whole_seconds_come_back() {
    use TimeUnit::{Millisecond, Second};
    let bytes = milliseconds_told_as_seconds(-1000, 1001);
    let columns = Some(vec!["list".to_owned(), "b".to_owned(), "a".to_owned()]);
    let options = ReadOptions {
        columns,
        ..ReadOptions::default()
    };
    let (batch, _) = read(&bytes, &options).unwrap();
    let [list, b, a] = &batch.schema().fields[..] else {
        panic!("{batch:?}")
    };
    assert_eq!(a.data_type, at(Second, "America/New_York"));
    assert_eq!(b.data_type, at(Millisecond, "America/New_York"));
    let DataType::List(element) = &list.data_type else {
        panic!("{list:?}")
    };
    assert_eq!(element.data_type, at(Millisecond, "America/New_York"));
    let first = |column: usize| match &batch.columns()[column] {
        Array::Timestamp(column) => column.values[0],
        other => panic!("{other:?}"),
    };
    assert_eq!((first(1), first(2)), (1001, -1));
    conformance::source(|options| open(&bytes, options)).unwrap();
}

#[test]
fn seconds_are_milliseconds_to_others_alone() {
    let data_type = at(TimeUnit::Second, "Asia/Kolkata");
    let schema = Schema::new(vec![field("at", data_type)]).unwrap();
    let column = Array::Timestamp(TimestampArray {
        unit: TimeUnit::Second,
        timezone: Some("Asia/Kolkata".into()),
        validity: None,
        values: vec![-1, 0, 1_700_000_000],
    });
    let batch = Batch::new(Arc::new(schema), 3, vec![column]).unwrap();
    let (bytes, notes) = write(&batch, &ExportMetadata::default()).unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    let (found, _) = read(&bytes, &ReadOptions::default()).unwrap();
    assert!(found.same_rows(&batch), "{found:?}");
    assert_eq!(found.schema(), batch.schema());
}
