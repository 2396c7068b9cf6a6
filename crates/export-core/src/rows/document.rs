//! A cell of a column of JSON documents, as a column of its own.

use marrow::array::Array;
use marrow::datatypes::Field;

use crate::build::RowBuilder;
use crate::json::{JsonReader, VALUE};
use crate::{Error, Limits, Result};

/// The document's value as the only slot of an array.
pub(super) fn open(text: &str) -> Result<(Field, Array)> {
    let mut rows = RowBuilder::new();
    JsonReader::new(Limits::default().depth).read_value(text.as_bytes(), rows.field(VALUE)?)?;
    rows.end_row();
    let batch = rows.take_batch()?;
    let field = batch.schema().fields.first().cloned();
    let array = batch.into_columns().pop();
    field
        .zip(array)
        .ok_or_else(|| Error::data("a JSON document is empty"))
}
