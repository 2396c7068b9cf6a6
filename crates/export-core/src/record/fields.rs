//! Structs and tuples.

use std::collections::HashMap;

use marrow::array::{Array, StructArray};
use marrow::datatypes::FieldMeta;

use super::list::List;
use super::{Record, Slots, Within};
use crate::Result;
use crate::build::bits::Validity;
use crate::image::RowImage;
use crate::schema::UNIT_KEY;

/// Longest array that becomes a struct: as many elements as the longest tuple has.
pub(super) const MAX_TUPLE: usize = 16;
/// Names of a tuple's fields.
pub(super) const TUPLE_FIELDS: [&str; MAX_TUPLE] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
];

/// What is known of a field besides its type.
#[derive(Debug, Clone, Copy)]
pub struct FieldInfo {
    /// Its name in files.
    pub name: &'static str,
    /// Unit of its values, such as `ms`.
    pub unit: Option<&'static str>,
    /// Its fields stand in its place.
    pub is_flat: bool,
}

impl FieldInfo {
    /// A field with a name only.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            unit: None,
            is_flat: false,
        }
    }

    /// The field, whose values are in `unit`.
    #[must_use]
    pub const fn with_unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    /// The field, replaced by the fields it has.
    #[must_use]
    pub const fn flat(mut self) -> Self {
        self.is_flat = true;
        self
    }

    fn meta(&self, nullable: bool) -> FieldMeta {
        let metadata = match self.unit {
            Some(unit) => HashMap::from([(UNIT_KEY.to_owned(), unit.to_owned())]),
            None => HashMap::new(),
        };
        FieldMeta {
            name: self.name.to_owned(),
            nullable,
            metadata,
        }
    }
}

/// The columns of a struct's fields, each of a type of its own. `#[derive(Record)]` makes one for each struct.
pub trait Fields: Send {
    /// Shows each column.
    fn each(&self, see: &mut dyn FnMut(&dyn Slots));
    /// Lends each column.
    fn each_mut(&mut self, change: &mut dyn FnMut(FieldInfo, &mut dyn Slots));
    /// Writes slot `at` of each column by [`Slots::image_field`], or [`Slots::image_flat`] where the field is flat.
    fn image(&mut self, at: usize, within: Within, row: &mut RowImage<'_>);
    /// The sum of [`Slots::image_width`].
    fn image_width(&self, nullable: bool) -> usize;
}

/// Structs: their fields, and which of them are null.
#[derive(Debug, Default)]
pub struct Struct<C> {
    len: usize,
    validity: Validity,
    /// The columns of the fields, all of one length between rows.
    pub columns: C,
}

impl<C> Struct<C> {
    pub(super) fn new(columns: C) -> Self {
        Self {
            len: 0,
            validity: Validity::default(),
            columns,
        }
    }

    /// Writes that there is a struct, where there might be none; returns what its fields are in.
    #[inline]
    pub fn begin_image(&self, within: Within, row: &mut RowImage<'_>) -> Within {
        let nullable = within.is_nullable();
        if nullable {
            row.put([1]);
        }
        Within::Struct { nullable }
    }

    /// Ends a struct, each field of which was pushed.
    #[inline]
    pub fn end(&mut self) {
        self.len += 1;
        self.validity.push_valid();
    }
}

impl<C: Fields> Slots for Struct<C> {
    #[inline]
    fn len(&self) -> usize {
        self.len
    }
    fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len, count);
        self.len += count;
        self.columns
            .each_mut(&mut |_, column| column.push_nulls(count));
    }
    fn truncate(&mut self, len: usize) {
        self.validity.truncate(len);
        self.len = self.len.min(len);
        self.columns.each_mut(&mut |_, column| column.truncate(len));
    }
    fn bytes(&self) -> usize {
        let mut bytes = self.validity.bytes();
        self.columns.each(&mut |column| bytes += column.bytes());
        bytes
    }
    fn take(&mut self) -> Array {
        let mut fields = Vec::new();
        self.columns.each_mut(&mut |info, column| {
            let nullable = column.is_nullable();
            match column.take() {
                Array::Struct(inner) if info.is_flat => fields.extend(inner.fields),
                array => fields.push((info.meta(nullable), array)),
            }
        });
        Array::Struct(StructArray {
            len: std::mem::take(&mut self.len),
            validity: self.validity.take(),
            fields,
        })
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
        self.columns.image(at, Within::Struct { nullable }, row);
    }
    #[inline]
    fn image_flat(&mut self, at: usize, within: Within, row: &mut RowImage<'_>) {
        self.columns.image(at, within, row);
    }
    #[inline]
    fn image_width(&self, nullable: bool) -> usize {
        match nullable {
            true => 1,
            false => self.columns.image_width(false),
        }
    }
}

