//! One column that takes values of any type.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use marrow::array::Array;
use marrow::datatypes::FieldMeta;

use super::json::Json;
use super::leaf::{
    Binaries, Bools, Decimals, Names, Nulls, Primitive, Slots, Temporal, Temporals, Text,
};
use super::mixed::{Scalar, Width};
use super::nested::{List, Map, Struct};
use super::number::{self, Number};
use crate::schema::{EXTENSION_NAME_KEY, JSON_EXTENSION};
use crate::{Error, Limits, Result};

/// What the columns of a builder share.
#[derive(Debug)]
pub(super) struct Shape {
    columns: AtomicU32,
    max_columns: u32,
    /// Whether every field is nullable, or only those that had a null.
    pub(super) all_nullable: bool,
}

impl Shape {
    pub(super) fn new(limits: &Limits, all_nullable: bool) -> Self {
        Self {
            columns: AtomicU32::new(0),
            max_columns: limits.columns,
            all_nullable,
        }
    }

    pub(super) fn count_column(&self) -> Result<()> {
        let columns = self
            .columns
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        if columns <= self.max_columns {
            return Ok(());
        }
        Err(
            Error::limit(format!("there are more than {} columns", self.max_columns))
                .with_hint("objects whose keys are data become a column for each key"),
        )
    }
}

/// Values of a column, by type.
#[derive(Debug)]
pub(super) enum Data {
    Null(Nulls),
    Bool(Bools),
    Int8(Primitive<i8>),
    Int16(Primitive<i16>),
    Int32(Primitive<i32>),
    Int64(Primitive<i64>),
    UInt8(Primitive<u8>),
    UInt16(Primitive<u16>),
    UInt32(Primitive<u32>),
    UInt64(Primitive<u64>),
    Float32(Primitive<f32>),
    Float64(Primitive<f64>),
    Decimal(Box<Decimals>),
    Temporal(Box<Temporals>),
    Text(Text),
    Binary(Binaries),
    Names(Box<Names>),
    Json(Box<Json>),
    List(Box<List>),
    Struct(Box<Struct>),
    Map(Box<Map>),
}

macro_rules! with_slots {
    ($data:expr, $slots:ident => $body:expr) => {
        match $data {
            Data::Null($slots) => $body,
            Data::Bool($slots) => $body,
            Data::Int8($slots) => $body,
            Data::Int16($slots) => $body,
            Data::Int32($slots) => $body,
            Data::Int64($slots) => $body,
            Data::UInt8($slots) => $body,
            Data::UInt16($slots) => $body,
            Data::UInt32($slots) => $body,
            Data::UInt64($slots) => $body,
            Data::Float32($slots) => $body,
            Data::Float64($slots) => $body,
            Data::Decimal($slots) => $body,
            Data::Temporal($slots) => $body,
            Data::Text($slots) => $body,
            Data::Binary($slots) => $body,
            Data::Names($slots) => $body,
            Data::Json($slots) => $body,
            Data::List($slots) => $body,
            Data::Struct($slots) => $body,
            Data::Map($slots) => $body,
        }
    };
}

impl Data {
    pub(super) fn take(&mut self) -> Array {
        with_slots!(self, slots => slots.take())
    }
}

/// What batches already taken held, as far as later widening depends on it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// Some batch was taken with a type other than null.
    pub(super) any: bool,
    /// A negative integer was among them.
    pub(super) negative: bool,
    /// An integer that no `f64` holds was among them.
    pub(super) beyond_float: bool,
}

/// One column that takes values of any type: the first says what it is, later ones widen it without loss.
///
/// Every `push` adds one value. A list is pushed as [`begin_list`](Self::begin_list), for each element one value into
/// [`element`](Self::element), [`end_list`](Self::end_list); structs and maps likewise. A row that was begun and could not
/// be ended is taken back with [`super::RowBuilder::rollback`].
#[derive(Debug)]
pub struct Column {
    pub(super) data: Data,
    nullable: bool,
    pub(super) taken: Taken,
    pub(super) shape: Arc<Shape>,
}

