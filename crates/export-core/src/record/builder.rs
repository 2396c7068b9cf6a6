//! Rows of one type on their way to batches.

use std::marker::PhantomData;
use std::sync::Arc;

use marrow::array::Array;
use marrow::datatypes::{Field, FieldMeta};

use super::{Record, Slots, VALUE, Within};
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

    /// Writes `row`, which must be the one that was pushed last: as [`BatchBuilder::image_last`], but quicker, for most of the
    /// values are taken from the row and not from the columns.
    #[inline]
    pub fn image_of<R: Record<Column = T::Column> + ?Sized>(
        &mut self,
        row: &R,
        image: &mut RowImage<'_>,
    ) {
        let Some(last) = self.rows.checked_sub(1) else {
            return;
        };
        let width = self.image_width();
        if width == 0 || image.room() < width {
            return image_any::<T>(&mut self.column, last, image);
        }
        let within = Within::Struct { nullable: false };
        image.by_value(|image| match R::HAS_FIELDS {
            true => row.image_flat_to(&mut self.column, last, within, image),
            false => row.image_to(&mut self.column, last, within, image),
        });
    }

    /// Bytes that every image has.
    #[inline]
    fn image_width(&self) -> usize {
        match T::HAS_FIELDS {
            true => self.column.image_width(false),
            false => self.column.image_width(self.column.is_nullable()),
        }
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
        let width = self.image_width();
        // Known to have room, fields of a fixed width are written without a look at the space that is left.
        match width > 0 && row.room() >= width {
            true => row.by_value(|row| image_row::<T>(&mut self.column, last, row)),
            false => image_any::<T>(&mut self.column, last, row),
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
fn image_row<T: Record + ?Sized>(column: &mut T::Column, at: usize, row: &mut RowImage<'_>) {
    let within = Within::Struct { nullable: false };
    match T::HAS_FIELDS {
        true => column.image_flat(at, within, row),
        false => column.image_field(at, within, row),
    }
}

/// Where the space may be too small, or the image of no bytes.
#[inline(never)]
fn image_any<T: Record + ?Sized>(column: &mut T::Column, at: usize, row: &mut RowImage<'_>) {
    image::row(row, |row| image_row::<T>(column, at, row));
}

impl<T: Record + ?Sized> std::fmt::Debug for RecordBuilder<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordBuilder")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
