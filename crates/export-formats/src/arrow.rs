//! Batches to and from Arrow's record batches (the `arrow-*` crates, major version 59).
//!
//! The only public place where a type of theirs appears. Names, nullability, metadata (extension types among it),
//! dictionaries and the sortedness of maps survive both ways. Arrays become Arrow's without copying their buffers; the way
//! back copies, as batches own their buffers.
//!
//! What [`export_core::marrow`] has no array for (256-, 64- and 32-bit decimals, list views) is refused, and the error names
//! the column.
//!
//! ```
//! use std::sync::Arc;
//! use export_core::marrow::array::{Array, PrimitiveArray};
//! use export_core::marrow::datatypes::{DataType, Field};
//! use export_core::{Batch, Schema};
//! use export_formats::arrow;
//!
//! let field = Field { name: "step".into(), data_type: DataType::UInt32, ..Field::default() };
//! let values = Array::UInt32(PrimitiveArray { validity: None, values: vec![1, 2, 3] });
//! let batch = Batch::new(Arc::new(Schema::new(vec![field])?), 3, vec![values])?;
//! let record_batch = arrow::record_batch(batch.clone())?;
//! assert_eq!(record_batch.num_rows(), 3);
//! assert!(arrow::batch(&record_batch)?.same_rows(&batch));
//! # Ok::<(), export_core::Error>(())
//! ```

mod check;
mod retype;

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field as ArrowField, Fields, Schema as ArrowSchema};
use export_core::marrow::array::Array;
use export_core::marrow::datatypes::Field;
use export_core::marrow::view::View;
use export_core::{Batch, Error, Result, Schema, array};

/// The Arrow schema of a schema.
pub fn arrow_schema(schema: &Schema) -> Result<ArrowSchema> {
    let fields = schema
        .fields
        .iter()
        .map(arrow_field)
        .collect::<Result<Fields>>()?;
    Ok(ArrowSchema::new_with_metadata(
        fields,
        schema.metadata.clone().into_iter().collect(),
    ))
}

/// The schema of an Arrow schema.
pub fn schema(arrow: &ArrowSchema) -> Result<Schema> {
    let field = |field: &Arc<ArrowField>| {
        check::is_held(field)?;
        Field::try_from(field.as_ref()).map_err(|e| Error::unsupported(e).in_column(field.name()))
    };
    let mut schema = Schema::new(arrow.fields().iter().map(field).collect::<Result<_>>()?)?;
    schema.metadata = arrow.metadata().clone().into_iter().collect();
    Ok(schema)
}

/// A batch as Arrow's. Buffers are moved, not copied.
pub fn record_batch(batch: Batch) -> Result<RecordBatch> {
    let schema = Arc::new(arrow_schema(batch.schema())?);
    let rows = batch.rows();
    let columns = std::iter::zip(schema.fields(), batch.into_columns())
        .map(|(field, column)| arrow_array(column, field))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(Error::schema)
}

/// A batch of Arrow's record batch. Buffers are copied, slices down to what they show.
pub fn batch(arrow: &RecordBatch) -> Result<Batch> {
    let schema = Arc::new(schema(arrow.schema_ref())?);
    batch_of(arrow, schema)
}

/// [`batch`] with the schema already at hand.
pub(crate) fn batch_of(arrow: &RecordBatch, schema: Arc<Schema>) -> Result<Batch> {
    let columns = std::iter::zip(&schema.fields, arrow.columns())
        .map(|(field, column)| owned(column).map_err(|error| error.in_column(&field.name)))
        .collect::<Result<_>>()?;
    Batch::new(schema, arrow.num_rows(), columns)
}

fn arrow_field(field: &Field) -> Result<ArrowField> {
    ArrowField::try_from(field).map_err(|error| Error::unsupported(error).in_column(&field.name))
}

fn arrow_array(column: Array, field: &ArrowField) -> Result<ArrayRef> {
    let convert = || {
        check::divides(&column)?;
        let array = ArrayRef::try_from(column).map_err(Error::unsupported)?;
        if array.data_type() == field.data_type() {
            return Ok(array);
        }
        // Nested names and metadata are the schema's to say.
        retype::to_type(array.to_data(), field.data_type()).map(arrow_array::make_array)
    };
    convert().map_err(|error| error.in_column(field.name()))
}

fn owned(column: &ArrayRef) -> Result<Array> {
    check::is_whole(&column.to_data())?;
    let view = View::try_from(column.as_ref()).map_err(Error::unsupported)?;
    array::from_view(&view)
}
