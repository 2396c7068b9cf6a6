//! Each check on data that keeps its rule and on data that does not.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use export_core::marrow::array::{Array, ListArray, PrimitiveArray};
use export_core::marrow::datatypes::{DataType, Field, FieldMeta};
use export_core::{Batch, Check, ErrorKind, Finding, Limits, Schema, conformance};
use export_validate::{Conforms, Monotone, NotNull, Order, RowCount, run};

fn field(name: &str, data_type: DataType, nullable: bool) -> Field {
    Field {
        name: name.into(),
        data_type,
        nullable,
        ..Field::default()
    }
}

/// A column `x` of values of which some are null.
fn batch(values: &[Option<i64>]) -> Batch {
    let mut validity = vec![0_u8; values.len().div_ceil(8)];
    for (row, value) in values.iter().enumerate() {
        validity[row / 8] |= u8::from(value.is_some()) << (row % 8);
    }
    let values_or = values.iter().map(|v| v.unwrap_or(-9)).collect();
    let array = Array::Int64(PrimitiveArray {
        validity: Some(validity),
        values: values_or,
    });
    let schema = Arc::new(Schema::new(vec![field("x", DataType::Int64, true)]).unwrap());
    Batch::new(schema, values.len(), vec![array]).unwrap()
}

fn findings(check: impl Check + 'static, batch: &Batch) -> Vec<(Option<u64>, String)> {
    let found = run([Ok(batch.clone())], &mut [Box::new(check)]).unwrap();
    found
        .into_iter()
        .map(|Finding { position, text, .. }| (position.row, text))
        .collect()
}

const MIXED: [Option<i64>; 6] = [Some(1), None, Some(3), Some(3), None, Some(2)];

#[test]
fn missing_values_are_counted() {
    let found = findings(NotNull::new(["x"]), &batch(&MIXED));
    assert_eq!(found, [(Some(2), "2 values are missing".to_owned())]);
    assert!(findings(NotNull::new(["x"]), &batch(&[Some(1)])).is_empty());
    conformance::check(|| Box::new(NotNull::new(["x"])), &batch(&MIXED)).unwrap();
    let error = run([Ok(batch(&MIXED))], &mut [Box::new(NotNull::new(["y"]))]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn order_is_kept_over_nulls_and_batches() {
    for (order, row, text) in [
        (
            Order::Rising,
            4,
            "2 values are not greater than the one before",
        ),
        (
            Order::NotFalling,
            6,
            "1 value is not at least the one before",
        ),
        (
            Order::Falling,
            3,
            "2 values are not less than the one before",
        ),
        (Order::NotRising, 3, "1 value is not at most the one before"),
    ] {
        let found = findings(Monotone::new("x", order), &batch(&MIXED));
        assert_eq!(found, [(Some(row), text.to_owned())]);
        conformance::check(|| Box::new(Monotone::new("x", order)), &batch(&MIXED)).unwrap();
    }
}

#[test]
fn rows_are_counted() {
    for (allowed, text) in [
        (6..=6, None),
        (0..=9, None),
        (7..=7, Some("there are 6 rows where 7 belong")),
        (7..=9, Some("there are 6 rows where 7 to 9 belong")),
        (0..=5, Some("there are 6 rows where 5 at most belong")),
        (
            7..=u64::MAX,
            Some("there are 6 rows where 7 at least belong"),
        ),
    ] {
        let found = findings(RowCount::new(allowed.clone()), &batch(&MIXED));
        assert_eq!(found.first().map(|(_, text)| text.as_str()), text);
        conformance::check(|| Box::new(RowCount::new(allowed.clone())), &batch(&MIXED)).unwrap();
    }
}

fn conforms(fields: Vec<Field>, batch: &Batch) -> Vec<(Option<u64>, String)> {
    let schema = Arc::new(Schema::new(fields).unwrap());
    let make = || Conforms::new(Arc::clone(&schema), Limits::default());
    conformance::check(|| Box::new(make()), batch).unwrap();
    findings(make(), batch)
}

#[test]
fn schemas_are_compared() {
    let batch = batch(&MIXED);
    let x = |data_type, nullable| vec![field("x", data_type, nullable)];
    assert!(conforms(x(DataType::Int64, true), &batch).is_empty());
    assert!(conforms(x(DataType::Float64, true), &batch).is_empty());
    let narrow = conforms(x(DataType::Int32, true), &batch);
    assert_eq!(
        narrow,
        [(None, "the column is Int64 where Int32 belongs".to_owned())]
    );
    let strict = conforms(x(DataType::Int64, false), &batch);
    assert_eq!(
        strict,
        [(Some(2), "a value is missing where none may be".to_owned())]
    );
    let other = conforms(vec![field("y", DataType::Int64, true)], &batch);
    let texts: Vec<&str> = other.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        texts,
        ["the column is not in the schema", "the column is missing"]
    );
}

#[test]
fn missing_elements_are_found_inside_of_lists() {
    let element = field("item", DataType::Int64, false);
    let meta = FieldMeta {
        name: "item".into(),
        ..FieldMeta::default()
    };
    let elements = Array::Int64(PrimitiveArray {
        validity: Some(vec![0b011]),
        values: vec![1, 2, 3],
    });
    let list = Array::List(ListArray {
        validity: None,
        offsets: vec![0, 2, 3],
        meta,
        elements: Box::new(elements),
    });
    let fields = vec![field("x", DataType::List(Box::new(element)), true)];
    let schema = Arc::new(Schema::new(fields.clone()).unwrap());
    let batch = Batch::new(schema, 2, vec![list]).unwrap();
    let found = conforms(fields, &batch);
    assert_eq!(
        found,
        [(Some(2), "a value is missing where none may be".to_owned())]
    );
}

#[test]
fn every_type_conforms_to_itself() {
    for batch in conformance::batches(12).unwrap() {
        assert!(conforms(batch.schema().fields.clone(), &batch).is_empty());
    }
}
