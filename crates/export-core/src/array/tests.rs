//! Tests of the operations on arrays.

use marrow::array::{
    Array, BooleanArray, BytesArray, DictionaryArray, ListArray, PrimitiveArray,
    RunEndEncodedArray, StructArray, UnionArray,
};
use marrow::datatypes::{DataType, Field, FieldMeta, RunEndEncodedMeta, UnionMode};
use marrow::view::{BitsWithOffset, BooleanView, BytesView, PrimitiveView, View};

use super::*;
use crate::Limits;

fn ints(values: &[Option<i32>]) -> Array {
    let mut bits = Vec::new();
    for (at, value) in values.iter().enumerate() {
        bits::push(&mut bits, at, value.is_some());
    }
    let values = values.iter().map(|v| v.unwrap_or(-7)).collect();
    Array::Int32(PrimitiveArray {
        validity: Some(bits),
        values,
    })
}

fn texts(values: &[&str]) -> Array {
    let mut array = BytesArray {
        validity: None,
        offsets: vec![0_i32],
        data: Vec::new(),
    };
    for value in values {
        array.data.extend_from_slice(value.as_bytes());
        array.offsets.push(i32::try_from(array.data.len()).unwrap());
    }
    Array::Utf8(array)
}

fn dictionary(keys: &[Option<i32>], values: &[&str]) -> Array {
    Array::Dictionary(DictionaryArray {
        keys: Box::new(ints(keys)),
        values: Box::new(texts(values)),
    })
}

fn runs(ends: &[i16], values: &[&str]) -> Array {
    Array::RunEndEncoded(RunEndEncodedArray {
        meta: RunEndEncodedMeta::default(),
        run_ends: Box::new(Array::Int16(PrimitiveArray {
            validity: None,
            values: ends.to_vec(),
        })),
        values: Box::new(texts(values)),
    })
}

#[test]
fn slices_keep_validity_at_any_bit() {
    let values: Vec<Option<i32>> = (0..50).map(|v| (v % 3 != 1).then_some(v)).collect();
    let array = ints(&values);
    for start in 0..50 {
        for count in 0..=50 - start {
            let part = slice(&array, start, count).unwrap();
            assert!(
                same(&part, &ints(&values[start..start + count])),
                "{start} {count}"
            );
            assert_eq!(
                null_count(&part),
                values[start..start + count]
                    .iter()
                    .filter(|v| v.is_none())
                    .count()
            );
        }
    }
    assert!(slice(&array, 40, 11).is_err());
    assert!(slice(&array, usize::MAX, 2).is_err());
}

#[test]
fn concatenation_undoes_slicing() {
    let values: Vec<Option<i32>> = (0..41).map(|v| (v % 5 != 1).then_some(v)).collect();
    let array = ints(&values);
    for cut in 0..=41 {
        let (a, b) = (
            slice(&array, 0, cut).unwrap(),
            slice(&array, cut, 41 - cut).unwrap(),
        );
        assert!(same(&concat(&[&a, &b]).unwrap(), &array), "{cut}");
    }
}

#[test]
fn dictionaries_are_joined_by_content() {
    let a = dictionary(&[Some(0), None, Some(1)], &["x", "y"]);
    let b = dictionary(&[Some(1), Some(0)], &["z", "y"]);
    let both = concat(&[&a, &b]).unwrap();
    let plain = dictionary(
        &[Some(0), None, Some(1), Some(1), Some(2)],
        &["x", "y", "z"],
    );
    assert!(same(&both, &plain));
    let Array::Dictionary(both) = both else {
        panic!()
    };
    assert_eq!(len(&both.values), 3);
}

#[test]
fn runs_are_cut_and_joined() {
    let array = runs(&[2, 5, 6], &["a", "b", "c"]);
    assert_eq!(len(&array), 6);
    let part = slice(&array, 1, 3).unwrap();
    assert!(same(&part, &runs(&[1, 3], &["a", "b"])));
    assert!(same(
        &take(&array, &[5, 0, 1]).unwrap(),
        &runs(&[1, 3], &["c", "a"])
    ));
    assert!(same(
        &concat(&[&part, &part]).unwrap(),
        &runs(&[1, 3, 4, 6], &["a", "b", "a", "b"])
    ));
}

