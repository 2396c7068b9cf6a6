//! Parquet by arrow-rs, all as it comes: uncompressed, a row group a chunk. Its writer has no page checksums to offer.

use std::fs;
use std::path::Path;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use anyhow::Result;

use super::table::{Row, Seen};
use super::{Chunks, Rival};
use crate::arrow::{batch, schema, take};

pub(super) struct Parquet;

impl Rival for Parquet {
    fn create(&self, path: &Path) -> Result<Box<dyn Chunks>> {
        Ok(Box::new(ArrowWriter::try_new(
            fs::File::create(path)?,
            schema(),
            None,
        )?))
    }

    fn read(&self, path: &Path, seen: &mut Seen<'_>) -> Result<()> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path)?)?;
        reader.build()?.try_for_each(|batch| take(&batch?, seen))
    }
}

impl Chunks for ArrowWriter<fs::File> {
    fn chunk(&mut self, rows: &[Row]) -> Result<()> {
        self.write(&batch(rows)?)?;
        Ok(self.flush()?)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.close()?;
        Ok(())
    }
}
