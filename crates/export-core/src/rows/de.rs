//! A value of a column as any serde type.

use std::fmt::Display;

use marrow::datatypes::Field;
use serde::de::{Deserializer, Error as _, Unexpected, Visitor};

use super::access::{Elements, Entries, Fields, Tuple, Variant};
use super::{MAX_TUPLE, document};
use crate::build::number::{Number, classify};
use crate::schema::{TEXT_STYLE_KEY, is_json};
use crate::text::{child, write_scalar};
use crate::value::{Value, value};
use crate::{Error, Result};

/// Reads one value.
#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'a> {
    pub(super) value: Value<'a>,
    pub(super) field: Option<&'a Field>,
    /// The value comes out of a JSON document, which spells bytes and non-finite floats as text.
    pub(super) is_spelt: bool,
}

/// Integers up to this are exact in an `f64`, and so are all below.
const EXACT_IN_FLOAT: u64 = 1 << 53;

impl<'a> ValueDeserializer<'a> {
    /// Reads the value by `read`; of a JSON document what is in it.
    #[inline]
    fn open<R>(self, read: impl FnOnce(ValueDeserializer<'_>) -> Result<R>) -> Result<R> {
        match self.value {
            Value::Text(text) if self.field.is_some_and(is_json) => {
                let (field, array) = document::open(text)?;
                let value = value(&array, 0);
                read(ValueDeserializer {
                    value,
                    field: Some(&field),
                    is_spelt: true,
                })
            }
            _ => read(self),
        }
    }

    fn unexpected(&self) -> Unexpected<'a> {
        match self.value {
            Value::Null => Unexpected::Option,
            Value::Bool(v) => Unexpected::Bool(v),
            Value::Int(v) => Unexpected::Signed(v),
            Value::UInt(v) => Unexpected::Unsigned(v),
            Value::Float32(v) => Unexpected::Float(v.into()),
            Value::Float64(v) => Unexpected::Float(v),
            Value::Text(v) => Unexpected::Str(v),
            Value::Bytes(v) => Unexpected::Bytes(v),
            Value::Decimal { .. } => Unexpected::Other("decimal"),
            Value::List(..) => Unexpected::Seq,
            Value::Struct(..) | Value::Map(..) => Unexpected::Map,
            Value::Union(..) => Unexpected::Enum,
            _ => Unexpected::Other("time"),
        }
    }

    fn wrong<'de, V: Visitor<'de>>(&self, visitor: &V) -> Error {
        let error = Error::invalid_type(self.unexpected(), visitor);
        match self.value {
            Value::Null => error.with_hint("a field that may be null is an Option"),
            _ => error,
        }
    }

