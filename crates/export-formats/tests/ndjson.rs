//! NDJSON: what is read, what is refused, what comes back.
#![cfg(feature = "ndjson")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use export_core::build::{Column, Nullability, RowBuilder};
use export_core::marrow::array::Array;
use export_core::marrow::datatypes::DataType;
use export_core::value::{self, Value};
use export_core::{
    Batch, Error, ErrorKind, ExportMetadata, Format, Input, Limits, Note, OnError, ReadOptions,
    Result, Source, StreamBatch, WriteOptions, conformance, schema, text, widen,
};
use export_formats::ndjson::Ndjson;
use proptest::prelude::*;

fn open(text: impl Into<Vec<u8>>, options: &ReadOptions) -> Box<dyn Source> {
    let input = Input::Stream(Box::new(Cursor::new(text.into())));
    Ndjson.open(input, options).unwrap()
}

/// All rows under the last schema.
fn read_with(text: impl Into<Vec<u8>>, options: &ReadOptions) -> Result<(Batch, Vec<Note>)> {
    let mut source = open(text, options);
    let mut batches = Vec::new();
    while let Some(batch) = source.next_batch()? {
        batches.push(batch.batch);
    }
    let widest = Arc::clone(batches.last().unwrap().schema());
    let batches: Vec<Batch> = batches
        .iter()
        .map(|batch| widen::cast_batch(batch, &widest).unwrap())
        .collect();
    Ok((Batch::concat(&batches).unwrap(), source.notes()))
}

fn read(text: &str) -> Batch {
    read_with(text, &ReadOptions::default()).unwrap().0
}

fn fails(text: impl Into<Vec<u8>>) -> Error {
    read_with(text, &ReadOptions::default()).unwrap_err()
}

/// Bytes that the test can look at after the sink is gone.
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

fn write_with(batch: &Batch, options: &WriteOptions) -> Result<(String, Vec<Note>)> {
    let output = Shared::default();
    let mut sink = Ndjson.create(Box::new(output.clone()), options)?;
    sink.write(StreamBatch {
        stream: "s".into(),
        batch: batch.clone(),
    })?;
    let summary = sink.finish(&ExportMetadata::default())?;
    let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    Ok((text, summary.notes))
}

fn write(batch: &Batch) -> String {
    write_with(batch, &WriteOptions::default()).unwrap().0
}

#[test]
fn objects_become_typed_columns() {
    let batch = read(concat!(
        "\u{feff}{\"id\":1,\"name\":\"a\\u00e9\\n\",\"tags\":[\"x\"],\"at\":{\"x\":0.5}}\r\n",
        "\n",
        "{\"id\":18446744073709551615,\"ok\":true,\"at\":{\"y\":null,\"x\":1},\"tags\":[]}",
    ));
    let names: Vec<&str> = batch
        .schema()
        .fields
        .iter()
        .map(|f| f.name.as_str())
        .collect();
    assert_eq!(names, ["id", "name", "tags", "at", "ok"]);
    assert_eq!(batch.schema().fields[0].data_type, DataType::UInt64);
    assert!(matches!(
        batch.schema().fields[2].data_type,
        DataType::List(_)
    ));
    assert_eq!(
        write(&batch),
        concat!(
            r#"{"id":1,"name":"aé\n","tags":["x"],"at":{"x":0.5,"y":null},"ok":null}"#,
            "\n",
            r#"{"id":18446744073709551615,"name":null,"tags":[],"at":{"x":1,"y":null},"ok":true}"#,
            "\n"
        )
    );
}

#[test]
fn mixed_columns_keep_every_value_and_say_so() {
    let text = concat!(
        r#"{"a":1}"#,
        "\n",
        r#"{"a":"one"}"#,
        "\n",
        r#"{"a":{"k":[1e400,null]}}"#,
        "\n",
        r#"{"a":0.10000000000000000000001}"#,
        "\n",
        r#"{"a":null}"#,
        "\n",
    );
    let (batch, notes) = read_with(text, &ReadOptions::default()).unwrap();
    assert!(schema::is_json(&batch.schema().fields[0]));
    assert_eq!(notes.len(), 1);
    assert_eq!(
        (notes[0].column.as_deref(), notes[0].loss),
        (Some("a"), false)
    );
    assert_eq!(write(&batch), text);
}

