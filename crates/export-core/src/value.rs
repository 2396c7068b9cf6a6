//! One value of a column, borrowed: what row-oriented writers, tables and readers of typed rows look at.

use std::cmp::Ordering;
use std::ops::Range;

use marrow::array::{Array, BytesArray};
use marrow::datatypes::TimeUnit;

use crate::array::{self, span, view_bytes};

/// One value, borrowed from its array.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer of any width.
    Int(i64),
    /// An unsigned integer of any width.
    UInt(u64),
    /// A 16- or 32-bit float.
    Float32(f32),
    /// A 64-bit float.
    Float64(f64),
    /// `unscaled · 10^-scale`.
    Decimal {
        /// The digits as an integer.
        unscaled: i128,
        /// Digits after the point (negative: zeros before it).
        scale: i8,
    },
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Days since 1970-01-01.
    Date32(i32),
    /// Milliseconds since 1970-01-01 (midnight, UTC).
    Date64(i64),
    /// Time since midnight.
    Time(i64, TimeUnit),
    /// Time since 1970-01-01; with a zone it is an instant (UTC), without it is a wall clock.
    Timestamp(i64, TimeUnit, Option<&'a str>),
    /// A length of time.
    Duration(i64, TimeUnit),
    /// Months, days and nanoseconds, each on its own.
    Interval {
        /// Months.
        months: i32,
        /// Days.
        days: i32,
        /// Nanoseconds.
        nanoseconds: i64,
    },
    /// A list: elements `start..end` of an array.
    List(&'a Array, usize, usize),
    /// A struct: row `1` of struct array `0`.
    Struct(&'a marrow::array::StructArray, usize),
    /// A map: entries `start..end` of keys and values.
    Map(&'a Array, &'a Array, usize, usize),
    /// A union: the variant's name, its array and the row in it.
    Union(&'a str, &'a Array, usize),
}

/// The value in slot `row`, dictionaries and runs resolved. `Null` where `row` is out of range.
///
/// Slots of arrays that break Arrow's rules are `Null`, too.
#[must_use]
pub fn value(array: &Array, row: usize) -> Value<'_> {
    found(array, row).unwrap_or(Value::Null)
}

/// The value of a slot that has one.
#[inline]
fn slot<'a, T>(validity: &Option<Vec<u8>>, values: &'a [T], row: usize) -> Option<&'a T> {
    if let Some(bits) = validity
        && !array::bits::get(bits, row)
    {
        return None;
    }
    values.get(row)
}

fn found(array: &Array, row: usize) -> Option<Value<'_>> {
    macro_rules! slot {
        ($a:ident) => {
            *slot(&$a.validity, &$a.values, row)?
        };
    }
    Some(match array {
        Array::Boolean(a) if row < a.len && array::bits::is_valid(a.validity.as_deref(), row) => {
            Value::Bool(array::bits::get(&a.values, row))
        }
        Array::Int8(a) => Value::Int(slot!(a).into()),
        Array::Int16(a) => Value::Int(slot!(a).into()),
        Array::Int32(a) => Value::Int(slot!(a).into()),
        Array::Int64(a) => Value::Int(slot!(a)),
        Array::UInt8(a) => Value::UInt(slot!(a).into()),
        Array::UInt16(a) => Value::UInt(slot!(a).into()),
        Array::UInt32(a) => Value::UInt(slot!(a).into()),
        Array::UInt64(a) => Value::UInt(slot!(a)),
        Array::Float16(a) => Value::Float32(slot!(a).to_f32()),
        Array::Float32(a) => Value::Float32(slot!(a)),
        Array::Float64(a) => Value::Float64(slot!(a)),
        Array::Decimal128(a) => Value::Decimal {
            unscaled: slot!(a),
            scale: a.scale,
        },
        Array::Utf8(a) => text(bytes(a, row)?)?,
        Array::LargeUtf8(a) => text(bytes(a, row)?)?,
        Array::Utf8View(a) => text(view_bytes(slot(&a.validity, &a.data, row)?, &a.buffers)?)?,
        Array::Binary(a) => Value::Bytes(bytes(a, row)?),
        Array::LargeBinary(a) => Value::Bytes(bytes(a, row)?),
        Array::BinaryView(a) => {
            Value::Bytes(view_bytes(slot(&a.validity, &a.data, row)?, &a.buffers)?)
        }
        Array::Date32(a) => Value::Date32(slot!(a)),
        Array::Date64(a) => Value::Date64(slot!(a)),
        Array::Time32(a) => Value::Time(slot!(a).into(), a.unit),
        Array::Time64(a) => Value::Time(slot!(a), a.unit),
        Array::Timestamp(a) => Value::Timestamp(slot!(a), a.unit, a.timezone.as_deref()),
        Array::Duration(a) => Value::Duration(slot!(a), a.unit),
        Array::YearMonthInterval(a) => Value::Interval {
            months: slot!(a),
            days: 0,
            nanoseconds: 0,
        },
        Array::DayTimeInterval(a) => {
            let value = slot!(a);
            let nanoseconds = i64::from(value.milliseconds) * 1_000_000;
            Value::Interval {
                months: 0,
                days: value.days,
                nanoseconds,
            }
        }
        Array::MonthDayNanoInterval(a) => {
            let value = slot!(a);
            Value::Interval {
                months: value.months,
                days: value.days,
                nanoseconds: value.nanoseconds,
            }
        }
        _ if array::is_null(array, row) => return None,
        _ => return found_nested(array, row),
    })
}

