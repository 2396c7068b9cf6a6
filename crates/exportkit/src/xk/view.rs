//! What is wanted of a stream, and one chunk of it as a batch.

use std::sync::Arc;

use export_compress::Decoder;
use export_container::{ChunkRef, Container, Stream};
use export_core::marrow::datatypes::{DataType, IntervalUnit};
use export_core::{Batch, ChunkDecoder, Error, Limits, Result, Schema, widen};

/// Bytes that a stored byte usually becomes where the type doesn't tell.
const USUAL_RATIO: u64 = 4;

/// What is wanted of a stream.
#[derive(Debug)]
pub(crate) struct View {
    name: Arc<str>,
    /// The stream's schemas, as its chunks count them.
    written: Vec<Arc<Schema>>,
    /// The widest of them, of the wanted columns.
    wanted: Arc<Schema>,
}

impl View {
    /// All of a stream, or the columns called `columns`, in that order.
    pub(crate) fn new(stream: &Stream, columns: Option<&[String]>) -> Result<Self> {
        let schema = stream.schema();
        let wanted = match columns {
            None => Arc::clone(schema),
            Some(names) => {
                let known = || schema.fields.iter().map(|field| field.name.as_str());
                let at = |name: &String| {
                    let missing =
                        || Error::no_such("column", name, known()).in_stream(&stream.name);
                    schema.index_of(name).ok_or_else(missing)
                };
                let columns = names.iter().map(at).collect::<Result<Vec<_>>>()?;
                Arc::new(schema.project(&columns)?)
            }
        };
        Ok(Self {
            name: Arc::from(stream.name.as_str()),
            written: stream.schemas.clone(),
            wanted,
        })
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.wanted
    }

    /// Reads, verifies, decodes and widens one chunk.
    pub(crate) fn read(
        &self,
        container: &Container,
        chunk: &ChunkRef,
        limits: &Limits,
    ) -> Result<Batch> {
        let placed = |error: Error| error.in_chunk(chunk.number).in_stream(&*self.name);
        let written = self.written_as(chunk).ok_or_else(|| {
            placed(Error::corrupt(
                "the schema this chunk was written with is lost",
            ))
        })?;
        let columns = self.columns_in(written);
        let encoded = container.read_chunk(chunk, Some(&columns))?;
        let schema = Arc::new(written.project(&columns)?);
        let batch = Decoder::new()
            .decode(&schema, &encoded, limits)
            .map_err(placed)?;
        let presented = if schema.fields == self.wanted.fields {
            Batch::new(Arc::clone(&self.wanted), batch.rows(), batch.into_columns())
        } else {
            widen::cast_batch(&batch, &self.wanted)
        };
        presented.map_err(placed)
    }

    /// Bytes that [`View::read`] takes for a chunk, at about most: those read, and what they become.
    pub(crate) fn cost_bytes(&self, chunk: &ChunkRef) -> usize {
        let Some(written) = self.written_as(chunk) else {
            return 0;
        };
        let columns = self.columns_in(written).into_iter();
        let costs = columns.filter_map(|at| {
            let stored_bytes = chunk.columns.get(at)?.stored_bytes;
            let decoded = match fixed_width(&written.fields.get(at)?.data_type) {
                Some(bytes) => bytes.saturating_mul(chunk.rows),
                None => stored_bytes.saturating_mul(USUAL_RATIO),
            };
            Some(stored_bytes.saturating_add(decoded))
        });
        // An encrypted chunk is read whole, whatever is wanted of it.
        let whole = if chunk.is_encrypted {
            chunk.payload_bytes
        } else {
            0
        };
        usize::try_from(costs.fold(whole, u64::saturating_add)).unwrap_or(usize::MAX)
    }

    fn written_as(&self, chunk: &ChunkRef) -> Option<&Arc<Schema>> {
        let written = self
            .written
            .get(usize::try_from(chunk.schema_version).ok()?);
        written.filter(|schema| schema.fields.len() == chunk.columns.len())
    }

    /// The wanted columns' places in a schema that may lack some of them.
    fn columns_in(&self, written: &Schema) -> Vec<usize> {
        let wanted = self.wanted.fields.iter();
        wanted
            .filter_map(|field| written.index_of(&field.name))
            .collect()
    }
}

/// Bytes of a value, where all values of the type have as many.
fn fixed_width(data_type: &DataType) -> Option<u64> {
    use DataType as T;
    Some(match data_type {
        T::Null => 0,
        T::Boolean | T::Int8 | T::UInt8 => 1,
        T::Int16 | T::UInt16 | T::Float16 => 2,
        T::Int32 | T::UInt32 | T::Float32 | T::Date32 | T::Time32(_) => 4,
        T::Int64 | T::UInt64 | T::Float64 | T::Date64 | T::Time64(_) => 8,
        T::Timestamp(..) | T::Duration(_) => 8,
        T::Interval(IntervalUnit::YearMonth) => 4,
        T::Interval(IntervalUnit::DayTime) => 8,
        T::Interval(IntervalUnit::MonthDayNano) | T::Decimal128(..) => 16,
        T::FixedSizeBinary(bytes) => u64::try_from(*bytes).ok()?,
        T::FixedSizeList(field, count) => {
            fixed_width(&field.data_type)?.checked_mul(u64::try_from(*count).ok()?)?
        }
        T::Struct(fields) => {
            let mut widths = fields.iter().map(|field| fixed_width(&field.data_type));
            widths.try_fold(0_u64, |sum, width| sum.checked_add(width?))?
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use export_core::marrow::datatypes::Field;

    use super::*;

    #[test]
    fn widths_add_up() {
        let field = |data_type| Field {
            data_type,
            ..Field::default()
        };
        let pair = DataType::Struct(vec![field(DataType::UInt16), field(DataType::Float64)]);
        assert_eq!(fixed_width(&pair), Some(10));
        let list = DataType::FixedSizeList(Box::new(field(DataType::Float32)), 3);
        assert_eq!(fixed_width(&list), Some(12));
        assert_eq!(fixed_width(&DataType::FixedSizeBinary(-1)), None);
        assert_eq!(
            fixed_width(&DataType::Struct(vec![field(DataType::Utf8)])),
            None
        );
    }
}
