//! A row into the columns of a batch.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, SerializeTuple, SerializeTupleStruct, Serializer};

use super::compound::{Elements, VariantFields, tuple_field};
use super::ser::ColumnSerializer;
use super::{MAX_TUPLE, VALUE, key};
use crate::build::RowBuilder;
use crate::{Error, Result};

/// Writes one row. What has no fields of its own goes into the column [`VALUE`].
pub(super) struct RowSerializer<'a> {
    pub(super) builder: &'a mut RowBuilder,
}

impl<'a> RowSerializer<'a> {
    fn value(self) -> Result<ColumnSerializer<'a>> {
        let depth_left = self.builder.max_depth();
        Ok(ColumnSerializer {
            column: self.builder.field(VALUE)?,
            depth_left,
        })
    }

    fn fields(self) -> RowFields<'a> {
        let depth_left = self.builder.max_depth().saturating_sub(1);
        RowFields {
            builder: self.builder,
            depth_left,
            next: 0,
            key: None,
        }
    }
}

macro_rules! values {
    ($($method:ident($($arg:ident: $rust:ty),*) -> $ok:ty),* $(,)?) => {
        $(fn $method(self, $($arg: $rust),*) -> Result<$ok> {
            self.value()?.$method($($arg),*)
        })*
    };
}

impl<'a> Serializer for RowSerializer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = RowTuple<'a>;
    type SerializeTupleStruct = RowTuple<'a>;
    type SerializeTupleVariant = VariantFields<'a>;
    type SerializeMap = RowFields<'a>;
    type SerializeStruct = RowFields<'a>;
    type SerializeStructVariant = VariantFields<'a>;

    values! {
        serialize_bool(value: bool) -> (),
        serialize_i8(value: i8) -> (),
        serialize_i16(value: i16) -> (),
        serialize_i32(value: i32) -> (),
        serialize_i64(value: i64) -> (),
        serialize_i128(value: i128) -> (),
        serialize_u8(value: u8) -> (),
        serialize_u16(value: u16) -> (),
        serialize_u32(value: u32) -> (),
        serialize_u64(value: u64) -> (),
        serialize_u128(value: u128) -> (),
        serialize_f32(value: f32) -> (),
        serialize_f64(value: f64) -> (),
        serialize_char(value: char) -> (),
        serialize_str(value: &str) -> (),
        serialize_bytes(value: &[u8]) -> (),
        serialize_none() -> (),
        serialize_unit() -> (),
        serialize_unit_struct(name: &'static str) -> (),
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> (),
        serialize_seq(len: Option<usize>) -> Elements<'a>,
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize) -> VariantFields<'a>,
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize) -> VariantFields<'a>,
    }

    /// A row that may be none is one value: columns cannot say that there is no row.
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        self.value()?.serialize_some(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.value()?
            .serialize_newtype_variant(name, index, variant, value)
    }

    fn serialize_tuple(self, len: usize) -> Result<RowTuple<'a>> {
        if len > MAX_TUPLE {
            return self.serialize_seq(Some(len)).map(RowTuple::Elements);
        }
        Ok(RowTuple::Fields(self.fields()))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<RowTuple<'a>> {
        self.serialize_tuple(len)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<RowFields<'a>> {
        Ok(self.fields())
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<RowFields<'a>> {
        Ok(self.fields())
    }
}

/// The fields of a row.
pub(super) struct RowFields<'a> {
    builder: &'a mut RowBuilder,
    depth_left: u32,
    next: usize,
    key: Option<String>,
}

impl RowFields<'_> {
    #[inline]
    fn static_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        let column = self.builder.static_field(name)?;
        value
            .serialize(ColumnSerializer {
                column,
                depth_left: self.depth_left,
            })
            .map_err(|error| error.in_column(name))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        let column = self.builder.field(name)?;
        value
            .serialize(ColumnSerializer {
                column,
                depth_left: self.depth_left,
            })
            .map_err(|error| error.in_column(name))
    }
}

impl SerializeStruct for RowFields<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        self.static_field(name, value)
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

impl SerializeMap for RowFields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = Some(key::name(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match self.key.take() {
            Some(name) => self.field(&name, value),
            None => Err(Error::data("a map has a value without a key")),
        }
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

/// A row that is a tuple, or a long array.
pub(super) enum RowTuple<'a> {
    Fields(RowFields<'a>),
    Elements(Elements<'a>),
}

impl SerializeTuple for RowTuple<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match self {
            Self::Fields(fields) => {
                let name = tuple_field(fields.next)?;
                fields.next += 1;
                fields.static_field(name, value)
            }
            Self::Elements(elements) => {
                serde::ser::SerializeSeq::serialize_element(elements, value)
            }
        }
    }

    fn end(self) -> Result<()> {
        match self {
            Self::Fields(_) => Ok(()),
            Self::Elements(elements) => serde::ser::SerializeSeq::end(elements),
        }
    }
}

impl SerializeTupleStruct for RowTuple<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.serialize_element(value)
    }

    fn end(self) -> Result<()> {
        SerializeTuple::end(self)
    }
}
