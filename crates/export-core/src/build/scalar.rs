//! One value without children, and the widths of integers.

use marrow::datatypes::DataType;

use super::bytes::{Binaries, Text};
use super::column::Data;
use super::json::{Json, Why};
use super::leaf::{Bools, Decimals, Primitive};
use super::temporal::{Temporal, Temporals};
use crate::value::Value;

/// The widths of integers, as pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
}

/// One value without children.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Int(Width, i128),
    /// An integer of more than 64 bits and up to 38 digits.
    Wide(i128),
    Float32(f32),
    Float64(f64),
    Decimal {
        unscaled: i128,
        precision: u8,
        scale: i8,
    },
    /// A JSON number that only its text says exactly.
    Number(&'a [u8]),
    Text(&'a str),
    Bytes(&'a [u8]),
    Name(&'a str),
    Temporal(&'a Temporal, i64),
}

impl Width {
    fn bits(self) -> u8 {
        match self {
            Self::Int8 | Self::UInt8 => 8,
            Self::Int16 | Self::UInt16 => 16,
            Self::Int32 | Self::UInt32 => 32,
            Self::Int64 | Self::UInt64 => 64,
        }
    }

    pub(super) fn is_signed(self) -> bool {
        matches!(self, Self::Int8 | Self::Int16 | Self::Int32 | Self::Int64)
    }

    /// Whether values of `other` stay in a column of this width. The widest take whatever fits them, so that integers out
    /// of text, whose widths follow their values, don't need a decimal before there is a reason.
    pub(super) fn keeps(self, other: Self) -> bool {
        self.bits() == 64 || self.join(other) == Some(self)
    }

    /// The narrowest width for values of both, by type alone.
    pub(super) fn join(self, other: Self) -> Option<Self> {
        let (signed, unsigned) = match (self.is_signed(), other.is_signed()) {
            (true, false) => (self, other),
            (false, true) => (other, self),
            _ => {
                return Some(if self.bits() >= other.bits() {
                    self
                } else {
                    other
                });
            }
        };
        match (signed.bits(), unsigned.bits()) {
            (_, 64) => None,
            (signed_bits, unsigned_bits) if signed_bits > unsigned_bits => Some(signed),
            (_, 8) => Some(Self::Int16),
            (_, 16) => Some(Self::Int32),
            _ => Some(Self::Int64),
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Int8 => DataType::Int8,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::UInt8 => DataType::UInt8,
            Self::UInt16 => DataType::UInt16,
            Self::UInt32 => DataType::UInt32,
            Self::UInt64 => DataType::UInt64,
        }
    }

    fn data(self) -> Data {
        match self {
            Self::Int8 => Data::Int8(Primitive::default()),
            Self::Int16 => Data::Int16(Primitive::default()),
            Self::Int32 => Data::Int32(Primitive::default()),
            Self::Int64 => Data::Int64(Primitive::default()),
            Self::UInt8 => Data::UInt8(Primitive::default()),
            Self::UInt16 => Data::UInt16(Primitive::default()),
            Self::UInt32 => Data::UInt32(Primitive::default()),
            Self::UInt64 => Data::UInt64(Primitive::default()),
        }
    }

    /// The width of an integer column.
    pub(super) fn of(data: &Data) -> Option<Self> {
        Some(match data {
            Data::Int8(_) => Self::Int8,
            Data::Int16(_) => Self::Int16,
            Data::Int32(_) => Self::Int32,
            Data::Int64(_) => Self::Int64,
            Data::UInt8(_) => Self::UInt8,
            Data::UInt16(_) => Self::UInt16,
            Data::UInt32(_) => Self::UInt32,
            Data::UInt64(_) => Self::UInt64,
            _ => return None,
        })
    }
}

impl<'a> Scalar<'a> {
    /// As [`crate::text`] spells it; `None` for a number that is only text.
    pub(super) fn value(self) -> Option<Value<'a>> {
        Some(match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Int(_, value) | Self::Wide(value) => Value::Decimal {
                unscaled: value,
                scale: 0,
            },
            Self::Float32(value) => Value::Float32(value),
            Self::Float64(value) => Value::Float64(value),
            Self::Decimal {
                unscaled, scale, ..
            } => Value::Decimal { unscaled, scale },
            Self::Number(_) => return None,
            Self::Text(value) | Self::Name(value) => Value::Text(value),
            Self::Bytes(value) => Value::Bytes(value),
            Self::Temporal(kind, value) => match kind {
                Temporal::Date => Value::Date32(i32::try_from(value).ok()?),
                Temporal::Time(unit) => Value::Time(value, *unit),
                Temporal::Timestamp(unit, zone) => Value::Timestamp(value, *unit, zone.as_deref()),
                Temporal::Duration(unit) => Value::Duration(value, *unit),
            },
        })
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "booleans",
            Self::Int(..) | Self::Wide(_) => "integers",
            Self::Float32(_) | Self::Float64(_) => "fractions",
            Self::Decimal { .. } => "decimals",
            Self::Number(_) => "numbers of more digits than a float holds",
            Self::Text(_) | Self::Name(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Temporal(..) => "times",
        }
    }

    pub(super) fn data(&self) -> Data {
        match self {
            Self::Bool(_) => Data::Bool(Bools::default()),
            Self::Int(width, _) => width.data(),
            Self::Wide(_) => decimals(38, 0),
            Self::Float32(_) => Data::Float32(Primitive::default()),
            Self::Float64(_) => Data::Float64(Primitive::default()),
            Self::Decimal {
                precision, scale, ..
            } => decimals(*precision, *scale),
            Self::Number(_) => Data::Json(Box::new(Json::new(Why("numbers", self.kind())))),
            Self::Text(_) => Data::Text(Text::default()),
            Self::Bytes(_) => Data::Binary(Binaries::default()),
            Self::Name(_) => Data::Names(Box::default()),
            Self::Temporal(kind, _) => Data::Temporal(Box::new(Temporals {
                kind: (*kind).clone(),
                inner: Primitive::default(),
            })),
        }
    }
}

fn decimals(precision: u8, scale: i8) -> Data {
    Data::Decimal(Box::new(Decimals {
        precision,
        scale,
        inner: Primitive::default(),
    }))
}
