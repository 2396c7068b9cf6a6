//! Tests of widening.

use std::sync::Arc;

use marrow::array::{Array, BytesArray, PrimitiveArray, StructArray, TimestampArray};
use marrow::datatypes::{DataType, Field, TimeUnit};

use super::{cast, cast_batch, join, widens};
use crate::schema::{EXTENSION_NAME_KEY, JSON_EXTENSION, TEXT_STYLE_KEY};
use crate::value::{Value, value};
use crate::{Batch, ErrorKind, Schema, array};

fn field(data_type: DataType) -> Field {
    Field {
        name: "c".into(),
        data_type,
        nullable: true,
        ..Field::default()
    }
}

fn named(name: &str, data_type: DataType) -> Field {
    Field {
        name: name.into(),
        ..field(data_type)
    }
}

fn json() -> Field {
    let mut json = field(DataType::Utf8);
    json.metadata
        .insert(EXTENSION_NAME_KEY.into(), JSON_EXTENSION.into());
    json
}

fn joined(a: DataType, b: DataType) -> Option<DataType> {
    let (a, b) = (field(a), field(b));
    let joined = join(&a, &b);
    assert_eq!(joined, join(&b, &a));
    if let Some(joined) = &joined {
        assert!(widens(&a, joined) && widens(&b, joined), "{joined:?}");
    }
    joined.map(|f| f.data_type)
}

fn longs(values: &[i64]) -> Array {
    Array::Int64(PrimitiveArray {
        validity: None,
        values: values.to_vec(),
    })
}

fn text_of(array: &Array, row: usize) -> &str {
    match value(array, row) {
        Value::Text(text) => text,
        other => panic!("{other:?} is not text"),
    }
}

#[test]
fn numbers_are_joined_without_loss() {
    use DataType as T;
    for (a, b, both) in [
        (T::Int8, T::Int32, Some(T::Int32)),
        (T::UInt8, T::Int8, Some(T::Int16)),
        (T::UInt32, T::Int8, Some(T::Int64)),
        (T::UInt8, T::Int64, Some(T::Int64)),
        (T::UInt64, T::Int64, Some(T::Decimal128(20, 0))),
        (T::UInt64, T::Int8, Some(T::Decimal128(20, 0))),
        (T::Int16, T::Float16, Some(T::Float32)),
        (T::Int32, T::Float32, Some(T::Float64)),
        (T::Int64, T::Float64, Some(T::Float64)),
        (T::Float16, T::Float64, Some(T::Float64)),
        (T::Decimal128(5, 2), T::Int64, Some(T::Decimal128(21, 2))),
        (
            T::Decimal128(5, 4),
            T::Decimal128(10, 2),
            Some(T::Decimal128(12, 4)),
        ),
        (T::Decimal128(38, 0), T::Decimal128(38, 2), None),
        (T::Decimal128(5, 2), T::Float64, None),
        (T::Int64, T::Utf8, None),
        (T::Boolean, T::Int8, None),
        (T::Null, T::Boolean, Some(T::Boolean)),
        (T::Date32, T::Timestamp(TimeUnit::Second, None), None),
        (T::Utf8, T::Binary, None),
        (
            T::FixedSizeBinary(3),
            T::FixedSizeBinary(4),
            Some(T::Binary),
        ),
        (T::Utf8View, T::LargeUtf8, Some(T::LargeUtf8)),
        (
            T::Timestamp(TimeUnit::Second, None),
            T::Timestamp(TimeUnit::Microsecond, None),
            Some(T::Timestamp(TimeUnit::Microsecond, None)),
        ),
        (
            T::Timestamp(TimeUnit::Second, None),
            T::Timestamp(TimeUnit::Second, Some("UTC".into())),
            None,
        ),
        (
            T::Dictionary(Box::new(T::Int8), Box::new(T::Utf8)),
            T::Dictionary(Box::new(T::UInt32), Box::new(T::Utf8)),
            Some(T::Dictionary(Box::new(T::UInt32), Box::new(T::Utf8))),
        ),
        (
            T::Dictionary(Box::new(T::Int8), Box::new(T::Utf8)),
            T::Utf8,
            Some(T::Utf8),
        ),
    ] {
        assert_eq!(joined(a.clone(), b.clone()), both, "{a:?} and {b:?}");
    }
}