fn dense_union() -> Array {
    let meta = |name: &str| FieldMeta {
        name: name.into(),
        nullable: true,
        ..FieldMeta::default()
    };
    Array::Union(UnionArray {
        types: vec![0, 5, 0],
        offsets: Some(vec![0, 0, 1]),
        fields: vec![
            (0, meta("number"), ints(&[Some(1), Some(2)])),
            (5, meta("text"), texts(&["a"])),
        ],
    })
}

#[test]
fn dense_unions_keep_only_what_is_used() {
    let array = dense_union();
    let part = slice(&array, 1, 2).unwrap();
    let Array::Union(inner) = &part else { panic!() };
    assert_eq!(inner.offsets, Some(vec![0, 0]));
    assert_eq!(len(&inner.fields[0].2), 1);
    let whole = concat(&[&slice(&array, 0, 1).unwrap(), &part]).unwrap();
    assert!(same(&whole, &array));
    validate(&whole, &Limits::default()).unwrap();
}

#[test]
fn views_are_realigned() {
    let bytes = [0b1010_1100_u8, 0b0000_0101];
    let bits = BitsWithOffset {
        offset: 3,
        data: &bytes,
    };
    let booleans = View::Boolean(BooleanView {
        len: 8,
        validity: Some(bits),
        values: bits,
    });
    let Array::Boolean(copy) = from_view(&booleans).unwrap() else {
        panic!()
    };
    assert_eq!(
        copy,
        BooleanArray {
            len: 8,
            validity: Some(vec![0b1011_0101]),
            values: vec![0b1011_0101]
        }
    );
    let text = View::Utf8(BytesView {
        validity: None,
        offsets: &[2, 3, 5],
        data: b"..abc.",
    });
    assert!(same(&from_view(&text).unwrap(), &texts(&["a", "bc"])));
    let short = View::Int8(PrimitiveView {
        validity: Some(bits),
        values: &[0; 14],
    });
    assert!(from_view(&short).is_err());
}

#[test]
fn equality_is_to_the_bit() {
    let floats = |bits: &[u64]| {
        Array::Float64(PrimitiveArray {
            validity: None,
            values: bits.iter().map(|&b| f64::from_bits(b)).collect(),
        })
    };
    let nan = 0x7FF8_0000_0000_0001;
    assert!(same(&floats(&[nan]), &floats(&[nan])));
    assert!(!same(&floats(&[nan]), &floats(&[nan + 1])));
    assert!(!same(&floats(&[0]), &floats(&[1 << 63])));
    assert!(!same(&ints(&[Some(1)]), &floats(&[1])));
    assert!(same(&ints(&[None]), &nulls(&DataType::Int32, 1).unwrap()));
}

#[test]
fn lists_are_compared_wherever_their_elements_lie() {
    let list = |validity: Option<Vec<u8>>, offsets: &[i32], values: &[Option<i32>]| {
        Array::List(ListArray {
            validity,
            offsets: offsets.to_vec(),
            meta: FieldMeta::default(),
            elements: Box::new(ints(values)),
        })
    };
    let a = list(
        Some(vec![0b101]),
        &[1, 2, 4, 5],
        &[None, Some(1), Some(8), Some(9), Some(2)],
    );
    let b = list(Some(vec![0b101]), &[0, 1, 1, 2], &[Some(1), Some(2)]);
    assert!(same(&a, &b));
    assert!(same(&slice(&a, 2, 1).unwrap(), &slice(&b, 2, 1).unwrap()));
    assert!(!same(&slice(&a, 0, 1).unwrap(), &slice(&b, 2, 1).unwrap()));
}

