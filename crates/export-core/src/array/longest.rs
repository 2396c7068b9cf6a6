//! How long the values of an array are.

use marrow::array::{Array, BytesArray};

use super::{Offset, bits, span};

/// Bytes of the longest text or binary value in an array, at any depth; 0 where there is none.
#[must_use]
pub fn longest_value(array: &Array) -> usize {
    match array {
        Array::Utf8(a) | Array::Binary(a) => longest(a),
        Array::LargeUtf8(a) | Array::LargeBinary(a) => longest(a),
        Array::Utf8View(a) | Array::BinaryView(a) => {
            let valid = (0..a.data.len()).filter(|&row| bits::is_valid(a.validity.as_deref(), row));
            // A view begins with the length of its value.
            let lengths =
                valid.filter_map(|row| a.data.get(row).map(|view| view & u128::from(u32::MAX)));
            lengths
                .max()
                .and_then(|length| usize::try_from(length).ok())
                .unwrap_or(0)
        }
        Array::FixedSizeBinary(a) => usize::try_from(a.n).unwrap_or(0).min(a.data.len()),
        Array::List(a) => longest_value(&a.elements),
        Array::LargeList(a) => longest_value(&a.elements),
        Array::FixedSizeList(a) => longest_value(&a.elements),
        Array::Map(a) => longest_value(&a.keys).max(longest_value(&a.values)),
        Array::Struct(a) => longest_of(a.fields.iter().map(|(_, child)| child)),
        Array::Union(a) => longest_of(a.fields.iter().map(|(_, _, child)| child)),
        Array::Dictionary(a) => longest_value(&a.values),
        Array::RunEndEncoded(a) => longest_value(&a.values),
        _ => 0,
    }
}

fn longest_of<'a>(arrays: impl Iterator<Item = &'a Array>) -> usize {
    arrays.map(longest_value).max().unwrap_or(0)
}

fn longest<O: Offset>(array: &BytesArray<O>) -> usize {
    let rows = 0..array.offsets.len().saturating_sub(1);
    let lengths = rows.filter_map(|row| span(&array.offsets, row).map(|span| span.len()));
    lengths.max().unwrap_or(0)
}
