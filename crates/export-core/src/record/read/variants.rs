//! Enums out of columns.

use marrow::array::Array;

use super::{ColumnRef, FieldsRef, FromRecord, FromRecordAs, Selection};
use crate::value::{Value, value};
use crate::{Error, Result};

impl<'a> ColumnRef<'a> {
    /// Of each slot the variant it holds, as a place in `names`.
    pub fn variants(self, rows: &Selection, names: &[&str]) -> Result<Vec<usize>> {
        self.refuse_documents()?;
        let mut variants = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            let name = self.variant_at(row).map_err(|error| self.at(row, error))?;
            match names.iter().position(|known| *known == name) {
                Some(at) => variants.push(at),
                None => {
                    let error = Error::no_such("variant", name, names.iter().copied());
                    return Err(self.at(row, error));
                }
            }
        }
        Ok(variants)
    }

    fn variant_at(self, row: usize) -> Result<&'a str> {
        let (array, row) = match value(self.array, row) {
            Value::Text(name) => return Ok(name),
            Value::Struct(array, row) => (array, row),
            other => return Err(self.mismatch(row, &other, "a variant")),
        };
        let mut given = array
            .fields
            .iter()
            .filter(|(_, field)| !matches!(value(field, row), Value::Null));
        match (given.next(), given.next()) {
            (Some((meta, _)), None) => Ok(&meta.name),
            (None, _) => Err(Error::data("no variant of the enum has a value")),
            (Some((one, _)), Some((two, _))) => Err(Error::data(format!(
                "two variants of the enum have a value: {} and {}",
                one.name, two.name
            ))),
        }
    }

    /// What the variant `name` holds.
    pub fn variant(self, name: &str) -> Result<Self> {
        let column = match self.array {
            Array::Struct(array) => FieldsRef::of_struct(array, self.has_rows).named(name),
            _ => None,
        };
        column.ok_or_else(|| Error::data(format!("the variant {name} holds nothing here")))
    }

    /// The one value that a variant holds, out of the struct it is in where it may be null.
    pub fn held<T: FromRecord>(self, rows: &Selection) -> Result<Vec<T>> {
        match self.wrapped().filter(|_| T::absent().is_some()) {
            Some(fields) => fields.read("0", rows),
            None => T::read(self, rows),
        }
    }

    /// [`ColumnRef::held`] by a way of its own.
    pub fn held_as<W: FromRecordAs<T>, T>(self, rows: &Selection) -> Result<Vec<T>> {
        match self.wrapped().filter(|_| W::absent().is_some()) {
            Some(fields) => fields.read_as::<W, T>("0", rows),
            None => W::read(self, rows),
        }
    }

    fn wrapped(&self) -> Option<FieldsRef<'a>> {
        match self.array {
            Array::Struct(array) if array.fields.len() == 1 => {
                let fields = FieldsRef::of_struct(array, self.has_rows);
                fields.named("0").map(|_| fields)
            }
            _ => None,
        }
    }
}
