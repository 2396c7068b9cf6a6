//! Batches to rows.

use std::io::Write;
use std::sync::Arc;

use export_core::marrow::array::{Array, BytesArray, PrimitiveArray};
use export_core::schema::TEXT_STYLE_KEY;
use export_core::text::write_int;
use export_core::value::{Value, value};
use export_core::{
    Cancel, Error, ExportMetadata, Result, Schema, Sink, SinkSummary, StreamBatch, WriteOptions,
};

use super::infer::QUOTED_EMPTY;
use super::kind::HEADER_KEY;
use super::options::CsvOptions;
use super::{BYTE_ORDER_MARK, HEADER_OPTION, NULL_OPTION};
use crate::text::write_value;

/// Bytes gathered before they are written.
const FLUSH_BYTES: usize = 256 << 10;

/// Rows of one stream as CSV.
pub(super) struct CsvSink {
    output: Box<dyn Write + Send>,
    options: CsvOptions,
    cancel: Cancel,
    /// The stream and the schema of its first batch.
    started: Option<(Arc<str>, Arc<Schema>)>,
    spelling: Spelling,
    buffer: Vec<u8>,
    /// Whether bytes were written.
    begun: bool,
    rows: u64,
}

/// What tells cells apart, and values from none.
struct Spelling {
    delimiter: u8,
    /// A cell without a value.
    null: Vec<u8>,
    /// Empty cells are quoted: alone in their line they would be an empty line, which many readers skip.
    quote_empty: bool,
}

impl CsvSink {
    pub(super) fn create(
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
        delimiter: u8,
    ) -> Result<Self> {
        let csv = CsvOptions::new(&options.extra)?;
        let delimiter = csv.delimiter.unwrap_or(delimiter);
        Ok(Self {
            output,
            options: csv,
            cancel: options.cancel.clone(),
            started: None,
            spelling: Spelling {
                delimiter,
                null: Vec::new(),
                quote_empty: false,
            },
            buffer: Vec::new(),
            begun: false,
            rows: 0,
        })
    }

    /// Writes the header before the first batch; later ones must be like it.
    fn start(&mut self, stream: &Arc<str>, schema: &Arc<Schema>) -> Result<()> {
        if let Some((first, expected)) = &self.started {
            if first != stream {
                return Err(Error::usage(format!(
                    "a CSV file holds one stream, but there are {first:?} and {stream:?}"
                ))
                .with_hint("choose one of them"));
            }
            if expected.fields != schema.fields {
                return Err(Error::schema("the columns change on the way").in_stream(&**stream));
            }
            return Ok(());
        }
        self.started = Some((Arc::clone(stream), Arc::clone(schema)));
        let kept = |key: &str| schema.metadata.get(key).cloned();
        let null = self
            .options
            .null
            .clone()
            .or_else(|| kept(NULL_OPTION))
            .unwrap_or_default();
        self.spelling.quote_empty = schema.fields.len() == 1 && null != QUOTED_EMPTY;
        self.spelling.null = null.into();
        if self.spelling.null.contains(&self.spelling.delimiter) {
            return Err(
                Error::usage("the word for \"no value\" has the delimiter in it")
                    .with_hint("choose another one with csv.null, or another csv.delimiter"),
            );
        }
        if self
            .options
            .header
            .unwrap_or(kept(HEADER_OPTION).as_deref() != Some("no"))
        {
            for (at, field) in schema.fields.iter().enumerate() {
                let name = field.metadata.get(HEADER_KEY).unwrap_or(&field.name);
                if at > 0 {
                    self.buffer.push(self.spelling.delimiter);
                }
                let alone = name.is_empty() && schema.fields.len() == 1;
                self.spelling
                    .write_quoted_if(alone, name.as_bytes(), &mut self.buffer);
            }
            self.buffer.push(b'\n');
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.begun, true) && self.buffer.starts_with(BYTE_ORDER_MARK) {
            // A reader takes the first for the file's and leaves the second to the cell.
            self.output.write_all(BYTE_ORDER_MARK)?;
        }
        self.output.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Sink for CsvSink {
    fn write(&mut self, batch: StreamBatch) -> Result<()> {
        let StreamBatch { stream, batch } = batch;
        self.start(&stream, batch.schema())?;
        let columns: Vec<CellWriter<'_>> = batch
            .columns()
            .iter()
            .zip(&batch.schema().fields)
            .map(|(array, field)| CellWriter::new(array, field.metadata.get(TEXT_STYLE_KEY)))
            .collect();
        let mut scratch = Vec::new();
        for row in 0..batch.rows() {
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    self.buffer.push(self.spelling.delimiter);
                }
                column.write(row, &self.spelling, &mut scratch, &mut self.buffer);
            }
            self.buffer.push(b'\n');
            if self.buffer.len() >= FLUSH_BYTES {
                self.cancel.check()?;
                self.flush()?;
            }
        }
        self.rows += batch.rows() as u64;
        self.flush()
    }

