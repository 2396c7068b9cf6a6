//! Batches to row groups.

use std::io::Write;
use std::sync::Arc;

use export_core::{
    Cancel, Error, ErrorKind, ExportMetadata, Result, Schema, Sink, SinkSummary, StreamBatch,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;

use super::fault::{self, guarded};
use super::prepare::Preparation;
use super::properties;
use crate::arrow;

/// Start of the keys of [`ExportMetadata`]'s own facts.
const PREFIX: &str = "exportkit.";

type Output = Box<dyn Write + Send>;

/// Rows of one stream as a Parquet file.
pub(super) struct ParquetSink {
    /// The output, until the first batch says what the file is like.
    output: Option<Output>,
    started: Option<Started>,
    codec: Compression,
    cancel: Cancel,
    rows: u64,
}

struct Started {
    stream: Arc<str>,
    schema: Arc<Schema>,
    preparation: Preparation,
    writer: ArrowWriter<Output>,
}

impl ParquetSink {
    pub(super) fn create(output: Output, codec: Compression, cancel: &Cancel) -> Self {
        Self {
            output: Some(output),
            started: None,
            codec,
            cancel: cancel.clone(),
            rows: 0,
        }
    }

    fn write_batch(&mut self, batch: StreamBatch) -> Result<()> {
        self.cancel.check()?;
        let StreamBatch { stream, batch } = batch;
        let started = match self.started.take() {
            Some(started) => started.check(&stream, batch.schema())?,
            None => {
                let output = self
                    .output
                    .take()
                    .ok_or_else(|| Error::usage("the output is closed"))?;
                Started::new(&stream, &batch, output, self.codec)?
            }
        };
        let started = self.started.insert(started);
        let rows = batch.rows() as u64;
        let batch = arrow::record_batch(started.preparation.apply(batch)?)?;
        started.writer.write(&batch).map_err(fault::in_writing)?;
        self.rows += rows;
        Ok(())
    }
}

impl Started {
    fn new(
        stream: &Arc<str>,
        first: &export_core::Batch,
        output: Output,
        codec: Compression,
    ) -> Result<Self> {
        let preparation = Preparation::new(stream, first.schema())?;
        let prepared = preparation.apply(first.clone())?;
        let options =
            ArrowWriterOptions::new().with_properties(properties::for_batch(&prepared, codec));
        let schema = Arc::new(arrow::arrow_schema(prepared.schema())?);
        let writer = ArrowWriter::try_new_with_options(output, schema, options);
        let writer = writer.map_err(fault::in_writing)?;
        let (stream, schema) = (Arc::clone(stream), Arc::clone(first.schema()));
        Ok(Self {
            stream,
            schema,
            preparation,
            writer,
        })
    }

    fn check(self, stream: &Arc<str>, schema: &Arc<Schema>) -> Result<Self> {
        if self.stream != *stream {
            return Err(Error::usage(format!(
                "a Parquet file holds one stream, but there are {:?} and {stream:?}",
                self.stream
            ))
            .with_hint("choose one of them"));
        }
        if self.schema.fields != schema.fields {
            return Err(Error::schema("the columns change on the way").in_stream(&**stream));
        }
        Ok(self)
    }
}

impl Sink for ParquetSink {
    fn write(&mut self, batch: StreamBatch) -> Result<()> {
        guarded(ErrorKind::Unsupported, || self.write_batch(batch))
    }

    fn finish(self: Box<Self>, metadata: &ExportMetadata) -> Result<SinkSummary> {
        let Some(mut started) = self.started else {
            return Err(Error::usage(
                "there is no stream to write to the Parquet file",
            ));
        };
        guarded(ErrorKind::Unsupported, || {
            for pair in key_values(metadata) {
                started.writer.append_key_value_metadata(pair);
            }
            started.writer.finish().map_err(fault::in_writing)?;
            started.writer.inner_mut().flush()?;
            Ok(SinkSummary {
                rows: self.rows,
                notes: started.preparation.notes,
            })
        })
    }
}

/// The facts under [`PREFIX`], then the entries. Facts of an earlier export among the entries give way.
fn key_values(metadata: &ExportMetadata) -> Vec<KeyValue> {
    let ExportMetadata {
        tool,
        created_ns,
        source,
        rows,
        chunks: _,
        entries,
    } = metadata;
    let facts = [
        ("tool", Some(tool.clone()).filter(|tool| !tool.is_empty())),
        ("created_ns", Some(created_ns.to_string())),
        ("source", source.clone()),
        ("rows", Some(rows.to_string())),
    ];
    let facts = facts
        .into_iter()
        .map(|(key, value)| (format!("{PREFIX}{key}"), value));
    let entries = entries.iter().filter(|(key, _)| !key.starts_with(PREFIX));
    let entries = entries.map(|(key, value)| (key.clone(), Some(value.clone())));
    facts
        .filter(|(_, value)| value.is_some())
        .chain(entries)
        .map(|(key, value)| KeyValue { key, value })
        .collect()
}