/// Arrays: short ones as structs, long ones as lists.
#[derive(Debug)]
pub enum Same<C, const N: usize> {
    /// A column for each of the `N` elements.
    Fields(Struct<SameFields<C>>),
    /// One column for all elements.
    Elements(List<C>),
}

/// Columns of one type.
#[derive(Debug)]
pub struct SameFields<C>(pub(super) Vec<C>);

impl<C: Slots> Fields for SameFields<C> {
    fn each(&self, see: &mut dyn FnMut(&dyn Slots)) {
        self.0.iter().for_each(|column| see(column));
    }
    fn each_mut(&mut self, change: &mut dyn FnMut(FieldInfo, &mut dyn Slots)) {
        for (name, column) in TUPLE_FIELDS.iter().zip(&mut self.0) {
            change(FieldInfo::new(name), column);
        }
    }
    #[inline]
    fn image(&mut self, at: usize, within: Within, row: &mut RowImage<'_>) {
        for column in &mut self.0 {
            column.image_field(at, within, row);
        }
    }
    #[inline]
    fn image_width(&self, _nullable: bool) -> usize {
        0
    }
}

/// Columns of a tuple's fields. Tuples of more than 12 have no [`Default`] of their own.
#[derive(Debug)]
pub struct Tuple<T>(T);

macro_rules! tuples {
    ($(($($name:literal $t:ident $at:tt),*))*) => {
        $(impl<$($t: Default),*> Default for Tuple<($($t,)*)> {
            fn default() -> Self {
                Self(($($t::default(),)*))
            }
        }

        impl<$($t: Slots),*> Fields for Tuple<($($t,)*)> {
            fn each(&self, see: &mut dyn FnMut(&dyn Slots)) {
                $(see(&self.0.$at);)*
            }
            fn each_mut(&mut self, change: &mut dyn FnMut(FieldInfo, &mut dyn Slots)) {
                $(change(FieldInfo::new($name), &mut self.0.$at);)*
            }
            #[inline]
            fn image(&mut self, at: usize, within: Within, row: &mut RowImage<'_>) {
                $(self.0.$at.image_field(at, within, row);)*
            }
            #[inline]
            fn image_width(&self, nullable: bool) -> usize {
                0 $(+ self.0.$at.image_width(nullable || self.0.$at.is_nullable()))*
            }
        }

        impl<$($t: Record),*> Record for ($($t,)*) {
            type Column = Struct<Tuple<($($t::Column,)*)>>;
            const HAS_FIELDS: bool = true;

            #[inline]
            fn push_to(&self, column: &mut Self::Column) -> Result<()> {
                $(self.$at.push_to(&mut column.columns.0.$at).map_err(|error| error.in_column($name))?;)*
                column.end();
                Ok(())
            }

            #[inline]
            fn image_to(&self, column: &mut Self::Column, at: usize, within: Within, row: &mut RowImage<'_>) {
                let within = column.begin_image(within, row);
                self.image_flat_to(column, at, within, row);
            }

            #[inline]
            fn image_flat_to(&self, column: &mut Self::Column, at: usize, within: Within, row: &mut RowImage<'_>) {
                $(self.$at.image_to(&mut column.columns.0.$at, at, within, row);)*
            }
        })*
    };
}

tuples! {
    ("0" A 0)
    ("0" A 0, "1" B 1)
    ("0" A 0, "1" B 1, "2" C 2)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7, "8" I 8)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7, "8" I 8, "9" J 9)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7, "8" I 8, "9" J 9, "10" K 10)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7, "8" I 8, "9" J 9, "10" K 10, "11" L 11)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7, "8" I 8, "9" J 9, "10" K 10, "11" L 11, "12" M 12)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7, "8" I 8, "9" J 9, "10" K 10, "11" L 11, "12" M 12, "13" N 13)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7, "8" I 8, "9" J 9, "10" K 10, "11" L 11, "12" M 12, "13" N 13, "14" O 14)
    ("0" A 0, "1" B 1, "2" C 2, "3" D 3, "4" E 4, "5" F 5, "6" G 6, "7" H 7, "8" I 8, "9" J 9, "10" K 10, "11" L 11, "12" M 12, "13" N 13, "14" O 14, "15" P 15)
}
