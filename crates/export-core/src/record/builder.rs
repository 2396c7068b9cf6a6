//! Rows of one type on their way to batches.

use std::marker::PhantomData;
use std::sync::Arc;

use marrow::array::Array;
use marrow::datatypes::{Field, FieldMeta};

use super::{Record, Slots, VALUE};
use crate::build::BatchBuilder;
use crate::image::{self, RowImage};
use crate::{Batch, Result, Schema};

/// Builds batches of rows of type `T`, whose schema is known before the first row.
///
/// ```
/// use export_core::record::RecordBuilder;
///
/// let mut rows = RecordBuilder::<(u32, Option<f64>)>::new();
/// rows.push(&(1_u32, None::<f64>))?;
/// rows.push(&(2_u32, Some(0.5)))?;
/// let batch = rows.take_batch()?;
/// assert_eq!((batch.rows(), batch.columns().len()), (2, 2));
/// # Ok::<(), export_core::Error>(())
/// ```
pub struct RecordBuilder<T: Record + ?Sized> {
    column: T::Column,
    rows: usize,
    /// A row was begun and not ended: the code of a type in it has panicked.
    is_torn: bool,
    schema: Option<Arc<Schema>>,
    row: PhantomData<fn(&T)>,
}

impl<T: Record + ?Sized> Default for RecordBuilder<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Record + ?Sized> RecordBuilder<T> {
    /// A builder without rows.
    #[must_use]
    pub fn new() -> Self {
        Self {
            column: T::Column::default(),
            rows: 0,
            is_torn: false,
            schema: None,
            row: PhantomData,
        }
    }

    /// Adds a row: a `T`, or one with other lifetimes. On an error the builder is as it was.
    #[inline]
    pub fn push<R: Record<Column = T::Column> + ?Sized>(&mut self, row: &R) -> Result<()> {
        if std::mem::replace(&mut self.is_torn, true) {
            self.rollback();
        }
        let pushed = row.push_to(&mut self.column);
        match pushed {
            Ok(()) => self.rows += 1,
            Err(_) => self.rollback(),
        }
        self.is_torn = false;
        pushed
    }

    /// Takes back a row that did not come to its end.
    #[cold]
    fn rollback(&mut self) {
        self.column.truncate(self.rows);
    }

    /// Rows that were not taken.
    #[inline]
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes that the batch would have now: a sum over columns, not over rows.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.column.bytes()
    }

    /// The rows so far as a batch. All batches share their schema. Fails where two columns have one name.
    pub fn take_batch(&mut self) -> Result<Batch> {
        if std::mem::take(&mut self.is_torn) {
            self.rollback();
        }
        let rows = std::mem::take(&mut self.rows);
        let columns = columns::<T>(&mut self.column);
        let schema = match &self.schema {
            Some(schema) => Arc::clone(schema),
            None => Arc::clone(self.schema.insert(Arc::new(schema(&columns)?))),
        };
        let columns = columns.into_iter().map(|(_, array)| array).collect();
        Batch::new(schema, rows, columns)
    }
}

fn columns<T: Record + ?Sized>(column: &mut T::Column) -> Vec<(FieldMeta, Array)> {
    let nullable = column.is_nullable();
    match column.take() {
        Array::Struct(row) if T::HAS_FIELDS => row.fields,
        other => vec![(
            FieldMeta {
                name: VALUE.to_owned(),
                nullable,
                ..FieldMeta::default()
            },
            other,
        )],
    }
}

fn schema(columns: &[(FieldMeta, Array)]) -> Result<Schema> {
    let fields = columns.iter().map(|(meta, array)| Field {
        name: meta.name.clone(),
        data_type: array.data_type(),
        nullable: meta.nullable,
        metadata: meta.metadata.clone(),
    });
    Schema::new(fields.collect())
}

impl<T: Record + ?Sized> BatchBuilder for RecordBuilder<T> {
    #[inline]
    fn rows(&self) -> usize {
        self.rows
    }
    fn memory_bytes(&self) -> usize {
        self.memory_bytes()
    }
    fn take_batch(&mut self) -> Result<Batch> {
        self.take_batch()
    }
    #[inline]
    fn image_last(&mut self, row: &mut RowImage<'_>) {
        let Some(last) = self.rows.checked_sub(1) else {
            return;
        };
        let nullable = !T::HAS_FIELDS && self.column.is_nullable();
        // All of it within sight, so that what is written needs no look at the space that is left.
        match row.room() >= self.column.image_width(nullable) {
            true => image::row(row, |row| {
                image_row::<T>(&mut self.column, last, nullable, row)
            }),
            false => image_without_room::<T>(&mut self.column, last, nullable, row),
        }
    }
    fn image_schema(&self) -> Result<Arc<Schema>> {
        match &self.schema {
            Some(schema) => Ok(Arc::clone(schema)),
            None => Ok(Arc::new(schema(&columns::<T>(&mut T::Column::default()))?)),
        }
    }
    #[inline]
    fn image_shape(&self) -> u64 {
        0
    }
}

#[inline]
fn image_row<T: Record + ?Sized>(
    column: &mut T::Column,
    at: usize,
    nullable: bool,
    row: &mut RowImage<'_>,
) {
    match T::HAS_FIELDS {
        true => column.image_flat(at, false, row),
        false => column.image(at, nullable, row),
    }
}

#[cold]
#[inline(never)]
fn image_without_room<T: Record + ?Sized>(
    column: &mut T::Column,
    at: usize,
    nullable: bool,
    row: &mut RowImage<'_>,
) {
    image::row(row, |row| image_row::<T>(column, at, nullable, row));
}

impl<T: Record + ?Sized> std::fmt::Debug for RecordBuilder<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordBuilder")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
