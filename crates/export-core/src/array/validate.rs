//! Whether an array keeps Arrow's rules.

use std::collections::HashSet;
use std::ops::Range;

use marrow::array::{
    Array, BytesArray, BytesViewArray, DictionaryArray, MapArray, RunEndEncodedArray, UnionArray,
};
use marrow::datatypes::{DataType, TimeUnit};

use super::measure::{int_at, is_null, key_at};
use super::{Offset, bits, len, span, validity, view_bytes};
use crate::{Error, Limits, Result};

/// Fails where a type has what Arrow does not allow it: a unit that its times are too short or too long for, more digits than fit.
/// Does not look at types nested in it.
pub fn check_type(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Time32(unit) if !matches!(unit, TimeUnit::Second | TimeUnit::Millisecond) => Err(
            Error::schema(format!("32-bit times cannot be of unit {unit}")),
        ),
        DataType::Time64(unit) if !matches!(unit, TimeUnit::Microsecond | TimeUnit::Nanosecond) => {
            Err(Error::schema(format!(
                "64-bit times cannot be of unit {unit}"
            )))
        }
        DataType::Decimal128(precision, _) if !(1..=38).contains(precision) => Err(Error::schema(
            format!("{precision} digits in a 128-bit decimal"),
        )),
        _ => Ok(()),
    }
}

/// Fails where an array breaks Arrow's rules: lengths, offsets that fall, dictionary keys out of range, text that is not
/// UTF-8, run ends that do not rise, nesting over `limits.depth`.
pub fn validate(array: &Array, limits: &Limits) -> Result<()> {
    check(array, limits.depth)
}

fn check(array: &Array, depth: u32) -> Result<()> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Error::limit("the column is nested too deeply"));
    };
    if let Some(bits) = validity(array)
        && bits.len() < len(array).div_ceil(8)
    {
        return Err(broken("the validity bitmap is too short"));
    }
    match array {
        Array::Boolean(a) if a.values.len() < a.len.div_ceil(8) => {
            Err(broken("the bitmap of values is too short"))
        }
        Array::Time32(a) => typed(&DataType::Time32(a.unit)),
        Array::Time64(a) => typed(&DataType::Time64(a.unit)),
        Array::Decimal128(a) => typed(&DataType::Decimal128(a.precision, a.scale)),
        Array::Utf8(a) => text(a),
        Array::LargeUtf8(a) => text(a),
        Array::Binary(a) => offsets(&a.offsets, a.data.len()).map(drop),
        Array::LargeBinary(a) => offsets(&a.offsets, a.data.len()).map(drop),
        Array::Utf8View(a) => views(a, true),
        Array::BinaryView(a) => views(a, false),
        Array::FixedSizeBinary(a) => {
            let n = usize::try_from(a.n).map_err(|_| broken("values have a negative size"))?;
            // Of values without bytes there is nothing that could be wrong.
            match a.data.len().checked_rem(n).unwrap_or(a.data.len()) {
                0 => Ok(()),
                _ => Err(broken("the data does not end with a value")),
            }
        }
        _ => check_nested(array, depth),
    }
}

fn check_nested(array: &Array, depth: u32) -> Result<()> {
    match array {
        Array::Struct(a) => a.fields.iter().try_for_each(|(meta, child)| {
            let checked = same_len(len(child), a.len).and_then(|()| check(child, depth));
            checked.map_err(|e| e.in_column(&meta.name))
        }),
        Array::List(a) => {
            offsets(&a.offsets, len(&a.elements))?;
            check(&a.elements, depth)
        }
        Array::LargeList(a) => {
            offsets(&a.offsets, len(&a.elements))?;
            check(&a.elements, depth)
        }
        Array::FixedSizeList(a) => {
            let n = usize::try_from(a.n).map_err(|_| broken("a negative size of lists"))?;
            let elements = a
                .len
                .checked_mul(n)
                .ok_or_else(|| broken("lists of too many"))?;
            same_len(len(&a.elements), elements)?;
            check(&a.elements, depth)
        }
        Array::Map(a) => map(a, depth),
        Array::Dictionary(a) => dictionary(a, depth),
        Array::RunEndEncoded(a) => runs(a, depth),
        Array::Union(a) => union(a, depth),
        _ => Ok(()),
    }
}

fn typed(data_type: &DataType) -> Result<()> {
    check_type(data_type).map_err(|error| broken(error.message()))
}

fn broken(what: impl Into<String>) -> Error {
    Error::corrupt(what.into())
}

fn same_len(found: usize, wanted: usize) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    Err(broken(format!(
        "a nested column has {found} slots where {wanted} belong"
    )))
}

