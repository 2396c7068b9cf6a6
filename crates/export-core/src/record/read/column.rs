//! A column to read from.

use std::collections::HashMap;

use marrow::array::Array;

use super::Selection;
use crate::schema::{EXTENSION_NAME_KEY, JSON_EXTENSION, TEXT_STYLE_KEY};
use crate::text::write_scalar;
use crate::value::{Value, value};
use crate::{Error, Result};

const TIME: &str = "a time";
const TIME_HINT: &str = "read it into a type that knows units: SystemTime, Duration, those of jiff and chrono; or as text into a String";

/// An array and what its field says of it.
#[derive(Debug, Clone, Copy)]
pub struct ColumnRef<'a> {
    pub(super) array: &'a Array,
    pub(super) metadata: &'a HashMap<String, String>,
    /// Its slots are rows, not elements of lists.
    pub(super) has_rows: bool,
}

impl<'a> ColumnRef<'a> {
    pub(super) fn style(&self) -> Option<&'a str> {
        self.metadata.get(TEXT_STYLE_KEY).map(String::as_str)
    }

    /// Each value by `read`, which may refuse it. `what` is the type in a user's words.
    pub(super) fn values<T>(
        self,
        rows: &Selection,
        what: &str,
        mut read: impl FnMut(Value<'a>) -> Option<T>,
    ) -> Result<Vec<T>> {
        self.refuse_documents()?;
        let mut values = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            let found = value(self.array, row);
            match read(found) {
                Some(value) => values.push(value),
                None => return Err(self.mismatch(row, &found, what)),
            }
        }
        Ok(values)
    }

    /// Fails where the column's text is JSON documents.
    pub(super) fn refuse_documents(&self) -> Result<()> {
        let name = self.metadata.get(EXTENSION_NAME_KEY);
        match name.is_some_and(|name| name == JSON_EXTENSION) {
            false => Ok(()),
            true => Err(Error::unsupported("the column holds JSON documents")
                .with_hint("read it by serde, into types that implement `Deserialize`")),
        }
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        matches!(value(self.array, row), Value::Null)
    }

    /// Where an error is.
    pub(super) fn at(&self, row: usize, error: Error) -> Error {
        match self.has_rows {
            true => error.at_row(row as u64 + 1),
            false => error,
        }
    }

    #[cold]
    pub(super) fn mismatch(&self, row: usize, value: &Value<'_>, what: &str) -> Error {
        let error = match kind(value) {
            None => Error::data(format!("is null where {what} is wanted"))
                .with_hint("a field that may be null is an Option"),
            Some(kind) => {
                let mut text = Vec::new();
                write_scalar(value, self.style(), &mut text);
                let text = String::from_utf8_lossy(text.get(..40).unwrap_or(&text));
                let error = match text.is_empty() {
                    true => Error::data(format!("holds {kind} where {what} is wanted")),
                    false => Error::data(format!("holds {kind}, {text}, which is not {what}")),
                };
                match kind == TIME {
                    true => error.with_hint(TIME_HINT),
                    false => error,
                }
            }
        };
        self.at(row, error)
    }
}

fn kind(value: &Value<'_>) -> Option<&'static str> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::UInt(_) => "an integer",
        Value::Float32(_) | Value::Float64(_) => "a float",
        Value::Decimal { .. } => "a decimal",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::List(..) => "a list",
        Value::Struct(..) => "a struct",
        Value::Map(..) => "a map",
        Value::Union(..) => "a variant",
        _ => TIME,
    })
}
