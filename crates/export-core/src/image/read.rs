//! Rows as bytes back to columns.

use std::sync::Arc;

use super::column::{self, Column};
use super::cursor::Cursor;
use crate::{Batch, Error, Limits, Result, Schema};

/// The rows that `bytes` are, one after the other, all written under `schema`: the same values that the batch of the columns
/// has which wrote them. Dictionaries have the values in the order in which these come.
///
/// Fails, naming the row, where the bytes are not such rows, and on a schema that no builder makes. Takes no more memory than
/// twice `limits.chunk_decoded_bytes`, nor than a few times `bytes` for each column of the schema.
pub fn read(schema: &Arc<Schema>, bytes: &[u8], limits: &Limits) -> Result<Batch> {
    let mut columns = column::all(&schema.fields, limits)?;
    let mut cursor = Cursor::new(bytes, limits);
    let mut rows = 0_u64;
    while !cursor.is_at_end() {
        let start = cursor.at();
        rows = rows.saturating_add(1);
        read_row(schema, &mut columns, &mut cursor)
            .and_then(|()| Limits::check("rows", rows, limits.chunk_rows))
            .map_err(|error| {
                error
                    .at_row(rows)
                    .at_offset(u64::try_from(start).unwrap_or(u64::MAX))
            })?;
    }
    let rows = usize::try_from(rows).map_err(Error::limit)?;
    let arrays = columns.iter_mut().map(Column::take).collect();
    Batch::new(Arc::clone(schema), rows, arrays)
}

fn read_row(schema: &Schema, columns: &mut [Column], cursor: &mut Cursor<'_>) -> Result<()> {
    let start = cursor.at();
    for (field, column) in schema.fields.iter().zip(columns) {
        column
            .read(cursor)
            .map_err(|error| error.in_column(&field.name))?;
    }
    if cursor.at() == start && cursor.flag()? {
        return Err(Error::corrupt("a row of no bytes is not one byte 0"));
    }
    Ok(())
}