#[test]
fn structs_and_lists_are_joined_by_their_children() {
    let list = |element| DataType::List(Box::new(named("item", element)));
    assert_eq!(
        joined(list(DataType::Int8), list(DataType::Int16)),
        Some(list(DataType::Int16))
    );
    assert_eq!(joined(list(DataType::Int8), DataType::Int8), None);
    let a = field(DataType::Struct(vec![
        Field {
            nullable: false,
            ..named("x", DataType::Int8)
        },
        named("y", DataType::Utf8),
    ]));
    let b = field(DataType::Struct(vec![
        Field {
            nullable: false,
            ..named("x", DataType::Int32)
        },
        Field {
            nullable: false,
            ..named("z", DataType::Boolean)
        },
    ]));
    let both = join(&a, &b).unwrap();
    let expected = DataType::Struct(vec![
        Field {
            nullable: false,
            ..named("x", DataType::Int32)
        },
        named("y", DataType::Utf8),
        named("z", DataType::Boolean),
    ]);
    assert_eq!(both.data_type, expected);
    assert!(widens(&a, &both) && widens(&b, &both) && !widens(&both, &a));
    let widened = cast(&array::nulls(&a.data_type, 3).unwrap(), &a, &both).unwrap();
    assert!(array::has_type(&widened, &expected));
}

#[test]
fn json_joins_with_everything() {
    let joined = join(&field(DataType::Int64), &json()).unwrap();
    assert_eq!(joined, json());
    assert!(widens(&field(DataType::Int64), &json()));
    assert!(!widens(&json(), &field(DataType::Utf8)));
}

#[test]
fn integers_become_floats_only_exactly() {
    let (from, to) = (field(DataType::Int64), field(DataType::Float64));
    let exact = cast(&longs(&[1 << 53, -(1 << 60), 0]), &from, &to).unwrap();
    assert!(matches!(value(&exact, 1), Value::Float64(v) if v == -(2_f64.powi(60))));
    let error = cast(&longs(&[0, (1 << 53) + 1]), &from, &to).unwrap_err();
    assert_eq!(
        (error.kind(), error.position().row),
        (ErrorKind::Data, Some(2))
    );
    assert_eq!(error.position().column.as_deref(), Some("c"));
    assert!(cast(&longs(&[i64::MAX]), &from, &to).is_err());
    assert!(cast(&longs(&[-1]), &from, &field(DataType::UInt64)).is_err());
    assert!(cast(&longs(&[7]), &from, &field(DataType::UInt64)).is_ok());
}

#[test]
fn nan_payloads_survive_widening() {
    for bits in [0x7F80_0001_u32, 0xFFC1_2345, 0x7FFF_FFFF] {
        let narrow = PrimitiveArray {
            validity: None,
            values: vec![f32::from_bits(bits)],
        };
        let wide = cast(
            &Array::Float32(narrow),
            &field(DataType::Float32),
            &field(DataType::Float64),
        );
        let Ok(Array::Float64(wide)) = wide else {
            panic!()
        };
        let expected =
            u64::from(bits >> 31) << 63 | 0x7FF << 52 | u64::from(bits & 0x7F_FFFF) << 29;
        assert_eq!(wide.values[0].to_bits(), expected);
    }
}

#[test]
fn timestamps_that_overflow_are_named() {
    let seconds = |values: &[i64]| {
        Array::Timestamp(TimestampArray {
            unit: TimeUnit::Second,
            timezone: None,
            validity: None,
            values: values.to_vec(),
        })
    };
    let from = field(DataType::Timestamp(TimeUnit::Second, None));
    let to = field(DataType::Timestamp(TimeUnit::Nanosecond, None));
    let wide = cast(&seconds(&[-5]), &from, &to).unwrap();
    assert!(matches!(
        value(&wide, 0),
        Value::Timestamp(-5_000_000_000, TimeUnit::Nanosecond, None)
    ));
    let error = cast(&seconds(&[0, 0, i64::MAX]), &from, &to).unwrap_err();
    assert_eq!(error.position().row, Some(3));
}