macro_rules! push_integers {
    ($($name:ident($rust:ty) => $variant:ident),* $(,)?) => {
        $(#[doc = concat!("Adds a declared `", stringify!($rust), "`.")]
        #[inline]
        pub fn $name(&mut self, value: $rust) -> Result<()> {
            match &mut self.data {
                Data::$variant(values) => {
                    values.push(value);
                    Ok(())
                }
                _ => self.push_mixed(&Scalar::Int(Width::$variant, i128::from(value))),
            }
        })*
    };
}

impl Column {
    pub(super) fn new(shape: &Arc<Shape>) -> Self {
        Self {
            data: Data::Null(Nulls::default()),
            nullable: false,
            taken: Taken::default(),
            shape: Arc::clone(shape),
        }
    }

    pub(super) fn len(&self) -> usize {
        with_slots!(&self.data, slots => slots.len())
    }

    /// Adds a null.
    #[inline]
    pub fn push_null(&mut self) -> Result<()> {
        match &mut self.data {
            // A null inside a JSON document is a value of it.
            Data::Json(json) if json.is_open() => json.push_inner_null(),
            _ => {
                self.push_nulls(1);
                Ok(())
            }
        }
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.nullable |= count > 0;
        with_slots!(&mut self.data, slots => slots.push_nulls(count));
    }

    /// Says that the column may hold nulls though none came yet.
    #[inline]
    pub fn mark_nullable(&mut self) {
        self.nullable = true;
    }

    /// Adds a boolean.
    #[inline]
    pub fn push_bool(&mut self, value: bool) -> Result<()> {
        match &mut self.data {
            Data::Bool(values) => {
                values.push(value);
                Ok(())
            }
            _ => self.push_mixed(&Scalar::Bool(value)),
        }
    }

    push_integers! {
        push_i8(i8) => Int8,
        push_i16(i16) => Int16,
        push_i32(i32) => Int32,
        push_i64(i64) => Int64,
        push_u8(u8) => UInt8,
        push_u16(u16) => UInt16,
        push_u32(u32) => UInt32,
        push_u64(u64) => UInt64,
    }

    /// Adds a 32-bit float, kept to the bit.
    #[inline]
    pub fn push_f32(&mut self, value: f32) -> Result<()> {
        match &mut self.data {
            Data::Float32(values) => {
                values.push(value);
                Ok(())
            }
            _ => self.push_mixed(&Scalar::Float32(value)),
        }
    }

    /// Adds a 64-bit float, kept to the bit.
    #[inline]
    pub fn push_f64(&mut self, value: f64) -> Result<()> {
        match &mut self.data {
            Data::Float64(values) => {
                values.push(value);
                Ok(())
            }
            _ => self.push_mixed(&Scalar::Float64(value)),
        }
    }

    /// Adds `unscaled · 10^-scale`. Fails where it has more than `precision` digits, or that is over 38.
    pub fn push_decimal(&mut self, unscaled: i128, precision: u8, scale: i8) -> Result<()> {
        if precision == 0 || precision > 38 || unscaled.unsigned_abs() >= pow10(precision) {
            return Err(
                Error::data(format!("{unscaled} is not a decimal of {precision} digits"))
                    .with_hint("decimals have up to 38 digits; keep longer ones as text"),
            );
        }
        match &mut self.data {
            Data::Decimal(values) if values.precision == precision && values.scale == scale => {
                values.inner.push(unscaled);
                Ok(())
            }
            _ => self.push_mixed(&Scalar::Decimal {
                unscaled,
                precision,
                scale,
            }),
        }
    }

