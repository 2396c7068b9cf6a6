//! Derived records: what is written comes back, and is the file that serde's path writes.

#![cfg(feature = "derive")]
#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use exportkit::{
    Conversion, ConvertOptions, FileId, FromRecord, Record, Recorder, Result, read_records,
    write_records, write_records_with, write_with,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Record)]
#[serde(rename_all = "snake_case")]
#[record(rename_all = "snake_case")]
enum Light {
    DarkRed,
    Green,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[serde(rename_all = "camelCase")]
#[record(rename_all = "camelCase")]
struct Inner {
    some_number: Option<i64>,
    many: Vec<Vec<u16>>,
    #[serde(rename = "type")]
    #[record(rename = "type")]
    kind: Light,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Meters(f64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Pair(u8, String);

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Record)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Place<T> {
    x: T,
    y: T,
}

/// Types of which every value shows all that serde's path has to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
struct Everything {
    flag: bool,
    ints: (i8, i16, i32, i64),
    uints: (u8, u16, u32, u64),
    sizes: (usize, isize),
    wide: (i128, u128),
    single: f32,
    double: f64,
    letter: char,
    text: String,
    boxed: Box<str>,
    shared: Arc<str>,
    owned: Cow<'static, str>,
    maybe: Option<u32>,
    twice: Option<Option<u8>>,
    list: Vec<u8>,
    grid: [[f32; 2]; 3],
    long: Vec<[u8; 20]>,
    map: BTreeMap<i32, String>,
    light: Light,
    lights: Vec<Option<Light>>,
    inner: Inner,
    meters: Meters,
    pair: Box<Pair>,
    place: Place<u16>,
    unit: Unit,
    nothing: (),
    #[serde(skip)]
    #[record(skip)]
    skipped: Option<u64>,
    nested: Option<Place<Option<f64>>>,
}

fn inner() -> impl Strategy<Value = Inner> {
    let many = prop::collection::vec(prop::collection::vec(any::<u16>(), 1..3), 1..3);
    (any::<Option<i64>>(), many, light()).prop_map(|(some_number, many, kind)| Inner {
        some_number,
        many,
        kind,
    })
}

fn light() -> impl Strategy<Value = Light> {
    prop_oneof![Just(Light::DarkRed), Just(Light::Green)]
}

prop_compose! {
    fn everything()(
        numbers in (any::<bool>(), any::<(i8, i16, i32, i64)>(), any::<(u8, u16, u32, u64)>()),
        wide in (any::<(usize, isize)>(), -10_i128.pow(37)..10_i128.pow(37), 0..10_u128.pow(37)),
        floats in (-1e30..1e30_f32, -1e300..1e300_f64, any::<f64>()),
        texts in (any::<char>(), any::<String>(), any::<Option<u32>>(), any::<Option<u8>>()),
        lists in (prop::collection::vec(any::<u8>(), 1..9), any::<[[u8; 2]; 3]>(), prop::collection::vec(any::<[u8; 20]>(), 1..3)),
        map in prop::collection::btree_map(any::<i32>(), any::<String>(), 1..3),
        enums in (light(), prop::collection::vec(prop::option::of(light()), 1..4), inner()),
        rest in (any::<u8>(), any::<(u16, u16)>(), any::<Option<(Option<u8>, Option<u8>)>>()),
    ) -> Everything {
        let text = texts.1;
        Everything {
            flag: numbers.0,
            ints: numbers.1,
            uints: numbers.2,
            sizes: wide.0,
            wide: (wide.1, wide.2),
            single: floats.0,
            double: floats.1,
            letter: texts.0,
            boxed: text.as_str().into(),
            shared: text.as_str().into(),
            owned: text.clone().into(),
            maybe: texts.2,
            twice: texts.3.map(Some),
            list: lists.0,
            grid: lists.1.map(|row| row.map(f32::from)),
            long: lists.2,
            map,
            light: enums.0,
            lights: enums.1,
            inner: enums.2,
            meters: Meters(floats.1),
            pair: Box::new(Pair(rest.0, text.clone())),
            text,
            place: Place { x: rest.1.0, y: rest.1.1 },
            unit: Unit,
            nothing: (),
            skipped: None,
            nested: rest.2.map(|(x, y)| Place { x: x.map(f64::from), y: y.map(f64::from) }),
        }
    }
}

/// Options that make equal files of equal rows.
fn same() -> ConvertOptions {
    ConvertOptions {
        file_id: Some(FileId([7; 16])),
        created_ns: Some(7),
        overwrite: true,
        ..ConvertOptions::default()
    }
}

/// The files that both paths write.
fn both<T: Serialize + Record + Sync>(directory: &Path, rows: &[T]) -> [Vec<u8>; 2] {
    let [serde, derived] = ["serde.xk", "derived.xk"].map(|name| directory.join(name));
    let written: [Result<Conversion>; 2] = [
        write_with(&serde, rows, &same()),
        write_records_with(&derived, rows, &same()),
    ];
    for written in written {
        assert_eq!(written.unwrap().rows, rows.len() as u64);
    }
    [serde, derived].map(|path| std::fs::read(path).unwrap())
}

/// Rows that show all there is to know, before any others: a null and a value of each Option, all variants in their order.
fn telling() -> [Everything; 2] {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut rows = [(); 2].map(|()| everything().new_tree(&mut runner).unwrap().current());
    let [first, second] = &mut rows;
    first.maybe = None;
    second.maybe = Some(1);
    first.twice = None;
    second.twice = Some(Some(1));
    first.inner.some_number = None;
    second.inner.some_number = Some(1);
    first.lights = vec![None, Some(Light::DarkRed)];
    first.nested = None;
    second.nested = Some(Place {
        x: Some(1.0),
        y: Some(2.0),
    });
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_paths_write_the_same_file(rows in prop::collection::vec(everything(), 0..20)) {
        let directory = tempfile::tempdir().unwrap();
        let rows: Vec<_> = telling().into_iter().chain(rows).collect();
        let [serde, derived] = both(directory.path(), &rows);
        prop_assert!(serde == derived);
        let path = directory.path().join("serde.xk");
        prop_assert_eq!(&read_records::<Everything>(&path).unwrap(), &rows);
        prop_assert_eq!(exportkit::read::<Everything>(&path).unwrap(), rows);
    }

    #[test]
    fn any_rows_survive(rows in prop::collection::vec(everything(), 0..6)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows.xk");
        write_records(&path, &rows).unwrap();
        prop_assert_eq!(read_records::<Everything>(&path).unwrap(), rows);
    }
}

#[test]
fn chunks_end_at_the_same_rows() {
    #[derive(Serialize, Record)]
    struct Row {
        at: u64,
        text: String,
        maybe: Option<u32>,
        pair: (u8, bool),
    }
    let rows: Vec<Row> = (0..300_000_u32)
        .map(|at| Row {
            at: at.into(),
            text: "x".repeat(at as usize % 61),
            maybe: (at % 3 > 0).then_some(at),
            pair: (0, at % 7 == 0),
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let [serde, derived] = both(directory.path(), &rows);
    assert!(serde == derived);
    let file = exportkit::open(directory.path().join("derived.xk")).unwrap();
    assert!(file.streams()[0].chunks > 3);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
enum Event {
    Start,
    Level(i32),
    Note(Option<String>),
    Pair(u8, String),
    Move {
        x: f64,
        #[record(unit = "mm", rename = "way")]
        to: Option<Box<str>>,
        #[serde(skip)]
        #[record(skip)]
        hidden: u8,
    },
    Light(Light),
    Nothing(()),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Start),
        any::<i32>().prop_map(Event::Level),
        any::<Option<String>>().prop_map(Event::Note),
        any::<(u8, String)>().prop_map(|(a, b)| Event::Pair(a, b)),
        (-1e9..1e9_f64, any::<Option<String>>()).prop_map(|(x, to)| Event::Move {
            x,
            to: to.map(Into::into),
            hidden: 0,
        }),
        light().prop_map(Event::Light),
        Just(Event::Nothing(())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn enums_survive(
        rows in prop::collection::vec(event(), 0..12),
        maybe in prop::collection::vec(prop::option::of(event()), 0..12),
        lists in prop::collection::vec(prop::collection::vec(event(), 0..4), 0..6),
        maps in prop::collection::vec(prop::collection::hash_map(any::<u8>(), event(), 0..4), 0..6),
    ) {
        survive(&rows);
        survive(&maybe);
        survive(&lists);
        survive(&maps);
    }
}

#[track_caller]
fn survive<T: Record + FromRecord + Sync + PartialEq + std::fmt::Debug>(rows: &[T]) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    write_records(&path, rows).unwrap();
    assert_eq!(read_records::<T>(&path).unwrap(), rows);
}

#[test]
fn rows_that_are_no_structs() {
    survive(&[1_i32, -2]);
    survive(&[Some(String::from("x")), None]);
    survive(&[vec![1_u8], vec![]]);
    survive(&[(1_u8, String::from("a")), (2, String::from("b"))]);
    survive(&[[1_u16; 20]]);
    survive(&[[1_u16; 3]]);
    survive(&[Light::DarkRed, Light::Green]);
    survive(&[
        BTreeMap::from([(String::from("k"), 1_i32)]),
        BTreeMap::new(),
    ]);
    survive(&[Meters(0.5)]);
    survive(&[Pair(1, "x".into())]);
    survive(&[(), ()]);
    survive(&[Unit]);
    survive(&[Some(Place { x: 1_u8, y: 2 }), None]);
    survive(&[Box::new(Place {
        x: vec![1_u8],
        y: vec![],
    })]);
    survive::<Everything>(&[]);
}

#[test]
fn enums_are_the_same_file_where_all_variants_come_in_their_order() {
    #[derive(Serialize, Record)]
    struct Row {
        event: Simple,
        light: Light,
    }
    #[derive(Serialize, Record)]
    enum Simple {
        Start,
        Level(i32),
        Move { x: f64 },
        Pair(u8, bool),
    }
    let rows: Vec<Row> = (0..1_000)
        .map(|at| Row {
            event: match at % 4 {
                0 => Simple::Start,
                1 => Simple::Level(at),
                2 => Simple::Move { x: at.into() },
                _ => Simple::Pair(1, at % 3 == 0),
            },
            light: if at % 5 < 3 {
                Light::Green
            } else {
                Light::DarkRed
            },
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let [serde, derived] = both(directory.path(), &rows);
    assert!(serde == derived);
}

#[test]
fn flattened_fields_stand_beside_the_others() {
    #[derive(Debug, PartialEq, Serialize, Deserialize, Record)]
    struct Row {
        a: u8,
        #[serde(flatten)]
        #[record(flatten)]
        place: Place<f32>,
        z: u8,
    }
    let rows = [1, 2].map(|a| Row {
        a,
        place: Place { x: 0.5, y: 1.5 },
        z: 3,
    });
    let directory = tempfile::tempdir().unwrap();
    let [serde, derived] = both(directory.path(), &rows);
    assert!(serde == derived);
    let path = directory.path().join("derived.xk");
    assert_eq!(read_records::<Row>(&path).unwrap(), rows);
    let streams = exportkit::open(&path).unwrap().streams();
    let names = streams[0]
        .schema
        .fields
        .iter()
        .map(|field| field.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["a", "x", "y", "z"]);
}

#[test]
fn a_row_that_cannot_be_kept_is_left_out_whole() {
    #[derive(Record)]
    struct Row {
        list: Vec<u8>,
        wide: u128,
        text: &'static str,
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    let mut stream = Recorder::create(&path)
        .unwrap()
        .records::<Row>("rows")
        .unwrap();
    let row = |wide| Row {
        list: vec![1, 2],
        wide,
        text: "x",
    };
    stream.push(&row(1)).unwrap();
    let error = stream.push(&row(u128::MAX)).unwrap_err();
    assert_eq!(error.position().column.as_deref(), Some("wide"));
    stream.push(&row(2)).unwrap();
    stream.finish().unwrap();
    let rows: Vec<(Vec<u8>, u128, String)> = exportkit::open(&path)
        .unwrap()
        .read_records("rows")
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        rows,
        [(vec![1, 2], 1, "x".into()), (vec![1, 2], 2, "x".into())]
    );
}

#[test]
fn a_row_that_panics_is_left_out_whole() {
    struct Picky(bool);
    impl std::fmt::Display for Picky {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("text")?;
            assert!(self.0, "it has to be true");
            Ok(())
        }
    }
    #[derive(Record)]
    #[record(write_only)]
    struct Row {
        number: u8,
        #[record(text)]
        picky: Picky,
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    let mut stream = Recorder::create(&path)
        .unwrap()
        .records::<Row>("rows")
        .unwrap();
    let mut push = |number, is_good| {
        let row = Row {
            number,
            picky: Picky(is_good),
        };
        let push = std::panic::AssertUnwindSafe(|| stream.push(&row));
        std::panic::catch_unwind(push).map(|pushed| pushed.unwrap())
    };
    assert!(push(1, true).is_ok());
    assert!(push(2, false).is_err());
    assert!(push(3, true).is_ok());
    assert!(push(4, false).is_err());
    drop(stream);
    assert_eq!(exportkit::open(&path).unwrap().streams()[0].rows, 2);
    let rows: Vec<(u8, String)> = exportkit::open(&path)
        .unwrap()
        .batches("rows")
        .unwrap()
        .map(|batch| exportkit::record::read::read(&batch.unwrap()).unwrap())
        .next()
        .unwrap();
    assert_eq!(rows, [(1, "text".into()), (3, "text".into())]);
}

#[test]
fn rows_may_borrow_for_a_moment() {
    #[derive(Record)]
    struct Line<'a, T: ?Sized + Record> {
        text: &'a str,
        cow: Cow<'a, str>,
        bytes: &'a [u8],
        value: &'a T,
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    let recorder = Recorder::create(&path).unwrap();
    let mut stream = recorder.records::<Line<'static, str>>("rows").unwrap();
    for number in 0..3 {
        let text = number.to_string();
        let line = Line {
            text: &text,
            cow: Cow::Borrowed(&text),
            bytes: text.as_bytes(),
            value: &*text,
        };
        stream.push(&line).unwrap();
    }
    assert_eq!(stream.finish().unwrap().rows, 3);
}

#[test]
fn units_bytes_and_texts_are_as_said() {
    #[derive(Debug, PartialEq, Record)]
    struct Row {
        #[record(unit = "ms")]
        latency: f64,
        #[record(bytes)]
        raw: Vec<u8>,
        #[record(bytes)]
        fixed: Option<[u8; 4]>,
        #[record(text)]
        from: std::net::IpAddr,
        #[record(text, default)]
        to: Option<std::net::IpAddr>,
    }
    let rows = [Some([1, 2, 3, 4]), None].map(|fixed| Row {
        latency: 0.5,
        raw: vec![0, 255],
        fixed,
        from: [127, 0, 0, 1].into(),
        to: fixed.map(Into::into),
    });
    survive(&rows);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    write_records(&path, &rows).unwrap();
    let schema = &exportkit::open(&path).unwrap().streams()[0].schema;
    let types: Vec<_> = schema
        .fields
        .iter()
        .map(exportkit::field_type_name)
        .collect();
    assert_eq!(types, ["float64", "binary", "binary", "utf8", "utf8"]);
    assert_eq!(schema.fields[0].metadata[exportkit::schema::UNIT_KEY], "ms");
}

#[test]
fn empty_and_missing_values_have_their_types() {
    #[derive(Record)]
    struct Row {
        list: Vec<u16>,
        maybe: Option<f32>,
        map: HashMap<String, i8>,
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    let row = Row {
        list: vec![],
        maybe: None,
        map: HashMap::new(),
    };
    write_records(&path, [&row]).unwrap();
    let schema = &exportkit::open(&path).unwrap().streams()[0].schema;
    let types: Vec<_> = schema
        .fields
        .iter()
        .map(exportkit::field_type_name)
        .collect();
    assert_eq!(
        types,
        ["list<uint16>", "float32", "map<key: utf8, value: int8>"]
    );
}
