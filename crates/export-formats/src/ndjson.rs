//! NDJSON: one JSON document a line, usually an object.
//!
//! Reading finds the types of columns on the way ([`export_core::build`]): nested objects become structs, arrays become
//! lists, and a column whose values have no common type keeps each of them as a JSON document. Numbers keep every digit.
//! A document that is not an object is a row with the one column `value`. Blank lines, CRLF and a byte order mark at the
//! start are fine; a key that an object has twice, a document over several lines and `NaN` are errors.
//!
//! Writing spells values as [`export_core::text::write_json`] does. `NaN` and infinities become the strings `"NaN"`,
//! `"Infinity"` and `"-Infinity"`, and a note says so. Option `ndjson.nulls=omit` leaves out fields that are null; by default
//! they are written, so that every column survives.

mod lines;
mod options;
mod parse;
mod read;
mod write;

use std::io::Write;

use export_core::{Confidence, Format, Input, ReadOptions, Result, Sink, Source, WriteOptions};

/// One JSON document a line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ndjson;

impl Format for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ndjson", "jsonl", "ldjson"]
    }

    fn sniff(&self, head: &[u8]) -> Confidence {
        parse::sniff(head)
    }

    fn open(&self, input: Input, options: &ReadOptions) -> Result<Box<dyn Source>> {
        Ok(Box::new(read::NdjsonSource::new(input, options)?))
    }

    fn create(
        &self,
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>> {
        Ok(Box::new(write::NdjsonSink::new(output, options)?))
    }
}
