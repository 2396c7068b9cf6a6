//! Numbers, booleans, text and bytes out of columns.

use std::borrow::Cow;
use std::fmt::Display;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use marrow::array::{Array, PrimitiveArray};

use super::number::{float, integer, narrow_float};
use super::{ColumnRef, FromRecord, FromRecordAs, Selection};
use crate::Result;
use crate::record::{Bytes, Text};
use crate::text::write_scalar;
use crate::value::Value;

macro_rules! numbers {
    ($($rust:ty, $what:literal, $variant:ident, $read:expr;)*) => {
        $(impl FromRecord for $rust {
            fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                if let Array::$variant(array) = column.array
                    && let Some(values) = as_they_are(array, rows)
                {
                    return Ok(values);
                }
                column.values(rows, $what, $read)
            }
        })*
    };
}

macro_rules! integers {
    ($($rust:ty, $what:literal, $variant:ident;)*) => {
        numbers! {
            $($rust, $what, $variant, |value| integer(value).and_then(|v| v.try_into().ok());)*
        }
    };
}

integers! {
    i8, "an i8", Int8;
    i16, "an i16", Int16;
    i32, "an i32", Int32;
    i64, "an i64", Int64;
    u8, "a u8", UInt8;
    u16, "a u16", UInt16;
    u32, "a u32", UInt32;
    u64, "a u64", UInt64;
}

numbers! {
    f32, "an f32", Float32, narrow_float;
    f64, "an f64", Float64, float;
}

/// The values of an array without nulls.
fn as_they_are<T: Copy>(array: &PrimitiveArray<T>, rows: &Selection) -> Option<Vec<T>> {
    if array.validity.is_some() {
        return None;
    }
    let mut values = Vec::with_capacity(rows.len());
    for run in rows.runs() {
        values.extend_from_slice(array.values.get(run.clone())?);
    }
    Some(values)
}

macro_rules! by_value {
    ($($rust:ty, $what:literal, $read:expr;)*) => {
        $(impl FromRecord for $rust {
            fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                column.values(rows, $what, $read)
            }
        })*
    };
}

by_value! {
    usize, "a usize", |value| integer(value).and_then(|v| v.try_into().ok());
    isize, "an isize", |value| integer(value).and_then(|v| v.try_into().ok());
    i128, "an i128", integer;
    u128, "a u128", |value| integer(value).and_then(|v| v.try_into().ok());
    bool, "a bool", |value| match value {
        Value::Bool(v) => Some(v),
        _ => None,
    };
}

impl FromRecord for char {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        column.values(rows, "one character", |value| match value {
            Value::Text(text) => {
                let mut letters = text.chars();
                letters.next().filter(|_| letters.next().is_none())
            }
            _ => None,
        })
    }
}

fn text<'a>(value: Value<'a>, style: Option<&str>) -> Option<Cow<'a, str>> {
    match value {
        Value::Text(text) => Some(text.into()),
        Value::Null | Value::Bytes(_) => None,
        other => {
            let mut text = Vec::new();
            let is_scalar = write_scalar(&other, style, &mut text);
            let text = String::from_utf8(text).ok();
            text.filter(|_| is_scalar).map(Cow::Owned)
        }
    }
}

macro_rules! texts {
    ($($rust:ty)*) => {
        $(impl FromRecord for $rust {
            fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                let style = column.style();
                column.values(rows, "text", |value| text(value, style).map(Self::from))
            }
        })*
    };
}

texts! { String Box<str> Rc<str> Arc<str> }

impl FromRecord for Cow<'_, str> {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        let style = column.style();
        let owned = |value| text(value, style).map(Cow::into_owned).map(Cow::Owned);
        column.values(rows, "text", owned)
    }
}

impl<T: FromStr + Display> FromRecordAs<T> for Text {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<T>> {
        let what = std::any::type_name::<T>();
        let style = column.style();
        column.values(rows, what, |value| text(value, style)?.parse().ok())
    }
}

impl<T: TryFrom<Vec<u8>>> FromRecordAs<T> for Bytes {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<T>> {
        column.values(rows, std::any::type_name::<T>(), |value| {
            let bytes = match value {
                Value::Bytes(bytes) => bytes.to_vec(),
                Value::Text(text) => text.as_bytes().to_vec(),
                Value::List(Array::UInt8(bytes), start, end) if bytes.validity.is_none() => {
                    bytes.values.get(start..end)?.to_vec()
                }
                _ => return None,
            };
            bytes.try_into().ok()
        })
    }
}
