//! Timestamps of the INT96 kind: a day and nanoseconds of it. Read as nanoseconds since 1970, they wrap around silently
//! outside of the years 1677 to 2262, so they are read in seconds as well and compared.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampNanosecondType, TimestampSecondType};
use arrow_array::{Array, RecordBatch, RecordBatchReader};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use export_core::{Error, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type;

use super::fault;
use super::input::CountedFile;

/// Positions of the top-level columns that are INT96, among those at `roots`.
pub(super) fn columns(metadata: &ArrowReaderMetadata, roots: &[usize]) -> Vec<usize> {
    let schema = metadata.parquet_schema();
    let is_int96 = |root: &usize| {
        (0..schema.num_columns()).any(|leaf| {
            schema.get_column_root_idx(leaf) == *root
                && schema.column(leaf).physical_type() == Type::INT96
                && schema.column(leaf).path().parts().len() == 1
        })
    };
    roots.iter().copied().filter(is_int96).collect()
}

/// The same columns once more, in seconds.
pub(super) struct Seconds(ParquetRecordBatchReader);

impl Seconds {
    pub(super) fn open(
        file: CountedFile,
        metadata: &ArrowReaderMetadata,
        columns: &[usize],
        (from, batch_rows): (usize, usize),
    ) -> Result<Self> {
        let fields = metadata
            .schema()
            .fields()
            .iter()
            .enumerate()
            .map(|(at, field)| {
                let seconds = DataType::Timestamp(TimeUnit::Second, None);
                if columns.contains(&at) {
                    Arc::new(Field::new(field.name(), seconds, field.is_nullable()))
                } else {
                    Arc::clone(field)
                }
            });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
            .map_err(fault::in_reading)?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), columns.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_projection(mask)
            .with_batch_size(batch_rows)
            .with_offset(from)
            .build()
            .map_err(fault::in_reading)?;
        Ok(Self(reader))
    }

    /// Fails where the next batch has another time in nanoseconds than in seconds. `first_row` is its first, from 0.
    pub(super) fn check(&mut self, batch: &RecordBatch, first_row: u64) -> Result<()> {
        let Some(seconds) = self.0.next().transpose().map_err(fault::in_decoding)? else {
            return Err(Error::corrupt(
                "a column has fewer rows in seconds than in nanoseconds",
            ));
        };
        let schema = self.0.schema();
        for (field, seconds) in std::iter::zip(schema.fields(), seconds.columns()) {
            let Some(nanoseconds) = batch.column_by_name(field.name()) else {
                continue;
            };
            let nanoseconds = nanoseconds.as_primitive_opt::<TimestampNanosecondType>();
            let seconds = seconds.as_primitive_opt::<TimestampSecondType>();
            let (Some(nanoseconds), Some(seconds)) = (nanoseconds, seconds) else {
                continue;
            };
            let mut values = std::iter::zip(nanoseconds.values(), seconds.values()).enumerate();
            let wrapped = values.find(|&(row, (nanosecond, second))| {
                nanoseconds.is_valid(row) && nanosecond.div_euclid(1_000_000_000) != *second
            });
            if let Some((row, _)) = wrapped {
                return Err(Error::unsupported(
                    "the INT96 timestamp is outside of 1677 to 2262, the range of nanoseconds",
                )
                .in_column(field.name())
                .at_row(first_row + row as u64 + 1)
                .with_hint("write the file anew with timestamps in microseconds"));
            }
        }
        Ok(())
    }
}
