//! One JSON document into columns.

use jiter::{Jiter, JiterError, Peek};

use super::VALUE;
use crate::build::{Column, RowBuilder};
use crate::{Error, Limits, Result};

/// Why a document could not be read.
pub(super) enum Fault {
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

/// A document that is being read. An error is one word, so that the way of all that goes well is short.
pub(super) struct Document<'j> {
    pub(super) json: Jiter<'j>,
    pub(super) depth_left: u32,
    pub(super) max_value_bytes: u64,
}

impl Document<'_> {
    /// The fields of an object, or the column [`VALUE`], as a row.
    pub(super) fn row(
        &mut self,
        rows: &mut RowBuilder,
        mut is_wanted: impl FnMut(&str) -> bool,
    ) -> Result<(), Box<Fault>> {
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

    /// The whole document as one value.
    pub(super) fn whole(&mut self, column: &mut Column) -> Result<(), Box<Fault>> {
        self.value(column)?;
        Ok(self.json.finish()?)
    }

    fn value(&mut self, column: &mut Column) -> Result<(), Box<Fault>> {
        let peek = self.json.peek()?;
        self.known_value(peek, column)
    }

    fn known_value(&mut self, peek: Peek, column: &mut Column) -> Result<(), Box<Fault>> {
        match peek {
            Peek::String => {
                let text = self.json.known_str()?;
                if text.len() as u64 > self.max_value_bytes {
                    return Err(too_long(text.len(), self.max_value_bytes).into());
                }
                column.push_str(text)?;
            }
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
fn too_long(len: usize, allowed: u64) -> Error {
    match Limits::check("bytes of a value", len as u64, allowed) {
        Err(error) => error,
        Ok(()) => Error::limit("a value is too long"),
    }
}

#[cold]
pub(super) fn too_deep() -> Error {
    Error::limit("the document is nested too deep").with_hint(Limits::HINT)
}
