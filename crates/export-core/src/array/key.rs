//! Values as bytes that are equal exactly where the values are.

use half::f16;
use marrow::array::Array;

use super::bits;
use crate::value::{Value, value};

/// Appends bytes that two slots of arrays of one type share exactly where they hold the same value to the bit: what to
/// hash, count or look values up by.
pub fn write_key(array: &Array, row: usize, out: &mut Vec<u8>) {
    // A conversion to f32 may change the payload of a NaN.
    if let Array::Float16(a) = array {
        let valid = bits::is_valid(a.validity.as_deref(), row);
        let value: Option<&f16> = a.values.get(row).filter(|_| valid);
        out.push(value.is_some().into());
        out.extend_from_slice(&value.map_or(0, |v| v.to_bits()).to_le_bytes());
        return;
    }
    let value = value(array, row);
    out.push((!matches!(value, Value::Null)).into());
    match value {
        Value::Null => {}
        Value::Bool(v) => out.push(v.into()),
        Value::Int(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::UInt(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Float32(v) => out.extend_from_slice(&v.to_bits().to_le_bytes()),
        Value::Float64(v) => out.extend_from_slice(&v.to_bits().to_le_bytes()),
        Value::Decimal { unscaled, .. } => out.extend_from_slice(&unscaled.to_le_bytes()),
        Value::Text(v) => write_bytes(v.as_bytes(), out),
        Value::Bytes(v) => write_bytes(v, out),
        Value::Date32(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Date64(v)
        | Value::Time(v, _)
        | Value::Timestamp(v, _, _)
        | Value::Duration(v, _) => {
            out.extend_from_slice(&v.to_le_bytes());
        }
        Value::Interval {
            months,
            days,
            nanoseconds,
        } => {
            out.extend_from_slice(&months.to_le_bytes());
            out.extend_from_slice(&days.to_le_bytes());
            out.extend_from_slice(&nanoseconds.to_le_bytes());
        }
        Value::List(elements, start, end) => {
            write_len(end.saturating_sub(start), out);
            (start..end).for_each(|at| write_key(elements, at, out));
        }
        Value::Struct(array, row) => {
            array
                .fields
                .iter()
                .for_each(|(_, child)| write_key(child, row, out));
        }
        Value::Map(keys, values, start, end) => {
            write_len(end.saturating_sub(start), out);
            for at in start..end {
                write_key(keys, at, out);
                write_key(values, at, out);
            }
        }
        Value::Union(name, child, row) => {
            write_bytes(name.as_bytes(), out);
            write_key(child, row, out);
        }
    }
}

fn write_len(len: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u64::try_from(len).unwrap_or(u64::MAX).to_le_bytes());
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_len(bytes.len(), out);
    out.extend_from_slice(bytes);
}
