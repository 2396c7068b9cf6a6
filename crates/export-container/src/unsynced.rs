//! Chunks that no sync has acknowledged, kept for another file.

use std::io::Write;
use std::sync::Arc;

use export_core::{EncodedChunk, Error, Result, Schema, StreamId};

use crate::frame_writer::FrameWriter;
use crate::writer::Writer;

/// Chunks in the order they were written, each with the schema it was written with.
#[derive(Default)]
pub(crate) struct Unsynced {
    chunks: Vec<Kept>,
    bytes: usize,
}

struct Kept {
    stream: StreamId,
    schema: Arc<Schema>,
    chunk: EncodedChunk,
}

impl Unsynced {
    pub(crate) fn push(&mut self, stream: StreamId, schema: &Schema, chunk: EncodedChunk) {
        self.bytes = self.bytes.saturating_add(chunk.bytes.len());
        let same = self.chunks.iter().rev().find(|kept| kept.stream == stream);
        let schema = match same {
            Some(kept) if *kept.schema == *schema => Arc::clone(&kept.schema),
            _ => Arc::new(schema.clone()),
        };
        self.chunks.push(Kept {
            stream,
            schema,
            chunk,
        });
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn rows(&self, stream: StreamId) -> u64 {
        let chunks = self.chunks.iter().filter(|kept| kept.stream == stream);
        chunks.map(|kept| kept.chunk.directory.rows).sum()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes the chunks, whose streams `from` knows, to `to`.
    pub(crate) fn replay<W: Write>(&self, from: &FrameWriter, to: &mut Writer<W>) -> Result<()> {
        for Kept {
            stream,
            schema,
            chunk,
        } in &self.chunks
        {
            let name = from
                .stream_name(*stream)
                .ok_or_else(|| Error::usage(format!("there is no stream {stream}")))?;
            let id = match to.frames().stream(name) {
                None => to.add_stream(name, schema)?,
                Some(id) => {
                    to.widen_stream(id, schema)?;
                    id
                }
            };
            to.chunk(id, chunk)?;
        }
        Ok(())
    }
}
