//! Batches to row groups.

use std::io::Write;
use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Fields, Schema as ArrowSchema, TimeUnit as ArrowUnit};
use export_core::marrow::datatypes::{DataType, TimeUnit};
use export_core::{
    Cancel, Error, ErrorKind, ExportMetadata, Result, Schema, Sink, SinkSummary, StreamBatch,
};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowWriter, encode_arrow_schema};
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
    /// What readers that know Arrow take the columns for.
    arrow_schema: Arc<ArrowSchema>,
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
        // Written at the end, when the metadata that belongs into it is known.
        let options = ArrowWriterOptions::new()
            .with_properties(properties::for_batch(&prepared, codec))
            .with_skip_arrow_metadata(true);
        let arrow_schema = Arc::new(arrow::arrow_schema(prepared.schema())?);
        let writer = ArrowWriter::try_new_with_options(output, Arc::clone(&arrow_schema), options);
        let writer = writer.map_err(fault::in_writing)?;
        let (stream, schema) = (Arc::clone(stream), Arc::clone(first.schema()));
        Ok(Self {
            stream,
            schema,
            preparation,
            arrow_schema: Arc::new(in_seconds(&arrow_schema, first.schema())),
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
            let pairs = key_values(metadata, self.rows);
            let arrow_schema = with_metadata(&started.arrow_schema, &pairs);
            for pair in pairs {
                started.writer.append_key_value_metadata(pair);
            }
            started.writer.append_key_value_metadata(arrow_schema);
            started.writer.finish().map_err(fault::in_writing)?;
            started.writer.inner_mut().flush()?;
            Ok(SinkSummary {
                rows: self.rows,
                notes: started.preparation.notes,
            })
        })
    }
}

/// The Arrow schema of what is written, with the seconds of timestamps that became milliseconds.
fn in_seconds(written: &ArrowSchema, schema: &Schema) -> ArrowSchema {
    let fields = std::iter::zip(written.fields(), &schema.fields).map(|(written, field)| {
        match (written.data_type(), &field.data_type) {
            (ArrowType::Timestamp(_, zone), DataType::Timestamp(TimeUnit::Second, _)) => {
                let seconds = ArrowType::Timestamp(ArrowUnit::Second, zone.clone());
                Arc::new(written.as_ref().clone().with_data_type(seconds))
            }
            _ => Arc::clone(written),
        }
    });
    ArrowSchema::new_with_metadata(fields.collect::<Fields>(), written.metadata().clone())
}

/// The Arrow schema as Parquet files carry it. pyarrow reads the key/value metadata of such a file from here alone.
fn with_metadata(schema: &ArrowSchema, pairs: &[KeyValue]) -> KeyValue {
    let mut metadata = schema.metadata().clone();
    let entries = pairs.iter().filter(|pair| !pair.key.starts_with(PREFIX));
    metadata.extend(entries.filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?))));
    let schema = ArrowSchema::new_with_metadata(schema.fields().clone(), metadata);
    KeyValue {
        key: ARROW_SCHEMA_META_KEY.to_owned(),
        value: Some(encode_arrow_schema(&schema)),
    }
}

/// The facts under [`PREFIX`], then the entries. Facts of an earlier export among the entries give way.
fn key_values(metadata: &ExportMetadata, rows: u64) -> Vec<KeyValue> {
    let ExportMetadata {
        tool,
        created_ns,
        source,
        rows: _,
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
