//! The fields of a batch or a struct.

use marrow::array::StructArray;

use super::{ColumnRef, FromRecord, FromRecordAs, Selection};
use crate::{Batch, Error, Result};

/// Named columns: those of a batch, or the fields of a struct.
#[derive(Debug, Clone, Copy)]
pub struct FieldsRef<'a> {
    of: Of<'a>,
    has_rows: bool,
}

#[derive(Debug, Clone, Copy)]
enum Of<'a> {
    Batch(&'a Batch),
    Struct(&'a StructArray),
}

impl<'a> FieldsRef<'a> {
    pub(super) fn of_batch(batch: &'a Batch) -> Self {
        Self {
            of: Of::Batch(batch),
            has_rows: true,
        }
    }

    pub(super) fn of_struct(array: &'a StructArray, has_rows: bool) -> Self {
        Self {
            of: Of::Struct(array),
            has_rows,
        }
    }

    /// The column called `name`.
    pub(super) fn named(&self, name: &str) -> Option<ColumnRef<'a>> {
        match self.of {
            Of::Batch(batch) => self.at(batch.schema().index_of(name)?),
            Of::Struct(array) => {
                let at = array
                    .fields
                    .iter()
                    .position(|(meta, _)| meta.name == name)?;
                self.at(at)
            }
        }
    }

    fn at(&self, at: usize) -> Option<ColumnRef<'a>> {
        let (array, metadata) = match self.of {
            Of::Batch(batch) => {
                let field = batch.schema().fields.get(at)?;
                (batch.columns().get(at)?, &field.metadata)
            }
            Of::Struct(array) => {
                let (meta, array) = array.fields.get(at)?;
                (array, &meta.metadata)
            }
        };
        Some(ColumnRef {
            array,
            metadata,
            has_rows: self.has_rows,
        })
    }

    /// The values of the field `name`.
    pub fn read<T: FromRecord>(&self, name: &str, rows: &Selection) -> Result<Vec<T>> {
        let column = self.named(name);
        or_absent(name, column, rows, T::read, T::absent)
    }

    /// [`FieldsRef::read`] by a way of its own.
    pub fn read_as<W: FromRecordAs<T>, T>(&self, name: &str, rows: &Selection) -> Result<Vec<T>> {
        let column = self.named(name);
        or_absent(name, column, rows, W::read, W::absent)
    }

    /// [`FieldsRef::read`], but what is null or not there is `default`.
    pub fn read_or<T: FromRecord>(
        &self,
        name: &str,
        rows: &Selection,
        default: impl Fn() -> T,
    ) -> Result<Vec<T>> {
        let values = self.read::<Option<T>>(name, rows)?;
        Ok(values
            .into_iter()
            .map(|value| value.unwrap_or_else(&default))
            .collect())
    }

    /// [`FieldsRef::read_as`], but what is null or not there is `default`.
    pub fn read_as_or<W: FromRecordAs<T>, T>(
        &self,
        name: &str,
        rows: &Selection,
        default: impl Fn() -> T,
    ) -> Result<Vec<T>> {
        let values = self.read_as::<Option<W>, Option<T>>(name, rows)?;
        Ok(values
            .into_iter()
            .map(|value| value.unwrap_or_else(&default))
            .collect())
    }

    /// The values of the field `at` of a tuple: by its number, or by its place among the columns of a batch.
    pub fn read_place<T: FromRecord>(&self, at: usize, rows: &Selection) -> Result<Vec<T>> {
        let name = at.to_string();
        let placed = || match self.of {
            Of::Batch(_) => self.at(at),
            Of::Struct(_) => None,
        };
        let column = self.named(&name).or_else(placed);
        or_absent(&name, column, rows, T::read, T::absent)
    }
}

fn or_absent<'a, T>(
    name: &str,
    column: Option<ColumnRef<'a>>,
    rows: &Selection,
    read: impl FnOnce(ColumnRef<'a>, &Selection) -> Result<Vec<T>>,
    absent: impl Fn() -> Option<T>,
) -> Result<Vec<T>> {
    if let Some(column) = column {
        return read(column, rows).map_err(|error| error.in_column(name));
    }
    let values: Option<Vec<T>> = (0..rows.len()).map(|_| absent()).collect();
    // Of no rows, too, the column has to be there.
    match values.filter(|_| absent().is_some()) {
        Some(values) => Ok(values),
        None => Err(Error::schema("there is no such column")
            .in_column(name)
            .with_hint("fields that older files lack are Options, or have `#[record(default)]`")),
    }
}