#[test]
fn every_type_has_empty_and_null_arrays() {
    for data_type in types() {
        let none = empty(&data_type).unwrap();
        assert!(has_type(&none, &data_type), "{data_type:?}");
        validate(&none, &Limits::default()).unwrap();
        let some = nulls(&data_type, 11).unwrap();
        assert_eq!(len(&some), 11, "{data_type:?}");
        assert!(has_type(&some, &data_type), "{data_type:?}");
        validate(&some, &Limits::default()).unwrap();
        if !matches!(data_type, DataType::Union(_, _)) {
            assert_eq!(null_count(&some), 11, "{data_type:?}");
        }
        let part = slice(&some, 3, 5).unwrap();
        assert!(same(&part, &nulls(&data_type, 5).unwrap()), "{data_type:?}");
        assert!(same(
            &concat(&[&part, &none, &slice(&some, 0, 6).unwrap()]).unwrap(),
            &some
        ));
    }
}

fn field(name: &str, data_type: DataType) -> Field {
    Field {
        name: name.into(),
        data_type,
        nullable: true,
        ..Field::default()
    }
}

fn types() -> Vec<DataType> {
    use marrow::datatypes::{IntervalUnit, TimeUnit};
    let element = || Box::new(field("element", DataType::Utf8));
    let fields = || vec![field("a", DataType::Int64), field("b", DataType::Boolean)];
    let mut entries = field("entries", DataType::Struct(fields()));
    entries.nullable = false;
    let variants = || {
        fields()
            .into_iter()
            .zip(0_i8..)
            .map(|(f, id)| (id, f))
            .collect()
    };
    vec![
        DataType::Null,
        DataType::Boolean,
        DataType::UInt8,
        DataType::Float16,
        DataType::Float32,
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::BinaryView,
        DataType::FixedSizeBinary(3),
        DataType::Decimal128(20, -3),
        DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Paris".into())),
        DataType::Time32(TimeUnit::Second),
        DataType::Interval(IntervalUnit::DayTime),
        DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Struct(fields()),
        DataType::Struct(Vec::new()),
        DataType::List(element()),
        DataType::LargeList(Box::new(field("deep", DataType::List(element())))),
        DataType::FixedSizeList(element(), 3),
        DataType::FixedSizeList(element(), 0),
        DataType::Map(Box::new(entries), false),
        DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
        DataType::RunEndEncoded(
            Box::new(Field {
                name: "ends".into(),
                data_type: DataType::Int32,
                ..Field::default()
            }),
            element(),
        ),
        DataType::Union(variants(), UnionMode::Dense),
        DataType::Union(variants(), UnionMode::Sparse),
    ]
}

#[test]
fn broken_arrays_are_refused_and_harmless() {
    let text = |offsets: &[i32], data: &[u8]| {
        Array::Utf8(BytesArray {
            validity: None,
            offsets: offsets.to_vec(),
            data: data.to_vec(),
        })
    };
    let broken = [
        text(&[0, 5], b"abc"),
        text(&[2, 1], b"abc"),
        text(&[-1, 1], b"abc"),
        text(&[0, 1], b"\xFF"),
        text(&[0, 1, 2], "é".as_bytes()),
        dictionary(&[Some(2)], &["a", "b"]),
        dictionary(&[Some(-1)], &["a", "b"]),
        runs(&[2, 2], &["a", "b"]),
        runs(&[2], &["a", "b"]),
        Array::Int32(PrimitiveArray {
            validity: Some(vec![1]),
            values: vec![0; 9],
        }),
        Array::Struct(StructArray {
            len: 4,
            validity: None,
            fields: vec![(FieldMeta::default(), ints(&[None]))],
        }),
    ];
    for array in &broken {
        assert!(validate(array, &Limits::default()).is_err(), "{array:?}");
        let slots = len(array);
        let _ = (null_count(array), memory_bytes(array), same(array, array));
        let _ = (slice(array, 0, slots), concat(&[array, array]));
        for row in 0..slots + 2 {
            let _ = crate::value::value(array, row);
        }
    }
    let mut deep = field("x", DataType::Int8);
    for _ in 0..70 {
        deep = field("x", DataType::List(Box::new(deep)));
    }
    let deep = empty(&deep.data_type).unwrap();
    assert_eq!(
        validate(&deep, &Limits::default()).unwrap_err().kind(),
        crate::ErrorKind::Limit
    );
}
