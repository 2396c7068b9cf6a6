//! Values that may be missing.

use std::ops::Range;

use marrow::array::Array;

use super::{Record, RecordAs, Slots, Within};
use crate::Result;
use crate::image::RowImage;

/// A column whose slots may be null. What a null struct holds is null, too.
#[derive(Debug, Default)]
pub struct Optional<C>(C);

impl<C: Slots> Slots for Optional<C> {
    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
    #[inline]
    fn push_nulls(&mut self, count: usize) {
        self.0.push_nulls(count);
    }
    #[inline]
    fn push_null(&mut self) {
        self.0.push_null();
    }
    fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }
    fn bytes(&self) -> usize {
        self.0.bytes()
    }
    fn is_nullable(&self) -> bool {
        true
    }
    fn take(&mut self) -> Array {
        let mut array = self.0.take();
        make_fields_nullable(&mut array);
        array
    }
    #[inline]
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        self.0.image(at, nullable, row);
    }
    #[inline]
    fn image_null(&self, row: &mut RowImage<'_>) {
        self.0.image_null(row);
    }
    fn image_all(&mut self, slots: Range<usize>, nullable: bool, row: &mut RowImage<'_>) {
        self.0.image_all(slots, nullable, row);
    }
    #[inline]
    fn image_width(&self, nullable: bool) -> usize {
        self.0.image_width(nullable)
    }
}

/// Says of the fields of what may be null that they may be, down to lists: their elements are not there where the list is not.
pub(super) fn make_fields_nullable(array: &mut Array) {
    if let Array::Struct(fields) = array {
        for (meta, field) in &mut fields.fields {
            meta.nullable = true;
            make_fields_nullable(field);
        }
    }
}

impl<T: Record> Record for Option<T> {
    type Column = Optional<T::Column>;

    #[inline]
    fn push_to(&self, column: &mut Optional<T::Column>) -> Result<()> {
        T::push_option(self.as_ref(), &mut column.0)
    }

    #[inline]
    fn image_to(
        &self,
        column: &mut Optional<T::Column>,
        at: usize,
        _within: Within,
        row: &mut RowImage<'_>,
    ) {
        T::image_option(self.as_ref(), &mut column.0, at, row);
    }
}

impl<T, W: RecordAs<T>> RecordAs<Option<T>> for Option<W> {
    type Column = Optional<W::Column>;

    #[inline]
    fn push(value: &Option<T>, column: &mut Optional<W::Column>) -> Result<()> {
        match value {
            Some(value) => W::push(value, &mut column.0),
            None => {
                column.0.push_null();
                Ok(())
            }
        }
    }
}
