//! Parquet by arrow-rs: Zstandard at level 1, all else as it comes.

use std::hint::black_box;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::properties::WriterProperties;
use arrow_array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use export_benches::Table;
use export_core::marrow::view::View;
use export_core::{Batch, Error, Result, array};

use crate::contender::Contender;

pub(crate) struct Parquet<'a> {
    table: &'a Table,
    batches: Vec<RecordBatch>,
    schema: Arc<arrow_schema::Schema>,
    properties: WriterProperties,
    /// Rows of the reader's batches: as many as ours have. (Its default of 1,024 is a little slower.)
    batch_rows: usize,
    file: Bytes,
}

impl<'a> Parquet<'a> {
    pub(crate) fn new(table: &'a Table) -> Result<Self> {
        let first = table
            .batches
            .first()
            .ok_or_else(|| Error::usage("a table without batches"))?;
        let fields: Vec<arrow_schema::Field> = first
            .schema()
            .fields
            .iter()
            .map(arrow_schema::Field::try_from)
            .collect::<std::result::Result<_, _>>()
            .map_err(Error::schema)?;
        let schema = Arc::new(arrow_schema::Schema::new(fields));
        let batches = table
            .batches
            .iter()
            .map(|batch| record_batch(&schema, batch))
            .collect::<Result<_>>()?;
        let level = ZstdLevel::try_new(1).map_err(Error::usage)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .build();
        let batch_rows = first.rows().max(1);
        Ok(Self {
            table,
            batches,
            schema,
            properties,
            batch_rows,
            file: Bytes::new(),
        })
    }

    fn reader(&self) -> Result<ParquetRecordBatchReader> {
        // Cloning shares the bytes.
        ParquetRecordBatchReaderBuilder::try_new(self.file.clone())
            .and_then(|builder| builder.with_batch_size(self.batch_rows).build())
            .map_err(Error::corrupt)
    }
}

impl Contender for Parquet<'_> {
    fn name(&self) -> String {
        String::from("parquet zstd1")
    }

    fn write(&mut self) -> Result<usize> {
        let properties = Some(self.properties.clone());
        let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&self.schema), properties)
            .map_err(Error::usage)?;
        for batch in &self.batches {
            writer.write(batch).map_err(Error::usage)?;
        }
        self.file = Bytes::from(writer.into_inner().map_err(Error::usage)?);
        Ok(self.file.len())
    }

    fn read(&self) -> Result<()> {
        for batch in self.reader()? {
            black_box(batch.map_err(Error::corrupt)?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let mut batches = self.table.batches.iter().filter(|batch| batch.rows() > 0);
        for read in self.reader()? {
            let read = read.map_err(Error::corrupt)?;
            let written = batches
                .next()
                .ok_or_else(|| Error::corrupt("too many rows"))?;
            if !batch(&read, written)?.same_rows(written) {
                return Err(Error::corrupt("other rows came back"));
            }
        }
        batches
            .next()
            .map_or(Ok(()), |_| Err(Error::corrupt("rows are missing")))
    }
}

fn record_batch(schema: &Arc<arrow_schema::Schema>, batch: &Batch) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = batch
        .columns()
        .iter()
        .map(|column| ArrayRef::try_from(column.clone()))
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::schema)?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(Error::schema)
}

/// Our batch of what was read; `like` has the schema.
fn batch(read: &RecordBatch, like: &Batch) -> Result<Batch> {
    let columns = read
        .columns()
        .iter()
        .map(|column| {
            let view = View::try_from(&**column).map_err(Error::schema)?;
            array::from_view(&view)
        })
        .collect::<Result<_>>()?;
    Batch::new(Arc::clone(like.schema()), read.num_rows(), columns)
}
