//! Any value as a JSON document.

use marrow::array::Array;
use marrow::datatypes::Field;

use super::spans::Spans;
use crate::schema::is_json;
use crate::text::write_json_of;
use crate::value::{Value, value};
use crate::{Result, array};

/// The values of `array` as JSON text. Values that are JSON already stay as they are.
pub(super) fn json(array: &Array, from: &Field, to: &Field) -> Result<Array> {
    if is_json(from) && array::has_type(array, &to.data_type) {
        return Ok(array.clone());
    }
    let mut spans = Spans::default();
    for row in 0..array::len(array) {
        match value(array, row) {
            Value::Null => spans.push_null(),
            value => spans.push(|out| write_json_of(from, &value, out)),
        }
    }
    spans.finish(&to.data_type)
}
