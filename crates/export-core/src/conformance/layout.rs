//! What a chunk is like, apart from what its blocks hold.

use xxhash_rust::xxh3::xxh3_64;

use super::chunks::describe;
use super::promise;
use crate::chunk::BLOCK_ALIGNMENT;
use crate::value::{Value, value};
use crate::{Batch, Block, Bound, EncodedChunk, Result, Summary, array};

/// Whether the blocks lie as they must.
pub(super) fn layout(batch: &Batch, chunk: &EncodedChunk) -> Result<()> {
    let broken = |what: String| format!("{}: {what}", describe(batch));
    let directory = &chunk.directory;
    let rows = usize::try_from(directory.rows).is_ok_and(|rows| rows == batch.rows());
    promise(rows, || {
        broken(format!("the directory says {} rows", directory.rows))
    })?;
    promise(directory.columns.len() == batch.columns().len(), || {
        broken(format!(
            "the directory has {} columns",
            directory.columns.len()
        ))
    })?;
    let mut end = 0;
    for (at, column) in directory.columns.iter().enumerate() {
        let sorted = column
            .blocks
            .is_sorted_by(|a, b| (a.node, a.role) < (b.node, b.role));
        promise(sorted, || {
            broken(format!(
                "blocks of column {at} are not ordered by node and role"
            ))
        })?;
        for block in &column.blocks {
            let stored = stored(chunk, block);
            let bytes = stored.ok_or_else(|| broken(format!("a block is not there: {block:?}")));
            let bytes = bytes.map_err(crate::Error::data)?;
            let aligned = usize::try_from(block.offset).is_ok_and(|o| o % BLOCK_ALIGNMENT == 0);
            promise(aligned, || {
                broken(format!("a block is not aligned: {block:?}"))
            })?;
            promise(block.offset >= end, || {
                broken(format!("blocks overlap at {}", block.offset))
            })?;
            let gap = gap(chunk, end, block.offset);
            promise(gap, || {
                broken(format!("bytes before {} are not zero", block.offset))
            })?;
            promise(xxh3_64(bytes) == block.checksum, || {
                broken(format!("a checksum is wrong: {block:?}"))
            })?;
            promise(block.parameters.len() <= 255, || {
                broken("parameters over 255 bytes".into())
            })?;
            end = block.offset.saturating_add(block.stored_bytes);
        }
    }
    let rest = u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX);
    promise(gap(chunk, end, rest), || {
        broken("bytes after the last block are not zero".into())
    })
}

fn stored<'a>(chunk: &'a EncodedChunk, block: &Block) -> Option<&'a [u8]> {
    let start = usize::try_from(block.offset).ok()?;
    let end = start.checked_add(usize::try_from(block.stored_bytes).ok()?)?;
    chunk.bytes.get(start..end)
}

fn gap(chunk: &EncodedChunk, start: u64, end: u64) -> bool {
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let bytes = range.and_then(|(start, end)| chunk.bytes.get(start..end));
    bytes.is_some_and(|bytes| bytes.iter().all(|&byte| byte == 0))
}

/// Whether nulls, NaNs and bounds are as the values are.
pub(super) fn summaries(batch: &Batch, chunk: &EncodedChunk) -> Result<()> {
    for ((column, directory), field) in batch
        .columns()
        .iter()
        .zip(&chunk.directory.columns)
        .zip(&batch.schema().fields)
    {
        let summary = &directory.summary;
        let broken = |what: String| format!("{}: {what} ({summary:?})", field.name);
        let nulls = array::null_count(column);
        promise(
            usize::try_from(summary.nulls).is_ok_and(|n| n == nulls),
            || broken(format!("the summary does not say {nulls} nulls")),
        )?;
        let mut has_nan = false;
        for row in 0..batch.rows() {
            let value = value(column, row);
            has_nan |= is_nan(&value);
            promise(is_within(&value, summary), || {
                broken(format!("{value:?} in row {row} is beyond its bounds"))
            })?;
        }
        promise(summary.has_nan == has_nan, || {
            broken(format!("NaNs: {has_nan}"))
        })?;
        for bound in [&summary.min, &summary.max].into_iter().flatten() {
            let short = !matches!(bound, Bound::Bytes(b) if b.len() > Bound::MAX_BYTES);
            let number = !matches!(bound, Bound::Float(v) if v.is_nan());
            promise(short && number, || {
                broken("a bound is too long or a NaN".into())
            })?;
        }
    }
    Ok(())
}

fn is_nan(value: &Value<'_>) -> bool {
    match value {
        Value::Float32(v) => v.is_nan(),
        Value::Float64(v) => v.is_nan(),
        _ => false,
    }
}

/// Whether a value lies between the bounds there are.
fn is_within(value: &Value<'_>, summary: &Summary) -> bool {
    let as_int = match *value {
        Value::Bool(v) => Some(i128::from(v)),
        Value::Int(v) | Value::Date64(v) | Value::Time(v, _) | Value::Timestamp(v, _, _) => {
            Some(v.into())
        }
        Value::Duration(v, _) => Some(v.into()),
        Value::UInt(v) => Some(v.into()),
        Value::Date32(v) => Some(v.into()),
        Value::Decimal { unscaled, .. } => Some(unscaled),
        _ => None,
    };
    let as_float = match *value {
        Value::Float32(v) => Some(f64::from(v)),
        Value::Float64(v) => Some(v),
        _ => None,
    };
    let as_bytes = match *value {
        Value::Text(v) => Some(v.as_bytes()),
        Value::Bytes(v) => Some(v),
        _ => None,
    };
    // The order of a bound and the value, where they are of one kind.
    let order = |bound: &Bound| match bound {
        Bound::Int(bound) => as_int.map(|v| bound.cmp(&v)),
        Bound::Float(bound) => as_float.and_then(|v| bound.partial_cmp(&v)),
        Bound::Bytes(bound) => as_bytes.map(|v| bound.as_slice().cmp(v)),
    };
    let is_scalar = as_int.is_some() || as_float.is_some() || as_bytes.is_some();
    let unordered = matches!(value, Value::Null) || is_nan(value);
    if unordered {
        return true;
    }
    let min = summary.min.as_ref().map(&order);
    let max = summary.max.as_ref().map(&order);
    let low = min.is_none_or(|order| is_scalar && order.is_some_and(std::cmp::Ordering::is_le));
    let high = max.is_none_or(|order| is_scalar && order.is_some_and(std::cmp::Ordering::is_ge));
    low && high
}
