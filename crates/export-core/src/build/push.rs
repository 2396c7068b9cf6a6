//! Values without children into a column.

use super::column::{Column, Data};
use super::number::{self, Number};
use super::scalar::{Scalar, Width};
use super::temporal::Temporal;
use crate::{Error, Result};

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
    /// Adds a null.
    #[inline]
    pub fn push_null(&mut self) -> Result<()> {
        match &mut self.data {
            // A null inside a JSON document is a value of it.
            Data::Json(json) if json.is_open() => json.push_inner_null(),
            data => {
                self.nullable = true;
                data.push_null();
                Ok(())
            }
        }
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
            Data::Names(values) => values.push(name).map(drop),
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
}

pub(crate) fn pow10(exponent: u8) -> u128 {
    10_u128.pow(u32::from(exponent.min(38)))
}
