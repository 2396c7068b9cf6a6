//! Rows of one stream in memory, as columns.

use std::sync::Arc;

use marrow::array::Array;

use crate::{Error, Result, Schema, array};

/// Rows of one stream as columns in Arrow layout: a schema and one array a field, all of the same length.
///
/// Content of null slots is not data: it need not survive an export.
#[derive(Debug, Clone)]
pub struct Batch {
    schema: Arc<Schema>,
    rows: usize,
    columns: Vec<Array>,
}

impl Batch {
    /// A batch of `rows` rows. Fails where a column is missing, has another length or another type than its field.
    ///
    /// Offsets, dictionary keys and UTF-8 inside the arrays are trusted; [`array::validate`] checks them.
    pub fn new(schema: Arc<Schema>, rows: usize, columns: Vec<Array>) -> Result<Self> {
        if schema.fields.len() != columns.len() {
            return Err(Error::schema(format!(
                "{} columns were given for a schema of {}",
                columns.len(),
                schema.fields.len()
            )));
        }
        for (field, column) in schema.fields.iter().zip(&columns) {
            let len = array::len(column);
            if len != rows {
                return Err(
                    Error::schema(format!("has {len} rows where the batch has {rows}"))
                        .in_column(&field.name),
                );
            }
            if !array::has_type(column, &field.data_type) {
                return Err(Error::schema(format!(
                    "is {:?} where the schema says {:?}",
                    column.data_type(),
                    field.data_type
                ))
                .in_column(&field.name));
            }
        }
        Ok(Self {
            schema,
            rows,
            columns,
        })
    }

    /// A batch of no rows.
    pub fn empty(schema: Arc<Schema>) -> Result<Self> {
        let columns = schema
            .fields
            .iter()
            .map(|field| array::empty(&field.data_type))
            .collect::<Result<_>>()?;
        Self::new(schema, 0, columns)
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in the order of the schema's fields.
    #[must_use]
    pub fn columns(&self) -> &[Array] {
        &self.columns
    }

    /// Takes the batch apart.
    #[must_use]
    pub fn into_columns(self) -> Vec<Array> {
        self.columns
    }

    /// Bytes of all buffers, as the memory budget counts them.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.columns.iter().map(array::memory_bytes).sum()
    }

    /// A copy of `count` rows from row `start`. Fails where they are not all there.
    pub fn slice(&self, start: usize, count: usize) -> Result<Self> {
        if start.checked_add(count).is_none_or(|end| end > self.rows) {
            return Err(Error::usage(format!(
                "rows {start} to {} of a batch of {} rows",
                start.saturating_add(count),
                self.rows
            )));
        }
        let columns = self
            .columns
            .iter()
            .map(|c| array::slice(c, start, count))
            .collect::<Result<_>>()?;
        Self::new(Arc::clone(&self.schema), count, columns)
    }

    /// The columns at `columns`, in that order.
    pub fn project(&self, columns: &[usize]) -> Result<Self> {
        let schema = Arc::new(self.schema.project(columns)?);
        let columns = columns
            .iter()
            .filter_map(|&at| self.columns.get(at).cloned())
            .collect();
        Self::new(schema, self.rows, columns)
    }

    /// All rows of `batches`, which share a schema, one after the other. Fails on an empty slice.
    pub fn concat(batches: &[Self]) -> Result<Self> {
        let Some(first) = batches.first() else {
            return Err(Error::usage("there are no batches to put together"));
        };
        let columns = (0..first.columns.len())
            .map(|at| {
                let parts: Vec<&Array> = batches.iter().filter_map(|b| b.columns.get(at)).collect();
                array::concat(&parts)
            })
            .collect::<Result<_>>()?;
        let rows = batches.iter().map(Self::rows).sum();
        Self::new(Arc::clone(&first.schema), rows, columns)
    }

    /// Whether both hold the same rows to the bit: NaN payloads and −0.0 count, content of null slots does not.
    #[must_use]
    pub fn same_rows(&self, other: &Self) -> bool {
        self.rows == other.rows
            && self.columns.len() == other.columns.len()
            && self
                .columns
                .iter()
                .zip(&other.columns)
                .all(|(a, b)| array::same(a, b))
    }
}
