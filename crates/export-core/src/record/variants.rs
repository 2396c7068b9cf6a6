//! Enums.

use std::fmt;
use std::marker::PhantomData;

use marrow::array::{Array, StructArray};
use marrow::datatypes::FieldMeta;

use super::fields::TUPLE_FIELDS;
use super::optional::make_fields_nullable;
use super::{Fields, Slots, Within};
use crate::Result;
use crate::build::bits::Validity;
use crate::build::bytes;
use crate::image::RowImage;

/// Enums `E` of variants without data: a dictionary of those there were, in the order they came.
///
/// Keys are known by the place of a variant in its enum, so another enum's variants cannot come into the same column.
pub struct Names<E: ?Sized> {
    names: bytes::Names,
    /// Of each variant, its key in the dictionary.
    keys: Vec<Option<u32>>,
    variants: PhantomData<fn(&E)>,
}

impl<E: ?Sized> Default for Names<E> {
    fn default() -> Self {
        Self {
            names: bytes::Names::default(),
            keys: Vec::new(),
            variants: PhantomData,
        }
    }
}

impl<E: ?Sized> fmt::Debug for Names<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names")
            .field("names", &self.names)
            .field("keys", &self.keys)
            .finish()
    }
}

impl<E: ?Sized> Names<E> {
    /// Adds the variant `at`, of that name.
    #[inline]
    pub fn push(&mut self, at: usize, name: &str) -> Result<()> {
        match self.keys.get(at) {
            Some(Some(key)) => {
                self.names.push_key(*key);
                Ok(())
            }
            _ => self.push_new(at, name),
        }
    }

    #[cold]
    fn push_new(&mut self, at: usize, name: &str) -> Result<()> {
        let key = self.names.push(name)?;
        if self.keys.len() <= at {
            self.keys.resize(at + 1, None);
        }
        if let Some(known) = self.keys.get_mut(at) {
            *known = Some(key);
        }
        Ok(())
    }
}

impl<E: ?Sized> Slots for Names<E> {
    #[inline]
    fn len(&self) -> usize {
        self.names.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.names.push_nulls(count);
    }
    fn truncate(&mut self, len: usize) {
        self.names.truncate(len);
    }
    fn bytes(&self) -> usize {
        self.names.bytes()
    }
    fn take(&mut self) -> Array {
        self.names.take()
    }
    #[inline]
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        self.names.image(at, nullable, row);
    }
}

/// Enums: a column for each variant, null in the rows of others. One that rows leave out lags behind until it is needed.
#[derive(Debug, Default)]
pub struct Variants<C> {
    len: usize,
    validity: Validity,
    columns: C,
}

impl<C> Variants<C> {
    /// The column of the variant that this row has, for exactly one value.
    #[inline]
    pub fn variant<S: Slots>(&mut self, pick: impl FnOnce(&mut C) -> &mut S) -> &mut S {
        let column = pick(&mut self.columns);
        let lag = self.len.saturating_sub(column.len());
        if lag > 0 {
            column.push_nulls(lag);
        }
        column
    }

    /// Ends a row, one variant of which was pushed.
    #[inline]
    pub fn end(&mut self) {
        self.len += 1;
        self.validity.push_valid();
    }
}

impl<C: Fields> Slots for Variants<C> {
    fn len(&self) -> usize {
        self.len
    }
    fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len, count);
        self.len += count;
    }
    fn truncate(&mut self, len: usize) {
        self.validity.truncate(len);
        self.len = self.len.min(len);
        self.columns.each_mut(&mut |_, column| column.truncate(len));
    }
    fn bytes(&self) -> usize {
        let mut bytes = self.validity.bytes();
        self.columns.each(&mut |column| {
            // Most columns take four bytes a null, or eight.
            let lag = self.len.saturating_sub(column.len());
            bytes += column.bytes() + lag * 4;
        });
        bytes
    }
    fn take(&mut self) -> Array {
        let len = std::mem::take(&mut self.len);
        let mut fields = Vec::new();
        self.columns.each_mut(&mut |info, column| {
            column.push_nulls(len.saturating_sub(column.len()));
            fields.push((nullable(info.name), column.take()));
        });
        let mut array = Array::Struct(StructArray {
            len,
            validity: self.validity.take(),
            fields,
        });
        make_fields_nullable(&mut array);
        array
    }
    #[inline]
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if nullable {
            let is_valid = self.validity.is_valid(at);
            row.put([u8::from(is_valid)]);
            if !is_valid {
                return;
            }
        }
        self.columns.image(at, Within::Variants, row);
    }
}

fn nullable(name: &str) -> FieldMeta {
    FieldMeta {
        name: name.to_owned(),
        nullable: true,
        ..FieldMeta::default()
    }
}

/// What a variant with one value holds. Where that may be null it is a struct with the field `0`: a null would look as if the
/// row had another variant.
#[derive(Debug, Default)]
pub struct Held<C> {
    validity: Validity,
    /// The column of the value.
    pub value: C,
}

impl<C: Slots> Held<C> {
    /// Ends a value that was pushed.
    #[inline]
    pub fn end(&mut self) {
        self.validity.push_valid();
    }
}

impl<C: Slots> Slots for Held<C> {
    fn len(&self) -> usize {
        self.value.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.value.len(), count);
        self.value.push_nulls(count);
    }
    fn truncate(&mut self, len: usize) {
        self.validity.truncate(len);
        self.value.truncate(len);
    }
    fn bytes(&self) -> usize {
        self.value.bytes()
    }
    fn take(&mut self) -> Array {
        let (len, validity) = (self.value.len(), self.validity.take());
        let value = self.value.take();
        if !self.value.is_nullable() {
            return value;
        }
        let [name, ..] = TUPLE_FIELDS;
        Array::Struct(StructArray {
            len,
            validity,
            fields: vec![(nullable(name), value)],
        })
    }
    #[inline]
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if !self.value.is_nullable() {
            return self.value.image(at, nullable, row);
        }
        let is_valid = self.validity.is_valid(at);
        row.put([u8::from(is_valid)]);
        if is_valid {
            self.value.image(at, true, row);
        }
    }
    fn image_null(&self, row: &mut RowImage<'_>) {
        match self.value.is_nullable() {
            true => row.put([0]),
            false => self.value.image_null(row),
        }
    }
}
