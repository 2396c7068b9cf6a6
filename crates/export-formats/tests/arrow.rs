//! Batches to Arrow's record batches and back, for every type.
#![cfg(feature = "arrow")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, Decimal256Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use export_core::{ErrorKind, conformance};
use export_formats::arrow;

#[test]
fn every_type_comes_back() {
    for batch in conformance::batches(11).unwrap() {
        let record_batch = arrow::record_batch(batch.clone()).unwrap();
        let back = arrow::batch(&record_batch).unwrap();
        assert_eq!(back.schema(), batch.schema());
        assert!(back.same_rows(&batch), "{:?}", batch.schema());
    }
}

#[test]
fn buffers_are_moved() {
    use export_core::marrow::array::{Array, PrimitiveArray};
    let field = export_core::marrow::datatypes::Field {
        name: "x".into(),
        data_type: export_core::marrow::datatypes::DataType::Int64,
        ..Default::default()
    };
    let schema = Arc::new(export_core::Schema::new(vec![field]).unwrap());
    let values: Vec<i64> = (0..1000).collect();
    let address = values.as_ptr();
    let column = Array::Int64(PrimitiveArray {
        validity: None,
        values,
    });
    let batch = export_core::Batch::new(schema, 1000, vec![column]).unwrap();
    let record_batch = arrow::record_batch(batch).unwrap();
    assert_eq!(
        record_batch.column(0).to_data().buffers()[0]
            .as_ptr()
            .cast(),
        address
    );
}

#[test]
fn slices_are_cut_down() {
    let columns: [(&str, ArrayRef); 2] = [
        (
            "a",
            Arc::new(Int32Array::from(vec![Some(1), None, Some(3), Some(4)])),
        ),
        (
            "b",
            Arc::new(StringArray::from(vec![
                Some("x"),
                Some("yy"),
                None,
                Some("zzz"),
            ])),
        ),
    ];
    let whole = RecordBatch::try_from_iter(columns).unwrap();
    let slice = arrow::batch(&whole.slice(1, 2)).unwrap();
    assert!(slice.same_rows(&arrow::batch(&whole).unwrap().slice(1, 2).unwrap()));
}

#[test]
fn what_is_not_held_is_named() {
    let inner = Field::new("amount", DataType::Decimal256(50, 2), true);
    let field = Field::new("order", DataType::Struct(vec![inner].into()), true);
    let error = arrow::schema(&Schema::new(vec![field])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.position().column.as_deref(), Some("order.amount"));
    let array: ArrayRef = Arc::new(Decimal256Array::new_null(2));
    let batch = RecordBatch::try_from_iter([("wide", array)]).unwrap();
    assert_eq!(
        arrow::batch(&batch)
            .unwrap_err()
            .position()
            .column
            .as_deref(),
        Some("wide")
    );
}
