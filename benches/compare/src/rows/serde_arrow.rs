//! Structs through serde_arrow to Parquet, compressed with Zstandard at level 1.

use std::hint::black_box;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::properties::WriterProperties;
use ::serde_arrow::schema::{SchemaLike, TracingOptions};
use anyhow::{Result, bail};
use arrow_schema::{FieldRef, Schema};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CHUNK_ROWS;
use crate::contender::Contender;

pub(super) struct SerdeArrow<'a, T> {
    rows: &'a [T],
    fields: Vec<FieldRef>,
    properties: WriterProperties,
    file: Bytes,
}

impl<'a, T: Serialize + DeserializeOwned> SerdeArrow<'a, T> {
    pub(super) fn new(rows: &'a [T]) -> Result<Self> {
        let codec = Compression::ZSTD(ZstdLevel::try_new(1)?);
        // Parquet's arrow reader and serde_arrow's agree on ordinary strings.
        let options = TracingOptions::default().strings_as_large_utf8(false);
        Ok(Self {
            rows,
            fields: Vec::<FieldRef>::from_type::<T>(options)?,
            properties: WriterProperties::builder().set_compression(codec).build(),
            file: Bytes::new(),
        })
    }

    fn decoded(&self) -> Result<impl Iterator<Item = Result<Vec<T>>>> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(self.file.clone())?;
        let batches = builder.with_batch_size(CHUNK_ROWS).build()?;
        Ok(batches.map(|batch| Ok(::serde_arrow::from_record_batch(&batch?)?)))
    }
}

impl<T: Serialize + DeserializeOwned + PartialEq> Contender for SerdeArrow<'_, T> {
    fn name(&self) -> String {
        String::from("serde_arrow + parquet zstd1")
    }

    fn write(&mut self) -> Result<usize> {
        let schema = Arc::new(Schema::new(self.fields.clone()));
        let properties = Some(self.properties.clone());
        let mut writer = ArrowWriter::try_new(Vec::new(), schema, properties)?;
        for rows in self.rows.chunks(CHUNK_ROWS) {
            writer.write(&::serde_arrow::to_record_batch(&self.fields, &rows)?)?;
        }
        self.file = Bytes::from(writer.into_inner()?);
        Ok(self.file.len())
    }

    fn read(&self) -> Result<()> {
        for rows in self.decoded()? {
            black_box(rows?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let mut left = self.rows;
        for read in self.decoded()? {
            let read = read?;
            match left.split_at_checked(read.len()) {
                Some((written, rest)) if written == read => left = rest,
                _ => bail!("other rows came back"),
            }
        }
        match left {
            [] => Ok(()),
            _ => bail!("rows are missing"),
        }
    }
}