#[test]
fn documents_that_are_no_objects_are_values() {
    let batch = read("1\n[2]\n\"x\"\n{\"value\":3,\"b\":4}\nnull\n");
    assert_eq!(
        write(&batch),
        concat!(
            r#"{"value":1,"b":null}"#,
            "\n",
            r#"{"value":[2],"b":null}"#,
            "\n",
            r#"{"value":"x","b":null}"#,
            "\n",
            r#"{"value":3,"b":4}"#,
            "\n",
            r#"{"value":null,"b":null}"#,
            "\n",
        )
    );
}

#[test]
fn no_rows_are_one_empty_batch() {
    let mut source = open("\n \n", &ReadOptions::default());
    assert_eq!(source.next_batch().unwrap().unwrap().batch.rows(), 0);
    assert!(source.next_batch().unwrap().is_none());
}

#[test]
fn faults_are_told_with_their_place() {
    let place = |error: &Error| {
        let position = error.position().clone();
        (
            position.row,
            position.line,
            position.offset,
            position.column,
        )
    };
    let column = |name: &str| Some(String::from(name));

    let error = fails("{\"a\":1}\n\n{\"b\":{\"c\":[1,{\"d\":2,\"d\":3}]}}\n");
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.message().contains("\"d\" is there twice"), "{error}");
    assert_eq!(
        place(&error),
        (Some(2), Some(3), Some(9 + 24), column("b.c[1].d"))
    );

    let error = fails("{\"a\":1}\n{\"a\":tru}\n");
    assert_eq!(
        (error.kind(), place(&error).2, place(&error).3),
        (ErrorKind::Data, Some(16), column("a"))
    );

    let error = fails("{\"a\":1}\n{\"a\":[1,2");
    assert_eq!(
        (error.kind(), place(&error).0),
        (ErrorKind::Truncated, Some(2))
    );
    assert_eq!(fails("{\n\"a\":1}\n").kind(), ErrorKind::Data);
    assert!(
        fails("{\n\"a\":1}\n")
            .hint()
            .unwrap()
            .contains("one document a line")
    );

    for text in [
        "{\"a\":NaN}",
        "{\"a\":-Infinity}",
        "{\"a\":01}",
        "{\"a\":1} x",
        "{\"a\":1}{}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\t\"}",
        "nul",
        "{\"a\":}",
        "]",
    ] {
        let error = fails(format!("{text}\n"));
        assert_eq!(error.kind(), ErrorKind::Data, "{text}: {error}");
        assert_eq!(
            (error.position().row, error.position().line),
            (Some(1), Some(1))
        );
        assert!(error.position().offset.is_some());
    }
    let error = fails(&b"{\"a\":\"x\xff\"}\n"[..]);
    assert!(error.message().contains("UTF-8"));
    assert_eq!(place(&error).2, Some(7));

    let error = fails("[".repeat(10_000) + &"]".repeat(10_000));
    assert_eq!(error.kind(), ErrorKind::Limit);
    let error = fails("{\"a\":".repeat(10_000) + "1" + &"}".repeat(10_000));
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[test]
fn a_line_over_the_limit_is_refused() {
    let mut options = ReadOptions::default();
    options.limits.value_bytes = 100;
    let text = format!("{{\"a\":\"{}\"}}\n", "x".repeat(200));
    assert_eq!(
        read_with(text, &options).unwrap_err().kind(),
        ErrorKind::Limit
    );
}