    fn inexact(what: impl Display, to: &str) -> Error {
        Error::data(format!("{what} is not exact as {to}"))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole floats of less than 2^63 are in range"
    )]
    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Int(v) => visitor.visit_i64(v),
            Value::UInt(v) => visitor.visit_u64(v),
            Value::Date32(v) => visitor.visit_i32(v),
            Value::Date64(v)
            | Value::Time(v, _)
            | Value::Timestamp(v, _, _)
            | Value::Duration(v, _) => visitor.visit_i64(v),
            Value::Decimal { unscaled, scale } => match whole(unscaled, scale) {
                Some(v) => visit_wide(v, visitor),
                None => Err(self.wrong(&visitor)),
            },
            Value::Float64(v) if v.fract() == 0.0 && v.abs() < 9.2e18 => {
                visitor.visit_i64(v as i64)
            }
            _ => Err(self.wrong(&visitor)),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "only of integers that are exact"
    )]
    fn float<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Float32(v) => visitor.visit_f32(v),
            Value::Float64(v) => visitor.visit_f64(v),
            Value::Int(v) if v.unsigned_abs() <= EXACT_IN_FLOAT => visitor.visit_f64(v as f64),
            Value::UInt(v) if v <= EXACT_IN_FLOAT => visitor.visit_f64(v as f64),
            Value::Int(v) => Err(Self::inexact(v, "a float")),
            Value::UInt(v) => Err(Self::inexact(v, "a float")),
            Value::Decimal { .. } => {
                let mut text = Vec::new();
                write_scalar(&self.value, None, &mut text);
                match classify(&text) {
                    Some(Number::Float(v)) => visitor.visit_f64(v),
                    Some(Number::Int(v)) if v.unsigned_abs() <= EXACT_IN_FLOAT => {
                        visitor.visit_f64(v as f64)
                    }
                    _ => Err(Self::inexact(String::from_utf8_lossy(&text), "a float")),
                }
            }
            Value::Text("NaN") if self.is_spelt => visitor.visit_f64(f64::NAN),
            Value::Text("Infinity") if self.is_spelt => visitor.visit_f64(f64::INFINITY),
            Value::Text("-Infinity") if self.is_spelt => visitor.visit_f64(f64::NEG_INFINITY),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Text(v) => visitor.visit_str(v),
            Value::Bytes(v) => visitor.visit_bytes(v),
            Value::Null => Err(self.wrong(&visitor)),
            _ => {
                let style = self
                    .field
                    .and_then(|field| field.metadata.get(TEXT_STYLE_KEY));
                let mut text = Vec::new();
                if !write_scalar(&self.value, style.map(String::as_str), &mut text) {
                    return Err(self.wrong(&visitor));
                }
                visitor.visit_string(String::from_utf8(text).map_err(Error::data)?)
            }
        }
    }

    fn bytes<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Bytes(v) => visitor.visit_bytes(v),
            Value::Text(v) if self.is_spelt => match from_hex(v) {
                Some(bytes) => visitor.visit_byte_buf(bytes),
                None => Err(self.wrong(&visitor)),
            },
            Value::Text(v) => visitor.visit_bytes(v.as_bytes()),
            Value::List(..) => self.sequence(visitor),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn sequence<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::List(array, start, end) => {
                let field = child(self.field, 0);
                visitor.visit_seq(Elements {
                    array,
                    field,
                    next: start,
                    end,
                    is_spelt: self.is_spelt,
                })
            }
            Value::Bytes(bytes) => {
                let bytes = bytes.iter().copied();
                visitor.visit_seq(serde::de::value::SeqDeserializer::new(bytes))
            }
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn tuple<'de, V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Struct(array, row) if len <= MAX_TUPLE => {
                let fields = Fields {
                    array,
                    row,
                    field: self.field,
                    is_spelt: self.is_spelt,
                };
                visitor.visit_seq(Tuple {
                    fields,
                    next: 0,
                    len,
                })
            }
            _ => self.sequence(visitor),
        }
    }

    /// A struct's fields. Where a map or any value is asked for, nulls are left out: they may stand for keys that are not
    /// there.
    fn map<'de, V: Visitor<'de>>(self, with_nulls: bool, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Struct(array, row) => {
                let fields = Fields {
                    array,
                    row,
                    field: self.field,
                    is_spelt: self.is_spelt,
                };
                fields.read_map(with_nulls, visitor)
            }
            Value::Map(keys, values, start, end) => visitor.visit_map(Entries {
                keys,
                values,
                field: child(self.field, 0),
                next: start,
                end,
                is_spelt: self.is_spelt,
            }),
            Value::List(array, start, end) if self.is_spelt => {
                // JSON has only text for keys: other maps are lists of `{"key":…,"value":…}`.
                let field = child(self.field, 0);
                let entries = Elements {
                    array,
                    field,
                    next: start,
                    end,
                    is_spelt: true,
                };
                visitor.visit_map(entries.entries())
            }
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(v) => visitor.visit_bool(v),
            Value::Int(_) | Value::UInt(_) => self.integer(visitor),
            Value::Float32(_) | Value::Float64(_) => self.float(visitor),
            Value::Decimal { unscaled, scale } if whole(unscaled, scale).is_some() => {
                self.integer(visitor)
            }
            Value::Bytes(v) => visitor.visit_bytes(v),
            Value::List(..) => self.sequence(visitor),
            Value::Struct(..) | Value::Map(..) => self.map(false, visitor),
            Value::Union(_, array, row) => ValueDeserializer {
                value: value(array, row),
                ..self
            }
            .any(visitor),
            _ => self.text(visitor),
        }
    }
}

/// The integer that a decimal is.
fn whole(unscaled: i128, scale: i8) -> Option<i128> {
    let power = 10_i128.checked_pow(u32::from(scale.unsigned_abs()))?;
    if scale <= 0 {
        return unscaled.checked_mul(power);
    }
    (unscaled % power == 0).then_some(unscaled / power)
}

/// Many visitors know no 128-bit integers.
fn visit_wide<'de, V: Visitor<'de>>(value: i128, visitor: V) -> Result<V::Value> {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => visitor.visit_i64(value),
        (_, Ok(value)) => visitor.visit_u64(value),
        _ => visitor.visit_i128(value),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

macro_rules! read_by {
    ($($read:ident: $($method:ident)*;)*) => {
        $($(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.open(|value| value.$read(visitor))
        })*)*
    };
}

impl<'de> Deserializer<'de> for ValueDeserializer<'_> {
    type Error = Error;

    read_by! {
        any: deserialize_any;
        integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        float: deserialize_f32 deserialize_f64;
        text: deserialize_char deserialize_str deserialize_string deserialize_identifier;
        bytes: deserialize_bytes deserialize_byte_buf;
        sequence: deserialize_seq;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.open(|value| match value.value {
            Value::Bool(v) => visitor.visit_bool(v),
            _ => Err(value.wrong(&visitor)),
        })
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.open(|value| match value.value {
            Value::Null => visitor.visit_unit(),
            _ => Err(value.wrong(&visitor)),
        })
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.open(|value| value.tuple(len, visitor))
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
        self.open(|value| value.map(false, visitor))
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.open(|value| value.map(true, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.open(|value| match Variant::of(value)? {
            Some(variant) => visitor.visit_enum(variant),
            None => Err(value.wrong(&visitor)),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}
