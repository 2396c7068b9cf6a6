//! Nulls.

use marrow::array::Array;
use marrow::datatypes::DataType;
use marrow::types::{DayTimeInterval, MonthDayNanoInterval};

use super::{bits, empty, extend, len};
use crate::{Error, Result};

/// An array of `len` nulls (a struct's, list's or map's children are empty or null, too).
pub fn nulls(data_type: &DataType, len: usize) -> Result<Array> {
    let mut array = empty(data_type)?;
    append_nulls(&mut array, len)?;
    Ok(array)
}

/// Appends `count` nulls.
pub(super) fn append_nulls(to: &mut Array, count: usize) -> Result<()> {
    match to {
        Array::Null(a) => a.len = a.len.saturating_add(count),
        Array::Boolean(a) => {
            null_bits(&mut a.validity, a.len, count);
            bits::append_same(&mut a.values, a.len, false, count);
            a.len = a.len.saturating_add(count);
        }
        Array::Int8(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Int16(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Int32(a) | Array::Date32(a) | Array::YearMonthInterval(a) => {
            null_values(&mut a.validity, &mut a.values, 0, count);
        }
        Array::Int64(a) | Array::Date64(a) => {
            null_values(&mut a.validity, &mut a.values, 0, count);
        }
        Array::UInt8(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::UInt16(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::UInt32(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::UInt64(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Float16(a) => {
            null_values(&mut a.validity, &mut a.values, half::f16::ZERO, count);
        }
        Array::Float32(a) => null_values(&mut a.validity, &mut a.values, 0.0, count),
        Array::Float64(a) => null_values(&mut a.validity, &mut a.values, 0.0, count),
        Array::Time32(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Time64(a) | Array::Duration(a) => {
            null_values(&mut a.validity, &mut a.values, 0, count);
        }
        Array::Timestamp(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::DayTimeInterval(a) => {
            let zero = DayTimeInterval {
                days: 0,
                milliseconds: 0,
            };
            null_values(&mut a.validity, &mut a.values, zero, count);
        }
        Array::MonthDayNanoInterval(a) => {
            let zero = MonthDayNanoInterval {
                months: 0,
                days: 0,
                nanoseconds: 0,
            };
            null_values(&mut a.validity, &mut a.values, zero, count);
        }
        Array::Decimal128(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Utf8(a) | Array::Binary(a) => {
            null_spans(&mut a.validity, &mut a.offsets, count);
        }
        Array::LargeUtf8(a) | Array::LargeBinary(a) => {
            null_spans(&mut a.validity, &mut a.offsets, count);
        }
        Array::Utf8View(a) | Array::BinaryView(a) => {
            null_values(&mut a.validity, &mut a.data, 0, count);
        }
        _ => append_nested_nulls(to, count)?,
    }
    Ok(())
}

fn append_nested_nulls(to: &mut Array, count: usize) -> Result<()> {
    let before = len(to);
    match to {
        Array::FixedSizeBinary(a) => {
            let n = usize::try_from(a.n)
                .ok()
                .filter(|&n| n > 0)
                .ok_or_else(|| {
                    Error::unsupported(format!("binary values of the fixed size {}", a.n))
                })?;
            null_bits(&mut a.validity, before, count);
            a.data
                .resize(a.data.len().saturating_add(product(n, count)?), 0);
        }
        Array::Struct(a) => {
            null_bits(&mut a.validity, a.len, count);
            a.len = a.len.saturating_add(count);
            for (_, child) in &mut a.fields {
                append_nulls(child, count)?;
            }
        }
        Array::List(a) => null_spans(&mut a.validity, &mut a.offsets, count),
        Array::LargeList(a) => null_spans(&mut a.validity, &mut a.offsets, count),
        Array::Map(a) => null_spans(&mut a.validity, &mut a.offsets, count),
        Array::FixedSizeList(a) => {
            let n = usize::try_from(a.n).unwrap_or(0);
            null_bits(&mut a.validity, a.len, count);
            a.len = a.len.saturating_add(count);
            append_nulls(&mut a.elements, product(n, count)?)?;
        }
        Array::Dictionary(a) => append_nulls(&mut a.keys, count)?,
        Array::RunEndEncoded(a) if count > 0 => {
            append_nulls(&mut a.values, 1)?;
            extend::push_int(&mut a.run_ends, before.saturating_add(count))?;
        }
        Array::RunEndEncoded(_) => {}
        Array::Union(a) => {
            let sparse = a.offsets.is_none();
            let Some((id, _, first)) = a.fields.first_mut() else {
                return Err(Error::unsupported("a null in a union of no variants"));
            };
            a.types.resize(a.types.len().saturating_add(count), *id);
            if let Some(offsets) = &mut a.offsets {
                let start = len(first);
                append_nulls(first, count)?;
                for at in start..len(first) {
                    offsets.push(i32::try_from(at).map_err(|_| Error::limit("a union's size"))?);
                }
            }
            if sparse {
                for (_, _, child) in &mut a.fields {
                    append_nulls(child, count)?;
                }
            }
        }
        _ => {
            return Err(Error::unsupported(format!(
                "arrays of type {:?}",
                to.data_type()
            )));
        }
    }
    Ok(())
}

fn product(n: usize, count: usize) -> Result<usize> {
    n.checked_mul(count)
        .ok_or_else(|| Error::limit(format!("{count} times {n} bytes or slots")))
}

fn null_bits(validity: &mut Option<Vec<u8>>, len: usize, count: usize) {
    if count == 0 {
        return;
    }
    let validity = validity.get_or_insert_with(|| {
        let mut ones = Vec::new();
        bits::append_same(&mut ones, 0, true, len);
        ones
    });
    bits::append_same(validity, len, false, count);
}

fn null_values<T: Copy>(
    validity: &mut Option<Vec<u8>>,
    values: &mut Vec<T>,
    zero: T,
    count: usize,
) {
    null_bits(validity, values.len(), count);
    values.resize(values.len().saturating_add(count), zero);
}

fn null_spans<O: Copy + Default>(
    validity: &mut Option<Vec<u8>>,
    offsets: &mut Vec<O>,
    count: usize,
) {
    if offsets.is_empty() {
        offsets.push(O::default());
    }
    null_bits(validity, offsets.len().saturating_sub(1), count);
    let last = offsets.last().copied().unwrap_or_default();
    offsets.resize(offsets.len().saturating_add(count), last);
}