#[test]
fn faulty_rows_are_left_out_or_null_and_counted() {
    let text = "{\"a\":1}\n{\"a\":\"x\",\"b\":tru}\n{\"a\":2,\"a\":3}\nx\n{\"a\":4}\n{\"a\":";
    let mut options = ReadOptions {
        on_error: OnError::Skip,
        ..ReadOptions::default()
    };
    let (batch, notes) = read_with(text, &options).unwrap();
    assert_eq!(write(&batch), "{\"a\":1}\n{\"a\":4}\n");
    assert!(
        notes[0].loss && notes[0].text.contains("4 faulty rows"),
        "{notes:?}"
    );
    assert!(notes[0].text.contains("row 2"), "{notes:?}");

    options.on_error = OnError::Null;
    let (batch, notes) = read_with(text, &options).unwrap();
    assert_eq!(
        write(&batch),
        "{\"a\":1}\n{\"a\":null}\n{\"a\":null}\n{\"a\":null}\n{\"a\":4}\n{\"a\":null}\n"
    );
    assert!(notes[0].loss);
}

#[test]
fn wanted_columns_come_in_the_order_they_are_wanted() {
    let wanted = |names: &[&str]| ReadOptions {
        columns: Some(names.iter().map(|name| String::from(*name)).collect()),
        ..ReadOptions::default()
    };
    let text = "{\"a\":1,\"b\":[{}],\"c\":2}\n{\"c\":3,\"a\":4}\n";
    let (batch, _) = read_with(text, &wanted(&["c", "a"])).unwrap();
    assert_eq!(write(&batch), "{\"c\":2,\"a\":1}\n{\"c\":3,\"a\":4}\n");
    let error = read_with(text, &wanted(&["c", "d"])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn batches_are_bounded_by_rows_and_bytes_and_never_narrower() {
    let text: String = (0..1000)
        .map(|row| match row {
            990 => String::from("{\"a\":\"text\"}\n"),
            500 => String::from("{\"a\":0.5}\n"),
            _ => format!("{{\"a\":{row}}}\n"),
        })
        .collect();
    for (batch_rows, batch_bytes) in [(100, 1 << 20), (1 << 20, 500)] {
        let options = ReadOptions {
            batch_rows,
            batch_bytes,
            ..ReadOptions::default()
        };
        let mut source = open(text.clone(), &options);
        assert!(source.may_widen());
        let mut schemas = Vec::new();
        let mut rows = 0;
        while let Some(batch) = source.next_batch().unwrap() {
            assert!(batch.batch.rows() <= 100.max(batch_bytes / 4));
            rows += batch.batch.rows();
            schemas.push(Arc::clone(batch.batch.schema()));
        }
        assert_eq!(rows, 1000);
        assert!(schemas.len() >= 10);
        for pair in schemas.windows(2) {
            assert!(widen::widens(&pair[0].fields[0], &pair[1].fields[0]));
        }
        assert_eq!(write(&read_with(text.clone(), &options).unwrap().0), text);
    }
}

#[test]
fn nulls_may_be_left_out() {
    let batch = read("{\"a\":1,\"b\":null}\n{\"b\":null}\n");
    let options = WriteOptions {
        extra: [("ndjson.nulls".into(), "omit".into())].into(),
        ..WriteOptions::default()
    };
    assert_eq!(write_with(&batch, &options).unwrap().0, "{\"a\":1}\n{}\n");
}

#[test]
fn foreign_documents_over_several_lines_stay_on_one() {
    let batch = read("{\"a\":1}\n{\"a\":\"x\"}\n");
    let field = &batch.schema().fields[0];
    assert!(schema::is_json(field));
    let pretty = |document: &str| {
        let text = export_core::marrow::array::BytesArray {
            validity: None,
            offsets: vec![0, i32::try_from(document.len()).unwrap()],
            data: document.into(),
        };
        let array = export_core::marrow::array::Array::Utf8(text);
        Batch::new(Arc::clone(batch.schema()), 1, vec![array]).unwrap()
    };
    assert_eq!(
        write(&pretty("{\r\n \"k\": 1\n}")),
        "{\"a\":{   \"k\": 1 }}\n"
    );
    let error = write_with(&pretty("not json"), &WriteOptions::default()).unwrap_err();
    assert_eq!(
        (error.kind(), error.position().row),
        (ErrorKind::Data, Some(1))
    );
}

#[test]
fn non_finite_floats_are_strings_with_a_note() {
    use export_core::build::RowBuilder;
    let mut rows = RowBuilder::new();
    for value in [1.5, f64::NAN, f64::NEG_INFINITY] {
        rows.field("f").unwrap().push_f64(value).unwrap();
        rows.end_row();
    }
    let (text, notes) = write_with(&rows.take_batch().unwrap(), &WriteOptions::default()).unwrap();
    assert_eq!(
        text,
        "{\"f\":1.5}\n{\"f\":\"NaN\"}\n{\"f\":\"-Infinity\"}\n"
    );
    assert_eq!(
        (notes[0].column.as_deref(), notes[0].loss),
        (Some("f"), false)
    );
}

#[test]
fn a_second_stream_is_refused() {
    let batch = read("{\"a\":1}\n");
    let mut sink = Ndjson
        .create(Box::new(std::io::sink()), &WriteOptions::default())
        .unwrap();
    sink.write(StreamBatch {
        stream: "one".into(),
        batch: batch.clone(),
    })
    .unwrap();
    let error = sink
        .write(StreamBatch {
            stream: "two".into(),
            batch,
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

fn holds_text(array: &Array) -> bool {
    match array {
        Array::Null(_) | Array::Utf8(_) | Array::LargeUtf8(_) | Array::Utf8View(_) => true,
        Array::Dictionary(dictionary) => holds_text(&dictionary.values),
        Array::RunEndEncoded(runs) => holds_text(&runs.values),
        _ => false,
    }
}

/// Pushes a value as its JSON says it; `false` where JSON cannot: an object with a key twice.
fn push(value: &Value<'_>, column: &mut Column) -> bool {
    let slot =
        |array: &Array, at: usize, column: &mut Column| push(&value::value(array, at), column);
    match *value {
        Value::Null => column.push_null().is_ok(),
        Value::Bool(v) => column.push_bool(v).is_ok(),
        Value::Text(v) => column.push_str(v).is_ok(),
        Value::List(array, start, end) => {
            column.begin_list().unwrap();
            let all = (start..end).all(|at| slot(array, at, column.element().unwrap()));
            column.end_list().unwrap();
            all
        }
        Value::Struct(array, row) => {
            column.begin_struct().unwrap();
            let all = array.fields.iter().all(|(meta, child)| {
                column
                    .field(&meta.name)
                    .is_ok_and(|field| slot(child, row, field))
            });
            column.end_struct().unwrap();
            all
        }
        Value::Map(keys, values, start, end) => {
            let key = |at| match value::value(keys, at) {
                Value::Text(key) => Some(key),
                _ => None,
            };
            if holds_text(keys) {
                column.begin_struct().unwrap();
                let mut entries = (start..end).map(|at| (key(at).unwrap(), at));
                let all = entries
                    .all(|(key, at)| column.field(key).is_ok_and(|field| slot(values, at, field)));
                column.end_struct().unwrap();
                return all;
            }
            column.begin_list().unwrap();
            let all = (start..end).all(|at| {
                let entry = column.element().unwrap();
                entry.begin_struct().unwrap();
                let key = slot(keys, at, entry.field("key").unwrap());
                let value = slot(values, at, entry.field("value").unwrap());
                entry.end_struct().unwrap();
                key && value
            });
            column.end_list().unwrap();
            all
        }
        Value::Union(_, array, row) => slot(array, row, column),
        _ => {
            let mut json = Vec::new();
            text::write_json(value, &mut json);
            match json
                .strip_prefix(b"\"")
                .and_then(|json| json.strip_suffix(b"\""))
            {
                Some(text) => column.push_str(std::str::from_utf8(text).unwrap()).is_ok(),
                None => column.push_number_text(&json).is_ok(),
            }
        }
    }
}

/// What is left of a batch after it was NDJSON.
fn kept(batch: &Batch) -> Option<Batch> {
    if batch.schema().fields.iter().any(schema::is_json) {
        return None;
    }
    let mut rows = RowBuilder::with(&Limits::default(), Nullability::Always);
    for row in 0..batch.rows() {
        for (field, column) in batch.schema().fields.iter().zip(batch.columns()) {
            if !push(&value::value(column, row), rows.field(&field.name).unwrap()) {
                return None;
            }
        }
        rows.end_row();
    }
    Some(rows.take_batch().unwrap())
}

#[test]
fn the_format_conforms() {
    conformance::format(&Ndjson, kept).unwrap();
}

#[test]
fn sources_and_sinks_conform() {
    let text: String = (0..200)
        .map(|row| {
            format!(
                "{{\"a\":{row},\"b\":[{row},null],\"c\":\"{}\"}}\n",
                "x".repeat(row % 7)
            )
        })
        .collect();
    conformance::source(|options| Ok(open(text.clone(), options))).unwrap();
    let create = || Ndjson.create(Box::new(std::io::sink()), &WriteOptions::default());
    conformance::sink(create, &read(&text)).unwrap();
}

/// Any JSON document without duplicate keys, in the spelling that is written.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(String::from("null")),
        any::<bool>().prop_map(|v| v.to_string()),
        any::<i64>().prop_map(|v| v.to_string()),
        any::<u64>().prop_map(|v| v.to_string()),
        (-1e9..1e9_f64).prop_map(|v| v.to_string()),
        "[a-z\"\\\\\n\u{1}é😀]{0,6}".prop_map(|v| {
            let mut out = Vec::new();
            export_core::text::write_json_string(&v, &mut out);
            String::from_utf8(out).unwrap()
        }),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::btree_map("[abc]", inner, 0..3).prop_map(|v| {
                let fields: Vec<String> = v.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

/// The document without the fields of its objects that are null.
fn without_nulls(document: &str) -> serde_json::Value {
    fn strip(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(list) => list.iter_mut().for_each(strip),
            serde_json::Value::Object(fields) => {
                fields.retain(|_, value| !value.is_null());
                fields.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    let mut document = serde_json::from_str(document).unwrap();
    strip(&mut document);
    document
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What is written is what was read, fields of null aside (a struct does not know a null from a missing field), and
    /// reads back as the same rows.
    #[test]
    fn rows_survive_reading_and_writing(documents in prop::collection::vec(document(), 1..8), batch_rows in 1..5_usize) {
        let text: String = documents.iter().map(|document| format!("{{\"a\":{document},\"n\":1}}\n")).collect();
        let options = ReadOptions { batch_rows, ..ReadOptions::default() };
        let written = write(&read_with(text.clone(), &options).unwrap().0);
        for (line, written) in text.lines().zip(written.lines()) {
            prop_assert_eq!(without_nulls(line), without_nulls(written));
        }
        let again = read(&written);
        prop_assert!(again.same_rows(&read(&write(&again))));
    }

    /// Any cut, and any changed byte, is an error or other rows, never a panic.
    #[test]
    fn no_bytes_make_it_panic(documents in prop::collection::vec(document(), 1..4), at in any::<prop::sample::Index>(), byte: u8) {
        let mut text: Vec<u8> = documents.iter().flat_map(|document| format!("{{\"a\":{document}}}\n").into_bytes()).collect();
        let at = at.index(text.len());
        let _ = read_with(&text[..at], &ReadOptions::default());
        text[at] = byte;
        for on_error in [OnError::Fail, OnError::Skip, OnError::Null] {
            let result = read_with(text.clone(), &ReadOptions { on_error, ..ReadOptions::default() });
            prop_assert!(on_error == OnError::Fail || result.is_ok());
        }
    }
}
