//! What must hold before marrow converts an array or a type.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field};
use export_core::marrow::array::Array;
use export_core::{Error, Result};

/// Fails, naming the nested column, where a type is one that marrow has no array for.
pub(super) fn is_held(field: &Field) -> Result<()> {
    let held = match field.data_type() {
        DataType::List(child)
        | DataType::LargeList(child)
        | DataType::FixedSizeList(child, _)
        | DataType::Map(child, _) => is_held(child),
        DataType::RunEndEncoded(_, values) => is_held(values),
        DataType::Struct(children) => children.iter().try_for_each(|child| is_held(child)),
        DataType::Union(children, _) => children.iter().try_for_each(|(_, child)| is_held(child)),
        DataType::Dictionary(_, values) => is_type_held(values),
        data_type => is_type_held(data_type),
    };
    held.map_err(|error| error.in_column(field.name()))
}

fn is_type_held(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal256(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => Err(Error::unsupported(format!(
            "columns of type {data_type} are not supported"
        ))
        .with_hint("leave the column out, or cast it first")),
        _ => Ok(()),
    }
}

/// Fails on arrays whose length marrow finds by dividing by a width of zero.
pub(super) fn divides(array: &Array) -> Result<()> {
    let children: Vec<&Array> = match array {
        Array::FixedSizeBinary(a) if a.n < 1 => return Err(zero_width()),
        Array::FixedSizeList(a) if a.n < 1 => return Err(zero_width()),
        Array::FixedSizeList(a) => vec![&a.elements],
        Array::List(a) => vec![&a.elements],
        Array::LargeList(a) => vec![&a.elements],
        Array::Map(a) => vec![&a.keys, &a.values],
        Array::Struct(a) => a.fields.iter().map(|(_, child)| child).collect(),
        Array::Union(a) => a.fields.iter().map(|(_, _, child)| child).collect(),
        Array::Dictionary(a) => vec![&a.values],
        Array::RunEndEncoded(a) => vec![&a.values],
        _ => Vec::new(),
    };
    children.into_iter().try_for_each(divides)
}

fn zero_width() -> Error {
    Error::unsupported("fixed-size values of no size have no counterpart in Arrow's crates")
}

/// Fails on slices of runs, which marrow takes for the whole.
pub(super) fn is_whole(data: &ArrayData) -> Result<()> {
    if let DataType::RunEndEncoded(ends, _) = data.data_type() {
        let whole = data.child_data().first().and_then(|run_ends| {
            let run_ends = arrow_array::make_array(run_ends.clone());
            match ends.data_type() {
                DataType::Int16 => run_ends
                    .as_primitive::<Int16Type>()
                    .values()
                    .last()
                    .map(|&v| v.into()),
                DataType::Int32 => run_ends
                    .as_primitive::<Int32Type>()
                    .values()
                    .last()
                    .map(|&v| v.into()),
                DataType::Int64 => run_ends
                    .as_primitive::<Int64Type>()
                    .values()
                    .last()
                    .copied(),
                _ => None,
            }
        });
        let len = i64::try_from(data.len()).ok();
        if data.offset() != 0 || (whole != len && (whole, len) != (None, Some(0))) {
            return Err(
                Error::unsupported("a slice of a run-end encoded column is not supported")
                    .with_hint("take or concatenate it first, which makes it whole"),
            );
        }
    }
    data.child_data().iter().try_for_each(is_whole)
}
