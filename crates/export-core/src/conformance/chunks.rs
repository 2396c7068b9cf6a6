//! What every [`ChunkEncoder`] and [`ChunkDecoder`] promise.

use std::sync::Arc;

use super::damage::damaged;
use super::layout::{layout, summaries};
use super::promise;
use super::random::Random;
use crate::{Batch, Block, ChunkDecoder, ChunkEncoder, EncodedChunk, Limits, Result, Role, array};

/// Encodes the same batch to the same bytes, in blocks that lie as they must and are summarised truly, and decodes them to
/// the same rows; wholly, by columns, within limits, and without a panic whatever the bytes.
pub fn chunk_coder(encoder: &impl ChunkEncoder, decoder: &dyn ChunkDecoder) -> Result<()> {
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

pub(super) fn describe(batch: &Batch) -> String {
    match batch.schema().fields.as_slice() {
        [field] => format!("{} rows of {}", batch.rows(), field.name),
        fields => format!("{} rows of {} columns", batch.rows(), fields.len()),
    }
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
