//! The children of a value, one after the other.

use marrow::array::{Array, StructArray};
use marrow::datatypes::Field;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::TUPLE_FIELDS;
use super::de::ValueDeserializer;
use crate::text::{child, variant};
use crate::value::{Value, value};
use crate::{Error, Result};

/// The elements of a list.
pub(super) struct Elements<'a> {
    pub(super) array: &'a Array,
    pub(super) field: Option<&'a Field>,
    pub(super) next: usize,
    pub(super) end: usize,
    pub(super) is_spelt: bool,
}

impl<'a> Elements<'a> {
    fn take(&mut self) -> Option<ValueDeserializer<'a>> {
        let at = Some(self.next).filter(|at| *at < self.end)?;
        self.next += 1;
        let value = value(self.array, at);
        Some(ValueDeserializer {
            value,
            field: self.field,
            is_spelt: self.is_spelt,
        })
    }

    /// The elements as a map, each a key and its value.
    pub(super) fn entries(self) -> Pairs<'a> {
        Pairs {
            elements: self,
            value: None,
        }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.take()
            .map(|element| seed.deserialize(element))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.end.saturating_sub(self.next))
    }
}

/// The entries of a map.
pub(super) struct Entries<'a> {
    pub(super) keys: &'a Array,
    pub(super) values: &'a Array,
    /// The field of the entries, a struct of both.
    pub(super) field: Option<&'a Field>,
    pub(super) next: usize,
    pub(super) end: usize,
    pub(super) is_spelt: bool,
}

impl<'a> Entries<'a> {
    fn at(&self, array: &'a Array, at: usize, column: usize) -> ValueDeserializer<'a> {
        let field = child(self.field, column);
        ValueDeserializer {
            value: value(array, at),
            field,
            is_spelt: self.is_spelt,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.next >= self.end {
            return Ok(None);
        }
        self.next += 1;
        seed.deserialize(self.at(self.keys, self.next - 1, 0))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(self.at(self.values, self.next.saturating_sub(1), 1))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.end.saturating_sub(self.next))
    }
}

/// The entries of a map that is a list of keys and values.
pub(super) struct Pairs<'a> {
    elements: Elements<'a>,
    value: Option<ValueDeserializer<'a>>,
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(entry) = self.elements.take() else {
            return Ok(None);
        };
        let fields =
            Fields::of(&entry).ok_or_else(|| Error::data("an entry of a map is no object"))?;
        let missing = || Error::data("an entry of a map lacks its key or its value");
        self.value = Some(fields.named("value").ok_or_else(missing)?);
        seed.deserialize(fields.named("key").ok_or_else(missing)?)
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let value = self
            .value
            .take()
            .ok_or_else(|| Error::data("a map has a value without a key"))?;
        seed.deserialize(value)
    }
}

/// The fields of a struct.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) array: &'a StructArray,
    pub(super) row: usize,
    pub(super) field: Option<&'a Field>,
    pub(super) is_spelt: bool,
}

impl<'a> Fields<'a> {
    fn of(value: &ValueDeserializer<'a>) -> Option<Self> {
        let Value::Struct(array, row) = value.value else {
            return None;
        };
        Some(Self {
            array,
            row,
            field: value.field,
            is_spelt: value.is_spelt,
        })
    }

    fn at(&self, at: usize) -> Option<(&'a str, ValueDeserializer<'a>)> {
        let (meta, array) = self.array.fields.get(at)?;
        let (value, field) = (value(array, self.row), child(self.field, at));
        Some((
            &meta.name,
            ValueDeserializer {
                value,
                field,
                is_spelt: self.is_spelt,
            },
        ))
    }

    fn named(&self, name: &str) -> Option<ValueDeserializer<'a>> {
        let at = self
            .array
            .fields
            .iter()
            .position(|(meta, _)| meta.name == name)?;
        self.at(at).map(|(_, value)| value)
    }

    /// The fields by their names.
    pub(super) fn read_map<'de, V: Visitor<'de>>(
        self,
        with_nulls: bool,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_map(NamedValues::new(move |at| self.at(at), with_nulls))
    }
}

