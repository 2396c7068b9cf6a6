//! Text and bytes.

use std::fmt::{Display, Write};

use super::{Binaries, Record, RecordAs, RowImage, TextColumn, Within};
use crate::{Error, Result};

impl Record for str {
    type Column = TextColumn;

    #[inline]
    fn push_to(&self, column: &mut TextColumn) -> Result<()> {
        column.inner.push(self.as_bytes())
    }

    #[inline]
    fn image_to(
        &self,
        _column: &mut TextColumn,
        _at: usize,
        within: Within,
        row: &mut RowImage<'_>,
    ) {
        if within.is_nullable() {
            row.put([1]);
        }
        row.put_bytes(self.as_bytes());
    }
}

impl Record for String {
    type Column = TextColumn;

    #[inline]
    fn push_to(&self, column: &mut TextColumn) -> Result<()> {
        self.as_str().push_to(column)
    }

    #[inline]
    fn image_to(&self, column: &mut TextColumn, at: usize, within: Within, row: &mut RowImage<'_>) {
        self.as_str().image_to(column, at, within, row);
    }
}

impl Record for char {
    type Column = TextColumn;

    #[inline]
    fn push_to(&self, column: &mut TextColumn) -> Result<()> {
        self.encode_utf8(&mut [0; 4]).push_to(column)
    }
}

/// Records what holds bytes as one value rather than a list of integers: `#[record(bytes)]`, which is short for
/// `#[record(with = "Bytes")]`.
#[derive(Debug, Clone, Copy)]
pub struct Bytes;

impl<T: AsRef<[u8]> + ?Sized> RecordAs<T> for Bytes {
    type Column = Binaries;

    #[inline]
    fn push(value: &T, column: &mut Binaries) -> Result<()> {
        column.inner.push(value.as_ref())
    }
}

/// Records what has a text of its own, such as addresses and identifiers, by that: `#[record(with = "Text")]`.
#[derive(Debug, Clone, Copy)]
pub struct Text;

impl<T: Display + ?Sized> RecordAs<T> for Text {
    type Column = TextColumn;

    fn push(value: &T, column: &mut TextColumn) -> Result<()> {
        write!(Utf8(&mut column.inner.data), "{value}").map_err(Error::data)?;
        column.inner.end_value()
    }
}

/// Text appended to bytes.
struct Utf8<'a>(&'a mut Vec<u8>);

impl Write for Utf8<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
