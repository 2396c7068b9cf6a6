//! Batches into a container: rows gathered to chunks, encoded on workers, written in order.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use export_compress::Encoder;
use export_container::Writer;
use export_core::{
    Batch, Cancel, EncodedChunk, ExportMetadata, Note, Result, Schema, Sink, SinkSummary,
    StreamBatch, StreamId,
};
use export_parallel::{Answer, Bounds, Budget, Pipeline};

use super::gather::{CHUNK_BYTES, Gather, joined};
use super::share::{Share, Sharing};
use crate::pressure::{Means, Watch};

/// Memory that batches on their way to the file may hold, in bytes, for each thread that works on them and the one that
/// writes: a chunk for each. More would be faster only where batches differ much in cost.
const BUDGET_BYTES_PER_THREAD: usize = CHUNK_BYTES;

/// A batch on its way to a worker.
struct Whole {
    item: StreamBatch,
    share: Share,
}

/// A batch on its way to the file, encoded.
pub(crate) struct Encoded {
    pub(crate) stream: Arc<str>,
    schema: Arc<Schema>,
    /// Absent for a batch without rows, which only makes its stream known.
    chunk: Option<EncodedChunk>,
}

impl Encoded {
    pub(crate) fn rows(&self) -> u64 {
        self.chunk.as_ref().map_or(0, |chunk| chunk.directory.rows)
    }
}

/// The container being written, on the consumer's thread.
pub(crate) struct Written<W> {
    writer: Writer<W>,
    streams: BTreeMap<Arc<str>, (StreamId, Arc<Schema>)>,
    counts: Counts,
}

/// What was written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) rows: u64,
    pub(crate) chunks: u64,
}

impl<W: Write> Written<W> {
    pub(crate) fn take(&mut self, encoded: Encoded) -> Result<()> {
        let Encoded {
            stream,
            schema,
            chunk,
        } = encoded;
        let id = self
            .stream(&stream, schema)
            .map_err(|error| error.in_stream(&*stream))?;
        let Some(chunk) = chunk else {
            return Ok(());
        };
        let rows = chunk.directory.rows;
        self.writer
            .put_chunk(id, chunk)
            .map_err(|error| error.in_stream(&*stream))?;
        self.counts.rows += rows;
        self.counts.chunks += 1;
        Ok(())
    }

    /// Writes what the recording says about itself. What it said before stays, unless `metadata` says otherwise, and all of its
    /// rows are counted, those that were there before an append among them.
    pub(crate) fn describe(&mut self, metadata: &ExportMetadata) -> Result<()> {
        describe(&mut self.writer, metadata)
    }

