//! Whether what was encoded can be read back by whoever keeps to the default limits.

use std::sync::Arc;

use export_core::marrow::datatypes::DataType;
use export_core::{
    Batch, ChunkDecoder, ChunkDirectory, ColumnDirectory, EncodedChunk, Error, ErrorKind, Limits,
    Result,
};

use crate::decode::Decoder;
use crate::defect::wide;

/// Decoding never takes more than so many times what the values take in memory.
const WORST_COST: u64 = 8;

/// Whether so few stored bytes for so much may be refused by a reader. Only what is far smaller than any table of use, or
/// far larger than the chunks that exportkit itself makes, is looked at again.
pub(super) fn is_doubtful(data_type: &DataType, memory_bytes: usize, stored_bytes: usize) -> bool {
    let limits = Limits::default();
    let cost = wide(memory_bytes).saturating_mul(WORST_COST);
    cost > limits
        .allowance(wide(stored_bytes))
        .min(limits.chunk_decoded_bytes)
        || has_bare_slots(data_type, 0)
}

/// Whether a nested type has slots that no bytes stand behind, so that its memory says nothing about their number.
fn has_bare_slots(data_type: &DataType, depth: u32) -> bool {
    let nested = depth > 0;
    match data_type {
        DataType::Null | DataType::FixedSizeBinary(0) => nested,
        DataType::Struct(fields) if fields.is_empty() => nested,
        DataType::Struct(fields) => fields
            .iter()
            .any(|field| has_bare_slots(&field.data_type, depth)),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => has_bare_slots(&field.data_type, depth + 1),
        DataType::Dictionary(_, values) => has_bare_slots(values, depth + 1),
        DataType::RunEndEncoded(_, values) => has_bare_slots(&values.data_type, depth + 1),
        DataType::Union(fields, _) => fields
            .iter()
            .any(|(_, field)| has_bare_slots(&field.data_type, depth + 1)),
        _ => false,
    }
}

/// Whether the columns from `at` on, whose blocks lie in `bytes` from `start` on, are within the default limits.
pub(super) fn is_readable(
    batch: &Batch,
    at: usize,
    columns: &[ColumnDirectory],
    (bytes, start): (&[u8], usize),
) -> Result<bool> {
    let wanted: Vec<usize> = (at..at + columns.len()).collect();
    let schema = Arc::new(batch.schema().project(&wanted)?);
    let mut columns = columns.to_vec();
    for block in columns.iter_mut().flat_map(|column| &mut column.blocks) {
        block.offset = block.offset.saturating_sub(wide(start));
    }
    let chunk = EncodedChunk {
        directory: ChunkDirectory {
            rows: wide(batch.rows()),
            columns,
        },
        bytes: bytes.get(start..).unwrap_or_default().to_vec(),
    };
    match Decoder::new().decode(&schema, &chunk, &Limits::default()) {
        Err(error) if error.kind() == ErrorKind::Limit => Ok(false),
        // Whatever else is wrong is for whoever reads to say.
        _ => Ok(true),
    }
}

/// The error of rows that no encoding makes readable.
pub(super) fn too_large() -> Error {
    Error::limit("the chunk could not be read back under the default limits")
        .with_hint("write fewer rows at a time, or shorter values")
}