fn found_nested(array: &Array, row: usize) -> Option<Value<'_>> {
    Some(match array {
        Array::FixedSizeBinary(a) => {
            let n = usize::try_from(a.n).ok().filter(|&n| n > 0)?;
            let start = row.checked_mul(n)?;
            Value::Bytes(a.data.get(start..start.checked_add(n)?)?)
        }
        Array::List(a) => list(&a.elements, span(&a.offsets, row)?)?,
        Array::LargeList(a) => list(&a.elements, span(&a.offsets, row)?)?,
        Array::FixedSizeList(a) if row < a.len => {
            let n = usize::try_from(a.n).ok()?;
            let start = row.checked_mul(n)?;
            list(&a.elements, start..start.checked_add(n)?)?
        }
        Array::Struct(a) if row < a.len => Value::Struct(a, row),
        Array::Map(a) => {
            let entries = span(&a.offsets, row)?;
            let whole = entries.end <= array::len(&a.keys).min(array::len(&a.values));
            whole.then_some(Value::Map(&a.keys, &a.values, entries.start, entries.end))?
        }
        Array::Dictionary(a) => value(&a.values, array::key_at(&a.keys, row)?),
        Array::RunEndEncoded(a) => value(&a.values, array::run_at(a, row)?),
        Array::Union(a) => {
            let ((_, meta, child), row) = array::variant_at(a, row)?;
            Value::Union(&meta.name, child, row)
        }
        _ => return None,
    })
}

fn bytes<O: array::Offset>(array: &BytesArray<O>, row: usize) -> Option<&[u8]> {
    if !array::bits::is_valid(array.validity.as_deref(), row) {
        return None;
    }
    array.data.get(span(&array.offsets, row)?)
}

fn text(bytes: &[u8]) -> Option<Value<'_>> {
    std::str::from_utf8(bytes).ok().map(Value::Text)
}

fn list(elements: &Array, span: Range<usize>) -> Option<Value<'_>> {
    (span.end <= array::len(elements)).then_some(Value::List(elements, span.start, span.end))
}

/// The order of two scalars of one type; `None` for nulls, NaNs, intervals and nested values, and for those of two types that
/// do not compare.
#[must_use]
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (integer(a), integer(b)) {
        return Some(a.cmp(&b));
    }
    if let (Some(a), Some(b)) = (float(a), float(b)) {
        return a.partial_cmp(&b);
    }
    Some(match (*a, *b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
        (
            Value::Decimal {
                unscaled: a,
                scale: a_scale,
            },
            Value::Decimal {
                unscaled: b,
                scale: b_scale,
            },
        ) if a_scale == b_scale => a.cmp(&b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Date32(a), Value::Date32(b)) => a.cmp(&b),
        (Value::Date64(a), Value::Date64(b)) => a.cmp(&b),
        (Value::Time(a, a_unit), Value::Time(b, b_unit))
        | (Value::Timestamp(a, a_unit, _), Value::Timestamp(b, b_unit, _))
        | (Value::Duration(a, a_unit), Value::Duration(b, b_unit))
            if a_unit == b_unit =>
        {
            a.cmp(&b)
        }
        _ => return None,
    })
}

fn integer(value: &Value<'_>) -> Option<i128> {
    match *value {
        Value::Int(v) => Some(v.into()),
        Value::UInt(v) => Some(v.into()),
        _ => None,
    }
}

fn float(value: &Value<'_>) -> Option<f64> {
    match *value {
        Value::Float32(v) => Some(v.into()),
        Value::Float64(v) => Some(v),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_ordered_within_their_type() {
        let less = Some(Ordering::Less);
        assert_eq!(compare(&Value::Int(-1), &Value::UInt(u64::MAX)), less);
        assert_eq!(compare(&Value::Float32(1.5), &Value::Float64(2.0)), less);
        assert_eq!(compare(&Value::Text("B"), &Value::Text("a")), less);
        let day = |v| Value::Timestamp(v, TimeUnit::Second, None);
        assert_eq!(compare(&day(-1), &day(0)), less);
        for (a, b) in [
            (Value::Float64(f64::NAN), Value::Float64(0.0)),
            (Value::Null, Value::Null),
            (Value::Int(1), Value::Text("1")),
            (Value::Int(1), Value::Float64(1.0)),
            (day(0), Value::Timestamp(0, TimeUnit::Millisecond, None)),
        ] {
            assert_eq!(compare(&a, &b), None);
        }
    }
}
