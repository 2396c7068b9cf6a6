//! Lengths, sizes and nulls.

use marrow::array::{Array, RunEndEncodedArray, UnionArray};
use marrow::datatypes::FieldMeta;
use marrow::view::View;

use super::bits;

/// Number of slots.
#[must_use]
pub fn len(array: &Array) -> usize {
    match array {
        Array::Null(a) => a.len,
        Array::Boolean(a) => a.len,
        Array::Int8(a) => a.values.len(),
        Array::Int16(a) => a.values.len(),
        Array::Int32(a) | Array::Date32(a) | Array::YearMonthInterval(a) => a.values.len(),
        Array::Int64(a) | Array::Date64(a) => a.values.len(),
        Array::UInt8(a) => a.values.len(),
        Array::UInt16(a) => a.values.len(),
        Array::UInt32(a) => a.values.len(),
        Array::UInt64(a) => a.values.len(),
        Array::Float16(a) => a.values.len(),
        Array::Float32(a) => a.values.len(),
        Array::Float64(a) => a.values.len(),
        Array::Time32(a) => a.values.len(),
        Array::Time64(a) | Array::Duration(a) => a.values.len(),
        Array::Timestamp(a) => a.values.len(),
        Array::DayTimeInterval(a) => a.values.len(),
        Array::MonthDayNanoInterval(a) => a.values.len(),
        Array::Utf8(a) | Array::Binary(a) => a.offsets.len().saturating_sub(1),
        Array::LargeUtf8(a) | Array::LargeBinary(a) => a.offsets.len().saturating_sub(1),
        Array::Utf8View(a) | Array::BinaryView(a) => a.data.len(),
        Array::FixedSizeBinary(a) => fixed_size_len(a.data.len(), a.n),
        Array::Decimal128(a) => a.values.len(),
        Array::Struct(a) => a.len,
        Array::List(a) => a.offsets.len().saturating_sub(1),
        Array::LargeList(a) => a.offsets.len().saturating_sub(1),
        Array::FixedSizeList(a) => a.len,
        Array::Dictionary(a) => len(&a.keys),
        Array::RunEndEncoded(a) => {
            let last = len(&a.run_ends).checked_sub(1);
            last.and_then(|last| int_at(&a.run_ends, last))
                .map_or(0, position)
        }
        Array::Map(a) => a.offsets.len().saturating_sub(1),
        Array::Union(a) => a.types.len(),
        _ => 0,
    }
}

/// Number of slots of a borrowed array.
pub(super) fn view_len(view: &View<'_>) -> usize {
    match view {
        View::Null(a) => a.len,
        View::Boolean(a) => a.len,
        View::Int8(a) => a.values.len(),
        View::Int16(a) => a.values.len(),
        View::Int32(a) | View::Date32(a) | View::YearMonthInterval(a) => a.values.len(),
        View::Int64(a) | View::Date64(a) => a.values.len(),
        View::UInt8(a) => a.values.len(),
        View::UInt16(a) => a.values.len(),
        View::UInt32(a) => a.values.len(),
        View::UInt64(a) => a.values.len(),
        View::Float16(a) => a.values.len(),
        View::Float32(a) => a.values.len(),
        View::Float64(a) => a.values.len(),
        View::Time32(a) => a.values.len(),
        View::Time64(a) | View::Duration(a) => a.values.len(),
        View::Timestamp(a) => a.values.len(),
        View::DayTimeInterval(a) => a.values.len(),
        View::MonthDayNanoInterval(a) => a.values.len(),
        View::Utf8(a) | View::Binary(a) => a.offsets.len().saturating_sub(1),
        View::LargeUtf8(a) | View::LargeBinary(a) => a.offsets.len().saturating_sub(1),
        View::Utf8View(a) | View::BinaryView(a) => a.data.len(),
        View::FixedSizeBinary(a) => fixed_size_len(a.data.len(), a.n),
        View::Decimal128(a) => a.values.len(),
        View::Struct(a) => a.len,
        View::List(a) => a.offsets.len().saturating_sub(1),
        View::LargeList(a) => a.offsets.len().saturating_sub(1),
        View::FixedSizeList(a) => a.len,
        View::Dictionary(a) => view_len(&a.keys),
        View::RunEndEncoded(a) => match &*a.run_ends {
            View::Int16(ends) => ends.values.last().map_or(0, |&end| position(end.into())),
            View::Int32(ends) => ends.values.last().map_or(0, |&end| position(end.into())),
            View::Int64(ends) => ends.values.last().map_or(0, |&end| position(end)),
            _ => 0,
        },
        View::Map(a) => a.offsets.len().saturating_sub(1),
        View::Union(a) => a.types.len(),
        _ => 0,
    }
}

