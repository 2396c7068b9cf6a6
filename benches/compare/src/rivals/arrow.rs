//! The table in Arrow's arrays.

use std::sync::Arc;

use anyhow::{Context, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::table::{Row, Seen};

pub(crate) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("row", DataType::UInt64, false),
        Field::new("level", DataType::Float64, false),
        Field::new("size", DataType::Int32, false),
        Field::new("name", DataType::Utf8, false),
    ]))
}

pub(crate) fn batch(rows: &[Row]) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::from_iter_values(
            rows.iter().map(|row| row.row),
        )),
        Arc::new(Float64Array::from_iter_values(
            rows.iter().map(|row| row.level),
        )),
        Arc::new(Int32Array::from_iter_values(
            rows.iter().map(|row| row.size),
        )),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|row| &row.name),
        )),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

/// Takes the rows of a batch. A null where none was written makes its row another.
pub(crate) fn take(batch: &RecordBatch, seen: &mut Seen<'_>) -> Result<()> {
    let column = |name: &str| batch.column_by_name(name).context("a column is gone");
    let (row, level) = (column("row")?, column("level")?);
    let (size, name) = (column("size")?, column("name")?);
    let numbers = row
        .as_primitive_opt::<UInt64Type>()
        .context("row is of another type")?;
    let levels = level
        .as_primitive_opt::<Float64Type>()
        .context("level is of another type")?;
    let sizes = size
        .as_primitive_opt::<Int32Type>()
        .context("size is of another type")?;
    let names = name
        .as_string_opt::<i32>()
        .context("name is of another type")?;
    for at in 0..batch.num_rows() {
        let null = [row, level, size, name]
            .iter()
            .any(|column| column.is_null(at));
        seen.take(&Row {
            row: if null { u64::MAX } else { numbers.value(at) },
            level: levels.value(at),
            size: sizes.value(at),
            name: names.value(at).to_owned(),
        });
    }
    Ok(())
}
