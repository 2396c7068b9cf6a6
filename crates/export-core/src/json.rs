//! JSON documents into columns, straight from the parser, every number with all its digits.
//!
//! What is refused: a key that an object has twice, nesting over a limit, text that is not UTF-8, `NaN` and infinities, and
//! whatever else is not JSON (RFC 8259). Errors say the byte in the document and the path of the value, such as
//! `user.tags[3]`.

mod document;
mod locate;

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType};

use crate::build::{Column, RowBuilder};
use crate::{Error, Limits, Result};
use document::{Document, Fault, too_deep};

/// Column of rows that are not objects.
pub const VALUE: &str = "value";

/// Deepest nesting that any reader follows.
const MAX_DEPTH: u32 = 512;

/// Reads documents one after the other.
///
/// ```
/// use export_core::build::RowBuilder;
/// use export_core::json::JsonReader;
///
/// let mut rows = RowBuilder::new();
/// let mut json = JsonReader::new(64);
/// json.read_row(br#"{"id":1,"tags":["a"]}"#, &mut rows, |_| true)?;
/// rows.end_row();
/// let error = json.read_row(br#"{"id":2,"tags":[tru]}"#, &mut rows, |_| true).unwrap_err();
/// assert_eq!(error.position().column.as_deref(), Some("tags[0]"));
/// rows.rollback();
/// assert_eq!(rows.take_batch()?.rows(), 1);
/// # Ok::<(), export_core::Error>(())
/// ```
#[derive(Debug)]
pub struct JsonReader {
    max_depth: u32,
    max_value_bytes: u64,
    /// Space for text with escapes, used again for every document.
    tape: Vec<u8>,
}

impl JsonReader {
    /// A reader of documents of at most `max_depth` levels, and never more than 512: each takes some of the stack.
    #[must_use]
    pub fn new(max_depth: u32) -> Self {
        Self {
            max_depth: max_depth.min(MAX_DEPTH),
            max_value_bytes: u64::MAX,
            tape: Vec::new(),
        }
    }

    /// A reader by all limits that concern JSON: nesting, and the length of texts.
    #[must_use]
    pub fn within(limits: &Limits) -> Self {
        Self {
            max_value_bytes: limits.value_bytes,
            ..Self::new(limits.depth)
        }
    }

    /// Reads a document into the open row: the fields of an object that are wanted, or the column [`VALUE`]. Ends no row.
    /// After an error the row is as far as it came.
    ///
    /// Values that are not wanted are not looked into further than to find their end.
    pub fn read_row(
        &mut self,
        text: &[u8],
        rows: &mut RowBuilder,
        is_wanted: impl FnMut(&str) -> bool,
    ) -> Result<()> {
        self.read_by(text, |document| document.row(rows, is_wanted))
    }

    /// Reads a document as one value of a column.
    pub fn read_value(&mut self, text: &[u8], column: &mut Column) -> Result<()> {
        self.read_by(text, |document| document.whole(column))
    }

    #[inline]
    fn read_by(
        &mut self,
        text: &[u8],
        read: impl FnOnce(&mut Document<'_>) -> Result<(), Box<Fault>>,
    ) -> Result<()> {
        let json = Jiter::with_tape(text, std::mem::take(&mut self.tape));
        let mut document = Document {
            json,
            depth_left: self.max_depth,
            max_value_bytes: self.max_value_bytes,
        };
        let result = read(&mut document);
        let reached = document.json.current_index();
        self.tape = document.json.into_tape();
        result.map_err(|fault| error(text, *fault, reached, self.max_depth))
    }

    /// Fails where `text` is no JSON document. Keys that are there twice pass.
    pub fn check(&self, text: &[u8]) -> Result<()> {
        if let Err(utf8) = std::str::from_utf8(text) {
            let fault = Fault::Value(Error::data("text is not UTF-8"));
            return Err(error(text, fault, utf8.valid_up_to(), self.max_depth));
        }
        let mut json = Jiter::new(text);
        json.next_skip()
            .and_then(|()| json.finish())
            .map_err(|fault| error(text, Fault::Syntax(fault), 0, self.max_depth))
    }
}

#[cold]
fn error(text: &[u8], fault: Fault, reached: usize, max_depth: u32) -> Error {
    let (error, at) = match fault {
        Fault::Syntax(error) => (syntax(&error), error.index),
        Fault::Value(error) => (error, reached),
    };
    let path = locate::path(text, at, max_depth);
    let error = if path.is_empty() {
        error
    } else {
        error.in_column(path)
    };
    error.at_offset(at as u64)
}

/// What the parser says, as an error of ours.
fn syntax(error: &JiterError) -> Error {
    use JsonErrorType as T;
    let JiterErrorType::JsonError(what) = &error.error_type else {
        return Error::data(error.error_type.to_string());
    };
    match what {
        T::EofWhileParsingList
        | T::EofWhileParsingObject
        | T::EofWhileParsingString
        | T::EofWhileParsingValue => Error::truncated("the text ends inside a JSON document"),
        T::TrailingCharacters => Error::data("the text goes on after its JSON document"),
        T::InvalidUnicodeCodePoint => Error::data("text is not UTF-8"),
        T::NumberOutOfRange => Error::limit("a number has more than 4,300 digits"),
        T::RecursionLimitExceeded => too_deep(),
        what => Error::data(format!("this is not JSON: {what}")),
    }
}