    /// The id of a stream, which is added or widened first where its schema is new.
    fn stream(&mut self, name: &Arc<str>, schema: Arc<Schema>) -> Result<StreamId> {
        if let Some((id, known)) = self.streams.get_mut(name) {
            if !Arc::ptr_eq(known, &schema) && **known != *schema {
                widen(&mut self.writer, *id, &schema)?;
                *known = schema;
            }
            return Ok(*id);
        }
        let frames = self.writer.frames();
        let id = match frames.stream(name) {
            None => add(&mut self.writer, name, &schema)?,
            // The recording is being continued.
            Some(id) => {
                if frames.schema(id) != Some(&*schema) {
                    widen(&mut self.writer, id, &schema)?;
                }
                id
            }
        };
        self.streams.insert(Arc::clone(name), (id, schema));
        Ok(id)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn writer(&mut self) -> &mut Writer<W> {
        &mut self.writer
    }
}

/// Adds a stream: to memory only where the writer is poisoned, which its first chunk will tell.
fn add<W: Write>(writer: &mut Writer<W>, name: &str, schema: &Schema) -> Result<StreamId> {
    match writer.add_stream(name, schema) {
        Err(error) if writer.poison().is_some() => writer.frames().stream(name).ok_or(error),
        added => added,
    }
}

/// As with [`add`].
fn widen<W: Write>(writer: &mut Writer<W>, id: StreamId, schema: &Schema) -> Result<()> {
    match writer.widen_stream(id, schema) {
        Err(_) if writer.poison().is_some() && writer.frames().schema(id) == Some(schema) => Ok(()),
        widened => widened,
    }
}

/// [`Written::describe`] of a writer.
pub(crate) fn describe<W: Write>(writer: &mut Writer<W>, metadata: &ExportMetadata) -> Result<()> {
    let (rows, chunks) = writer.frames().totals();
    let before = writer.frames().last_metadata().unwrap_or_default();
    let mut entries = before.entries;
    entries.extend(metadata.entries.clone());
    writer.metadata(&ExportMetadata {
        source: metadata.source.clone().or(before.source),
        rows,
        chunks,
        entries,
        ..metadata.clone()
    })
}

/// What a stream has before its chunks leave for the workers.
#[derive(Default)]
struct Pending {
    gather: Gather,
    sharing: Sharing,
}

/// A sink that writes a container to `W`.
pub(crate) struct XkSink<W> {
    pipeline: Pipeline<Whole, Encoded, Written<W>>,
    pending: BTreeMap<Arc<str>, Pending>,
    /// Schemas of the streams that the file had when it was gone on with, until rows of theirs come.
    continued: BTreeMap<String, Arc<Schema>>,
    encoder: Encoder,
    budget: Budget,
    watch: Watch,
}

/// What batches on their way may hold by these means.
fn budget_bytes(means: Means) -> usize {
    let each = BUDGET_BYTES_PER_THREAD.min(means.chunk_bytes());
    each.saturating_mul(means.threads.saturating_add(1))
}

impl<W: Write + Send + 'static> XkSink<W> {
    pub(crate) fn new(
        writer: Writer<W>,
        encoder: Encoder,
        watch: Watch,
        cancel: &Cancel,
    ) -> Result<Self> {
        let means = watch.means();
        let budget = Budget::new(budget_bytes(means));
        let bounds = Bounds {
            threads: means.threads,
            budget: budget.clone(),
            cancel: cancel.clone(),
        };
        Self::with(
            writer,
            encoder,
            watch,
            bounds,
            Counts::default(),
            Written::take,
        )
    }

    /// A sink whose chunks are taken to the container by `take`, which calls [`Written::take`]. `counts` were written before.
    pub(crate) fn with(
        writer: Writer<W>,
        encoder: Encoder,
        watch: Watch,
        bounds: Bounds,
        counts: Counts,
        take: impl FnMut(&mut Written<W>, Encoded) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let budget = bounds.budget.clone();
        let work = {
            let encoder = encoder.clone();
            move |whole: Whole| encode(&encoder, whole)
        };
        let frames = writer.frames();
        let continued = frames.streams().filter_map(|id| {
            let schema = Arc::new(frames.schema(id)?.clone());
            Some((frames.stream_name(id)?.to_owned(), schema))
        });
        let continued = continued.collect();
        let written = Written {
            writer,
            streams: BTreeMap::new(),
            counts,
        };
        let pipeline = Pipeline::new(bounds, work, written, take)?;
        Ok(Self {
            pipeline,
            pending: BTreeMap::new(),
            continued,
            encoder,
            budget,
            watch,
        })
    }

    /// Whether a batch of `bytes` bytes can be gathered now without waiting for chunks before it.
    pub(crate) fn has_room(&self, stream: &str, bytes: usize) -> bool {
        let gathered = self
            .pending
            .get(stream)
            .map_or(0, |pending| pending.gather.bytes());
        let bytes = gathered.saturating_add(bytes);
        let chunk_bytes = self.watch.means().chunk_bytes();
        // The stream's first, without rows; what was gathered; the rest of a part.
        self.pipeline.has_room(3 + bytes / chunk_bytes, bytes)
    }

