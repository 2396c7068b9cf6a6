//! One JSON document into the columns of a row.

use std::collections::HashMap;

use export_core::build::{Column, RowBuilder};
use export_core::{Confidence, Error, Result};
use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};

use super::lines::Line;
use super::locate;

/// Column of rows that are not objects.
pub(super) const VALUE: &str = "value";

/// Parses lines into rows.
pub(super) struct Parser {
    max_depth: u32,
    /// Wanted columns and whether any row had them; all are wanted where `None`.
    wanted: Option<HashMap<String, bool>>,
    /// Space for text with escapes, used again for every line.
    tape: Vec<u8>,
}

impl Parser {
    pub(super) fn new(max_depth: u32, wanted: Option<&[String]>) -> Self {
        let wanted = wanted.map(|names| names.iter().map(|name| (name.clone(), false)).collect());
        Self {
            max_depth,
            wanted,
            tape: Vec::new(),
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
        let mut document = Document {
            json: Jiter::with_tape(line.bytes, std::mem::take(&mut self.tape)),
            depth_left: self.max_depth,
        };
        let result = document.row(rows, self.wanted.as_mut());
        let reached = document.json.current_index();
        self.tape = document.json.into_tape();
        match result {
            Ok(()) => {
                rows.end_row();
                Ok(())
            }
            Err(fault) => Err(self.error(line, *fault, reached)),
        }
    }

    /// Fails where the line is no JSON document, before any column has seen it.
    pub(super) fn check(&self, line: &Line<'_>) -> Result<()> {
        if let Err(error) = std::str::from_utf8(line.bytes) {
            let fault = Fault::Value(Error::data("text is not UTF-8"));
            return Err(self.error(line, fault, error.valid_up_to()));
        }
        let mut json = Jiter::new(line.bytes);
        json.next_skip()
            .and_then(|()| json.finish())
            .map_err(|error| self.error(line, Fault::Syntax(error), 0))
    }

    #[cold]
    fn error(&self, line: &Line<'_>, fault: Fault, reached: usize) -> Error {
        let (error, at) = match fault {
            Fault::Syntax(error) => (syntax(&error, line), error.index),
            Fault::Value(error) => (error, reached),
        };
        let path = locate::path(line.bytes, at, self.max_depth);
        let error = if path.is_empty() {
            error
        } else {
            error.in_column(path)
        };
        error
            .at_line(line.number)
            .at_offset(line.offset + at as u64)
    }
}

/// Why a row could not be added.
enum Fault {
    Syntax(JiterError),
    Value(Error),
}

impl From<JiterError> for Box<Fault> {
    #[cold]
    fn from(error: JiterError) -> Self {
        Self::new(Fault::Syntax(error))
    }
}

impl From<Error> for Box<Fault> {
    #[cold]
    fn from(error: Error) -> Self {
        Self::new(Fault::Value(error))
    }
}

/// The document of one line. An error is one word, so that the way of all that goes well is short.
struct Document<'j> {
    json: Jiter<'j>,
    depth_left: u32,
}