    fn finish(mut self: Box<Self>, _metadata: &ExportMetadata) -> Result<SinkSummary> {
        self.flush()?;
        self.output.flush()?;
        Ok(SinkSummary {
            rows: self.rows,
            notes: Vec::new(),
        })
    }
}

/// Writes cells of one column of one batch.
enum CellWriter<'a> {
    Int(&'a PrimitiveArray<i64>),
    Text(&'a BytesArray<i32>),
    Other(&'a Array, Option<&'a str>),
}

impl<'a> CellWriter<'a> {
    fn new(array: &'a Array, style: Option<&'a String>) -> Self {
        match array {
            Array::Int64(values) => Self::Int(values),
            Array::Utf8(values) => Self::Text(values),
            _ => Self::Other(array, style.map(String::as_str)),
        }
    }

    fn write(&self, row: usize, spelling: &Spelling, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
        match self {
            Self::Int(array) => match array.values.get(row) {
                Some(&v) if is_valid(array.validity.as_deref(), row) => {
                    let start = out.len();
                    write_int(v, out);
                    if out.get(start..) == Some(&spelling.null) {
                        out.insert(start, b'"');
                        out.push(b'"');
                    }
                }
                _ => out.extend_from_slice(&spelling.null),
            },
            Self::Text(array) => {
                let text = text_at(array, row).filter(|_| is_valid(array.validity.as_deref(), row));
                match text {
                    Some(text) => spelling.write(text, out),
                    None => out.extend_from_slice(&spelling.null),
                }
            }
            Self::Other(array, style) => match value(array, row) {
                Value::Null => out.extend_from_slice(&spelling.null),
                value => {
                    scratch.clear();
                    write_value(&value, *style, scratch);
                    spelling.write(scratch, out);
                }
            },
        }
    }
}

fn is_valid(validity: Option<&[u8]>, row: usize) -> bool {
    validity.is_none_or(|bits| {
        bits.get(row / 8)
            .is_some_and(|byte| byte >> (row % 8) & 1 == 1)
    })
}

fn text_at(array: &BytesArray<i32>, row: usize) -> Option<&[u8]> {
    let start = usize::try_from(*array.offsets.get(row)?).ok()?;
    let end = usize::try_from(*array.offsets.get(row + 1)?).ok()?;
    array.data.get(start..end)
}

impl Spelling {
    /// Writes a cell that has a value.
    fn write(&self, cell: &[u8], out: &mut Vec<u8>) {
        self.write_quoted_if(
            cell == self.null || (self.quote_empty && cell.is_empty()),
            cell,
            out,
        );
    }

    /// Writes a cell, in quotes where it needs them or `quoted` asks for them.
    fn write_quoted_if(&self, quoted: bool, cell: &[u8], out: &mut Vec<u8>) {
        let special = |byte: &u8| *byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        if !quoted && !cell.iter().any(special) {
            return out.extend_from_slice(cell);
        }
        out.push(b'"');
        for part in cell.split_inclusive(|&byte| byte == b'"') {
            out.extend_from_slice(part);
            if part.ends_with(b"\"") {
                out.push(b'"');
            }
        }
        out.push(b'"');
    }
}
