//! Ranges of one array's slots appended to another: what slicing, taking and concatenating come down to.

use std::ops::Range;

use marrow::array::{
    Array, BooleanArray, BytesArray, BytesViewArray, FixedSizeBinaryArray, ListArray,
};
use marrow::view::{
    BitsWithOffset, BooleanView, BytesView, BytesViewView, FixedSizeBinaryView, ListView, View,
};

use super::measure::view_len;
use super::{Offset, bits, len, unify, view_bytes, views};
use crate::{Error, Result};

/// Adds a range to ranges, joined with the last where it follows it.
pub(super) fn push_range(ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
    match ranges.last_mut() {
        _ if range.is_empty() => {}
        Some(last) if last.end == range.start => last.end = range.end,
        _ => ranges.push(range),
    }
}

/// Appends the slots of `from` at `ranges` to `to`, an array of the same type.
pub(super) fn extend(to: &mut Array, from: &View<'_>, ranges: &[Range<usize>]) -> Result<()> {
    // Before memory is taken for slots that are not there.
    let slots = view_len(from);
    if ranges.iter().any(|range| range.end > slots) {
        return Err(too_short());
    }
    macro_rules! values {
        ($to:ident, $from:ident) => {
            values(
                &mut $to.validity,
                &mut $to.values,
                $from.validity,
                $from.values,
                ranges,
            )
        };
    }
    match (to, from) {
        (Array::Null(to), View::Null(_)) => {
            to.len = to.len.saturating_add(total(ranges));
            Ok(())
        }
        (Array::Boolean(to), View::Boolean(from)) => booleans(to, from, ranges),
        (Array::Int8(to), View::Int8(from)) => values!(to, from),
        (Array::Int16(to), View::Int16(from)) => values!(to, from),
        (Array::Int32(to), View::Int32(from))
        | (Array::Date32(to), View::Date32(from))
        | (Array::YearMonthInterval(to), View::YearMonthInterval(from)) => values!(to, from),
        (Array::Int64(to), View::Int64(from)) | (Array::Date64(to), View::Date64(from)) => {
            values!(to, from)
        }
        (Array::UInt8(to), View::UInt8(from)) => values!(to, from),
        (Array::UInt16(to), View::UInt16(from)) => values!(to, from),
        (Array::UInt32(to), View::UInt32(from)) => values!(to, from),
        (Array::UInt64(to), View::UInt64(from)) => values!(to, from),
        (Array::Float16(to), View::Float16(from)) => values!(to, from),
        (Array::Float32(to), View::Float32(from)) => values!(to, from),
        (Array::Float64(to), View::Float64(from)) => values!(to, from),
        (Array::Time32(to), View::Time32(from)) => values!(to, from),
        (Array::Time64(to), View::Time64(from)) | (Array::Duration(to), View::Duration(from)) => {
            values!(to, from)
        }
        (Array::Timestamp(to), View::Timestamp(from)) => values!(to, from),
        (Array::DayTimeInterval(to), View::DayTimeInterval(from)) => values!(to, from),
        (Array::MonthDayNanoInterval(to), View::MonthDayNanoInterval(from)) => values!(to, from),
        (Array::Decimal128(to), View::Decimal128(from)) => values!(to, from),
        (Array::Utf8(to), View::Utf8(from)) | (Array::Binary(to), View::Binary(from)) => {
            bytes(to, from, ranges)
        }
        (Array::LargeUtf8(to), View::LargeUtf8(from))
        | (Array::LargeBinary(to), View::LargeBinary(from)) => bytes(to, from, ranges),
        (Array::Utf8View(to), View::Utf8View(from))
        | (Array::BinaryView(to), View::BinaryView(from)) => byte_views(to, from, ranges),
        (Array::FixedSizeBinary(to), View::FixedSizeBinary(from)) => {
            fixed_size_binary(to, from, ranges)
        }
        (to, from) => extend_nested(to, from, ranges),
    }
}