fn position(end: i64) -> usize {
    usize::try_from(end).unwrap_or(0)
}

fn fixed_size_len(bytes: usize, n: i32) -> usize {
    usize::try_from(n)
        .ok()
        .and_then(|n| bytes.checked_div(n))
        .unwrap_or(0)
}

/// Slot `row` of an integer array (dictionary keys, run ends); `None` where it is null, out of range or over `i64::MAX`.
pub(crate) fn int_at(array: &Array, row: usize) -> Option<i64> {
    if !bits::is_valid(validity(array), row) {
        return None;
    }
    match array {
        Array::Int8(a) => a.values.get(row).map(|&v| v.into()),
        Array::Int16(a) => a.values.get(row).map(|&v| v.into()),
        Array::Int32(a) => a.values.get(row).map(|&v| v.into()),
        Array::Int64(a) => a.values.get(row).copied(),
        Array::UInt8(a) => a.values.get(row).map(|&v| v.into()),
        Array::UInt16(a) => a.values.get(row).map(|&v| v.into()),
        Array::UInt32(a) => a.values.get(row).map(|&v| v.into()),
        Array::UInt64(a) => a.values.get(row).and_then(|&v| v.try_into().ok()),
        _ => None,
    }
}

/// The entry a dictionary's slot `row` stands for.
pub(crate) fn key_at(keys: &Array, row: usize) -> Option<usize> {
    int_at(keys, row).and_then(|key| usize::try_from(key).ok())
}

/// The validity bitmap, least significant bit first, 1 = has a value. A dictionary's is that of its keys.
#[must_use]
pub fn validity(array: &Array) -> Option<&[u8]> {
    match array {
        Array::Boolean(a) => a.validity.as_deref(),
        Array::Int8(a) => a.validity.as_deref(),
        Array::Int16(a) => a.validity.as_deref(),
        Array::Int32(a) | Array::Date32(a) | Array::YearMonthInterval(a) => a.validity.as_deref(),
        Array::Int64(a) | Array::Date64(a) => a.validity.as_deref(),
        Array::UInt8(a) => a.validity.as_deref(),
        Array::UInt16(a) => a.validity.as_deref(),
        Array::UInt32(a) => a.validity.as_deref(),
        Array::UInt64(a) => a.validity.as_deref(),
        Array::Float16(a) => a.validity.as_deref(),
        Array::Float32(a) => a.validity.as_deref(),
        Array::Float64(a) => a.validity.as_deref(),
        Array::Time32(a) => a.validity.as_deref(),
        Array::Time64(a) | Array::Duration(a) => a.validity.as_deref(),
        Array::Timestamp(a) => a.validity.as_deref(),
        Array::DayTimeInterval(a) => a.validity.as_deref(),
        Array::MonthDayNanoInterval(a) => a.validity.as_deref(),
        Array::Utf8(a) | Array::Binary(a) => a.validity.as_deref(),
        Array::LargeUtf8(a) | Array::LargeBinary(a) => a.validity.as_deref(),
        Array::Utf8View(a) | Array::BinaryView(a) => a.validity.as_deref(),
        Array::FixedSizeBinary(a) => a.validity.as_deref(),
        Array::Decimal128(a) => a.validity.as_deref(),
        Array::Struct(a) => a.validity.as_deref(),
        Array::List(a) => a.validity.as_deref(),
        Array::LargeList(a) => a.validity.as_deref(),
        Array::FixedSizeList(a) => a.validity.as_deref(),
        Array::Map(a) => a.validity.as_deref(),
        Array::Dictionary(a) => validity(&a.keys),
        _ => None,
    }
}

/// Number of null slots (all of a null array; none of a union's, which has no bitmap). Slots of a dictionary or of runs
/// whose entry is null count.
#[must_use]
pub fn null_count(array: &Array) -> usize {
    match array {
        Array::Null(a) => a.len,
        Array::Dictionary(a) if null_count(&a.values) > 0 => {
            let values = validity(&a.values);
            let is_null =
                |&row: &usize| key_at(&a.keys, row).is_none_or(|key| !bits::is_valid(values, key));
            (0..len(&a.keys)).filter(is_null).count()
        }
        Array::RunEndEncoded(a) => {
            let mut start = 0;
            let mut nulls = 0;
            for run in 0..len(&a.run_ends) {
                let end = int_at(&a.run_ends, run).map_or(0, position);
                if !bits::is_valid(validity(&a.values), run) || matches!(*a.values, Array::Null(_))
                {
                    nulls += end.saturating_sub(start);
                }
                start = end;
            }
            nulls
        }
        _ => validity(array).map_or(0, |bits| len(array) - bits::count_ones(bits, 0, len(array))),
    }
}