impl Document<'_> {
    fn row(
        &mut self,
        rows: &mut RowBuilder,
        mut wanted: Option<&mut HashMap<String, bool>>,
    ) -> Result<(), Box<Fault>> {
        let mut is_wanted = |name: &str| match &mut wanted {
            None => true,
            Some(wanted) => wanted.get_mut(name).map(|seen| *seen = true).is_some(),
        };
        let peek = self.json.peek()?;
        if peek == Peek::Object {
            self.enter()?;
            let mut key = self.json.known_object()?;
            while let Some(name) = key {
                if is_wanted(name) {
                    let column = rows.field(name)?;
                    self.value(column)?;
                } else {
                    self.json.next_skip()?;
                }
                key = self.json.next_key()?;
            }
        } else if is_wanted(VALUE) {
            self.value(rows.field(VALUE)?)?;
        } else {
            self.json.next_skip()?;
        }
        Ok(self.json.finish()?)
    }

    fn value(&mut self, column: &mut Column) -> Result<(), Box<Fault>> {
        let peek = self.json.peek()?;
        self.known_value(peek, column)
    }

    fn known_value(&mut self, peek: Peek, column: &mut Column) -> Result<(), Box<Fault>> {
        match peek {
            Peek::String => column.push_str(self.json.known_str()?)?,
            Peek::Null => {
                self.json.known_null()?;
                column.push_null()?;
            }
            Peek::True | Peek::False => column.push_bool(self.json.known_bool(peek)?)?,
            Peek::Object => self.object(column)?,
            Peek::Array => self.array(column)?,
            Peek::NaN | Peek::Infinity => return Err(not_finite().into()),
            _ if peek.is_num() => column.push_number_text(self.json.known_number_bytes(peek)?)?,
            _ => return Err(Error::data("a JSON value is missing here").into()),
        }
        Ok(())
    }

    fn object(&mut self, column: &mut Column) -> Result<(), Box<Fault>> {
        self.enter()?;
        column.begin_struct()?;
        let mut key = self.json.known_object()?;
        while let Some(name) = key {
            let field = column.field(name)?;
            self.value(field)?;
            key = self.json.next_key()?;
        }
        column.end_struct()?;
        self.depth_left += 1;
        Ok(())
    }

    fn array(&mut self, column: &mut Column) -> Result<(), Box<Fault>> {
        self.enter()?;
        column.begin_list()?;
        let mut element = self.json.known_array()?;
        while let Some(peek) = element {
            self.known_value(peek, column.element()?)?;
            element = self.json.array_step()?;
        }
        column.end_list()?;
        self.depth_left += 1;
        Ok(())
    }

    /// Goes one level down.
    fn enter(&mut self) -> Result<(), Box<Fault>> {
        match self.depth_left.checked_sub(1) {
            Some(left) => {
                self.depth_left = left;
                Ok(())
            }
            None => Err(too_deep().into()),
        }
    }
}

#[cold]
fn not_finite() -> Error {
    Error::data("NaN and Infinity are not JSON")
        .with_hint("JSON has no such numbers: write null, or strings such as \"NaN\"")
}

#[cold]
fn too_deep() -> Error {
    Error::limit("the document is nested too deep")
        .with_hint("raise the limit on depth only if you trust the input")
}

/// What the parser of one document says, in terms of lines.
fn syntax(error: &JiterError, line: &Line<'_>) -> Error {
    use JsonErrorType as T;
    let JiterErrorType::JsonError(what) = &error.error_type else {
        return Error::data(error.error_type.to_string());
    };
    match what {
        T::EofWhileParsingList
        | T::EofWhileParsingObject
        | T::EofWhileParsingString
        | T::EofWhileParsingValue => {
            if line.is_ended {
                Error::data("the line ends inside a JSON document")
                    .with_hint("NDJSON has one document a line: put each on a line of its own")
            } else {
                Error::truncated("the input ends inside a JSON document")
            }
        }
        T::TrailingCharacters => Error::data("the line goes on after its JSON document")
            .with_hint("NDJSON has one document a line: put each on a line of its own"),
        T::InvalidUnicodeCodePoint => Error::data("text is not UTF-8"),
        T::NumberOutOfRange => Error::limit("a number has more than 4,300 digits"),
        T::RecursionLimitExceeded => too_deep(),
        what => Error::data(format!("this is not JSON: {what}")),
    }
}

/// Whether the first line is an object or an array, as far as it is there.
pub(super) fn sniff(head: &[u8]) -> Confidence {
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let end = head.iter().position(|byte| *byte == b'\n');
    let line = end.and_then(|end| head.get(..end)).unwrap_or(head);
    let mut json = Jiter::new(line);
    if !matches!(json.peek(), Ok(Peek::Object | Peek::Array)) {
        return Confidence::No;
    }
    let is_cut = |error: &JiterError| error.index >= line.len() && end.is_none();
    match json.next_skip().and_then(|()| json.finish()) {
        Ok(()) => Confidence::Maybe,
        Err(error) if is_cut(&error) => Confidence::Maybe,
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
