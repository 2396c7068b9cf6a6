use std::collections::{BTreeMap, HashMap};

use marrow::datatypes::DataType;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{push, read};
use crate::build::RowBuilder;
use crate::{Batch, ErrorKind, Limits, array, schema, widen};

fn batch_of<T: Serialize>(rows: &[T]) -> Batch {
    let mut builder = RowBuilder::new();
    for row in rows {
        push(&mut builder, row).unwrap();
    }
    let batch = builder.take_batch().unwrap();
    for column in batch.columns() {
        array::validate(column, &Limits::default()).unwrap();
    }
    batch
}

fn types(batch: &Batch) -> Vec<DataType> {
    batch
        .schema()
        .fields
        .iter()
        .map(|field| field.data_type.clone())
        .collect()
}

/// The same rows come back, from one batch and from one a row, cast to the last schema.
fn survive<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(rows: &[T]) {
    assert_eq!(read::<T>(&batch_of(rows)).unwrap(), rows);
    let mut builder = RowBuilder::new();
    let mut batches = Vec::new();
    for row in rows {
        push(&mut builder, row).unwrap();
        batches.push(builder.take_batch().unwrap());
    }
    let widest = builder.take_batch().unwrap();
    for (row, batch) in rows.iter().zip(batches) {
        let batch = widen::cast_batch(&batch, widest.schema()).unwrap();
        assert_eq!(&read::<T>(&batch).unwrap()[0], row);
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Light {
    Red,
    Green,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Event {
    Start,
    Stop,
    Level(i32),
    Note(Option<String>),
    Pair(u8, String),
    Move { x: f64, to: Option<Box<Event>> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(i64),
    Text(String),
    List(Vec<Loose>),
    Map(BTreeMap<String, Loose>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    A { x: u32 },
    B { y: Option<String> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapped(u64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    flag: bool,
    ints: (i8, i16, i32, i64),
    uints: (u8, u16, u32, u64),
    wide: i128,
    single: f32,
    double: f64,
    letter: char,
    text: String,
    maybe: Option<u32>,
    list: Vec<Option<Vec<u16>>>,
    grid: [[f32; 2]; 3],
    long: Vec<[u8; 20]>,
    map: BTreeMap<i32, String>,
    names: HashMap<String, Option<bool>>,
    light: Light,
    lights: Vec<Light>,
    event: Event,
    tagged: Tagged,
    loose: Loose,
    wrapped: Wrapped,
    unit: Unit,
    nothing: (),
    nested: Option<Nested>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Nested {
    a: Option<i64>,
    b: Vec<Nested2>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Nested2 {
    c: Option<String>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Raw(#[serde(with = "raw")] Vec<u8>);

mod raw {
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

fn event() -> impl Strategy<Value = Event> {
    let leaf = prop_oneof![
        Just(Event::Start),
        Just(Event::Stop),
        any::<i32>().prop_map(Event::Level),
        any::<Option<String>>().prop_map(Event::Note),
        (any::<u8>(), any::<String>()).prop_map(|(a, b)| Event::Pair(a, b)),
    ];
    leaf.prop_recursive(2, 4, 1, |inner| {
        (-1e9..1e9_f64, prop::option::of(inner)).prop_map(|(x, to)| Event::Move {
            x,
            to: to.map(Box::new),
        })
    })
}

fn loose() -> impl Strategy<Value = Loose> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Loose::Number),
        ".*".prop_map(Loose::Text)
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Loose::List),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..3).prop_map(Loose::Map),
        ]
    })
}

fn nested() -> impl Strategy<Value = Nested> {
    let inner = any::<Option<String>>().prop_map(|c| Nested2 { c });
    (any::<Option<i64>>(), prop::collection::vec(inner, 0..3)).prop_map(|(a, b)| Nested { a, b })
}

prop_compose! {
    fn everything()(
        numbers in (any::<bool>(), any::<(i8, i16, i32, i64)>(), any::<(u8, u16, u32, u64)>(), -10_i128.pow(37)..10_i128.pow(37)),
        floats in (-1e30..1e30_f32, -1e300..1e300_f64),
        texts in (any::<char>(), any::<String>(), any::<Option<u32>>()),
        lists in (any::<Vec<Option<Vec<u16>>>>(), any::<[[u8; 2]; 3]>(), any::<Vec<[u8; 20]>>()),
        maps in (any::<BTreeMap<i32, String>>(), any::<HashMap<String, Option<bool>>>()),
        enums in (any::<bool>(), any::<Vec<bool>>(), event(), loose(), any::<Option<u32>>()),
        rest in (any::<u64>(), prop::option::of(nested())),
    ) -> Everything {
        let light = |red: bool| if red { Light::Red } else { Light::Green };
        Everything {
            flag: numbers.0,
            ints: numbers.1,
            uints: numbers.2,
            wide: numbers.3,
            single: floats.0,
            double: floats.1,
            letter: texts.0,
            text: texts.1,
            maybe: texts.2,
            list: lists.0,
            grid: lists.1.map(|row| row.map(f32::from)),
            long: lists.2,
            map: maps.0,
            names: maps.1,
            light: light(enums.0),
            lights: enums.1.into_iter().map(light).collect(),
            event: enums.2,
            loose: enums.3,
            tagged: match enums.4 {
                Some(x) => Tagged::A { x },
                None => Tagged::B { y: None },
            },
            wrapped: Wrapped(rest.0),
            unit: Unit,
            nothing: (),
            nested: rest.1,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_survive(rows in prop::collection::vec(everything(), 1..5)) {
        survive(&rows);
    }

    #[test]
    fn enums_survive(rows in prop::collection::vec(event(), 1..6)) {
        survive(&rows);
        survive(&rows.into_iter().map(|event| (event,)).collect::<Vec<_>>());
    }

    #[test]
    fn loose_values_survive(rows in prop::collection::vec(loose(), 1..6)) {
        survive(&rows.into_iter().map(|value| (value, 1_u8)).collect::<Vec<_>>());
    }
}

#[test]
fn floats_survive_to_the_bit() {
    let floats: Vec<(f32, f64)> = [0x7fc0_1234_u32, 0xff80_0000, 0x8000_0000, 1]
        .into_iter()
        .map(|bits| {
            (
                f32::from_bits(bits),
                f64::from_bits(u64::from(bits) << 32 | 7),
            )
        })
        .collect();
    let back = read::<(f32, f64)>(&batch_of(&floats)).unwrap();
    for (a, b) in floats.iter().zip(back) {
        assert_eq!(
            (a.0.to_bits(), a.1.to_bits()),
            (b.0.to_bits(), b.1.to_bits())
        );
    }
}

#[test]
fn types_are_those_declared() {
    let batch = batch_of(&[(
        1_u8,
        -1_i16,
        2_f32,
        "x",
        Light::Red,
        Some(1_u64),
        [0_u8; 17].as_slice(),
    )]);
    let dictionary = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
    assert_eq!(
        types(&batch)[..6],
        [
            DataType::UInt8,
            DataType::Int16,
            DataType::Float32,
            DataType::Utf8,
            dictionary,
            DataType::UInt64
        ]
    );
    let nullable: Vec<bool> = batch
        .schema()
        .fields
        .iter()
        .map(|field| field.nullable)
        .collect();
    assert_eq!(nullable, [false, false, false, false, false, true, false]);
}

#[test]
fn enums_with_data_are_structs_and_those_that_hold_nothing_documents() {
    let batch = batch_of(&[
        (Event::Start,),
        (Event::Level(3),),
        (Event::Pair(1, "x".into()),),
    ]);
    assert!(matches!(&types(&batch)[0], DataType::Struct(fields) if fields.len() == 3));
    let batch = batch_of(&[(Event::Level(3),), (Event::Note(None),)]);
    assert!(schema::is_json(&batch.schema().fields[0]));
}

#[test]
fn rows_that_are_no_structs() {
    survive(&[1_i32, -2]);
    survive(&[Some(String::from("x")), None]);
    survive(&[vec![1_u8], vec![]]);
    survive(&[(1_u8, String::from("a")), (2, String::from("b"))]);
    survive(&[[1_u16; 20]]);
    survive(&[Light::Red, Light::Green]);
    survive(&[
        BTreeMap::from([(String::from("k"), 1_i32)]),
        BTreeMap::from([(String::from("l"), 2)]),
    ]);
    survive(&[Wrapped(u64::MAX)]);
    survive(&[(), ()]);
    survive(&[Unit]);
    survive(&[i128::from(u64::MAX) * 3, -1]);
    survive(&[Raw(vec![0, 255]), Raw(vec![])]);
    survive(&[Some(Nested { a: None, b: vec![] }), None]);
}

#[test]
fn empty_lists_and_all_none_are_columns_of_nulls() {
    let rows = [(Vec::<String>::new(), None::<u8>), (vec![], None)];
    survive(&rows);
    assert!(
        matches!(&types(&batch_of(&rows))[0], DataType::List(child) if child.data_type == DataType::Null)
    );
    survive(&[(vec![], None), (vec![String::new()], Some(1_u8))]);
}

#[test]
fn what_cannot_be_kept_is_refused_and_taken_back() {
    let mut builder = RowBuilder::new();
    push(&mut builder, &(1_u128, vec![1_u8])).unwrap();
    let error = push(&mut builder, &(u128::MAX, vec![1_u8])).unwrap_err();
    assert_eq!(
        (error.kind(), error.position().column.as_deref()),
        (ErrorKind::Data, Some("0"))
    );
    let error = push(&mut builder, &(1_u128, BTreeMap::from([(None::<u8>, 1)]))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    push(&mut builder, &(2_u128, vec![2_u8])).unwrap();
    assert_eq!(builder.rows(), 2);

    #[derive(Serialize)]
    struct Deep(Option<Box<Deep>>, u8);
    let mut deep = Deep(None, 0);
    for _ in 0..1000 {
        deep = Deep(Some(Box::new(deep)), 0);
    }
    assert_eq!(
        push(&mut RowBuilder::new(), &deep).unwrap_err().kind(),
        ErrorKind::Limit
    );
}

#[test]
fn faults_of_reading_say_where() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Row<T> {
        outer: T,
    }
    let batch = batch_of(&[
        Row {
            outer: Row { outer: 1_i64 },
        },
        Row {
            outer: Row { outer: 300 },
        },
    ]);
    let error = read::<Row<Row<u8>>>(&batch).unwrap_err();
    assert_eq!(error.position().column.as_deref(), Some("outer.outer"));
    assert_eq!(error.position().row, Some(2));
    let batch = batch_of(&[Row { outer: None }, Row { outer: Some(1_u8) }]);
    assert!(read::<Row<u8>>(&batch).unwrap_err().hint().is_some());
}

#[test]
fn types_that_hold_the_value_may_ask_for_it() {
    let batch = batch_of(&[(1_u8, 2.0_f64, 1_i64 << 53, "true", 7_i128)]);
    let (a, b, c, d, e) = read::<(i64, i32, f64, String, u16)>(&batch)
        .unwrap()
        .remove(0);
    assert_eq!(
        (a, b, c, d.as_str(), e),
        (1, 2, 9_007_199_254_740_992.0, "true", 7)
    );
    assert_eq!(
        read::<(String, String)>(&batch).unwrap()[0],
        ("1".into(), "2".into())
    );
    let odd = batch_of(&[((1_i64 << 53) + 1,)]);
    assert!(read::<(f64,)>(&odd).is_err());
}

#[test]
fn times_are_text_or_integers() {
    use crate::build::Temporal;
    use marrow::datatypes::TimeUnit;
    let mut builder = RowBuilder::new();
    let kind = Temporal::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    builder
        .field("t")
        .unwrap()
        .push_temporal(&kind, 1_500)
        .unwrap();
    builder
        .field("d")
        .unwrap()
        .push_temporal(&Temporal::Date, 1)
        .unwrap();
    builder.end_row();
    let batch = builder.take_batch().unwrap();
    let text = read::<(String, String)>(&batch).unwrap().remove(0);
    assert_eq!(
        text,
        ("1970-01-01T00:00:01.500Z".into(), "1970-01-02".into())
    );
    assert_eq!(read::<(i64, i32)>(&batch).unwrap(), [(1_500, 1)]);
}
