//! Scalars under wider types.

use half::f16;
use marrow::array::{Array, DecimalArray, PrimitiveArray, TimeArray, TimestampArray};
use marrow::datatypes::{DataType, Field, TimeUnit};
use marrow::types::MonthDayNanoInterval;

use super::fits::is_text;
use super::spans::Spans;
use crate::array::bits;
use crate::schema::TEXT_STYLE_KEY;
use crate::text::{units_per_second, write_scalar};
use crate::value::{Value, value};
use crate::{Error, Result, array};

/// The values of a plain array (no dictionary or runs) as an array of `to`, a scalar type.
pub(super) fn scalar(array: &Array, from: &Field, to: &DataType) -> Result<Array> {
    if array::has_type(array, to) {
        return Ok(array.clone());
    }
    if is_text(to)
        || matches!(
            to,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView
        )
    {
        return text(array, from, to);
    }
    macro_rules! integers {
        ($($variant:ident)*) => {
            match to {
                $(DataType::$variant => {
                    return Ok(Array::$variant(from_integers(array, |v| v.try_into().ok())?));
                })*
                _ => {}
            }
        };
    }
    integers!(Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64);
    Ok(match (array, to) {
        (Array::Float16(a), DataType::Float32) => {
            Array::Float32(mapped(&a.validity, &a.values, |v| Some(widen_f16(v)))?)
        }
        (Array::Float16(a), DataType::Float64) => {
            let widen = |v| Some(widen_f32(widen_f16(v)));
            Array::Float64(mapped(&a.validity, &a.values, widen)?)
        }
        (Array::Float32(a), DataType::Float64) => {
            Array::Float64(mapped(&a.validity, &a.values, |v| Some(widen_f32(v)))?)
        }
        (_, DataType::Float16) => Array::Float16(from_integers(array, exact_f16)?),
        (_, DataType::Float32) => Array::Float32(from_integers(array, exact_f32)?),
        (_, DataType::Float64) => Array::Float64(from_integers(array, exact_f64)?),
        (_, DataType::Decimal128(precision, scale)) => decimal(array, *precision, *scale)?,
        (Array::Date32(a), DataType::Date64) => {
            let day_ms = 86_400_000;
            Array::Date64(mapped(&a.validity, &a.values, |v| {
                Some(i64::from(v) * day_ms)
            })?)
        }
        _ => time(array, to)?,
    })
}

fn refused(array: &Array, to: &DataType) -> Error {
    Error::schema(format!("{:?} does not widen to {to:?}", array.data_type()))
}

/// Maps what is not null; fails, naming the row, where `map` does.
fn mapped<T: Copy, U: Default>(
    validity: &Option<Vec<u8>>,
    values: &[T],
    map: impl Fn(T) -> Option<U>,
) -> Result<PrimitiveArray<U>> {
    let validity = validity.as_deref();
    let mapped = values
        .iter()
        .enumerate()
        .map(|(row, &value)| match map(value) {
            Some(value) => Ok(value),
            None if !bits::is_valid(validity, row) => Ok(U::default()),
            None => Err(Error::data("the value is not one that the wider type has")
                .at_row(u64::try_from(row).unwrap_or(u64::MAX).saturating_add(1))),
        });
    let values = mapped.collect::<Result<_>>()?;
    Ok(PrimitiveArray {
        validity: validity.map(<[u8]>::to_vec),
        values,
    })
}

fn from_integers<U: Default>(
    array: &Array,
    map: impl Fn(i128) -> Option<U>,
) -> Result<PrimitiveArray<U>> {
    match array {
        Array::Int8(a) => mapped(&a.validity, &a.values, |v| map(v.into())),
        Array::Int16(a) => mapped(&a.validity, &a.values, |v| map(v.into())),
        Array::Int32(a) => mapped(&a.validity, &a.values, |v| map(v.into())),
        Array::Int64(a) => mapped(&a.validity, &a.values, |v| map(v.into())),
        Array::UInt8(a) => mapped(&a.validity, &a.values, |v| map(v.into())),
        Array::UInt16(a) => mapped(&a.validity, &a.values, |v| map(v.into())),
        Array::UInt32(a) => mapped(&a.validity, &a.values, |v| map(v.into())),
        Array::UInt64(a) => mapped(&a.validity, &a.values, |v| map(v.into())),
        _ => Err(Error::schema(format!(
            "{:?} is not an integer type",
            array.data_type()
        ))),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "is checked"
)]
fn exact_f64(v: i128) -> Option<f64> {
    // Up to 2^53 all are, and 64 bits convert faster.
    if v.unsigned_abs() <= 1 << 53 {
        return Some(v as i64 as f64);
    }
    let float = v as f64;
    (float as i128 == v).then_some(float)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "is checked"
)]
fn exact_f32(v: i128) -> Option<f32> {
    let float = v as f32;
    (float as i128 == v).then_some(float)
}

fn exact_f16(v: i128) -> Option<f16> {
    let wide = exact_f64(v)?;
    let float = f16::from_f64(wide);
    (float.to_f64() == wide).then_some(float)
}

