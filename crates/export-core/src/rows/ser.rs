//! A value of any serde type into a column.

use serde::Serialize;
use serde::ser::Serializer;

use super::MAX_TUPLE;
use super::compound::{Elements, Entries, Fields, Tuple, VariantFields};
use super::key::is_null;
use crate::build::Column;
use crate::{Error, Result};

/// Writes one value into a column.
pub(super) struct ColumnSerializer<'a> {
    pub(super) column: &'a mut Column,
    /// How many levels a value may still go down: types may be recursive, their columns are not.
    pub(super) depth_left: u32,
}

impl<'a> ColumnSerializer<'a> {
    /// How many levels are left below this one.
    fn down(&self) -> Result<u32> {
        self.depth_left.checked_sub(1).ok_or_else(|| {
            Error::limit("the row is nested too deep")
                .with_hint("a recursive type has as many columns as levels: flatten it")
        })
    }
}

macro_rules! scalars {
    ($($method:ident($rust:ty) => $push:ident),* $(,)?) => {
        $(#[inline]
        fn $method(self, value: $rust) -> Result<()> {
            self.column.$push(value)
        })*
    };
}

impl<'a> Serializer for ColumnSerializer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Tuple<'a>;
    type SerializeTupleStruct = Tuple<'a>;
    type SerializeTupleVariant = VariantFields<'a>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = VariantFields<'a>;

    scalars! {
        serialize_bool(bool) => push_bool,
        serialize_i8(i8) => push_i8,
        serialize_i16(i16) => push_i16,
        serialize_i32(i32) => push_i32,
        serialize_i64(i64) => push_i64,
        serialize_u8(u8) => push_u8,
        serialize_u16(u16) => push_u16,
        serialize_u32(u32) => push_u32,
        serialize_u64(u64) => push_u64,
        serialize_f32(f32) => push_f32,
        serialize_f64(f64) => push_f64,
        serialize_str(&str) => push_str,
        serialize_bytes(&[u8]) => push_bytes,
    }

    fn serialize_i128(self, value: i128) -> Result<()> {
        self.column.push_decimal(value, 38, 0)
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        match i128::try_from(value) {
            Ok(value) => self.serialize_i128(value),
            Err(_) => Err(Error::data(format!("{value} has more than 38 digits"))
                .with_hint("keep such numbers as text or bytes")),
        }
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.column.push_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_none(self) -> Result<()> {
        self.column.push_null()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        self.column.mark_nullable();
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.column.push_null()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        self.column.push_null()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<()> {
        self.column.push_name(variant)
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
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let depth_left = self.down()?;
        if is_null(value) {
            self.column.hold_documents("variants that hold nothing")?;
        }
        self.column.begin_struct()?;
        let column = self.column.static_field(variant)?;
        value
            .serialize(ColumnSerializer { column, depth_left })
            .map_err(|error| error.in_column(variant))?;
        self.column.end_struct()
    }

    #[inline]
    fn serialize_seq(self, _len: Option<usize>) -> Result<Elements<'a>> {
        let depth_left = self.down()?;
        self.column.begin_list()?;
        Ok(Elements {
            column: self.column,
            depth_left,
        })
    }

    fn serialize_tuple(self, len: usize) -> Result<Tuple<'a>> {
        if len > MAX_TUPLE {
            return self.serialize_seq(Some(len)).map(Tuple::Elements);
        }
        self.serialize_struct("", len)
            .map(|fields| Tuple::Fields(fields, 0))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Tuple<'a>> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<VariantFields<'a>> {
        self.serialize_struct_variant(name, index, variant, len)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Entries<'a>> {
        let depth_left = self.down()?;
        self.column.begin_map()?;
        Ok(Entries {
            column: self.column,
            depth_left,
        })
    }

    #[inline]
    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Fields<'a>> {
        let depth_left = self.down()?;
        self.column.begin_struct()?;
        Ok(Fields {
            column: self.column,
            depth_left,
        })
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<VariantFields<'a>> {
        // Two levels: the variants, and the fields of this one.
        let depth_left = self.down()?.saturating_sub(1);
        self.column.begin_struct()?;
        self.column.static_field(variant)?.begin_struct()?;
        Ok(VariantFields {
            column: self.column,
            variant,
            depth_left,
            next: 0,
        })
    }
}