/// Named values: the fields of a struct, or of a row.
pub(super) struct NamedValues<'a, F> {
    at: F,
    next: usize,
    with_nulls: bool,
    value: Option<(&'a str, ValueDeserializer<'a>)>,
}

impl<'a, F: FnMut(usize) -> Option<(&'a str, ValueDeserializer<'a>)>> NamedValues<'a, F> {
    /// The values `at` 0, 1, … until there are no more.
    pub(super) fn new(at: F, with_nulls: bool) -> Self {
        Self {
            at,
            next: 0,
            with_nulls,
            value: None,
        }
    }
}

impl<'de, 'a, F: FnMut(usize) -> Option<(&'a str, ValueDeserializer<'a>)>> MapAccess<'de>
    for NamedValues<'a, F>
{
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        loop {
            let Some((name, value)) = (self.at)(self.next) else {
                return Ok(None);
            };
            self.next += 1;
            if !self.with_nulls && matches!(value.value, Value::Null) {
                continue;
            }
            self.value = Some((name, value));
            let key: StrDeserializer<'_, Error> = name.into_deserializer();
            return seed.deserialize(key).map(Some);
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let (name, value) = self
            .value
            .take()
            .ok_or_else(|| Error::data("a map has a value without a key"))?;
        seed.deserialize(value)
            .map_err(|error| error.in_column(name))
    }
}

/// The fields of a struct that was a tuple, by their numbers.
pub(super) struct Tuple<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) next: usize,
    pub(super) len: usize,
}

impl<'de> SeqAccess<'de> for Tuple<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let name = TUPLE_FIELDS.get(self.next).filter(|_| self.next < self.len);
        let Some((name, value)) = name.and_then(|name| Some((name, self.fields.named(name)?)))
        else {
            return Ok(None);
        };
        self.next += 1;
        seed.deserialize(value)
            .map(Some)
            .map_err(|error| error.in_column(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len.saturating_sub(self.next))
    }
}

/// A variant of an enum and what it holds.
pub(super) struct Variant<'a> {
    name: &'a str,
    value: Option<ValueDeserializer<'a>>,
}

impl<'a> Variant<'a> {
    /// The variant that a value says: text, the one field of a struct that is not null, or a union's.
    pub(super) fn of(value: ValueDeserializer<'a>) -> Result<Option<Self>> {
        match value.value {
            Value::Text(name) => Ok(Some(Self { name, value: None })),
            Value::Union(name, array, row) => {
                let (value, field) = (self::value(array, row), variant(value.field, name));
                let value = ValueDeserializer {
                    value,
                    field,
                    is_spelt: false,
                };
                Ok(Some(Self {
                    name,
                    value: Some(value),
                }))
            }
            _ => match Fields::of(&value) {
                Some(fields) => Self::of_fields(fields).map(Some),
                None => Ok(None),
            },
        }
    }

    fn of_fields(fields: Fields<'a>) -> Result<Self> {
        let count = fields.array.fields.len();
        let mut given = (0..count)
            .filter_map(|at| fields.at(at))
            .filter(|(_, value)| {
                // A document with one key says its variant even where that holds nothing.
                count == 1 || !matches!(value.value, Value::Null)
            });
        match (given.next(), given.next()) {
            (Some((name, value)), None) => Ok(Self {
                name,
                value: Some(value),
            }),
            (None, _) => Err(Error::data("no variant of the enum has a value")),
            (Some((one, _)), Some((two, _))) => Err(Error::data(format!(
                "two variants of the enum have a value: {one} and {two}"
            ))),
        }
    }

    fn held(self) -> Result<ValueDeserializer<'a>> {
        self.value
            .ok_or_else(|| Error::data(format!("the variant {} holds nothing here", self.name)))
    }
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let name: StrDeserializer<'_, Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        let name = self.name;
        seed.deserialize(self.held()?)
            .map_err(|error| error.in_column(name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        let name = self.name;
        self.held()?
            .deserialize_tuple(len, visitor)
            .map_err(|error| error.in_column(name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let name = self.name;
        self.held()?
            .deserialize_struct("", fields, visitor)
            .map_err(|error| error.in_column(name))
    }
}