/// Checks offsets against the length of what they point into; returns what they span.
fn offsets<O: Offset>(offsets: &[O], len: usize) -> Result<Range<usize>> {
    if offsets.is_empty() {
        return Ok(0..0);
    }
    let mut last = 0;
    for (at, offset) in offsets.iter().enumerate() {
        let falls = || broken(format!("offset {at} is less than the one before"));
        last = offset
            .position()
            .filter(|&offset| offset >= last)
            .ok_or_else(falls)?;
    }
    if last > len {
        return Err(broken(format!(
            "offsets go to {last} where there are {len} values"
        )));
    }
    Ok(offsets.first().and_then(|o| o.position()).unwrap_or(0)..last)
}

fn text<O: Offset>(array: &BytesArray<O>) -> Result<()> {
    let all = offsets(&array.offsets, array.data.len())?;
    // All at once is fast. Where that fails a null slot may be why, whose bytes do not matter.
    if let Some(Ok(text)) = array.data.get(all.clone()).map(std::str::from_utf8) {
        let mut places = array.offsets.iter().filter_map(|o| o.position());
        if places.all(|place| text.is_char_boundary(place.saturating_sub(all.start))) {
            return Ok(());
        }
    }
    for row in 0..array.offsets.len().saturating_sub(1) {
        let bytes = span(&array.offsets, row).and_then(|span| array.data.get(span));
        if bits::is_valid(array.validity.as_deref(), row) {
            utf8(bytes.unwrap_or_default(), row)?;
        }
    }
    Ok(())
}

fn utf8(bytes: &[u8], row: usize) -> Result<()> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(broken(format!(
            "the text in slot {row} is not UTF-8: {error}"
        ))),
    }
}

fn views(array: &BytesViewArray, is_text: bool) -> Result<()> {
    for (row, slot) in array.data.iter().enumerate() {
        if !bits::is_valid(array.validity.as_deref(), row) {
            continue;
        }
        let bytes = view_bytes(slot, &array.buffers)
            .ok_or_else(|| broken(format!("slot {row} points outside of the buffers")))?;
        let prefix = bytemuck::bytes_of(slot).get(4..8);
        if bytes.len() > 12 && bytes.get(..4) != prefix {
            return Err(broken(format!(
                "slot {row} does not start as its value does"
            )));
        }
        if is_text {
            utf8(bytes, row)?;
        }
    }
    Ok(())
}

fn map(array: &MapArray, depth: u32) -> Result<()> {
    same_len(len(&array.values), len(&array.keys))?;
    for row in offsets(&array.offsets, len(&array.keys))? {
        if is_null(&array.keys, row) {
            return Err(broken(format!("key {row} of a map is null")));
        }
    }
    check(&array.keys, depth)?;
    check(&array.values, depth)
}

fn is_integer(array: &Array) -> bool {
    matches!(
        array,
        Array::Int8(_)
            | Array::Int16(_)
            | Array::Int32(_)
            | Array::Int64(_)
            | Array::UInt8(_)
            | Array::UInt16(_)
            | Array::UInt32(_)
            | Array::UInt64(_)
    )
}

fn dictionary(array: &DictionaryArray, depth: u32) -> Result<()> {
    if !is_integer(&array.keys) {
        return Err(broken("the keys of a dictionary are not integers"));
    }
    check(&array.keys, depth)?;
    let entries = len(&array.values);
    for row in 0..len(&array.keys) {
        if !is_null(&array.keys, row) && key_at(&array.keys, row).is_none_or(|k| k >= entries) {
            return Err(broken(format!(
                "the key in slot {row} is not one of {entries} entries"
            )));
        }
    }
    check(&array.values, depth)
}

fn runs(array: &RunEndEncodedArray, depth: u32) -> Result<()> {
    if !matches!(
        *array.run_ends,
        Array::Int16(_) | Array::Int32(_) | Array::Int64(_)
    ) {
        return Err(broken("run ends are neither 16-, 32- nor 64-bit integers"));
    }
    check(&array.run_ends, depth)?;
    same_len(len(&array.values), len(&array.run_ends))?;
    let mut last = 0;
    for run in 0..len(&array.run_ends) {
        let rises = |end: &i64| *end > last;
        let falls = || broken(format!("run end {run} is not greater than the one before"));
        last = int_at(&array.run_ends, run)
            .filter(rises)
            .ok_or_else(falls)?;
    }
    check(&array.values, depth)
}

fn union(array: &UnionArray, depth: u32) -> Result<()> {
    let mut ids = HashSet::new();
    for (id, meta, child) in &array.fields {
        if !ids.insert(*id) || *id < 0 {
            return Err(broken(format!(
                "the variant id {id} is negative or used twice"
            )));
        }
        if array.offsets.is_none() {
            same_len(len(child), array.types.len()).map_err(|e| e.in_column(&meta.name))?;
        }
        check(child, depth).map_err(|e| e.in_column(&meta.name))?;
    }
    if let Some(offsets) = &array.offsets {
        same_len(offsets.len(), array.types.len())?;
    }
    for row in 0..array.types.len() {
        let found = super::measure::variant_at(array, row);
        if found.is_none_or(|((_, _, child), at)| at >= len(child)) {
            return Err(broken(format!("slot {row} of a union points to no value")));
        }
    }
    Ok(())
}
