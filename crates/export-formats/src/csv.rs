//! CSV and TSV.
//!
//! **Reading** finds out the delimiter, the header and the columns' types from a sample, and widens a type later where a cell
//! asks for it. A cell becomes a number, a date or the like only if writing that value back gives the same text, so
//! that CSV → batches → CSV changes no cell: `00501`, `1e5` and `+5` stay text.
//!
//! - "No value" is an empty cell without quotes. Where columns that are otherwise numbers and the like have `NA`, `NULL`,
//!   `null` or `\N`, that word is the file's "no value", in all of its columns, and empty cells are empty strings.
//!   Quotes make either a string. Where such columns have quoted empty cells, and no column has bare ones, it is the quoted
//!   ones that have no value, and bare ones are empty strings.
//! - An empty line is a row only where there is but one column.
//! - Options: `csv.delimiter`, `csv.header` (`yes`, `no`, `auto`), `csv.null`, `csv.types` (`infer`, `text`).
//!
//! **Writing** quotes as little as RFC 4180 allows, ends lines in LF, writes nested values as JSON, and spells values as they
//! were read. Options: `csv.delimiter`, `csv.header` (`yes`, `no`), `csv.null`.

mod bits;
mod buffer;
mod column;
mod fault;
mod infer;
mod kind;
mod names;
mod options;
mod parse;
mod read;
mod rows;
mod sample;
mod sniff;
mod split;
mod values;
mod write;

use std::io::Write;

use export_core::{Confidence, Format, Input, ReadOptions, Result, Sink, Source, WriteOptions};

use read::CsvSource;
use write::CsvSink;

/// Option, and key of a schema's metadata: the text of "no value".
const NULL_OPTION: &str = "csv.null";
/// Option, and key of a schema's metadata: `no` where the file has no header.
const HEADER_OPTION: &str = "csv.header";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Text tables with commas, semicolons, tabs or bars between cells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Csv;

/// Text tables with tabs between cells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tsv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn sniff(&self, head: &[u8]) -> Confidence {
        if sniff::looks_like(head, None) {
            Confidence::Maybe
        } else {
            Confidence::No
        }
    }

    fn open(&self, input: Input, options: &ReadOptions) -> Result<Box<dyn Source>> {
        Ok(Box::new(CsvSource::open(input, options, None)?))
    }

    fn create(
        &self,
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>> {
        Ok(Box::new(CsvSink::create(output, options, b',')?))
    }
}

impl Format for Tsv {
    fn name(&self) -> &'static str {
        "tsv"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tsv", "tab"]
    }

    fn sniff(&self, head: &[u8]) -> Confidence {
        if sniff::looks_like(head, Some(b'\t')) {
            Confidence::Maybe
        } else {
            Confidence::No
        }
    }

    fn open(&self, input: Input, options: &ReadOptions) -> Result<Box<dyn Source>> {
        Ok(Box::new(CsvSource::open(input, options, Some(b'\t'))?))
    }

    fn create(
        &self,
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>> {
        Ok(Box::new(CsvSink::create(output, options, b'\t')?))
    }
}
