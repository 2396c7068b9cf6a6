//! A coder and a format that put batches on a shelf in memory and write down only where they lie.

use std::io::{Cursor, Read, Write};
use std::sync::{Arc, Mutex};

use marrow::array::Array;
use xxhash_rust::xxh3::xxh3_64;

use crate::value::{Value, value};
use crate::{
    Batch, Block, Bound, ChunkDecoder, ChunkDirectory, ChunkEncoder, CodecId, ColumnDirectory,
    Confidence, EncodedChunk, EncodingId, Error, ExportMetadata, Format, Input, Limits,
    ReadOptions, Result, Role, Schema, Sink, SinkSummary, Source, StreamBatch, Summary,
    WriteOptions, array,
};

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Unaligned,
    WrongChecksum,
    LosesSigns,
    WrongBounds,
    NoLimits,
    LosesRows,
    TakesAnyOption,
    ForgetsItself,
    TakesAnySchema,
    LargeBatches,
    NeverStops,
    AllColumns,
}

#[derive(Clone)]
pub(super) struct Shelf {
    fault: Fault,
    batches: Arc<Mutex<Vec<Batch>>>,
}

/// What a file of the shelf starts with.
const SIGNATURE: &[u8; 8] = b"SHELFv1\n";

impl Shelf {
    pub(super) fn new(fault: Fault) -> Self {
        Self {
            fault,
            batches: Arc::default(),
        }
    }

    /// Puts a batch on the shelf, once; returns its place.
    fn place(&self, batch: &Batch) -> u64 {
        let mut batches = self.batches.lock().unwrap();
        let equal = |b: &Batch| b.schema() == batch.schema() && b.same_rows(batch);
        let known = batches.iter().position(equal);
        let place = known.unwrap_or(batches.len());
        if known.is_none() {
            batches.push(batch.clone());
        }
        place as u64
    }

    fn at(&self, place: u64) -> Result<Batch> {
        let batches = self.batches.lock().unwrap();
        let batch = usize::try_from(place)
            .ok()
            .and_then(|place| batches.get(place));
        batch
            .cloned()
            .ok_or_else(|| Error::corrupt("nothing lies there"))
    }

    fn faulty(&self, column: &Array) -> Array {
        match column {
            Array::Float64(a) if self.fault == Fault::LosesSigns => {
                let mut a = a.clone();
                a.values.iter_mut().for_each(|v| *v += 0.0);
                Array::Float64(a)
            }
            other => other.clone(),
        }
    }

    pub(super) fn file_of(&self, batch: &Batch) -> Bytes {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend(self.place(batch).to_le_bytes());
        Bytes(bytes)
    }
}

pub(super) struct Bytes(Vec<u8>);

impl Bytes {
    pub(super) fn input(&self) -> Input {
        Input::Stream(Box::new(Cursor::new(self.0.clone())))
    }
}

impl ChunkEncoder for Shelf {
    type Choices = ();

    fn encode_with(&self, batch: &Batch, (): &()) -> Result<(EncodedChunk, ())> {
        let mut chunk = EncodedChunk {
            directory: ChunkDirectory {
                rows: batch.rows() as u64,
                columns: Vec::new(),
            },
            bytes: Vec::new(),
        };
        for at in 0..batch.columns().len() {
            let place = self.place(&batch.project(&[at])?);
            let shift = usize::from(self.fault == Fault::Unaligned);
            let offset = chunk.bytes.len().next_multiple_of(64) + shift;
            chunk.bytes.resize(offset, 0);
            chunk.bytes.extend(place.to_le_bytes());
            let wrong = u64::from(self.fault == Fault::WrongChecksum);
            let block = Block {
                node: 0,
                role: Role::Values,
                encoding: EncodingId(0),
                codec: CodecId(0),
                parameters: Vec::new(),
                values: batch.rows() as u64,
                offset: offset as u64,
                stored_bytes: 8,
                encoded_bytes: 8,
                checksum: xxh3_64(&place.to_le_bytes()) ^ wrong,
            };
            let summary = self.summary(&batch.columns()[at]);
            chunk.directory.columns.push(ColumnDirectory {
                summary,
                blocks: vec![block],
            });
        }
        Ok((chunk, ()))
    }
}

impl Shelf {
    fn summary(&self, column: &Array) -> Summary {
        let is_nan = |row| match value(column, row) {
            Value::Float32(v) => v.is_nan(),
            Value::Float64(v) => v.is_nan(),
            _ => false,
        };
        let wrong = self.fault == Fault::WrongBounds && matches!(column, Array::Int64(_));
        Summary {
            nulls: array::null_count(column) as u64,
            has_nan: (0..array::len(column)).any(is_nan),
            min: wrong.then_some(Bound::Int(0)),
            max: None,
        }
    }
}

