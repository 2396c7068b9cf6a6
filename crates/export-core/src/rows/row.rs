//! A row of a batch as any serde type.

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::access::NamedValues;
use super::de::ValueDeserializer;
use super::{MAX_TUPLE, TUPLE_FIELDS, VALUE};
use crate::value::value;
use crate::{Batch, Error, Result};

/// Reads one row.
#[derive(Clone, Copy)]
pub(super) struct RowDeserializer<'a> {
    pub(super) batch: &'a Batch,
    pub(super) row: usize,
}

impl<'a> RowDeserializer<'a> {
    fn at(self, at: usize) -> Option<(&'a str, ValueDeserializer<'a>)> {
        let field = self.batch.schema().fields.get(at)?;
        let value = value(self.batch.columns().get(at)?, self.row);
        Some((
            &field.name,
            ValueDeserializer {
                value,
                field: Some(field),
                is_spelt: false,
            },
        ))
    }

    fn named(self, name: &str) -> Option<ValueDeserializer<'a>> {
        let at = self.batch.schema().index_of(name)?;
        self.at(at).map(|(_, value)| value)
    }

    /// What a row without fields of its own is.
    fn value(self) -> Result<ValueDeserializer<'a>> {
        self.named(VALUE).ok_or_else(|| {
            Error::schema(format!(
                "there is no column {VALUE:?}, which rows that are no structs have"
            ))
            .with_hint("read into a struct with a field for each column")
        })
    }

    fn map<'de, V: Visitor<'de>>(self, with_nulls: bool, visitor: V) -> Result<V::Value> {
        visitor.visit_map(NamedValues::new(move |at| self.at(at), with_nulls))
    }
}

macro_rules! values {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.value()?.$method(visitor).map_err(|error| error.in_column(VALUE))
        })*
    };
}

impl<'de> Deserializer<'de> for RowDeserializer<'_> {
    type Error = Error;

    values! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
        deserialize_unit deserialize_seq deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.map(false, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.value()?.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        if len > MAX_TUPLE {
            return self.value()?.deserialize_tuple(len, visitor);
        }
        visitor.visit_seq(Tuple {
            row: self,
            next: 0,
            len,
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.map(false, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.map(true, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.value()?
            .deserialize_enum(name, variants, visitor)
            .map_err(|error| error.in_column(VALUE))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}

/// The columns of rows that are tuples: by their numbers where they are named so, else in their order.
struct Tuple<'a> {
    row: RowDeserializer<'a>,
    next: usize,
    len: usize,
}

impl<'de> SeqAccess<'de> for Tuple<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let at = self.next;
        let name = TUPLE_FIELDS.get(at).filter(|_| at < self.len);
        let Some(name) = name else { return Ok(None) };
        let numbered = self.row.named(name).map(|value| (*name, value));
        let Some((name, value)) = numbered.or_else(|| self.row.at(at)) else {
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
