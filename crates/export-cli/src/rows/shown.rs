//! Values as cells of a table.

use exportkit::marrow::array::Array;
use exportkit::marrow::datatypes::{DataType, Field};
use exportkit::schema::TEXT_STYLE_KEY;
use exportkit::value::{Value, value};
use exportkit::{Batch, text};

use crate::console::plain;
use crate::table::{Cell, Head};

/// Characters of a value that a table looks at; more than any terminal is wide.
const LONGEST: usize = 1024;

/// The heads of a batch's columns.
pub(crate) fn heads(batch: &Batch) -> Vec<Head> {
    let head = |field: &Field| Head {
        title: plain(&field.name),
        right: is_number(&field.data_type),
    };
    batch.schema().fields.iter().map(head).collect()
}

/// Row `row` of a batch.
pub(crate) fn cells(batch: &Batch, row: usize) -> Vec<Cell> {
    let columns = batch.schema().fields.iter().zip(batch.columns());
    columns
        .map(|(field, column)| cell(field, column, row))
        .collect()
}

fn cell(field: &Field, column: &Array, row: usize) -> Cell {
    let value = value(column, row);
    if matches!(value, Value::Null) {
        return Cell {
            text: String::from("null"),
            dim: true,
        };
    }
    let mut bytes = Vec::new();
    text::write_value(
        &value,
        field.metadata.get(TEXT_STYLE_KEY).map(String::as_str),
        &mut bytes,
    );
    let text: String = String::from_utf8_lossy(&bytes)
        .chars()
        .take(LONGEST)
        .collect();
    Cell::from(plain(&text))
}

fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..) => true,
        DataType::Dictionary(_, values) => is_number(values),
        DataType::RunEndEncoded(_, values) => is_number(&values.data_type),
        _ => false,
    }
}