impl ChunkDecoder for Shelf {
    fn decode(&self, schema: &Arc<Schema>, chunk: &EncodedChunk, limits: &Limits) -> Result<Batch> {
        let rows = usize::try_from(chunk.directory.rows).unwrap_or(usize::MAX);
        if self.fault != Fault::NoLimits {
            Limits::check("rows", chunk.directory.rows, limits.chunk_rows)?;
        }
        let mut columns = Vec::new();
        for column in &chunk.directory.columns {
            let block = column
                .blocks
                .first()
                .ok_or_else(|| Error::corrupt("no block"))?;
            let start = usize::try_from(block.offset).unwrap_or(usize::MAX);
            let bytes = start
                .checked_add(8)
                .and_then(|end| chunk.bytes.get(start..end));
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            let place = bytes
                .map(u64::from_le_bytes)
                .ok_or_else(|| Error::corrupt("too short"))?;
            let batch = self.at(place)?;
            let size = batch.memory_bytes() as u64;
            Limits::check("bytes", size, limits.chunk_decoded_bytes)?;
            columns.push(self.faulty(&batch.columns()[0]));
        }
        Batch::new(Arc::clone(schema), rows, columns)
    }
}

impl Format for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["shelf"]
    }

    fn reads_anywhere(&self) -> bool {
        true
    }

    fn sniff(&self, head: &[u8]) -> Confidence {
        let own = head.starts_with(SIGNATURE) && self.fault != Fault::ForgetsItself;
        if own { Confidence::Yes } else { Confidence::No }
    }

    fn open(&self, input: Input, options: &ReadOptions) -> Result<Box<dyn Source>> {
        if !options.extra.is_empty() && self.fault != Fault::TakesAnyOption {
            return Err(Error::usage("there are no options"));
        }
        let mut bytes = Vec::new();
        match input {
            Input::File(mut file) => file.read_to_end(&mut bytes)?,
            Input::Stream(mut stream) => stream.read_to_end(&mut bytes)?,
        };
        let places = bytes
            .strip_prefix(SIGNATURE)
            .ok_or_else(|| Error::corrupt("not a shelf"))?;
        let mut batches = Vec::new();
        for place in places.chunks(8) {
            let place = place
                .try_into()
                .map_err(|_| Error::truncated("half a place"))?;
            let batch = self.at(u64::from_le_bytes(place))?;
            let columns = batch.columns().iter().map(|c| self.faulty(c)).collect();
            batches.push(Batch::new(
                Arc::clone(batch.schema()),
                batch.rows(),
                columns,
            )?);
        }
        if self.fault == Fault::LosesRows {
            batches.truncate(1);
        }
        let batch = Batch::concat(&batches)?;
        Ok(Box::new(Unpacking {
            batch,
            at: None,
            fault: self.fault,
            options: options.clone(),
        }))
    }

    fn create(
        &self,
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>> {
        if !options.extra.is_empty() && self.fault != Fault::TakesAnyOption {
            return Err(Error::usage("there are no options"));
        }
        Ok(Box::new(Packing {
            shelf: self.clone(),
            output,
            batches: Vec::new(),
        }))
    }
}

struct Unpacking {
    batch: Batch,
    at: Option<usize>,
    fault: Fault,
    options: ReadOptions,
}

impl Source for Unpacking {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        let start = self.at.unwrap_or(0);
        if self.at.is_some() && start == self.batch.rows() {
            return Ok(None);
        }
        self.at = Some(self.batch.rows());
        if self.fault != Fault::NeverStops {
            self.options.cancel.check()?;
        }
        let most = if self.fault == Fault::LargeBatches {
            usize::MAX
        } else {
            self.options.batch_rows
        };
        let count = most.min(self.batch.rows() - start);
        self.at = Some(start + count);
        let mut batch = self.batch.slice(start, count)?;
        if let (Some(names), true) = (&self.options.columns, self.fault != Fault::AllColumns) {
            let places: Vec<usize> = names
                .iter()
                .filter_map(|name| batch.schema().index_of(name))
                .collect();
            batch = batch.project(&places)?;
        }
        Ok(Some(StreamBatch {
            stream: "rows".into(),
            batch,
        }))
    }
}

struct Packing {
    shelf: Shelf,
    output: Box<dyn Write + Send>,
    batches: Vec<Batch>,
}

impl Sink for Packing {
    fn write(&mut self, batch: StreamBatch) -> Result<()> {
        let fits = self
            .batches
            .first()
            .is_none_or(|b| b.schema() == batch.batch.schema());
        if !fits && self.shelf.fault != Fault::TakesAnySchema {
            return Err(Error::schema("another schema"));
        }
        self.batches.push(batch.batch);
        Ok(())
    }

    fn finish(mut self: Box<Self>, _: &ExportMetadata) -> Result<SinkSummary> {
        self.output.write_all(SIGNATURE)?;
        for batch in &self.batches {
            self.output
                .write_all(&self.shelf.place(batch).to_le_bytes())?;
        }
        let rows = self.batches.iter().map(|b| b.rows() as u64).sum();
        Ok(SinkSummary {
            rows,
            notes: Vec::new(),
        })
    }
}