fn extend_nested(to: &mut Array, from: &View<'_>, ranges: &[Range<usize>]) -> Result<()> {
    match (to, from) {
        (Array::Struct(to), View::Struct(from)) if to.fields.len() == from.fields.len() => {
            for ((meta, to), (_, from)) in to.fields.iter_mut().zip(&from.fields) {
                extend(to, from, ranges).map_err(|e| e.in_column(&meta.name))?;
            }
            bits::extend_validity(&mut to.validity, to.len, from.validity, ranges)?;
            to.len = to.len.saturating_add(total(ranges));
            Ok(())
        }
        (Array::List(to), View::List(from)) => list(to, from, ranges),
        (Array::LargeList(to), View::LargeList(from)) => list(to, from, ranges),
        (Array::FixedSizeList(to), View::FixedSizeList(from)) if to.n == from.n => {
            let n = usize::try_from(from.n).map_err(|_| too_short())?;
            let children = scaled(ranges, n)?;
            extend(&mut to.elements, &from.elements, &children)?;
            bits::extend_validity(&mut to.validity, to.len, from.validity, ranges)?;
            to.len = to.len.saturating_add(total(ranges));
            Ok(())
        }
        (Array::Map(to), View::Map(from)) => {
            let slots = to.offsets.len().saturating_sub(1);
            bits::extend_validity(&mut to.validity, slots, from.validity, ranges)?;
            let children = spans(&mut to.offsets, len(&to.keys), from.offsets, ranges)?;
            extend(&mut to.keys, &from.keys, &children)?;
            extend(&mut to.values, &from.values, &children)
        }
        (Array::Dictionary(to), View::Dictionary(from)) => unify::dictionary(to, from, ranges),
        (Array::RunEndEncoded(to), View::RunEndEncoded(from)) => unify::runs(to, from, ranges),
        (Array::Union(to), View::Union(from)) => unify::union(to, from, ranges),
        (to, from) => Err(Error::schema(format!(
            "{:?} where {:?} is wanted",
            from.data_type(),
            to.data_type()
        ))),
    }
}

pub(super) fn total(ranges: &[Range<usize>]) -> usize {
    ranges.iter().map(Range::len).sum()
}

pub(super) fn too_short() -> Error {
    Error::corrupt("an array is shorter than its offsets or length say")
}

fn values<T: Copy>(
    to_validity: &mut Option<Vec<u8>>,
    to: &mut Vec<T>,
    validity: Option<BitsWithOffset<'_>>,
    from: &[T],
    ranges: &[Range<usize>],
) -> Result<()> {
    bits::extend_validity(to_validity, to.len(), validity, ranges)?;
    to.reserve(total(ranges));
    for range in ranges {
        to.extend_from_slice(from.get(range.clone()).ok_or_else(too_short)?);
    }
    Ok(())
}

fn booleans(to: &mut BooleanArray, from: &BooleanView<'_>, ranges: &[Range<usize>]) -> Result<()> {
    bits::extend_validity(&mut to.validity, to.len, from.validity, ranges)?;
    for range in ranges {
        let start = from
            .values
            .offset
            .checked_add(range.start)
            .ok_or_else(too_short)?;
        let end = start.checked_add(range.len()).ok_or_else(too_short)?;
        if end.div_ceil(8) > from.values.data.len() {
            return Err(too_short());
        }
        bits::append(&mut to.values, to.len, from.values.data, start, range.len());
        to.len += range.len();
    }
    Ok(())
}

/// Appends the offsets of the slots at `ranges`, counted on from `base`, and returns what the slots span.
fn spans<O: Offset + Default>(
    to: &mut Vec<O>,
    base: usize,
    from: &[O],
    ranges: &[Range<usize>],
) -> Result<Vec<Range<usize>>> {
    let too_large =
        || Error::limit("the values of one column are over 2 GiB").with_hint("use smaller batches");
    if to.is_empty() {
        to.push(O::default());
    }
    to.reserve(total(ranges));
    let mut children = Vec::new();
    let mut base = base;
    for range in ranges.iter().filter(|range| !range.is_empty()) {
        let offsets = from.get(range.start..=range.end).ok_or_else(too_short)?;
        let position = |offset: Option<&O>| offset.and_then(|o| o.position()).ok_or_else(too_short);
        let (first, last) = (position(offsets.first())?, position(offsets.last())?);
        for offset in offsets.iter().skip(1) {
            let within = offset.position().and_then(|o| o.checked_sub(first));
            let moved = within
                .ok_or_else(too_short)?
                .checked_add(base)
                .ok_or_else(too_large)?;
            to.push(O::from_position(moved).ok_or_else(too_large)?);
        }
        let length = last.checked_sub(first).ok_or_else(too_short)?;
        base = base.checked_add(length).ok_or_else(too_large)?;
        push_range(&mut children, first..last);
    }
    Ok(children)
}