/// Bytes of all buffers.
#[must_use]
pub fn memory_bytes(array: &Array) -> usize {
    let own = match array {
        Array::Boolean(a) => a.values.len(),
        Array::Int8(a) => size_of_val(a.values.as_slice()),
        Array::Int16(a) => size_of_val(a.values.as_slice()),
        Array::Int32(a) | Array::Date32(a) | Array::YearMonthInterval(a) => {
            size_of_val(a.values.as_slice())
        }
        Array::Int64(a) | Array::Date64(a) => size_of_val(a.values.as_slice()),
        Array::UInt8(a) => size_of_val(a.values.as_slice()),
        Array::UInt16(a) => size_of_val(a.values.as_slice()),
        Array::UInt32(a) => size_of_val(a.values.as_slice()),
        Array::UInt64(a) => size_of_val(a.values.as_slice()),
        Array::Float16(a) => size_of_val(a.values.as_slice()),
        Array::Float32(a) => size_of_val(a.values.as_slice()),
        Array::Float64(a) => size_of_val(a.values.as_slice()),
        Array::Time32(a) => size_of_val(a.values.as_slice()),
        Array::Time64(a) | Array::Duration(a) => size_of_val(a.values.as_slice()),
        Array::Timestamp(a) => size_of_val(a.values.as_slice()),
        Array::DayTimeInterval(a) => size_of_val(a.values.as_slice()),
        Array::MonthDayNanoInterval(a) => size_of_val(a.values.as_slice()),
        Array::Utf8(a) | Array::Binary(a) => size_of_val(a.offsets.as_slice()) + a.data.len(),
        Array::LargeUtf8(a) | Array::LargeBinary(a) => {
            size_of_val(a.offsets.as_slice()) + a.data.len()
        }
        Array::Utf8View(a) | Array::BinaryView(a) => {
            size_of_val(a.data.as_slice()) + a.buffers.iter().map(Vec::len).sum::<usize>()
        }
        Array::FixedSizeBinary(a) => a.data.len(),
        Array::Decimal128(a) => size_of_val(a.values.as_slice()),
        Array::Struct(a) => a.fields.iter().map(|(_, child)| memory_bytes(child)).sum(),
        Array::List(a) => size_of_val(a.offsets.as_slice()) + memory_bytes(&a.elements),
        Array::LargeList(a) => size_of_val(a.offsets.as_slice()) + memory_bytes(&a.elements),
        Array::FixedSizeList(a) => memory_bytes(&a.elements),
        // The keys' bitmap is counted with the keys.
        Array::Dictionary(a) => return memory_bytes(&a.keys) + memory_bytes(&a.values),
        Array::RunEndEncoded(a) => memory_bytes(&a.run_ends) + memory_bytes(&a.values),
        Array::Map(a) => {
            size_of_val(a.offsets.as_slice()) + memory_bytes(&a.keys) + memory_bytes(&a.values)
        }
        Array::Union(a) => {
            let children: usize = a
                .fields
                .iter()
                .map(|(_, _, child)| memory_bytes(child))
                .sum();
            a.types.len() + a.offsets.as_ref().map_or(0, |o| size_of_val(o.as_slice())) + children
        }
        _ => 0,
    };
    own + validity(array).map_or(0, <[u8]>::len)
}

/// Whether a slot has no value of its own (a dictionary's or a run's entry left out of account).
pub(crate) fn is_null(array: &Array, row: usize) -> bool {
    matches!(array, Array::Null(_)) || !bits::is_valid(validity(array), row)
}

/// The run that slot `row` is in.
pub(crate) fn run_at(array: &RunEndEncodedArray, row: usize) -> Option<usize> {
    let (mut low, mut high) = (0, len(&array.run_ends));
    while low < high {
        let middle = low.midpoint(high);
        if end_at(array, middle) <= row {
            low = middle + 1
        } else {
            high = middle
        }
    }
    (low < len(&array.run_ends)).then_some(low)
}

/// The slot after the last one of run `run`.
pub(crate) fn end_at(array: &RunEndEncodedArray, run: usize) -> usize {
    key_at(&array.run_ends, run).unwrap_or(0)
}

/// The variant (id, meta, array) of a union's slot, and the row in its array.
pub(crate) fn variant_at(
    array: &UnionArray,
    row: usize,
) -> Option<(&(i8, FieldMeta, Array), usize)> {
    let id = array.types.get(row)?;
    let variant = array
        .fields
        .iter()
        .find(|(field_id, _, _)| field_id == id)?;
    let row = match &array.offsets {
        Some(offsets) => usize::try_from(*offsets.get(row)?).ok()?,
        None => row,
    };
    Some((variant, row))
}
