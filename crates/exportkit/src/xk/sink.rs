//! Batches into a container: rows gathered to chunks, encoded on workers, written in order.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use export_compress::Encoder;
use export_container::Writer;
use export_core::{
    Batch, Cancel, ChunkEncoder, EncodedChunk, ExportMetadata, Result, Schema, Sink, SinkSummary,
    StreamBatch, StreamId,
};
use export_parallel::{Bounds, Budget, Pipeline};

use super::gather::Gather;

/// Memory that batches on their way to the file may hold, in bytes, for each thread that works on them.
const BUDGET_BYTES_PER_THREAD: usize = 12 << 20;

/// A batch on its way to the file, encoded once a worker had it.
struct Encoded {
    stream: Arc<str>,
    schema: Arc<Schema>,
    /// Absent for a batch without rows, which only makes its stream known.
    chunk: Option<EncodedChunk>,
}

/// The container being written, on the consumer's thread.
pub(crate) struct Container<W> {
    writer: Writer<W>,
    streams: BTreeMap<Arc<str>, (StreamId, Arc<Schema>)>,
    rows: u64,
    chunks: u64,
}

impl<W: Write> Container<W> {
    pub(crate) fn new(writer: Writer<W>) -> Self {
        Self { writer, streams: BTreeMap::new(), rows: 0, chunks: 0 }
    }

    fn take(&mut self, encoded: Encoded) -> Result<()> {
        let Encoded { stream, schema, chunk } = encoded;
        let id = self.stream(&stream, schema).map_err(|error| error.in_stream(&*stream))?;
        let Some(chunk) = chunk else { return Ok(()) };
        self.rows += chunk.directory.rows;
        self.chunks += 1;
        self.writer.chunk(id, &chunk).map_err(|error| error.in_stream(&*stream))
    }

    /// The id of a stream, which is added or widened first where its schema is new.
    fn stream(&mut self, name: &Arc<str>, schema: Arc<Schema>) -> Result<StreamId> {
        match self.streams.get_mut(name) {
            Some((id, known)) if Arc::ptr_eq(known, &schema) || **known == *schema => Ok(*id),
            Some((id, known)) => {
                self.writer.widen_stream(*id, &schema)?;
                *known = schema;
                Ok(*id)
            }
            None => {
                let id = self.writer.add_stream(name, &schema)?;
                self.streams.insert(Arc::clone(name), (id, schema));
                Ok(id)
            }
        }
    }

    pub(crate) fn writer(&mut self) -> &mut Writer<W> {
        &mut self.writer
    }
}

/// A sink that writes a container to `W`.
pub(crate) struct XkSink<W> {
    pipeline: Pipeline<StreamBatch, Encoded, Container<W>>,
    pending: BTreeMap<Arc<str>, Gather>,
}

impl<W: Write + Send + 'static> XkSink<W> {
    pub(crate) fn new(
        container: Container<W>,
        encoder: Encoder,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<Self> {
        let budget = Budget::new(BUDGET_BYTES_PER_THREAD.saturating_mul(threads.max(1)));
        let bounds = Bounds { threads, budget, cancel: cancel.clone() };
        let work = move |item: StreamBatch| encode(&encoder, item);
        let pipeline = Pipeline::new(bounds, work, container, Container::take)?;
        Ok(Self { pipeline, pending: BTreeMap::new() })
    }

    /// Hands on what was gathered of every stream, however little.
    pub(crate) fn flush(&mut self) -> Result<()> {
        for (stream, gather) in &mut self.pending {
            if let Some(batch) = gather.take()? {
                push(&mut self.pipeline, stream, batch)?;
            }
        }
        Ok(())
    }

    /// [`XkSink::flush`], then `call` on the container once everything has reached it.
    pub(crate) fn flush_then<R: Send + 'static>(
        &mut self,
        call: impl FnOnce(&mut Container<W>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.flush()?;
        self.pipeline.call(call)
    }

    /// [`Sink::write`] without the box.
    pub(crate) fn gather(&mut self, item: StreamBatch) -> Result<()> {
        let StreamBatch { stream, batch } = item;
        let gather = match self.pending.get_mut(&stream) {
            Some(gather) => gather,
            None => {
                // The stream is there from now on, even if no row ever comes.
                let empty = Batch::empty(Arc::clone(batch.schema()))?;
                push(&mut self.pipeline, &stream, empty)?;
                self.pending.entry(Arc::clone(&stream)).or_default()
            }
        };
        let pipeline = &mut self.pipeline;
        gather.add(batch, |whole| push(pipeline, &stream, whole))
    }

    /// Writes what is left, the index and the tail. Returns the rows and chunks written, and the output.
    pub(crate) fn close(mut self, metadata: &ExportMetadata) -> Result<(u64, u64, W)> {
        self.flush()?;
        let mut container = self.pipeline.finish()?;
        let metadata = ExportMetadata {
            rows: container.rows,
            chunks: container.chunks,
            ..metadata.clone()
        };
        container.writer.metadata(&metadata)?;
        let output = container.writer.finish()?;
        Ok((container.rows, container.chunks, output))
    }
}

fn encode(encoder: &Encoder, item: StreamBatch) -> Result<Encoded> {
    let StreamBatch { stream, batch } = item;
    let schema = Arc::clone(batch.schema());
    let chunk = match batch.rows() {
        0 => None,
        _ => Some(encoder.encode(&batch).map_err(|error| error.in_stream(&*stream))?),
    };
    Ok(Encoded { stream, schema, chunk })
}

fn push<W: Write + Send + 'static>(
    pipeline: &mut Pipeline<StreamBatch, Encoded, Container<W>>,
    stream: &Arc<str>,
    batch: Batch,
) -> Result<()> {
    let bytes = batch.memory_bytes();
    pipeline.push(StreamBatch { stream: Arc::clone(stream), batch }, bytes)
}

impl<W: Write + Send + 'static> Sink for XkSink<W> {
    fn write(&mut self, batch: StreamBatch) -> Result<()> {
        self.gather(batch)
    }

    fn finish(self: Box<Self>, metadata: &ExportMetadata) -> Result<SinkSummary> {
        let (rows, _, mut output) = self.close(metadata)?;
        output.flush()?;
        Ok(SinkSummary { rows, notes: Vec::new() })
    }

    fn accepts_widening(&self) -> bool {
        true
    }
}
