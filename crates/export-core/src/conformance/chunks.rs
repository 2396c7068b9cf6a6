//! What every [`ChunkEncoder`] and [`ChunkDecoder`] promise.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::damage::damaged;
use super::promise;
use super::random::Random;
use crate::chunk::BLOCK_ALIGNMENT;
use crate::value::{Value, value};
use crate::{
    Batch, Block, Bound, ChunkDecoder, ChunkEncoder, EncodedChunk, Limits, Result, Role, Summary,
    array,
};

/// Encodes the same batch to the same bytes, in blocks that lie as they must and are summarised truly, and decodes them to
/// the same rows; wholly, by columns, within limits, and without a panic whatever the bytes.
pub fn chunk_coder(encoder: &dyn ChunkEncoder, decoder: &dyn ChunkDecoder) -> Result<()> {
    let mut random = Random::new(0xC0DE);
    for (at, batch) in super::batches(1)?.iter().enumerate() {
        let chunk = encoder.encode(batch)?;
        promise(encoder.encode(batch)? == chunk, || {
            format!(
                "{}: encoding it twice gave different bytes",
                describe(batch)
            )
        })?;
        layout(batch, &chunk)?;
        summaries(batch, &chunk)?;
        let named = |e: crate::Error| e.in_stream(describe(batch));
        round_trip(decoder, batch, &chunk).map_err(named)?;
        limited(decoder, batch, &chunk)?;
        if at % 3 == 0 {
            hostile(decoder, batch, &chunk, &mut random)?;
        }
    }
    Ok(())
}

fn describe(batch: &Batch) -> String {
    match batch.schema().fields.as_slice() {
        [field] => format!("{} rows of {}", batch.rows(), field.name),
        fields => format!("{} rows of {} columns", batch.rows(), fields.len()),
    }
}

fn layout(batch: &Batch, chunk: &EncodedChunk) -> Result<()> {
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

fn summaries(batch: &Batch, chunk: &EncodedChunk) -> Result<()> {
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

fn round_trip(decoder: &dyn ChunkDecoder, batch: &Batch, chunk: &EncodedChunk) -> Result<()> {
    let limits = Limits::default();
    let decoded = decoder.decode(batch.schema(), chunk, &limits)?;
    for column in decoded.columns() {
        array::validate(column, &limits)?;
    }
    promise(decoded.schema() == batch.schema(), || {
        "the schema changed".into()
    })?;
    for ((a, b), field) in batch
        .columns()
        .iter()
        .zip(decoded.columns())
        .zip(&batch.schema().fields)
    {
        promise(array::same(a, b), || {
            format!("the values of {} changed", field.name)
        })?;
    }
    promise(decoded.same_rows(batch), || "rows came or went".into())?;
    if batch.columns().len() < 2 {
        return Ok(());
    }
    let last = batch.columns().len() - 1;
    for wanted in [vec![0], vec![last], vec![1, last], Vec::new()] {
        let part = batch.project(&wanted)?;
        let mut read = chunk.clone();
        let columns = wanted
            .iter()
            .filter_map(|&at| chunk.directory.columns.get(at).cloned());
        read.directory.columns = columns.collect();
        let decoded = decoder.decode(part.schema(), &read, &limits)?;
        promise(decoded.same_rows(&part), || {
            format!("columns {wanted:?} alone were not decoded")
        })?;
    }
    Ok(())
}

fn limited(decoder: &dyn ChunkDecoder, batch: &Batch, chunk: &EncodedChunk) -> Result<()> {
    let rows = u64::try_from(batch.rows()).unwrap_or(u64::MAX);
    let mut limits = Limits::default();
    if rows > 0 {
        limits.chunk_rows = rows - 1;
        promise(
            decoder.decode(batch.schema(), chunk, &limits).is_err(),
            || format!("{}: more rows than the limit were decoded", describe(batch)),
        )?;
    }
    if batch.memory_bytes() >= 1_024 {
        limits = Limits {
            chunk_decoded_bytes: 16,
            ..Limits::default()
        };
        promise(
            decoder.decode(batch.schema(), chunk, &limits).is_err(),
            || {
                format!(
                    "{}: more bytes than the limit were decoded",
                    describe(batch)
                )
            },
        )?;
    }
    Ok(())
}

/// Damages bytes, then directories. The decoder may give other rows, but valid ones, or fail.
fn hostile(
    decoder: &dyn ChunkDecoder,
    batch: &Batch,
    chunk: &EncodedChunk,
    random: &mut Random,
) -> Result<()> {
    let mut chunks: Vec<EncodedChunk> = damaged(&chunk.bytes, 12, random)
        .into_iter()
        .map(|bytes| EncodedChunk {
            bytes,
            ..chunk.clone()
        })
        .collect();
    for column in 0..chunk.directory.columns.len() {
        for kind in 0..12 {
            let mut broken = chunk.clone();
            if let Some(column) = broken.directory.columns.get_mut(column) {
                break_directory(&mut column.blocks, kind, random);
            }
            chunks.push(broken);
        }
    }
    for rows in [0, 1 << 20, u64::MAX] {
        let mut broken = chunk.clone();
        broken.directory.rows = rows;
        chunks.push(broken);
    }
    let limits = Limits {
        chunk_decoded_bytes: 64 << 20,
        ..Limits::default()
    };
    for chunk in chunks {
        let Ok(decoded) = decoder.decode(batch.schema(), &chunk, &limits) else {
            continue;
        };
        for column in decoded.columns() {
            array::validate(column, &limits).map_err(|e| e.in_stream(describe(batch)))?;
        }
    }
    Ok(())
}

fn break_directory(blocks: &mut Vec<Block>, kind: u32, random: &mut Random) {
    let at = random.below(blocks.len());
    let Some(block) = blocks.get_mut(at) else {
        return;
    };
    let huge = *random
        .pick(&[u64::MAX, 1 << 62, 1 << 40, 1 << 25])
        .unwrap_or(&u64::MAX);
    match kind {
        0 => block.values = huge,
        1 => block.encoded_bytes = huge,
        2 => block.stored_bytes = huge,
        3 => block.offset = huge,
        4 => block.values = block.values.wrapping_sub(1),
        5 => block.encoded_bytes = block.encoded_bytes.wrapping_sub(1),
        6 => block.encoding.0 = random.bits().to_le_bytes()[0].into(),
        7 => block.codec.0 = random.bits().to_le_bytes()[0].into(),
        8 => {
            block.role = Role::from_number(random.bits().to_le_bytes()[0] % 7).unwrap_or(Role::Data)
        }
        9 => block.parameters = random.bits().to_le_bytes().to_vec(),
        10 => block.node = u16::from(random.bits().to_le_bytes()[0]),
        _ => drop(blocks.remove(at)),
    }
}

/// A batch under another schema: for suites that need one that does not fit.
pub(super) fn renamed(batch: &Batch) -> Result<Batch> {
    let mut schema = (**batch.schema()).clone();
    for field in &mut schema.fields {
        field.name.push_str(" renamed");
    }
    Batch::new(Arc::new(schema), batch.rows(), batch.columns().to_vec())
}
