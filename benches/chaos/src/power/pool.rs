//! Chunks of every codec, encoding and kind of stream, no two of them alike.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use export_benches::Workload;
use export_compress::{Compression, Decoder, Encoder, Encoding, Fixed, Options};
use export_core::marrow::array::{Array, NullArray, PrimitiveArray};
use export_core::marrow::datatypes::{DataType, Field};
use export_core::{Batch, ChunkDecoder, ChunkEncoder, EncodedChunk, Limits, Schema};

/// Chunks of a stream: one for each codec × encoding.
pub(super) const CHUNKS: usize = Encoding::ALL.len() * Compression::ALL.len();

/// A kind of stream and its chunks.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) schema: Arc<Schema>,
    chunks: Vec<(Batch, OnceCell<EncodedChunk>)>,
}

/// All kinds of streams.
pub(super) fn kinds() -> Result<Vec<Kind>> {
    let workloads = [
        ("events", Workload::HeapEvents, 60, 0),
        ("signals", Workload::Signals, 20, 0),
        ("spikes", Workload::Spikes, 30, 1),
        ("items", Workload::LineItem, 40, 0),
        ("logs", Workload::Logs, 40, 0),
    ];
    let mut kinds = Vec::new();
    for (name, workload, rows, table) in workloads {
        let tables = workload.tables(rows * CHUNKS, 1)?;
        let table = tables.get(table).context("the table is gone")?;
        let all = table.batches.first().context("a table without rows")?;
        // The others of a wide table are like the first.
        let columns: Vec<usize> = (0..all.columns().len().min(16)).collect();
        let all = all.project(&columns)?;
        let parts = (0..CHUNKS).map(|at| all.slice(at * rows, rows));
        kinds.push(kind(name, parts.collect::<Result<Vec<_>, _>>()?)?);
    }
    // Nothing but a number of rows.
    let nothing = Schema::new(vec![field("nothing", DataType::Null)])?;
    let nothing = Arc::new(nothing);
    let batches = (1..=CHUNKS).map(|rows| {
        let array = Array::Null(NullArray { len: rows });
        Batch::new(Arc::clone(&nothing), rows, vec![array])
    });
    kinds.push(kind("nothing", batches.collect::<Result<Vec<_>, _>>()?)?);
    Ok(kinds)
}

impl Kind {
    /// Its chunk number `at`, which is made when it is first asked for.
    pub(super) fn chunk(&self, at: usize) -> Result<&EncodedChunk> {
        let at = at % CHUNKS;
        let (batch, made) = self.chunks.get(at).context("no such chunk")?;
        if made.get().is_none() {
            let chunk = encode(batch, at)?;
            let read = Decoder::new().decode(&self.schema, &chunk, &Limits::default())?;
            ensure!(
                read.same_rows(batch),
                "{} {at} does not come back",
                self.name
            );
            _ = made.set(chunk);
        }
        made.get().context("it was just made")
    }
}

fn encode(batch: &Batch, at: usize) -> Result<EncodedChunk> {
    let fixed = Fixed {
        encoding: Encoding::ALL.get(at % Encoding::ALL.len()).copied(),
        codec: Compression::ALL.get(at / Encoding::ALL.len()).copied(),
        dictionary: None,
    };
    let mut options = Options {
        fixed,
        ..Options::default()
    };
    if matches!(fixed.codec, Some(Compression::Brotli { .. })) {
        // It clears megabytes for each block: a few will do.
        options.fixed.codec = Some(Compression::None);
        let first = batch.schema().fields.iter().take(2);
        options.columns = first.map(|field| (field.name.clone(), fixed)).collect();
    }
    Ok(Encoder::new(options)?.encode(batch)?)
}

fn kind(name: &'static str, batches: Vec<Batch>) -> Result<Kind> {
    let schema = batches.first().context("no batches")?.schema();
    Ok(Kind {
        name,
        schema: Arc::clone(schema),
        chunks: batches
            .into_iter()
            .map(|batch| (batch, OnceCell::new()))
            .collect(),
    })
}

fn field(name: &str, data_type: DataType) -> Field {
    Field {
        name: name.to_owned(),
        data_type,
        nullable: true,
        ..Field::default()
    }
}

/// The schema of the stream that gains a column now and then.
pub(super) fn growing(columns: &[String]) -> Result<Arc<Schema>> {
    let fields = columns.iter().map(|name| field(name, DataType::UInt64));
    Ok(Arc::new(Schema::new(fields.collect())?))
}

/// A chunk of such a stream, all of whose values are near `number`.
pub(super) fn grown(schema: &Arc<Schema>, number: u64) -> Result<EncodedChunk> {
    let columns = (0..schema.fields.len() as u64).map(|at| {
        let values = (0..3).map(|row| number * 1000 + at * 10 + row).collect();
        Array::UInt64(PrimitiveArray {
            validity: None,
            values,
        })
    });
    let batch = Batch::new(Arc::clone(schema), 3, columns.collect())?;
    Ok(Encoder::default().encode(&batch)?)
}

/// What tells a chunk from all others.
pub(super) fn mark(chunk: &EncodedChunk) -> u64 {
    let mut hash = DefaultHasher::new();
    chunk.directory.rows.hash(&mut hash);
    for column in &chunk.directory.columns {
        column.summary.nulls.hash(&mut hash);
        for block in &column.blocks {
            (block.node, block.encoding.0, block.codec.0).hash(&mut hash);
            (&block.parameters, block.values, block.encoded_bytes).hash(&mut hash);
            let stored = usize::try_from(block.offset)
                .ok()
                .zip(usize::try_from(block.stored_bytes).ok())
                .and_then(|(start, bytes)| chunk.bytes.get(start..start.checked_add(bytes)?));
            stored.hash(&mut hash);
        }
    }
    hash.finish()
}