#[test]
fn scalars_become_the_text_they_were() {
    let to = field(DataType::Utf8);
    let text = cast(&longs(&[-5, i64::MIN]), &field(DataType::Int64), &to).unwrap();
    assert_eq!(
        (text_of(&text, 0), text_of(&text, 1)),
        ("-5", "-9223372036854775808")
    );
    let mut from = field(DataType::Float64);
    from.metadata.insert(TEXT_STYLE_KEY.into(), "point".into());
    let floats = Array::Float64(PrimitiveArray {
        validity: Some(vec![0b101]),
        values: vec![1.0, 9.0, 2.5],
    });
    let text = cast(&floats, &from, &to).unwrap();
    assert_eq!((text_of(&text, 0), text_of(&text, 2)), ("1.0", "2.5"));
    assert!(matches!(value(&text, 1), Value::Null));
    assert_eq!(text.data_type(), DataType::Utf8);
}

#[test]
fn anything_becomes_json() {
    let text = Array::Utf8(BytesArray {
        validity: None,
        offsets: vec![0, 3, 4],
        data: b"a\"b1".to_vec(),
    });
    let documents = cast(&text, &field(DataType::Utf8), &json()).unwrap();
    assert_eq!(
        (text_of(&documents, 0), text_of(&documents, 1)),
        (r#""a\"b""#, r#""1""#)
    );
    let again = cast(&documents, &json(), &json()).unwrap();
    assert!(array::same(&again, &documents));
    let numbers = cast(&longs(&[7]), &field(DataType::Int64), &json()).unwrap();
    assert_eq!(text_of(&numbers, 0), "7");
}

#[test]
fn documents_inside_of_structs_stay_documents() {
    let text = |data: &str| {
        let end = i32::try_from(data.len()).unwrap();
        let data = data.as_bytes().to_vec();
        Array::Utf8(BytesArray {
            validity: None,
            offsets: vec![0, end],
            data,
        })
    };
    let fields = vec![
        Field {
            name: "raw".into(),
            ..json()
        },
        named("text", DataType::Utf8),
    ];
    let from = field(DataType::Struct(fields.clone()));
    let children = [text("[1]"), text("[1]")];
    let array = Array::Struct(StructArray {
        len: 1,
        validity: None,
        fields: fields.iter().map(array::field_meta).zip(children).collect(),
    });
    let documents = cast(&array, &from, &json()).unwrap();
    assert_eq!(text_of(&documents, 0), r#"{"raw":[1],"text":"[1]"}"#);
}

#[test]
fn batches_are_matched_by_name() {
    let narrow = Arc::new(Schema::new(vec![named("a", DataType::Int64)]).unwrap());
    let wide = Arc::new(
        Schema::new(vec![
            named("b", DataType::Utf8),
            named("a", DataType::Float64),
        ])
        .unwrap(),
    );
    let batch = Batch::new(Arc::clone(&narrow), 2, vec![longs(&[1, 2])]).unwrap();
    let cast = cast_batch(&batch, &wide).unwrap();
    assert!(matches!(value(&cast.columns()[1], 1), Value::Float64(v) if v == 2.0));
    assert_eq!(array::null_count(&cast.columns()[0]), 2);
    let error = cast_batch(&cast, &narrow).unwrap_err();
    assert_eq!(error.position().column.as_deref(), Some("b"));
}

#[test]
fn values_that_may_be_null_stay_so() {
    let strict = Field {
        nullable: false,
        ..field(DataType::Int64)
    };
    assert!(widens(&strict, &field(DataType::Int64)));
    assert!(!widens(&field(DataType::Int64), &strict));
    assert!(join(&strict, &field(DataType::Null)).unwrap().nullable);
}