    /// What was not done as it should have been: blocks with simpler codecs, smaller chunks for want of memory.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let fallbacks = self.encoder.fallbacks().into_iter().map(Note::from);
        self.watch.note().into_iter().chain(fallbacks).collect()
    }

    /// Does with less where little memory is left, as so many chunks were made.
    fn look(&mut self, chunks: u32) {
        if let Some(means) = self.watch.look(chunks) {
            let bytes = budget_bytes(means).min(self.budget.capacity());
            self.budget.resize(bytes);
            for Pending { gather, .. } in self.pending.values_mut() {
                gather.halve(means.halvings);
            }
        }
    }

    /// Hands on what was gathered of every stream, however little.
    pub(crate) fn flush(&mut self) -> Result<()> {
        for (stream, Pending { gather, sharing }) in &mut self.pending {
            if let Some(batch) = gather.take()? {
                push(&mut self.pipeline, sharing, stream, batch)?;
            }
        }
        Ok(())
    }

    /// [`XkSink::flush`], then `call` on the container once everything has reached it, which can be waited for later.
    pub(crate) fn start_flush<R: Send + 'static>(
        &mut self,
        call: impl FnOnce(&mut Written<W>) -> Result<R> + Send + 'static,
    ) -> Result<Answer<R>> {
        self.flush()?;
        self.start_call(call)
    }

    /// `call` on the container once everything that left for the workers has reached it.
    pub(crate) fn start_call<R: Send + 'static>(
        &mut self,
        call: impl FnOnce(&mut Written<W>) -> Result<R> + Send + 'static,
    ) -> Result<Answer<R>> {
        self.pipeline.start_call(call)
    }

    /// [`Sink::write`] without the box.
    pub(crate) fn gather(&mut self, item: StreamBatch) -> Result<()> {
        let StreamBatch { stream, batch } = item;
        if !self.pending.contains_key(&stream) {
            self.begin(&stream, &batch)?;
        }
        let mut chunks = 0;
        let Self {
            pipeline, pending, ..
        } = self;
        let Pending { gather, sharing } = pending.entry(Arc::clone(&stream)).or_default();
        let batch = gather.continued(batch)?;
        gather.add(batch, |whole| {
            chunks += 1;
            push(pipeline, sharing, &stream, whole)
        })?;
        self.look(chunks);
        Ok(())
    }

    /// Fails where rows of `schema` do not fit the stream that the file being continued has.
    pub(crate) fn check_fits(&self, stream: &str, schema: &Schema) -> Result<()> {
        match self.continued.get(stream) {
            Some(known) => joined(known, schema).map(drop),
            None => Ok(()),
        }
    }

    /// Makes a stream known, even if no row ever comes, or finds that the file being continued has it.
    fn begin(&mut self, stream: &Arc<str>, batch: &Batch) -> Result<()> {
        let continues = self.continued.remove(&**stream);
        if continues.is_none() {
            let empty = Batch::empty(Arc::clone(batch.schema()))?;
            // It finds nothing out, so it must not be the first of a group.
            push(&mut self.pipeline, &mut Sharing::default(), stream, empty)?;
        }
        let mut pending = Pending {
            gather: Gather::new(continues),
            sharing: Sharing::default(),
        };
        pending.gather.halve(self.watch.means().halvings);
        self.pending.insert(Arc::clone(stream), pending);
        Ok(())
    }

    /// Writes what is left, the index and the tail. Returns what was written, and the writer, and adds to `notes`. A file that was
    /// continued keeps what it said about itself, unless `metadata` says otherwise, and counts all of its rows.
    pub(crate) fn close(
        mut self,
        metadata: &ExportMetadata,
        notes: &mut Vec<Note>,
    ) -> Result<(Counts, Writer<W>)> {
        self.flush()?;
        // All was pushed; what the last chunks fell back to is known once they were written.
        self.pipeline.call(|_| Ok(()))?;
        notes.extend(self.notes());
        let Written {
            mut writer, counts, ..
        } = self.pipeline.finish()?;
        describe(&mut writer, metadata)?;
        writer.finish()?;
        Ok((counts, writer))
    }
}

