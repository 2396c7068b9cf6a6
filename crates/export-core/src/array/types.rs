//! Whether an array is of a type.

use marrow::array::Array;
use marrow::datatypes::{DataType, Field, FieldMeta, IntervalUnit, UnionMode};

/// Whether `array` is of `data_type`, nested names and metadata of children and the sortedness of maps left out of account.
#[must_use]
pub fn has_type(array: &Array, data_type: &DataType) -> bool {
    use DataType as T;
    match (array, data_type) {
        (Array::Null(_), T::Null)
        | (Array::Boolean(_), T::Boolean)
        | (Array::Int8(_), T::Int8)
        | (Array::Int16(_), T::Int16)
        | (Array::Int32(_), T::Int32)
        | (Array::Int64(_), T::Int64)
        | (Array::UInt8(_), T::UInt8)
        | (Array::UInt16(_), T::UInt16)
        | (Array::UInt32(_), T::UInt32)
        | (Array::UInt64(_), T::UInt64)
        | (Array::Float16(_), T::Float16)
        | (Array::Float32(_), T::Float32)
        | (Array::Float64(_), T::Float64)
        | (Array::Date32(_), T::Date32)
        | (Array::Date64(_), T::Date64)
        | (Array::YearMonthInterval(_), T::Interval(IntervalUnit::YearMonth))
        | (Array::DayTimeInterval(_), T::Interval(IntervalUnit::DayTime))
        | (Array::MonthDayNanoInterval(_), T::Interval(IntervalUnit::MonthDayNano))
        | (Array::Utf8(_), T::Utf8)
        | (Array::LargeUtf8(_), T::LargeUtf8)
        | (Array::Utf8View(_), T::Utf8View)
        | (Array::Binary(_), T::Binary)
        | (Array::LargeBinary(_), T::LargeBinary)
        | (Array::BinaryView(_), T::BinaryView) => true,
        (Array::FixedSizeBinary(a), T::FixedSizeBinary(n)) => a.n == *n,
        (Array::Time32(a), T::Time32(unit)) => a.unit == *unit,
        (Array::Time64(a), T::Time64(unit)) | (Array::Duration(a), T::Duration(unit)) => {
            a.unit == *unit
        }
        (Array::Timestamp(a), T::Timestamp(unit, zone)) => a.unit == *unit && a.timezone == *zone,
        (Array::Decimal128(a), T::Decimal128(precision, scale)) => {
            a.precision == *precision && a.scale == *scale
        }
        (Array::Struct(a), T::Struct(fields)) => {
            a.fields.len() == fields.len()
                && a.fields
                    .iter()
                    .zip(fields)
                    .all(|((meta, child), f)| is_child(child, meta, f))
        }
        (Array::List(a), T::List(field)) => is_child(&a.elements, &a.meta, field),
        (Array::LargeList(a), T::LargeList(field)) => is_child(&a.elements, &a.meta, field),
        (Array::FixedSizeList(a), T::FixedSizeList(field, n)) => {
            a.n == *n && is_child(&a.elements, &a.meta, field)
        }
        (Array::Dictionary(a), T::Dictionary(keys, values)) => {
            has_type(&a.keys, keys) && has_type(&a.values, values)
        }
        (Array::RunEndEncoded(a), T::RunEndEncoded(ends, values)) => {
            has_type(&a.run_ends, &ends.data_type) && is_child(&a.values, &a.meta.values, values)
        }
        (Array::Map(a), T::Map(entries, _)) => match &entries.data_type {
            T::Struct(fields) => match fields.as_slice() {
                [keys, values] => {
                    is_child(&a.keys, &a.meta.keys, keys)
                        && is_child(&a.values, &a.meta.values, values)
                }
                _ => false,
            },
            _ => false,
        },
        (Array::Union(a), T::Union(fields, mode)) => {
            a.offsets.is_some() == (*mode == UnionMode::Dense)
                && a.fields.len() == fields.len()
                && a.fields
                    .iter()
                    .zip(fields)
                    .all(|((id, meta, child), (field_id, field))| {
                        id == field_id && is_child(child, meta, field)
                    })
        }
        _ => false,
    }
}

fn is_child(child: &Array, meta: &FieldMeta, field: &Field) -> bool {
    meta.nullable == field.nullable && has_type(child, &field.data_type)
}
