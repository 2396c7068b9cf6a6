//! Lines into rows.

use std::collections::HashMap;

use export_core::build::RowBuilder;
use export_core::json::JsonReader;
use export_core::{Confidence, Error, ErrorKind, Limits, Result};

use super::lines::Line;

/// Parses lines into rows.
pub(super) struct Parser {
    json: JsonReader,
    /// Wanted columns and whether any row had them; all are wanted where `None`.
    wanted: Option<HashMap<String, bool>>,
}

impl Parser {
    pub(super) fn new(limits: &Limits, wanted: Option<&[String]>) -> Self {
        let wanted = wanted.map(|names| names.iter().map(|name| (name.clone(), false)).collect());
        Self {
            json: JsonReader::within(limits),
            wanted,
        }
    }

    /// A wanted column that no row had.
    pub(super) fn missing(&self) -> Option<&str> {
        let wanted = self.wanted.as_ref()?;
        wanted
            .iter()
            .filter(|(_, seen)| !**seen)
            .map(|(name, _)| name.as_str())
            .min()
    }

    /// Adds the line as a row. After an error the row is open, as far as it came.
    pub(super) fn row(&mut self, line: &Line<'_>, rows: &mut RowBuilder) -> Result<()> {
        let result = match &mut self.wanted {
            None => self.json.read_row(line.bytes, rows, |_| true),
            Some(wanted) => self.json.read_row(line.bytes, rows, |name| {
                wanted.get_mut(name).map(|seen| *seen = true).is_some()
            }),
        };
        match result {
            Ok(()) => {
                rows.end_row();
                Ok(())
            }
            Err(error) => Err(in_line(error, line)),
        }
    }

    /// Fails where the line is no JSON document, before any column has seen it.
    pub(super) fn check(&self, line: &Line<'_>) -> Result<()> {
        self.json
            .check(line.bytes)
            .map_err(|error| in_line(error, line))
    }
}

/// An error about a document, as one about a line of the input.
#[cold]
fn in_line(error: Error, line: &Line<'_>) -> Error {
    let error = error.at_line(line.number).offset_from(line.offset);
    // Half a document is damage only where the input ends; elsewhere it is a document over several lines.
    let error = match error.kind() {
        ErrorKind::Truncated if line.is_ended => {
            let position = error.position().clone();
            let error = Error::data("the line ends inside a JSON document").at_line(line.number);
            let error = error.at_offset(position.offset.unwrap_or(line.offset));
            match position.column {
                Some(column) => error.in_column(column),
                None => error,
            }
        }
        _ => error,
    };
    match error.hint() {
        Some(_) => error,
        None => error.with_hint("NDJSON has one document a line: put each on a line of its own"),
    }
}

/// Whether the first line is an object or an array, as far as it is there.
pub(super) fn sniff(head: &[u8]) -> Confidence {
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let end = memchr::memchr(b'\n', head);
    let line = end.and_then(|end| head.get(..end)).unwrap_or(head);
    if !line.starts_with(b"{") && !line.starts_with(b"[") {
        return Confidence::No;
    }
    // A head may be cut inside a character.
    let text = String::from_utf8_lossy(line);
    match JsonReader::new(u32::MAX).check(text.as_bytes()) {
        Ok(()) => Confidence::Maybe,
        Err(error) if error.kind() == ErrorKind::Truncated && end.is_none() => Confidence::Maybe,
        Err(_) => Confidence::No,
    }
}

#[cfg(test)]
mod tests {
    use super::{Confidence, sniff};

    #[test]
    fn objects_and_arrays_on_one_line_are_recognised() {
        for head in [
            "{\"a\":1}\n{",
            "{\"a\": \"cut",
            "\u{feff}[1,2]\n",
            "\n {}",
            "{\"a\":1.",
            "{\"a\":\"\\u00",
        ] {
            assert_eq!(sniff(head.as_bytes()), Confidence::Maybe, "{head:?}");
        }
        for head in ["", "a,b\n1,2\n", "{\n", "{]}", "1,2\n", "{\"a\":1} {\n"] {
            assert_eq!(sniff(head.as_bytes()), Confidence::No, "{head:?}");
        }
    }
}
