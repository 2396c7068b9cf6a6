use std::sync::Arc;

use marrow::array::Array;
use marrow::datatypes::{DataType, TimeUnit};
use proptest::prelude::*;

use super::{Nullability, RowBuilder, Temporal};
use crate::value::value;
use crate::{Batch, ErrorKind, Limits, array, schema, text, widen};

/// Row by row, as JSON.
fn rows(batch: &Batch) -> Vec<String> {
    (0..batch.rows())
        .map(|row| {
            let fields =
                batch
                    .schema()
                    .fields
                    .iter()
                    .zip(batch.columns())
                    .map(|(field, column)| {
                        let mut out = Vec::new();
                        text::write_json_of(field, &value(column, row), &mut out);
                        format!("{}={}", field.name, String::from_utf8(out).unwrap())
                    });
            fields.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn column_of(numbers: &[&str]) -> Batch {
    let mut builder = RowBuilder::new();
    for number in numbers {
        builder
            .field("a")
            .unwrap()
            .push_number_text(number.as_bytes())
            .unwrap();
        builder.end_row();
    }
    let batch = builder.take_batch().unwrap();
    array::validate(&batch.columns()[0], &Limits::default()).unwrap();
    batch
}

fn type_of(numbers: &[&str]) -> DataType {
    let batch = column_of(numbers);
    let field = &batch.schema().fields[0];
    assert_eq!(field.data_type == DataType::Utf8, schema::is_json(field));
    field.data_type.clone()
}

#[test]
fn integers_and_floats_widen_by_what_they_hold() {
    assert_eq!(type_of(&["1", "-2"]), DataType::Int64);
    assert_eq!(
        type_of(&["1", "18446744073709551615", "2"]),
        DataType::UInt64
    );
    assert_eq!(
        type_of(&["-1", "18446744073709551615"]),
        DataType::Decimal128(20, 0)
    );
    assert_eq!(
        type_of(&["18446744073709551615", "-1", "5"]),
        DataType::Decimal128(20, 0)
    );
    assert_eq!(
        type_of(&["1", "184467440737095516150"]),
        DataType::Decimal128(38, 0)
    );
    assert_eq!(type_of(&["1", "0.5", "2"]), DataType::Float64);
    assert_eq!(type_of(&["9007199254740992", "0.5"]), DataType::Float64);
    assert_eq!(type_of(&["9007199254740993", "0.5"]), DataType::Utf8);
    assert_eq!(type_of(&["0.5", "9007199254740993"]), DataType::Utf8);
    assert_eq!(type_of(&["1", "1e400"]), DataType::Utf8);
    assert_eq!(type_of(&["184467440737095516150", "0.5"]), DataType::Utf8);
}

#[test]
fn json_columns_keep_the_text_of_numbers_to_come() {
    let batch = column_of(&["1", "1e400", "1.50", "-0", "7"]);
    assert_eq!(rows(&batch), ["a=1", "a=1e400", "a=1.50", "a=-0", "a=7"]);
}

#[test]
fn what_batches_before_held_bounds_what_later_ones_become() {
    let mut builder = RowBuilder::new();
    builder.field("a").unwrap().push_i64((1 << 53) + 1).unwrap();
    builder.field("b").unwrap().push_i64(-1).unwrap();
    builder.end_row();
    let first = builder.take_batch().unwrap();
    assert_eq!(first.schema().fields[0].data_type, DataType::Int64);

    builder.field("a").unwrap().push_f64(0.5).unwrap();
    builder.field("b").unwrap().push_u64(u64::MAX).unwrap();
    builder.end_row();
    let second = builder.take_batch().unwrap();
    assert!(schema::is_json(&second.schema().fields[0]));
    assert_eq!(
        second.schema().fields[1].data_type,
        DataType::Decimal128(20, 0)
    );
    assert_eq!(
        rows(&widen::cast_batch(&first, second.schema()).unwrap()),
        ["a=9007199254740993 b=-1"]
    );

    // What was learnt stays, and so does the schema while nothing changes.
    builder.field("a").unwrap().push_null().unwrap();
    builder.end_row();
    let third = builder.take_batch().unwrap();
    assert_eq!(
        third.schema().fields[1].data_type,
        DataType::Decimal128(20, 0)
    );
    assert!(schema::is_json(&third.schema().fields[0]));
}

#[test]
fn declared_widths_are_kept_and_joined_by_type() {
    let mut builder = RowBuilder::new();
    builder.field("i8").unwrap().push_i8(-1).unwrap();
    builder
        .field("f32")
        .unwrap()
        .push_f32(f32::from_bits(0x7fc0_1234))
        .unwrap();
    builder.field("mix").unwrap().push_u8(255).unwrap();
    builder.field("big").unwrap().push_u32(7).unwrap();
    builder.end_row();
    builder.field("i8").unwrap().push_i8(1).unwrap();
    builder.field("f32").unwrap().push_f32(-0.0).unwrap();
    builder.field("mix").unwrap().push_i8(-1).unwrap();
    builder.field("big").unwrap().push_i64(-1).unwrap();
    builder.end_row();
    let batch = builder.take_batch().unwrap();
    let types: Vec<_> = batch
        .schema()
        .fields
        .iter()
        .map(|field| field.data_type.clone())
        .collect();
    assert_eq!(
        types,
        [
            DataType::Int8,
            DataType::Float32,
            DataType::Int16,
            DataType::Int64
        ]
    );
    assert!(batch.schema().fields.iter().all(|field| !field.nullable));
    let Array::Float32(floats) = &batch.columns()[1] else {
        panic!()
    };
    assert_eq!(floats.values[0].to_bits(), 0x7fc0_1234);
}

#[test]
fn fields_may_come_late_and_be_left_out() {
    let mut builder = RowBuilder::new();
    for row in 0..20_i64 {
        builder.field("row").unwrap().push_i64(row).unwrap();
        if row % 7 == 3 {
            let nested = builder.field("nested").unwrap();
            nested.begin_struct().unwrap();
            if row > 5 {
                nested.field("late").unwrap().push_bool(true).unwrap();
            }
            nested.field("x").unwrap().push_str("é").unwrap();
            nested.end_struct().unwrap();
        }
        builder.end_row();
    }
    let bytes = builder.memory_bytes();
    let batch = builder.take_batch().unwrap();
    assert!(batch.memory_bytes() <= bytes + 64 && bytes <= batch.memory_bytes() + 64);
    for column in batch.columns() {
        array::validate(column, &Limits::default()).unwrap();
    }
    let rows = rows(&batch);
    assert_eq!(rows[0], "row=0 nested=null");
    assert_eq!(rows[3], r#"row=3 nested={"x":"é","late":null}"#);
    assert_eq!(rows[10], r#"row=10 nested={"x":"é","late":true}"#);
}

#[test]
fn a_row_is_taken_back_whole() {
    let mut builder = RowBuilder::new();
    let push = |builder: &mut RowBuilder, end: bool| {
        builder.field("a").unwrap().push_i64(1).unwrap();
        let list = builder.field("l").unwrap();
        list.begin_list().unwrap();
        list.element().unwrap().push_str("x").unwrap();
        if end {
            list.end_list().unwrap();
            builder.end_row();
        } else {
            list.element().unwrap().begin_list().unwrap();
        }
    };
    push(&mut builder, true);
    push(&mut builder, false);
    assert_eq!(builder.field("a").unwrap_err().kind(), ErrorKind::Data);
    builder.rollback();
    push(&mut builder, true);
    let batch = builder.take_batch().unwrap();
    assert_eq!(rows(&batch), [r#"a=1 l=["x"]"#; 2]);
}

#[test]
fn values_of_all_kinds_share_a_column_as_json() {
    let mut builder = RowBuilder::new();
    macro_rules! row {
        ($column:ident => $push:expr) => {{
            let $column = builder.field("a").unwrap();
            $push.unwrap();
            builder.end_row();
        }};
    }
    row!(a => a.push_i64(1));
    row!(a => a.push_null());
    row!(a => a.push_str("te\"xt"));
    row!(a => a.push_f64(f64::NAN));
    row!(a => a.push_bytes(&[255]));
    row!(a => a.push_temporal(&Temporal::Timestamp(TimeUnit::Second, Some(Arc::from("UTC"))), 0));
    row!(a => {
        a.begin_list().unwrap();
        a.element().unwrap().push_null().unwrap();
        let inner = a.element().unwrap();
        inner.begin_struct().unwrap();
        inner.field("k").unwrap().push_bool(true).unwrap();
        assert_eq!(inner.field("k").unwrap_err().kind(), ErrorKind::Data);
        builder.rollback();
        builder.field("a").unwrap().push_u64(u64::MAX)
    });
    row!(a => {
        a.begin_map().unwrap();
        a.key().unwrap().push_str("k").unwrap();
        a.value().unwrap().push_decimal(150, 10, 2).unwrap();
        a.end_map()
    });
    row!(a => {
        a.begin_struct().unwrap();
        for key in 0..40 {
            a.field(&format!("k{key}")).unwrap().push_null().unwrap();
        }
        assert_eq!(a.field("k20").unwrap_err().kind(), ErrorKind::Data);
        builder.rollback();
        builder.field("a").unwrap().push_bool(false)
    });
    let notes = builder.notes();
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].column.as_deref(), Some("a"));
    let batch = builder.take_batch().unwrap();
    assert_eq!(
        rows(&batch),
        [
            "a=1",
            "a=null",
            r#"a="te\"xt""#,
            r#"a="NaN""#,
            r#"a="ff""#,
            r#"a="1970-01-01T00:00:00Z""#,
            "a=18446744073709551615",
            r#"a={"k":1.50}"#,
            "a=false",
        ]
    );
}

#[test]
fn names_become_text_or_structs_or_json() {
    let named = || {
        let mut builder = RowBuilder::new();
        for name in ["On", "Off", "On"] {
            builder.field("a").unwrap().push_name(name).unwrap();
            builder.end_row();
        }
        builder
    };
    let dictionary = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
    assert_eq!(
        named().take_batch().unwrap().schema().fields[0].data_type,
        dictionary
    );

    let mut text = named();
    text.field("a").unwrap().push_str("free").unwrap();
    text.end_row();
    assert_eq!(
        text.take_batch().unwrap().schema().fields[0].data_type,
        DataType::Utf8
    );

    for (mut builder, taken) in [(named(), false), (named(), true)] {
        if taken {
            builder.take_batch().unwrap();
        }
        let column = builder.field("a").unwrap();
        column.begin_struct().unwrap();
        column.field("Level").unwrap().push_i32(3).unwrap();
        column.end_struct().unwrap();
        builder.end_row();
        builder.field("a").unwrap().push_name("Off").unwrap();
        builder.end_row();
        let batch = builder.take_batch().unwrap();
        if taken {
            assert_eq!(rows(&batch), [r#"a={"Level":3}"#, r#"a="Off""#]);
        } else {
            assert_eq!(rows(&batch)[4], r#"a={"On":null,"Off":true,"Level":null}"#);
        }
    }
}

#[test]
fn columns_are_counted() {
    let limits = Limits {
        columns: 3,
        ..Limits::default()
    };
    let mut builder = RowBuilder::with(&limits, Nullability::Always);
    for name in ["a", "b", "c"] {
        builder.field(name).unwrap().push_null().unwrap();
    }
    assert_eq!(builder.field("d").unwrap_err().kind(), ErrorKind::Limit);
}

proptest! {
    /// Whatever numbers come in whatever order, with batches taken anywhere: each is there with its value.
    #[test]
    fn no_number_is_changed(
        numbers in prop::collection::vec(prop_oneof![
            any::<i64>().prop_map(|v| v.to_string()),
            any::<u64>().prop_map(|v| v.to_string()),
            (-1000..1000_i64).prop_map(|v| v.to_string()),
            any::<i128>().prop_map(|v| v.to_string()),
            any::<f64>().prop_filter("finite", |v| v.is_finite()).prop_map(|v| format!("{v:?}")),
            (-1e6..1e6).prop_map(|v: f64| format!("{v:.2}")),
        ], 0..12),
        taken in prop::collection::vec(any::<bool>(), 12),
    ) {
        let mut builder = RowBuilder::new();
        let mut batches = Vec::new();
        for (number, take) in numbers.iter().zip(taken) {
            builder.field("a").unwrap().push_number_text(number.as_bytes()).unwrap();
            builder.end_row();
            if take {
                batches.push(builder.take_batch().unwrap());
            }
        }
        batches.push(builder.take_batch().unwrap());
        let schema = Arc::clone(batches.last().unwrap().schema());
        let mut back = Vec::new();
        for batch in &batches {
            back.extend(rows(&widen::cast_batch(batch, &schema).unwrap()));
        }
        for (number, back) in numbers.iter().zip(back) {
            let back = back.strip_prefix("a=").unwrap();
            let (a, b) = (number.parse::<f64>().unwrap(), back.parse::<f64>().unwrap());
            prop_assert_eq!(a.to_bits(), b.to_bits(), "{} {}", number, back);
            if let Ok(integer) = number.parse::<i128>() {
                prop_assert_eq!(Ok(integer), back.parse::<i128>(), "{}", back);
            }
        }
    }
}
