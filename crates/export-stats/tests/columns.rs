//! Statistics of columns of every type.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use export_core::marrow::array::{Array, BytesArray, PrimitiveArray};
use export_core::marrow::datatypes::{DataType, Field};
use export_core::value::Value;
use export_core::{Batch, Schema, array, conformance};
use export_stats::StreamStatistics;

fn field(name: &str, data_type: DataType) -> Field {
    Field {
        name: name.into(),
        data_type,
        nullable: true,
        ..Field::default()
    }
}

fn statistics(batches: &[Batch]) -> StreamStatistics {
    let widest = Arc::clone(batches.last().unwrap().schema());
    let mut statistics = StreamStatistics::new(widest);
    for batch in batches {
        statistics.add(batch).unwrap();
    }
    statistics
}

#[test]
fn numbers_and_texts_are_summed_up() {
    let floats = Array::Float64(PrimitiveArray {
        validity: Some(vec![0b10111]),
        values: vec![1.5, f64::NAN, -0.5, 99.0, f64::INFINITY],
    });
    let texts = Array::Utf8(BytesArray {
        validity: None,
        offsets: vec![0, 1, 3, 3, 8, 9],
        data: "béhello!".into(),
    });
    let fields = vec![field("x", DataType::Float64), field("name", DataType::Utf8)];
    let schema = Arc::new(Schema::new(fields).unwrap());
    let batch = Batch::new(schema, 5, vec![floats, texts]).unwrap();
    let found = statistics(&[batch.clone(), batch]);
    assert_eq!(found.rows(), 10);
    let [x, name] = found.columns() else { panic!() };
    assert_eq!((x.nulls(), x.nans(), x.distinct().count), (2, 2, 4));
    assert_eq!(
        (x.min_text().as_deref(), x.max_text().as_deref()),
        (Some("-0.5"), Some("inf"))
    );
    let mean = x.numbers().unwrap().mean().unwrap();
    assert!((mean - 0.5).abs() < 1e-15, "{mean}");
    assert_eq!(x.lengths(), None);
    assert_eq!(
        (name.lengths(), name.mean_length()),
        (Some((0, 5)), Some(8.0 / 5.0))
    );
    assert_eq!(
        (name.min_text().as_deref(), name.max_text().as_deref()),
        (Some(""), Some("é"))
    );
    assert!(name.numbers().is_none());
}

#[test]
fn narrower_batches_are_widened() {
    let of = |array: Array, data_type| {
        let schema = Arc::new(Schema::new(vec![field("x", data_type)]).unwrap());
        Batch::new(schema, array::len(&array), vec![array]).unwrap()
    };
    let narrow = Array::Int64(PrimitiveArray {
        validity: None,
        values: vec![1, 7],
    });
    let wide = Array::Float64(PrimitiveArray {
        validity: None,
        values: vec![1.0, 2.5],
    });
    let found = statistics(&[of(narrow, DataType::Int64), of(wide, DataType::Float64)]);
    let x = &found.columns()[0];
    assert_eq!(x.distinct().count, 3);
    assert!(matches!(x.max(), Some(Value::Float64(v)) if v == 7.0));
}

#[test]
fn columns_of_every_type_have_statistics() {
    for batch in conformance::batches(11).unwrap() {
        let found = statistics(std::slice::from_ref(&batch));
        for (statistics, column) in found.columns().iter().zip(batch.columns()) {
            let name = &statistics.field().name;
            assert_eq!(statistics.rows(), batch.rows() as u64, "{name}");
            assert_eq!(
                statistics.nulls(),
                array::null_count(column) as u64,
                "{name}"
            );
            let values = statistics.rows() - statistics.nulls();
            assert!(statistics.distinct().count <= values, "{name}");
            assert_eq!(statistics.distinct().count == 0, values == 0, "{name}");
            assert_eq!(
                statistics.min().is_some(),
                statistics.max().is_some(),
                "{name}"
            );
        }
    }
}