fn bytes<O: Offset + Default>(
    to: &mut BytesArray<O>,
    from: &BytesView<'_, O>,
    ranges: &[Range<usize>],
) -> Result<()> {
    let slots = to.offsets.len().saturating_sub(1);
    bits::extend_validity(&mut to.validity, slots, from.validity, ranges)?;
    let children = spans(&mut to.offsets, to.data.len(), from.offsets, ranges)?;
    for range in children {
        to.data
            .extend_from_slice(from.data.get(range).ok_or_else(too_short)?);
    }
    Ok(())
}

fn byte_views(
    to: &mut BytesViewArray,
    from: &BytesViewView<'_>,
    ranges: &[Range<usize>],
) -> Result<()> {
    let before = to.data.len();
    bits::extend_validity(&mut to.validity, before, from.validity, ranges)?;
    for at in ranges.iter().cloned().flatten() {
        let slot = from.data.get(at).ok_or_else(too_short)?;
        let is_null = from.validity.is_some_and(|v| {
            v.offset
                .checked_add(at)
                .is_none_or(|at| !bits::get(v.data, at))
        });
        // What a null slot points to may be anything.
        let value = if is_null {
            &[][..]
        } else {
            view_bytes(slot, &from.buffers).ok_or_else(too_short)?
        };
        views::push(to, value)?;
    }
    Ok(())
}

fn fixed_size_binary(
    to: &mut FixedSizeBinaryArray,
    from: &FixedSizeBinaryView<'_>,
    ranges: &[Range<usize>],
) -> Result<()> {
    let n = usize::try_from(from.n)
        .ok()
        .filter(|&n| n > 0 && to.n == from.n);
    let Some(n) = n else {
        return if total(ranges) == 0 {
            Ok(())
        } else {
            Err(too_short())
        };
    };
    bits::extend_validity(&mut to.validity, to.data.len() / n, from.validity, ranges)?;
    for range in scaled(ranges, n)? {
        to.data
            .extend_from_slice(from.data.get(range).ok_or_else(too_short)?);
    }
    Ok(())
}

/// The ranges of children of slots that have `n` each.
fn scaled(ranges: &[Range<usize>], n: usize) -> Result<Vec<Range<usize>>> {
    let scaled = |at: usize| at.checked_mul(n).ok_or_else(too_short);
    ranges
        .iter()
        .map(|range| Ok(scaled(range.start)?..scaled(range.end)?))
        .collect()
}

fn list<O: Offset + Default>(
    to: &mut ListArray<O>,
    from: &ListView<'_, O>,
    ranges: &[Range<usize>],
) -> Result<()> {
    let slots = to.offsets.len().saturating_sub(1);
    bits::extend_validity(&mut to.validity, slots, from.validity, ranges)?;
    let children = spans(&mut to.offsets, len(&to.elements), from.offsets, ranges)?;
    extend(&mut to.elements, &from.elements, &children)
}

/// Appends `value` to an integer array.
pub(super) fn push_int(array: &mut Array, value: usize) -> Result<()> {
    macro_rules! push {
        ($a:ident) => {{
            let pushed = value.try_into().map(|value| $a.values.push(value)).is_ok();
            if let (true, Some(validity)) = (pushed, &mut $a.validity) {
                bits::append_same(validity, $a.values.len() - 1, true, 1);
            }
            pushed
        }};
    }
    let pushed = match array {
        Array::Int8(a) => push!(a),
        Array::Int16(a) => push!(a),
        Array::Int32(a) => push!(a),
        Array::Int64(a) => push!(a),
        Array::UInt8(a) => push!(a),
        Array::UInt16(a) => push!(a),
        Array::UInt32(a) => push!(a),
        Array::UInt64(a) => push!(a),
        _ => {
            return Err(Error::schema(format!(
                "{:?} is not an integer type",
                array.data_type()
            )));
        }
    };
    if pushed {
        return Ok(());
    }
    let data_type = array.data_type();
    Err(Error::limit(format!(
        "{value} is too large for keys or run ends of type {data_type:?}"
    ))
    .with_hint("use smaller batches or wider keys"))
}
