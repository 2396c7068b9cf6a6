//! What the columns of a stream hold.

use std::sync::Arc;

use export_core::{Batch, Result, Schema, widen};

use crate::ColumnStatistics;

/// What the columns of a stream hold, over all batches so far.
#[derive(Debug, Clone)]
pub struct StreamStatistics {
    schema: Arc<Schema>,
    rows: u64,
    columns: Vec<ColumnStatistics>,
}

impl StreamStatistics {
    /// Of no rows yet. `schema` is the widest the stream's batches have.
    #[must_use]
    pub fn new(schema: Arc<Schema>) -> Self {
        let columns = schema
            .fields
            .iter()
            .cloned()
            .map(ColumnStatistics::new)
            .collect();
        Self {
            schema,
            rows: 0,
            columns,
        }
    }

    /// Counts a batch in. One of a narrower schema is widened; fails where that cannot be done.
    pub fn add(&mut self, batch: &Batch) -> Result<()> {
        let widened;
        let batch = if batch.schema().fields == self.schema.fields {
            batch
        } else {
            widened = widen::cast_batch(batch, &self.schema)?;
            &widened
        };
        self.rows += batch.rows() as u64;
        for (statistics, column) in self.columns.iter_mut().zip(batch.columns()) {
            statistics.add(column)?;
        }
        Ok(())
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// One entry a column, in the schema's order.
    #[must_use]
    pub fn columns(&self) -> &[ColumnStatistics] {
        &self.columns
    }
}
