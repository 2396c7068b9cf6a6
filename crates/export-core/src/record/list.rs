//! Lists.

use std::collections::{BTreeSet, HashSet, VecDeque};

use marrow::array::{Array, ListArray};
use marrow::datatypes::FieldMeta;

use super::fields::{MAX_TUPLE, Same, SameFields, Struct};
use super::{Record, Slots, Within};
use crate::Result;
use crate::build::nested::Ends;
use crate::image::RowImage;

/// Lists of any length.
#[derive(Debug, Default)]
pub struct List<C> {
    ends: Ends,
    elements: C,
}

impl<C: Slots> List<C> {
    /// Adds a list of the elements that `push` adds.
    #[inline]
    fn push(&mut self, push: impl FnOnce(&mut C) -> Result<()>) -> Result<()> {
        push(&mut self.elements)?;
        self.ends.push(self.elements.len())
    }
}

impl<C: Slots> Slots for List<C> {
    fn len(&self) -> usize {
        self.ends.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.ends.push_nulls(count);
    }
    fn truncate(&mut self, len: usize) {
        let elements = self.ends.truncate(len);
        self.elements.truncate(elements);
    }
    fn bytes(&self) -> usize {
        self.ends.bytes() + self.elements.bytes()
    }
    fn take(&mut self) -> Array {
        let (validity, offsets) = self.ends.take();
        let meta = FieldMeta {
            name: "item".to_owned(),
            nullable: self.elements.is_nullable(),
            ..FieldMeta::default()
        };
        Array::List(ListArray {
            validity,
            offsets,
            meta,
            elements: Box::new(self.elements.take()),
        })
    }
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if let Some(elements) = self.ends.image(at, nullable, row) {
            let nullable = self.elements.is_nullable();
            self.elements.image_all(elements, nullable, row);
        }
    }
}

impl<T: Record> Record for [T] {
    type Column = List<T::Column>;

    #[inline]
    fn push_to(&self, column: &mut List<T::Column>) -> Result<()> {
        column.push(|elements| T::push_all(self, elements))
    }
}

impl<T: Record> Record for Vec<T> {
    type Column = List<T::Column>;

    #[inline]
    fn push_to(&self, column: &mut List<T::Column>) -> Result<()> {
        self.as_slice().push_to(column)
    }
}

macro_rules! collections {
    ($(<$t:ident $(, $s:ident)?> $collection:ty;)*) => {
        $(impl<$t: Record $(, $s)?> Record for $collection {
            type Column = List<$t::Column>;

            fn push_to(&self, column: &mut List<$t::Column>) -> Result<()> {
                column.push(|elements| self.iter().try_for_each(|value| value.push_to(elements)))
            }
        })*
    };
}

collections! {
    <T> VecDeque<T>;
    <T> BTreeSet<T>;
    <T, S> HashSet<T, S>;
}

impl<T: Record, const N: usize> Record for [T; N] {
    type Column = Same<T::Column, N>;
    const HAS_FIELDS: bool = N <= MAX_TUPLE;

    #[inline]
    fn push_to(&self, column: &mut Same<T::Column, N>) -> Result<()> {
        match column {
            Same::Fields(fields) => {
                let columns = &mut fields.columns.0;
                self.iter()
                    .zip(columns)
                    .try_for_each(|(value, column)| value.push_to(column))?;
                fields.end();
                Ok(())
            }
            Same::Elements(list) => self.as_slice().push_to(list),
        }
    }
}

impl<C: Slots + Default, const N: usize> Default for Same<C, N> {
    fn default() -> Self {
        if N > MAX_TUPLE {
            return Self::Elements(List::default());
        }
        let columns = SameFields(std::iter::repeat_with(C::default).take(N).collect());
        Self::Fields(Struct::new(columns))
    }
}

impl<C: Slots, const N: usize> Slots for Same<C, N> {
    fn len(&self) -> usize {
        match self {
            Self::Fields(fields) => fields.len(),
            Self::Elements(list) => list.len(),
        }
    }
    fn push_nulls(&mut self, count: usize) {
        match self {
            Self::Fields(fields) => fields.push_nulls(count),
            Self::Elements(list) => list.push_nulls(count),
        }
    }
    fn truncate(&mut self, len: usize) {
        match self {
            Self::Fields(fields) => fields.truncate(len),
            Self::Elements(list) => list.truncate(len),
        }
    }
    fn bytes(&self) -> usize {
        match self {
            Self::Fields(fields) => fields.bytes(),
            Self::Elements(list) => list.bytes(),
        }
    }
    fn take(&mut self) -> Array {
        match self {
            Self::Fields(fields) => fields.take(),
            Self::Elements(list) => list.take(),
        }
    }
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        match self {
            Self::Fields(fields) => fields.image(at, nullable, row),
            Self::Elements(list) => list.image(at, nullable, row),
        }
    }
    fn image_flat(&mut self, at: usize, within: Within, row: &mut RowImage<'_>) {
        match self {
            Self::Fields(fields) => fields.image_flat(at, within, row),
            Self::Elements(list) => list.image_flat(at, within, row),
        }
    }
}
