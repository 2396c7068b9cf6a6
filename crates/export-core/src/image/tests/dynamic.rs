//! Rows of serde types of any shape.

use proptest::collection::vec;
use proptest::prelude::*;
use serde::ser::{Serialize, SerializeMap, SerializeStruct, SerializeTuple, Serializer};

use super::super::read;
use super::image;
use crate::build::{BatchBuilder, Nullability, RowBuilder};
use crate::{Limits, Result, rows};

/// A value of a type that serde tells apart.
#[derive(Debug, Clone)]
enum Any {
    None,
    Unit,
    Bool(bool),
    I8(i8),
    I64(i64),
    U16(u16),
    U64(u64),
    I128(i64),
    F32(f32),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
    Name(usize),
    Held(usize, Box<Any>),
    Variant(usize, Vec<(usize, Any)>),
    List(Vec<Any>),
    Tuple(Vec<Any>),
    Struct(Vec<(usize, Any)>),
    Map(Vec<(String, Any)>),
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn name(at: usize) -> &'static str {
    NAMES[at % NAMES.len()]
}

/// A key that a struct has twice is an error, which is not what this is about.
fn once(fields: &[(usize, Any)]) -> impl Iterator<Item = (&'static str, &Any)> {
    let mut seen = std::collections::HashSet::new();
    fields
        .iter()
        .map(|(at, value)| (name(*at), value))
        .filter(move |(name, _)| seen.insert(*name))
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Unit => serializer.serialize_unit(),
            Self::Bool(v) => serializer.serialize_bool(*v),
            Self::I8(v) => serializer.serialize_i8(*v),
            Self::I64(v) => serializer.serialize_i64(*v),
            Self::U16(v) => serializer.serialize_u16(*v),
            Self::U64(v) => serializer.serialize_u64(*v),
            Self::I128(v) => serializer.serialize_i128(i128::from(*v) << 60),
            Self::F32(v) => serializer.serialize_f32(*v),
            Self::F64(v) => serializer.serialize_f64(*v),
            Self::Text(v) => serializer.serialize_str(v),
            Self::Bytes(v) => serializer.serialize_bytes(v),
            Self::Name(at) => serializer.serialize_unit_variant("E", 0, name(*at)),
            Self::Held(at, v) => serializer.serialize_newtype_variant("E", 0, name(*at), &**v),
            Self::Variant(at, fields) => {
                let fields = Self::Struct(fields.clone());
                serializer.serialize_newtype_variant("E", 0, name(*at), &fields)
            }
            Self::List(v) => v.serialize(serializer),
            Self::Tuple(v) => {
                let mut tuple = serializer.serialize_tuple(v.len())?;
                v.iter().try_for_each(|v| tuple.serialize_element(v))?;
                tuple.end()
            }
            Self::Struct(fields) => {
                let mut fields_of = serializer.serialize_struct("S", fields.len())?;
                for (name, value) in once(fields) {
                    fields_of.serialize_field(name, value)?;
                }
                fields_of.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

fn anything() -> impl Strategy<Value = Any> {
    let scalar = prop_oneof![
        Just(Any::None),
        Just(Any::Unit),
        any::<bool>().prop_map(Any::Bool),
        any::<i8>().prop_map(Any::I8),
        any::<i64>().prop_map(Any::I64),
        any::<u16>().prop_map(Any::U16),
        any::<u64>().prop_map(Any::U64),
        any::<i64>().prop_map(Any::I128),
        any::<f32>().prop_map(Any::F32),
        any::<f64>().prop_map(Any::F64),
        "[a-cé]{0,5}".prop_map(Any::Text),
        vec(any::<u8>(), 0..5).prop_map(Any::Bytes),
        (0..4_usize).prop_map(Any::Name),
    ];
    scalar.prop_recursive(3, 24, 4, |inner| {
        let fields = vec((0..4_usize, inner.clone()), 0..4);
        prop_oneof![
            (0..4_usize, inner.clone()).prop_map(|(at, v)| Any::Held(at, Box::new(v))),
            (0..4_usize, fields.clone()).prop_map(|(at, v)| Any::Variant(at, v)),
            vec(inner.clone(), 0..4).prop_map(Any::List),
            vec(inner.clone(), 1..4).prop_map(Any::Tuple),
            fields.prop_map(Any::Struct),
            vec(("[a-c]{1,2}", inner), 0..4).prop_map(Any::Map),
        ]
    })
}

/// Rows most of which have the types that others have, and some of which do not.
fn rows_of() -> impl Strategy<Value = Vec<Any>> {
    let row = vec((0..4_usize, anything()), 0..5).prop_map(Any::Struct);
    let alike = (row, 1..4_usize)
        .prop_map(|(row, times)| std::iter::repeat_n(row, times).collect::<Vec<_>>());
    vec(alike, 1..5).prop_map(|rows| rows.concat())
}

fn builder(nullability: Nullability) -> RowBuilder {
    RowBuilder::with(&Limits::default(), nullability)
}

fn check(all: &[Any], nullability: Nullability) -> Result<(), TestCaseError> {
    let limits = Limits::default();
    let mut growing = builder(nullability);
    let mut known = Vec::new();
    let mut shape = growing.image_shape();
    let mut schema = growing.image_schema().unwrap();
    for row in all {
        // Rows that are refused (keys that do not have a text, say) may have widened types, and leave no other trace.
        known.push(row);
        if rows::push(&mut growing, row).is_err() {
            continue;
        }
        let bytes = image(&mut growing);
        if growing.image_shape() != shape {
            shape = growing.image_shape();
            schema = growing.image_schema().unwrap();
        }
        // What a batch taken now says of the row.
        let mut so_far = builder(nullability);
        for row in &known {
            let _ = rows::push(&mut so_far, row);
        }
        let batch = so_far.take_batch().unwrap();
        prop_assert_eq!(
            &growing.image_schema().unwrap().fields,
            &batch.schema().fields
        );
        let last = batch.slice(batch.rows() - 1, 1).unwrap();
        let back = read(&schema, &bytes, &limits).unwrap();
        prop_assert!(back.same_rows(&last), "{back:?}\n{last:?}");
        for (array, field) in back.columns().iter().zip(&schema.fields) {
            crate::array::validate(array, &limits).unwrap();
            prop_assert!(crate::array::has_type(array, &field.data_type));
        }
    }
    check_settled(all, growing)
}

/// Once all types are known, a batch's rows are its images.
fn check_settled(all: &[Any], mut settled: RowBuilder) -> Result<(), TestCaseError> {
    settled.take_batch().unwrap();
    let mut bytes = Vec::new();
    let mut shapes = std::collections::BTreeSet::new();
    for row in all {
        if rows::push(&mut settled, row).is_ok() {
            bytes.extend(image(&mut settled));
            shapes.insert(settled.image_shape());
        }
    }
    let schema = settled.image_schema().unwrap();
    let back = read(&schema, &bytes, &Limits::default());
    let batch = settled.take_batch().unwrap();
    prop_assert_eq!(&schema.fields, &batch.schema().fields);
    // Batches may widen to JSON what one batch alone need not.
    if shapes.len() <= 1 {
        let back = back.unwrap();
        prop_assert!(back.same_rows(&batch), "{back:?}\n{batch:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_rows_image_is_what_a_batch_holds_of_it(all in rows_of()) {
        check(&all, Nullability::Seen)?;
        check(&all, Nullability::Always)?;
    }
}
