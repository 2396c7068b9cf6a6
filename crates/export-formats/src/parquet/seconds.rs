//! Timestamps in seconds, which files hold as milliseconds. A file's `ARROW:schema` may say that they were in seconds, but
//! nothing makes the values keep to it: they are looked at first.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{ArrayRef, RecordBatch, TimestampSecondArray};
use arrow_schema::{DataType, FieldRef, Fields, Schema, TimeUnit};
use export_core::{Cancel, Error, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use super::fault;
use super::input::CountedFile;

/// Those of the columns at `roots` that are milliseconds in the file and seconds in the schema `told`.
pub(super) fn candidates(schema: &Schema, told: Option<&Schema>, roots: &[usize]) -> Vec<usize> {
    let is_candidate = |root: &usize| {
        let ours = schema.fields().get(*root).map(|field| field.data_type());
        let told = told.and_then(|told| told.fields().get(*root));
        matches!(
            (ours, told.map(|field| field.data_type())),
            (
                Some(DataType::Timestamp(TimeUnit::Millisecond, _)),
                Some(DataType::Timestamp(TimeUnit::Second, _)),
            )
        )
    };
    roots.iter().copied().filter(is_candidate).collect()
}

/// Those of the `columns`, in ascending order, all of whose values are whole seconds.
pub(super) fn whole(
    file: &CountedFile,
    metadata: &ArrowReaderMetadata,
    columns: Vec<usize>,
    batch_rows: usize,
    cancel: &Cancel,
) -> Result<Vec<usize>> {
    if columns.is_empty() {
        return Ok(columns);
    }
    let mask = ProjectionMask::roots(metadata.parquet_schema(), columns.iter().copied());
    let reader =
        ParquetRecordBatchReaderBuilder::new_with_metadata(file.uncounted()?, metadata.clone())
            .with_projection(mask)
            .with_batch_size(batch_rows)
            .build()
            .map_err(fault::in_reading)?;
    let mut found: Vec<(usize, bool)> = columns.into_iter().map(|column| (column, true)).collect();
    for batch in reader {
        cancel.check()?;
        // Damage is told when its rows are read.
        let Ok(batch) = batch else {
            return Ok(Vec::new());
        };
        for ((_, whole), values) in std::iter::zip(&mut found, batch.columns()) {
            *whole = *whole && is_whole(values);
        }
        if found.iter().all(|(_, whole)| !whole) {
            break;
        }
    }
    let found = found.into_iter().filter(|(_, whole)| *whole);
    Ok(found.map(|(column, _)| column).collect())
}

fn is_whole(values: &ArrayRef) -> bool {
    values
        .as_primitive_opt::<TimestampMillisecondType>()
        .is_some_and(|values| values.iter().flatten().all(|value| value % 1000 == 0))
}

/// The schema with the `columns` in seconds.
pub(super) fn schema(schema: &Schema, columns: &[usize]) -> Schema {
    let in_seconds = |(at, field): (usize, &FieldRef)| match field.data_type() {
        DataType::Timestamp(_, zone) if columns.contains(&at) => {
            let seconds = DataType::Timestamp(TimeUnit::Second, zone.clone());
            Arc::new(field.as_ref().clone().with_data_type(seconds))
        }
        _ => Arc::clone(field),
    };
    let fields: Fields = schema.fields().iter().enumerate().map(in_seconds).collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

/// The batch with the `columns` in seconds.
pub(super) fn batch(batch: RecordBatch, columns: &[usize]) -> Result<RecordBatch> {
    if columns.is_empty() {
        return Ok(batch);
    }
    let schema = schema(batch.schema_ref(), columns);
    let in_seconds = |(at, values): (usize, &ArrayRef)| match values
        .as_primitive_opt::<TimestampMillisecondType>()
    {
        Some(milliseconds) if columns.contains(&at) => {
            let seconds: TimestampSecondArray = milliseconds.unary(|value| value / 1000);
            Arc::new(seconds.with_timezone_opt(milliseconds.timezone())) as ArrayRef
        }
        _ => Arc::clone(values),
    };
    let values = batch.columns().iter().enumerate().map(in_seconds).collect();
    RecordBatch::try_new(Arc::new(schema), values).map_err(Error::schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Array, TimestampMillisecondArray};

    #[test]
    fn what_is_null_may_be_anything() {
        let values = |values: Vec<Option<i64>>| -> ArrayRef {
            Arc::new(TimestampMillisecondArray::from(values).with_timezone("UTC"))
        };
        assert!(is_whole(&values(vec![Some(-2000), None, Some(0)])));
        assert!(!is_whole(&values(vec![Some(-2000), Some(1)])));
        let column = values(vec![Some(-2000), None]);
        let rows = RecordBatch::try_from_iter([("a", column.clone()), ("b", column)]).unwrap();
        let rows = batch(rows, &[1]).unwrap();
        let expected = TimestampSecondArray::from(vec![Some(-2), None]).with_timezone("UTC");
        assert_eq!(rows.column(1).as_ref(), &expected as &dyn Array);
        assert!(
            rows.column(0)
                .as_primitive_opt::<TimestampMillisecondType>()
                .is_some()
        );
    }
}
