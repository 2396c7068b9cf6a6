//! Parquet by arrow-rs, compressed with Zstandard at level 1.

use std::hint::black_box;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::properties::WriterProperties;
use anyhow::Result;
use bytes::Bytes;

use super::{Given, tuning};
use crate::contender::Contender;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settings {
    /// All else as it comes.
    Default,
    /// Each column's encoding chosen by hand.
    Tuned,
}

pub(super) struct Parquet<'a> {
    given: Arc<Given<'a>>,
    settings: Settings,
    properties: WriterProperties,
    file: Bytes,
}

impl<'a> Parquet<'a> {
    pub(super) fn new(given: &Arc<Given<'a>>, settings: Settings) -> Result<Self> {
        let mut properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?));
        if settings == Settings::Tuned {
            properties = tuning::tune(properties, &given.schema);
        }
        Ok(Self {
            given: Arc::clone(given),
            settings,
            properties: properties.build(),
            file: Bytes::new(),
        })
    }

    /// Yields batches of as many rows as the table's. (With its default of 1,024 it is a little slower.)
    fn reader(&self) -> Result<ParquetRecordBatchReader> {
        // Cloning shares the bytes.
        let builder = ParquetRecordBatchReaderBuilder::try_new(self.file.clone())?;
        Ok(builder.with_batch_size(self.given.batch_rows()).build()?)
    }
}

impl Contender for Parquet<'_> {
    fn name(&self) -> String {
        match self.settings {
            Settings::Default => String::from("parquet zstd1"),
            Settings::Tuned => String::from("parquet zstd1 tuned"),
        }
    }

    fn write(&mut self) -> Result<usize> {
        let properties = Some(self.properties.clone());
        let schema = Arc::clone(&self.given.schema);
        let mut writer = ArrowWriter::try_new(Vec::new(), schema, properties)?;
        for batch in &self.given.batches {
            writer.write(batch)?;
        }
        self.file = Bytes::from(writer.into_inner()?);
        Ok(self.file.len())
    }

    fn read(&self) -> Result<()> {
        for batch in self.reader()? {
            black_box(batch?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.given.compare(self.reader()?)
    }
}