/// Widens by bits where hardware might quiet a signalling NaN.
fn widen_f16(v: f16) -> f32 {
    if !v.is_nan() {
        return v.to_f32();
    }
    let bits = u32::from(v.to_bits());
    f32::from_bits((bits & 0x8000) << 16 | 0x7F80_0000 | (bits & 0x3FF) << 13)
}

fn widen_f32(v: f32) -> f64 {
    if !v.is_nan() {
        return v.into();
    }
    let bits = u64::from(v.to_bits());
    f64::from_bits((bits & 0x8000_0000) << 32 | 0x7FF0_0000_0000_0000 | (bits & 0x7F_FFFF) << 29)
}

fn decimal(array: &Array, precision: u8, scale: i8) -> Result<Array> {
    let shift = match array {
        Array::Decimal128(a) => i16::from(scale) - i16::from(a.scale),
        _ => i16::from(scale),
    };
    let shift = u32::try_from(shift)
        .map_err(|_| refused(array, &DataType::Decimal128(precision, scale)))?;
    let factor = 10_i128.checked_pow(shift);
    let bound = 10_i128.checked_pow(precision.into());
    let map = |v: i128| {
        let moved = if v == 0 { 0 } else { v.checked_mul(factor?)? };
        bound
            .is_none_or(|bound| moved.unsigned_abs() < bound.unsigned_abs())
            .then_some(moved)
    };
    let PrimitiveArray { validity, values } = match array {
        Array::Decimal128(a) => mapped(&a.validity, &a.values, map)?,
        _ => from_integers(array, map)?,
    };
    Ok(Array::Decimal128(DecimalArray {
        precision,
        scale,
        validity,
        values,
    }))
}

/// Times, timestamps, durations and intervals in finer units.
fn time(array: &Array, to: &DataType) -> Result<Array> {
    let finer = |from: TimeUnit, to: TimeUnit| {
        let factor = units_per_second(to) / units_per_second(from);
        move |v: i64| v.checked_mul(factor)
    };
    Ok(match (array, to) {
        (Array::Time32(a), DataType::Time32(unit)) => {
            let finer = finer(a.unit, *unit);
            let map = |v: i32| finer(v.into()).and_then(|v| v.try_into().ok());
            let PrimitiveArray { validity, values } = mapped(&a.validity, &a.values, map)?;
            Array::Time32(TimeArray {
                unit: *unit,
                validity,
                values,
            })
        }
        (Array::Time32(a), DataType::Time64(unit)) => {
            let finer = finer(a.unit, *unit);
            let map = |v: i32| finer(v.into());
            let PrimitiveArray { validity, values } = mapped(&a.validity, &a.values, map)?;
            Array::Time64(TimeArray {
                unit: *unit,
                validity,
                values,
            })
        }
        (Array::Time64(a), DataType::Time64(unit)) => {
            let PrimitiveArray { validity, values } =
                mapped(&a.validity, &a.values, finer(a.unit, *unit))?;
            Array::Time64(TimeArray {
                unit: *unit,
                validity,
                values,
            })
        }
        (Array::Duration(a), DataType::Duration(unit)) => {
            let PrimitiveArray { validity, values } =
                mapped(&a.validity, &a.values, finer(a.unit, *unit))?;
            Array::Duration(TimeArray {
                unit: *unit,
                validity,
                values,
            })
        }
        (Array::Timestamp(a), DataType::Timestamp(unit, zone)) => {
            let PrimitiveArray { validity, values } =
                mapped(&a.validity, &a.values, finer(a.unit, *unit))?;
            let timezone = zone.clone();
            Array::Timestamp(TimestampArray {
                unit: *unit,
                timezone,
                validity,
                values,
            })
        }
        (Array::YearMonthInterval(_) | Array::DayTimeInterval(_), DataType::Interval(_)) => {
            let interval = |row| match value(array, row) {
                Value::Interval {
                    months,
                    days,
                    nanoseconds,
                } => MonthDayNanoInterval {
                    months,
                    days,
                    nanoseconds,
                },
                _ => MonthDayNanoInterval {
                    months: 0,
                    days: 0,
                    nanoseconds: 0,
                },
            };
            let validity = array::validity(array).map(<[u8]>::to_vec);
            let values = (0..array::len(array)).map(interval).collect();
            Array::MonthDayNanoInterval(PrimitiveArray { validity, values })
        }
        _ => return Err(refused(array, to)),
    })
}

/// Text and binary with other offsets, and other scalars as text.
fn text(array: &Array, from: &Field, to: &DataType) -> Result<Array> {
    let style = from.metadata.get(TEXT_STYLE_KEY).map(String::as_str);
    let mut spans = Spans::default();
    for row in 0..array::len(array) {
        match value(array, row) {
            Value::Null => spans.push_null(),
            Value::Bytes(bytes) => spans.push(|out| out.extend_from_slice(bytes)),
            value => spans.push(|out| {
                write_scalar(&value, style, out);
            }),
        }
    }
    spans.finish(to)
}
