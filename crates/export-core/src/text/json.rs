//! Any value as a JSON document.

use marrow::array::Array;

use super::write_scalar;
use crate::value::{Value, value};

/// Appends one JSON document, without spaces.
///
/// Numbers of every type are JSON numbers with all their digits; `NaN`, `Infinity` and `-Infinity`, which JSON has no numbers
/// for, are strings, and so is all else that is no text in Arrow (dates, times, binary), as [`write_scalar`] spells it. Maps
/// whose keys are text are objects, other maps are lists of `{"key":…,"value":…}`. A union is the value it holds.
pub fn write_json(value: &Value<'_>, out: &mut Vec<u8>) {
    match *value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Decimal { .. } => {
            write_scalar(value, None, out);
        }
        Value::Float32(v) => write_number(f64::from(v), value, out),
        Value::Float64(v) => write_number(v, value, out),
        Value::Text(text) => write_json_string(text, out),
        Value::List(elements, start, end) => {
            write_sequence(b"[]", start..end, out, |at, out| write_slot(elements, at, out));
        }
        Value::Struct(array, row) => {
            write_sequence(b"{}", &array.fields, out, |(meta, field), out| {
                write_json_string(&meta.name, out);
                out.push(b':');
                write_slot(field, row, out);
            });
        }
        Value::Map(keys, values, start, end) => {
            let text_keys = (start..end).all(|at| matches!(self::value(keys, at), Value::Text(_)));
            let brackets = if text_keys { b"{}" } else { b"[]" };
            write_sequence(brackets, start..end, out, |at, out| {
                if text_keys {
                    write_slot(keys, at, out);
                    out.push(b':');
                    write_slot(values, at, out);
                } else {
                    out.extend_from_slice(b"{\"key\":");
                    write_slot(keys, at, out);
                    out.extend_from_slice(b",\"value\":");
                    write_slot(values, at, out);
                    out.push(b'}');
                }
            });
        }
        Value::Union(_, array, row) => write_slot(array, row, out),
        // Scalars that JSON has no type for; their text needs no escapes.
        _ => {
            out.push(b'"');
            write_scalar(value, None, out);
            out.push(b'"');
        }
    }
}

fn write_slot(array: &Array, row: usize, out: &mut Vec<u8>) {
    write_json(&value(array, row), out);
}

fn write_number(v: f64, value: &Value<'_>, out: &mut Vec<u8>) {
    if v.is_finite() {
        write_scalar(value, None, out);
    } else if v.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else {
        out.extend_from_slice(if v > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
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
    while let Some(at) = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
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
        assert_eq!(text(Value::Date32(0)), "\"1970-01-01\"");
        assert_eq!(text(Value::Bytes(&[255])), "\"ff\"");
    }
}
