//! Maps.

use std::collections::{BTreeMap, HashMap};

use marrow::array::{Array, MapArray};
use marrow::datatypes::{FieldMeta, MapMeta};

use super::{Record, Slots};
use crate::build::nested::Ends;
use crate::image::RowImage;
use crate::{Error, Result};

/// Keys and values.
#[derive(Debug, Default)]
pub struct Map<K, V> {
    ends: Ends,
    keys: K,
    values: V,
}

impl<K: Slots, V: Slots> Slots for Map<K, V> {
    fn len(&self) -> usize {
        self.ends.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.ends.push_nulls(count);
    }
    fn truncate(&mut self, len: usize) {
        let entries = self.ends.truncate(len);
        self.keys.truncate(entries);
        self.values.truncate(entries);
    }
    fn bytes(&self) -> usize {
        self.ends.bytes() + self.keys.bytes() + self.values.bytes()
    }
    fn take(&mut self) -> Array {
        let meta = |name: &str, nullable| FieldMeta {
            name: name.to_owned(),
            nullable,
            ..FieldMeta::default()
        };
        let meta = MapMeta {
            keys: meta("key", false),
            values: meta("value", self.values.is_nullable()),
            ..MapMeta::default()
        };
        let (validity, offsets) = self.ends.take();
        let (keys, values) = (self.keys.take(), self.values.take());
        Array::Map(MapArray {
            validity,
            offsets,
            meta,
            keys: Box::new(keys),
            values: Box::new(values),
        })
    }
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        let nullable_values = self.values.is_nullable();
        for entry in self.ends.image(at, nullable, row).into_iter().flatten() {
            self.keys.image(entry, false, row);
            self.values.image(entry, nullable_values, row);
        }
    }
}

macro_rules! maps {
    ($(<$($s:ident)?> $map:ty;)*) => {
        $(impl<K: Record, V: Record $(, $s)?> Record for $map {
            type Column = Map<K::Column, V::Column>;

            fn push_to(&self, column: &mut Self::Column) -> Result<()> {
                if column.keys.is_nullable() {
                    return Err(null_key());
                }
                for (key, value) in self {
                    key.push_to(&mut column.keys)?;
                    value.push_to(&mut column.values)?;
                }
                column.ends.push(column.keys.len())
            }
        })*
    };
}

maps! {
    <> BTreeMap<K, V>;
    <S> HashMap<K, V, S>;
}

#[cold]
fn null_key() -> Error {
    Error::data("a key of a map may be null")
        .with_hint("keep such maps as lists of pairs, or their keys as text")
}
