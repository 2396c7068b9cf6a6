//! Any value as a JSON document.

use std::ops::Range;

use marrow::array::Array;
use marrow::datatypes::{DataType, Field};

use super::write_scalar;
use crate::schema::is_json;
use crate::value::{Value, value};

/// Appends one JSON document, without spaces.
///
/// Numbers of every type are JSON numbers with all their digits; `NaN`, `Infinity` and `-Infinity`, which JSON has no numbers
/// for, are strings, and so is all else that is no text in Arrow (dates, times, binary), as [`write_scalar`] spells it. Maps
/// whose keys are text are objects, other maps are lists of `{"key":…,"value":…}`. A union is the value it holds.
pub fn write_json(value: &Value<'_>, out: &mut Vec<u8>) {
    write(value, None, out);
}

/// Appends one JSON document, as [`write_json`] does; values of JSON fields, at any depth of `field`, are the documents that
/// they are.
pub fn write_json_of(field: &Field, value: &Value<'_>, out: &mut Vec<u8>) {
    write(value, Some(field), out);
}

fn write(value: &Value<'_>, field: Option<&Field>, out: &mut Vec<u8>) {
    match *value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Decimal { .. } => {
            write_scalar(value, None, out);
        }
        Value::Float32(v) => write_number(f64::from(v), value, out),
        Value::Float64(v) => write_number(v, value, out),
        Value::Text(text) if field.is_some_and(is_json) => out.extend_from_slice(text.as_bytes()),
        Value::Text(text) => write_json_string(text, out),
        Value::List(elements, start, end) => {
            let field = child(field, 0);
            write_sequence(b"[]", start..end, out, |at, out| {
                write_slot(elements, at, field, out);
            });
        }
        Value::Struct(array, row) => {
            write_sequence(
                b"{}",
                array.fields.iter().enumerate(),
                out,
                |(at, child_array), out| {
                    let (meta, child_array) = child_array;
                    write_json_string(&meta.name, out);
                    out.push(b':');
                    write_slot(child_array, row, child(field, at), out);
                },
            );
        }
        Value::Map(keys, values, start, end) => {
            write_map(keys, values, start..end, child(field, 0), out);
        }
        Value::Union(name, array, row) => write_slot(array, row, variant(field, name), out),
        // Scalars that JSON has no type for; their text needs no escapes.
        _ => {
            out.push(b'"');
            write_scalar(value, None, out);
            out.push(b'"');
        }
    }
}

/// Child `at` of a nested field.
pub(crate) fn child(field: Option<&Field>, at: usize) -> Option<&Field> {
    fn of(data_type: &DataType, at: usize) -> Option<&Field> {
        match data_type {
            DataType::List(child) | DataType::LargeList(child) | DataType::Map(child, _) => {
                Some(child)
            }
            DataType::FixedSizeList(child, _) => Some(child),
            DataType::Struct(fields) => fields.get(at),
            DataType::Dictionary(_, values) => of(values, at),
            DataType::RunEndEncoded(_, values) => of(&values.data_type, at),
            _ => None,
        }
    }
    of(&field?.data_type, at)
}

/// The variant of a union field called `name`.
pub(crate) fn variant<'a>(field: Option<&'a Field>, name: &str) -> Option<&'a Field> {
    match &field?.data_type {
        DataType::Union(fields, _) => fields.iter().map(|(_, f)| f).find(|f| f.name == name),
        _ => None,
    }
}

fn write_map(
    keys: &Array,
    values: &Array,
    rows: Range<usize>,
    entries: Option<&Field>,
    out: &mut Vec<u8>,
) {
    let (key_field, value_field) = (child(entries, 0), child(entries, 1));
    let text_keys = holds_text(keys) && !key_field.is_some_and(is_json);
    let brackets = if text_keys { b"{}" } else { b"[]" };
    write_sequence(brackets, rows, out, |at, out| {
        if text_keys {
            write_slot(keys, at, key_field, out);
            out.push(b':');
            write_slot(values, at, value_field, out);
        } else {
            out.extend_from_slice(b"{\"key\":");
            write_slot(keys, at, key_field, out);
            out.extend_from_slice(b",\"value\":");
            write_slot(values, at, value_field, out);
            out.push(b'}');
        }
    });
}

/// Whether the values of `array` are text, by its type: an empty map is spelt as one of its type with entries.
fn holds_text(array: &Array) -> bool {
    match array {
        // No map had a key so far.
        Array::Null(_) => true,
        Array::Utf8(_) | Array::LargeUtf8(_) | Array::Utf8View(_) => true,
        Array::Dictionary(dictionary) => holds_text(&dictionary.values),
        Array::RunEndEncoded(runs) => holds_text(&runs.values),
        _ => false,
    }
}

fn write_slot(array: &Array, row: usize, field: Option<&Field>, out: &mut Vec<u8>) {
    write(&value(array, row), field, out);
}

fn write_number(v: f64, value: &Value<'_>, out: &mut Vec<u8>) {
    if v == 0.0 && v.is_sign_negative() {
        // Readers take -0 for an integer, which has no sign of zero.
        out.extend_from_slice(b"-0.0");
    } else if v.is_finite() {
        write_scalar(value, None, out);
    } else if v.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else {
        out.extend_from_slice(if v > 0.0 {
            b"\"Infinity\""
        } else {
            b"\"-Infinity\""
        });
    }
}

fn write_sequence<T>(
    [open, close]: &[u8; 2],
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(*open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(*close);
}

/// Appends `text` in quotes, escaping what JSON demands: quotes, backslashes and control characters.
pub fn write_json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((&byte, after)) = special.split_first() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                _ => {
                    out.extend_from_slice(b"\\u00");
                    super::write_hex(&[byte], out);
                }
            }
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        let mut out = Vec::new();
        write_json_string("a\"b\\c\n\u{1}é", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#""a\"b\\c\n\u0001é""#);
    }

    #[test]
    fn scalars() {
        let text = |value| {
            let mut out = Vec::new();
            write_json(&value, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(Value::Null), "null");
        assert_eq!(text(Value::UInt(u64::MAX)), "18446744073709551615");
        assert_eq!(text(Value::Float64(f64::NAN)), "\"NaN\"");
        assert_eq!(text(Value::Float32(f32::NEG_INFINITY)), "\"-Infinity\"");
        assert_eq!(text(Value::Float64(-0.0)), "-0.0");
        assert_eq!(text(Value::Float32(3.0)), "3");
        assert_eq!(text(Value::Date32(0)), "\"1970-01-01\"");
        assert_eq!(text(Value::Bytes(&[255])), "\"ff\"");
    }
}
