//! Batches to lines.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use export_core::json::JsonReader;
use export_core::marrow::array::Array;
use export_core::marrow::datatypes::{DataType, Field};
use export_core::schema::is_json;
use export_core::text::{write_json_of, write_json_string};
use export_core::value::{Value, value};
use export_core::{
    Batch, Cancel, Error, ExportMetadata, Note, Result, Schema, Sink, SinkSummary, StreamBatch,
    WriteOptions,
};

use super::options::{self, Nulls};

/// Bytes gathered before they are written.
const FLUSH_BYTES: usize = 256 << 10;

pub(super) struct NdjsonSink {
    output: Box<dyn Write + Send>,
    nulls: Nulls,
    cancel: Cancel,
    /// The stream that is written; there can be no other.
    stream: Option<Stream>,
    buffer: Vec<u8>,
    rows: u64,
    /// Columns that had a NaN or an infinity.
    not_finite: BTreeSet<String>,
}

struct Stream {
    name: Arc<str>,
    schema: Arc<Schema>,
    /// `"name":` of every field.
    keys: Vec<Vec<u8>>,
    /// Some column holds JSON documents, which are written as they are.
    has_documents: bool,
}

impl NdjsonSink {
    pub(super) fn new(output: Box<dyn Write + Send>, options: &WriteOptions) -> Result<Self> {
        Ok(Self {
            output,
            nulls: options::nulls(&options.extra)?,
            cancel: options.cancel.clone(),
            stream: None,
            buffer: Vec::new(),
            rows: 0,
            not_finite: BTreeSet::new(),
        })
    }

    fn write_rows(&mut self, stream: &Stream, batch: &Batch) -> Result<()> {
        for row in 0..batch.rows() {
            let start = self.buffer.len();
            self.write_row(stream, batch, row);
            if stream.has_documents {
                let line = self.buffer.get_mut(start..).unwrap_or_default();
                join_line(line).map_err(|error| error.at_row(self.rows + 1))?;
            }
            self.buffer.push(b'\n');
            self.rows += 1;
            if self.buffer.len() >= FLUSH_BYTES {
                self.cancel.check()?;
                self.flush()?;
            }
        }
        Ok(())
    }

    fn write_row(&mut self, stream: &Stream, batch: &Batch, row: usize) {
        let fields = stream
            .schema
            .fields
            .iter()
            .zip(batch.columns())
            .zip(&stream.keys);
        let mut separator = b'{';
        for ((field, column), key) in fields {
            let value = value(column, row);
            if self.nulls == Nulls::Omit && matches!(value, Value::Null) {
                continue;
            }
            self.buffer.push(std::mem::replace(&mut separator, b','));
            self.buffer.extend_from_slice(key);
            write_json_of(field, &value, &mut self.buffer);
        }
        if separator == b'{' {
            self.buffer.push(b'{');
        }
        self.buffer.push(b'}');
    }

    fn flush(&mut self) -> Result<()> {
        self.output.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Stream {
    fn new(name: &Arc<str>, schema: &Arc<Schema>) -> Self {
        let key = |field: &Field| {
            let mut key = Vec::new();
            write_json_string(&field.name, &mut key);
            key.push(b':');
            key
        };
        Self {
            name: Arc::clone(name),
            schema: Arc::clone(schema),
            keys: schema.fields.iter().map(key).collect(),
            has_documents: schema.fields.iter().any(has_documents),
        }
    }

    fn check(&self, batch: &StreamBatch) -> Result<()> {
        if self.name != batch.stream {
            return Err(Error::usage(format!(
                "an NDJSON file holds one stream, but there are {:?} and {:?}",
                self.name, batch.stream
            ))
            .with_hint("choose one of them"));
        }
        if self.schema.fields != batch.batch.schema().fields {
            return Err(Error::schema("the columns change on the way").in_stream(&*self.name));
        }
        Ok(())
    }
}

fn has_documents(field: &Field) -> bool {
    is_json(field)
        || match &field.data_type {
            DataType::Struct(fields) => fields.iter().any(has_documents),
            DataType::List(child) | DataType::LargeList(child) => has_documents(child),
            DataType::FixedSizeList(child, _) | DataType::Map(child, _) => has_documents(child),
            DataType::Union(fields, _) => fields.iter().any(|(_, field)| has_documents(field)),
            _ => false,
        }
}

/// Puts documents that span lines on one. Between the tokens of JSON a line end is a space, and inside of them there is none.
/// Fails where a document is none.
fn join_line(line: &mut [u8]) -> Result<()> {
    if memchr::memchr2(b'\n', b'\r', line).is_some() {
        line.iter_mut()
            .filter(|byte| matches!(byte, b'\n' | b'\r'))
            .for_each(|byte| *byte = b' ');
    }
    JsonReader::new(u32::MAX).check(line).map_err(|error| {
        Error::data(format!(
            "a column of JSON documents holds one that is not JSON: {error}"
        ))
        .with_hint("keep the column as text: take its extension type away")
    })
}

/// Whether there is a float that JSON has no number for.
fn has_not_finite(array: &Array) -> bool {
    match array {
        Array::Float16(a) => a.values.iter().any(|v| !v.is_finite()),
        Array::Float32(a) => a.values.iter().any(|v| !v.is_finite()),
        Array::Float64(a) => a.values.iter().any(|v| !v.is_finite()),
        Array::Struct(a) => a.fields.iter().any(|(_, child)| has_not_finite(child)),
        Array::List(a) => has_not_finite(&a.elements),
        Array::LargeList(a) => has_not_finite(&a.elements),
        Array::FixedSizeList(a) => has_not_finite(&a.elements),
        Array::Map(a) => has_not_finite(&a.keys) || has_not_finite(&a.values),
        Array::Dictionary(a) => has_not_finite(&a.values),
        Array::RunEndEncoded(a) => has_not_finite(&a.values),
        Array::Union(a) => a.fields.iter().any(|(_, _, child)| has_not_finite(child)),
        _ => false,
    }
}

impl Sink for NdjsonSink {
    fn write(&mut self, batch: StreamBatch) -> Result<()> {
        let stream = match self.stream.take() {
            Some(stream) => {
                stream.check(&batch)?;
                stream
            }
            None => Stream::new(&batch.stream, batch.batch.schema()),
        };
        for (field, column) in stream.schema.fields.iter().zip(batch.batch.columns()) {
            if has_not_finite(column) {
                self.not_finite.insert(field.name.clone());
            }
        }
        let result = self.write_rows(&stream, &batch.batch);
        self.stream = Some(stream);
        result
    }

    fn finish(mut self: Box<Self>, _metadata: &ExportMetadata) -> Result<SinkSummary> {
        self.flush()?;
        self.output.flush()?;
        let stream = self.stream.map(|stream| stream.name.to_string());
        let note = |column| Note {
            stream: stream.clone(),
            column: Some(column),
            text: String::from("NaN and infinities, which JSON has no numbers for, are strings"),
            loss: false,
        };
        let notes = self.not_finite.into_iter().map(note).collect();
        Ok(SinkSummary {
            rows: self.rows,
            notes,
        })
    }
}
