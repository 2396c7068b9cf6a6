//! What must be known of a value before it is written: whether it is null, and its text as the name of a column.

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use crate::{Error, Result};

/// Whether a value is written as a null.
pub(super) fn is_null<T: Serialize + ?Sized>(value: &T) -> bool {
    // Whatever is not null says so by an error without a text: none is made where a value is a struct, say.
    value.serialize(Nothing).is_ok()
}

/// The text of a map's key.
pub(super) fn name<T: Serialize + ?Sized>(key: &T) -> Result<String> {
    key.serialize(Name).map_err(|Something| {
        Error::data("a key of a map is no text, where it should name a column").with_hint(
            "put the map into a field of a struct: maps inside of rows may have any keys",
        )
    })
}

/// The value is not what was looked for.
#[derive(Debug)]
struct Something;

impl std::fmt::Display for Something {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("another kind of value")
    }
}

impl std::error::Error for Something {}

impl serde::ser::Error for Something {
    fn custom<T: std::fmt::Display>(_message: T) -> Self {
        Self
    }
}

/// Takes nulls.
struct Nothing;
/// Takes text and what is written like it.
struct Name;

macro_rules! refuse {
    ($ok:ty: $($method:ident($($arg:ty),*)),* $(,)?) => {
        $(fn $method(self, $(_: $arg),*) -> Result<$ok, Something> {
            Err(Something)
        })*
    };
}

macro_rules! refuse_compound {
    ($ok:ty) => {
        type Ok = $ok;
        type Error = Something;
        type SerializeSeq = Impossible<$ok, Something>;
        type SerializeTuple = Impossible<$ok, Something>;
        type SerializeTupleStruct = Impossible<$ok, Something>;
        type SerializeTupleVariant = Impossible<$ok, Something>;
        type SerializeMap = Impossible<$ok, Something>;
        type SerializeStruct = Impossible<$ok, Something>;
        type SerializeStructVariant = Impossible<$ok, Something>;

        refuse! { Impossible<$ok, Something>:
            serialize_seq(Option<usize>),
            serialize_tuple(usize),
            serialize_tuple_struct(&'static str, usize),
            serialize_tuple_variant(&'static str, u32, &'static str, usize),
            serialize_map(Option<usize>),
            serialize_struct(&'static str, usize),
            serialize_struct_variant(&'static str, u32, &'static str, usize),
        }
        refuse! { $ok: serialize_f32(f32), serialize_f64(f64), serialize_bytes(&[u8]) }

        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<$ok, Something> {
            value.serialize(self)
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<$ok, Something> {
            value.serialize(self)
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<$ok, Something> {
            Err(Something)
        }
    };
}

impl Serializer for Nothing {
    refuse_compound!(());
    refuse! { ():
        serialize_bool(bool), serialize_str(&str), serialize_char(char),
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64),
        serialize_i128(i128), serialize_u128(u128),
        serialize_unit_variant(&'static str, u32, &'static str),
    }

    fn serialize_none(self) -> Result<(), Something> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Something> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Something> {
        Ok(())
    }
}

macro_rules! as_text {
    ($($method:ident($rust:ty)),* $(,)?) => {
        $(fn $method(self, value: $rust) -> Result<String, Something> {
            Ok(value.to_string())
        })*
    };
}

impl Serializer for Name {
    refuse_compound!(String);
    refuse! { String: serialize_none(), serialize_unit(), serialize_unit_struct(&'static str) }
    as_text! {
        serialize_bool(bool), serialize_str(&str), serialize_char(char),
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64),
        serialize_i128(i128), serialize_u128(u128),
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String, Something> {
        Ok(variant.to_owned())
    }
}
