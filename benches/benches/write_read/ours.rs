//! Chunks as the container stores them.

use std::hint::black_box;
use std::sync::Arc;

use export_benches::Table;
use export_compress::{Decoder, Encoder, Options, Preset};
use export_core::{ChunkDecoder, ChunkEncoder, EncodedChunk, Error, Limits, Result};

use crate::contender::Contender;

/// What the directory of a chunk takes besides the parameters of its blocks: the widths of the fields of
/// [`export_core::Block`], and of a summary with two bounds.
const BLOCK_BYTES: usize = 48;
const COLUMN_BYTES: usize = 48;

pub(crate) fn presets() -> [Preset; 3] {
    Preset::ALL
}

/// One of our presets: each batch a chunk.
pub(crate) struct Ours<'a> {
    table: &'a Table,
    preset: Preset,
    encoder: Encoder,
    decoder: Decoder,
    limits: Limits,
    chunks: Vec<EncodedChunk>,
}

impl<'a> Ours<'a> {
    pub(crate) fn new(table: &'a Table, preset: Preset) -> Result<Self> {
        Ok(Self {
            table,
            preset,
            encoder: Encoder::new(Options::new(preset))?,
            decoder: Decoder::new(),
            limits: Limits::default(),
            chunks: Vec::new(),
        })
    }
}

impl Contender for Ours<'_> {
    fn name(&self) -> String {
        self.preset.to_string()
    }

    fn write(&mut self) -> Result<usize> {
        self.chunks.clear();
        for batch in &self.table.batches {
            self.chunks.push(self.encoder.encode(batch)?);
        }
        Ok(self.chunks.iter().map(stored_bytes).sum())
    }

    fn read(&self) -> Result<()> {
        for (batch, chunk) in self.table.batches.iter().zip(&self.chunks) {
            black_box(self.decoder.decode(batch.schema(), chunk, &self.limits)?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        for (number, (batch, chunk)) in (0_u64..).zip(self.table.batches.iter().zip(&self.chunks)) {
            let read = self
                .decoder
                .decode(&Arc::clone(batch.schema()), chunk, &self.limits)?;
            if !read.same_rows(batch) {
                return Err(Error::corrupt("other rows came back").in_chunk(number));
            }
        }
        Ok(())
    }
}

fn stored_bytes(chunk: &EncodedChunk) -> usize {
    let directory: usize = chunk
        .directory
        .columns
        .iter()
        .map(|column| {
            let blocks = column
                .blocks
                .iter()
                .map(|block| BLOCK_BYTES + block.parameters.len());
            COLUMN_BYTES + blocks.sum::<usize>()
        })
        .sum();
    chunk.bytes.len() + directory
}