    /// Adds a number by its JSON text, such as `b"-1.5e3"`. Integers become the narrowest of `i64`, `u64` and decimal, fractions an `f64` where
    /// that holds every digit; other numbers keep their text in a JSON column. Fails on what is not a JSON number.
    #[inline]
    pub fn push_number_text(&mut self, text: &[u8]) -> Result<()> {
        if let Data::Json(json) = &mut self.data {
            return match number::is_number(text) {
                true => json.push_raw(text),
                false => Err(number::not_a_number(text)),
            };
        }
        match number::classify(text) {
            Some(Number::Int(value)) => self.push_json_int(value),
            Some(Number::Float(value)) => self.push_f64(value),
            Some(Number::UInt(value)) => self.push_u64(value),
            Some(Number::Wide(value)) => self.push_mixed(&Scalar::Wide(value)),
            Some(Number::Inexact) => self.push_mixed(&Scalar::Number(text)),
            None => Err(number::not_a_number(text)),
        }
    }

    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        reason = "integers up to 2^53 are exact in an f64"
    )]
    fn push_json_int(&mut self, value: i64) -> Result<()> {
        match (&mut self.data, u64::try_from(value)) {
            (Data::Int64(values), _) => values.push(value),
            (Data::UInt64(values), Ok(value)) => values.push(value),
            (Data::Float64(values), _) if value.unsigned_abs() <= 1 << 53 => {
                values.push(value as f64);
            }
            _ => return self.push_mixed(&Scalar::Int(Width::Int64, i128::from(value))),
        }
        Ok(())
    }

    /// Adds text.
    #[inline]
    pub fn push_str(&mut self, value: &str) -> Result<()> {
        match &mut self.data {
            Data::Text(values) => values.inner.push(value.as_bytes()),
            _ => self.push_mixed(&Scalar::Text(value)),
        }
    }

    /// Adds bytes.
    #[inline]
    pub fn push_bytes(&mut self, value: &[u8]) -> Result<()> {
        match &mut self.data {
            Data::Binary(values) => values.inner.push(value),
            _ => self.push_mixed(&Scalar::Bytes(value)),
        }
    }

    /// Adds a name out of a small set, such as the variant of an enum without data.
    #[inline]
    pub fn push_name(&mut self, name: &str) -> Result<()> {
        match &mut self.data {
            Data::Names(values) => values.push(name),
            _ => self.push_mixed(&Scalar::Name(name)),
        }
    }

    /// Adds a date, time, timestamp or duration. Fails where Arrow has 32 bits for it and it does not fit.
    pub fn push_temporal(&mut self, kind: &Temporal, value: i64) -> Result<()> {
        if !kind.holds(value) {
            return Err(Error::data(format!("{value} is out of range of {kind:?}")));
        }
        match &mut self.data {
            Data::Temporal(values) if values.kind == *kind => {
                values.inner.push(value);
                Ok(())
            }
            _ => self.push_mixed(&Scalar::Temporal(kind, value)),
        }
    }

    /// Begins a list.
    #[inline]
    pub fn begin_list(&mut self) -> Result<()> {
        match &mut self.data {
            Data::List(_) => Ok(()),
            Data::Json(json) => json.begin_list(),
            _ => self.become_list(),
        }
    }

    /// Where the next element of the open list goes.
    #[inline]
    pub fn element(&mut self) -> Result<&mut Self> {
        if let Data::Json(json) = &mut self.data {
            json.element()?;
            return Ok(self);
        }
        match &mut self.data {
            Data::List(list) => Ok(&mut list.elements),
            _ => Err(not_open("list")),
        }
    }

    /// Ends the open list.
    #[inline]
    pub fn end_list(&mut self) -> Result<()> {
        match &mut self.data {
            Data::List(list) => list.end(),
            Data::Json(json) => json.end_list(),
            _ => Err(not_open("list")),
        }
    }

    /// Begins a struct.
    #[inline]
    pub fn begin_struct(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Struct(fields) => {
                fields.begin();
                Ok(())
            }
            Data::Json(json) => json.begin_struct(),
            _ => self.become_struct(),
        }
    }

    /// Where the value of a field of the open struct goes: quickest in the order of the last row. Fields that are left out
    /// are null. Fails where the open struct has that field already.
    #[inline]
    pub fn field(&mut self, name: &str) -> Result<&mut Self> {
        if let Data::Json(json) = &mut self.data {
            json.field(name)?;
            return Ok(self);
        }
        match &mut self.data {
            Data::Struct(fields) => fields.field(name),
            _ => Err(not_open("struct")),
        }
    }

    /// The field of the open struct that was asked for last.
    #[cfg(feature = "serde")]
    pub(crate) fn open_field(&mut self) -> Result<&mut Self> {
        if let Data::Json(_) = &self.data {
            return Ok(self);
        }
        match &mut self.data {
            Data::Struct(fields) => fields.last().ok_or_else(|| not_open("field")),
            _ => Err(not_open("struct")),
        }
    }

    /// Makes the column one of JSON documents, because `kind` is coming.
    #[cfg(feature = "serde")]
    pub(crate) fn hold_documents(&mut self, kind: &'static str) -> Result<()> {
        match &self.data {
            Data::Json(_) => Ok(()),
            _ => self.become_json(kind),
        }
    }

    /// Ends the open struct.
    #[inline]
    pub fn end_struct(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Struct(fields) => {
                fields.end();
                Ok(())
            }
            Data::Json(json) => json.end_struct(),
            _ => Err(not_open("struct")),
        }
    }

    /// Begins a map.
    pub fn begin_map(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Map(_) => Ok(()),
            Data::Json(json) => json.begin_map(&self.shape),
            _ => self.become_map(),
        }
    }

    /// Where the next key of the open map goes, which may not be null.
    pub fn key(&mut self) -> Result<&mut Self> {
        match &mut self.data {
            Data::Map(map) => Ok(&mut map.keys),
            Data::Json(json) => json.key(),
            _ => Err(not_open("map")),
        }
    }

    /// Where the value of the last key goes.
    pub fn value(&mut self) -> Result<&mut Self> {
        match &mut self.data {
            Data::Map(map) => Ok(&mut map.values),
            Data::Json(json) => json.value(),
            _ => Err(not_open("map")),
        }
    }

    /// Ends the open map.
    pub fn end_map(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Map(map) => map.end(),
            Data::Json(json) => json.end_map(),
            _ => Err(not_open("map")),
        }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        with_slots!(&mut self.data, slots => slots.truncate(len));
    }

    pub(super) fn memory_bytes(&self) -> usize {
        with_slots!(&self.data, slots => slots.bytes())
    }

    /// Bytes that `count` nulls will take.
    pub(super) fn null_bytes(&self, count: usize) -> usize {
        if count == 0 {
            return 0;
        }
        let slot = match &self.data {
            Data::Null(_) | Data::Bool(_) => 0,
            Data::Int8(_) | Data::UInt8(_) => 1,
            Data::Int16(_) | Data::UInt16(_) => 2,
            Data::Int64(_) | Data::UInt64(_) | Data::Float64(_) | Data::Temporal(_) => 8,
            Data::Decimal(_) => 16,
            Data::Struct(fields) => {
                let fields = fields.fields.iter();
                return count / 8
                    + fields
                        .map(|entry| entry.column.null_bytes(count))
                        .sum::<usize>();
            }
            _ => 4,
        };
        count * slot + count / 8
    }

    /// The values so far; none are left, but what was learnt of their type is.
    pub(super) fn take(&mut self, name: &str) -> (FieldMeta, Array) {
        let is_null = matches!(self.data, Data::Null(_));
        self.taken.any |= !is_null;
        // A schema without a type for the column calls it nullable, and later ones may not be narrower.
        self.nullable |= is_null;
        let integers = super::mixed::integer_facts(&self.data);
        self.taken.negative |= integers.negative;
        self.taken.beyond_float |= integers.beyond_float;
        let meta = self.meta(name);
        (meta, self.data.take())
    }

    pub(super) fn meta(&self, name: &str) -> FieldMeta {
        let metadata = match &self.data {
            Data::Json(_) => HashMap::from([(EXTENSION_NAME_KEY.into(), JSON_EXTENSION.into())]),
            _ => HashMap::new(),
        };
        let nullable = self.nullable || self.shape.all_nullable;
        FieldMeta {
            name: name.to_owned(),
            nullable,
            metadata,
        }
    }
}

#[cold]
fn not_open(what: &str) -> Error {
    Error::usage(format!("no {what} is open in this column"))
}

pub(super) fn pow10(exponent: u8) -> u128 {
    10_u128.pow(u32::from(exponent.min(38)))
}