fn encode(encoder: &Encoder, Whole { item, share }: Whole) -> Result<Encoded> {
    let StreamBatch { stream, batch } = item;
    let schema = Arc::clone(batch.schema());
    let chunk = match batch.rows() {
        0 => None,
        _ => Some(
            share
                .encode(encoder, &batch)
                .map_err(|error| error.in_stream(&*stream))?,
        ),
    };
    Ok(Encoded {
        stream,
        schema,
        chunk,
    })
}

fn push<W: Write + Send + 'static>(
    pipeline: &mut Pipeline<Whole, Encoded, Written<W>>,
    sharing: &mut Sharing,
    stream: &Arc<str>,
    batch: Batch,
) -> Result<()> {
    let bytes = batch.memory_bytes();
    let share = sharing.next(batch.schema());
    let item = StreamBatch {
        stream: Arc::clone(stream),
        batch,
    };
    pipeline.push(Whole { item, share }, bytes)
}

impl<W: Write + Send + 'static> Sink for XkSink<W> {
    fn write(&mut self, batch: StreamBatch) -> Result<()> {
        self.gather(batch)
    }

    fn finish(self: Box<Self>, metadata: &ExportMetadata) -> Result<SinkSummary> {
        let mut notes = Vec::new();
        let (counts, _) = self.close(metadata, &mut notes)?;
        Ok(SinkSummary {
            rows: counts.rows,
            notes,
        })
    }

    fn accepts_widening(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use export_compress::{Compression, Fixed, Options};
    use export_container::FileOptions;
    use export_core::marrow::array::{Array, PrimitiveArray};
    use export_core::marrow::datatypes::{DataType, Field};
    use export_core::{Codec, CodecId, Error, FileId};

    use super::*;

    struct Failing;

    impl Codec for Failing {
        fn id(&self) -> CodecId {
            CodecId(2)
        }

        fn name(&self) -> &'static str {
            "zstd"
        }

        fn compress(&self, _: &[u8], _: &mut Vec<u8>) -> Result<()> {
            Err(Error::limit("no memory for tables"))
        }

        fn decompress(&self, _: &[u8], _: usize, _: &mut Vec<u8>) -> Result<()> {
            Err(Error::limit("no memory for tables"))
        }
    }

    #[test]
    fn a_codec_that_failed_is_in_the_summary() {
        let options = Options {
            fixed: Fixed {
                codec: Some(Compression::Zstd { level: 3 }),
                ..Fixed::default()
            },
            ..Options::default()
        };
        for threads in [0, 2] {
            let file = FileOptions {
                file: FileId([1; 16]),
                created_ns: 0,
            };
            let encoder = Encoder::new(options.clone()).unwrap();
            let encoder = encoder.with_codec(Arc::new(Failing));
            let writer = Writer::new(std::io::sink(), &file).unwrap();
            let watch = Watch::new(threads, None);
            let mut sink = XkSink::new(writer, encoder, watch, &Cancel::new()).unwrap();
            let field = Field {
                name: "size".into(),
                data_type: DataType::UInt64,
                ..Field::default()
            };
            let values = Array::UInt64(PrimitiveArray {
                validity: None,
                values: (0..1000).map(|value| value * value).collect(),
            });
            let schema = Arc::new(Schema::new(vec![field]).unwrap());
            let batch = Batch::new(schema, 1000, vec![values]).unwrap();
            sink.write(StreamBatch {
                stream: "rows".into(),
                batch,
            })
            .unwrap();
            let summary = Box::new(sink).finish(&ExportMetadata::default()).unwrap();
            let told: Vec<_> = summary
                .notes
                .iter()
                .filter(|note| note.column.is_some())
                .collect();
            assert_eq!(told.len(), 1, "{:?}", summary.notes);
            assert_eq!(told[0].column.as_deref(), Some("size"));
            assert!(
                told[0].text.contains("instead of zstd: no memory"),
                "{}",
                told[0].text
            );
        }
    }
}
