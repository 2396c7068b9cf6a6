//! `.xk` containers of structs, by derive and by serde.

use std::hint::black_box;
use std::marker::PhantomData;
use std::sync::Arc;

use anyhow::{Result, bail};
use export_benches::memory::{Bytes, Memory};
use export_core::build::{BatchBuilder, RowBuilder};
use export_core::record::RecordBuilder;
use exportkit::{
    ConvertOptions, EncodeOptions, FromRecord, Limits, Preset, Record, Recording, Rows,
    StreamBatch, container_sink, open_storage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contender::Contender;

const STREAM: &str = "rows";
/// Bytes of values after which rows become a chunk, as in `exportkit::write`.
const CHUNK_BYTES: usize = 4 << 20;
/// Rows between two looks at how many bytes they are.
const ROWS_BETWEEN_LOOKS: usize = 256;

/// Ours, one a way from structs to columns, and the derived one with every preset.
pub(super) fn contenders<'a, T>(rows: &'a [T]) -> Vec<Box<dyn Contender + 'a>>
where
    T: Record + FromRecord + Serialize + DeserializeOwned + PartialEq,
{
    vec![
        Box::new(Ours::<T, Derived>::new(rows, Preset::HighPerformance)),
        Box::new(Ours::<T, Derived>::new(rows, Preset::Balanced)),
        Box::new(Ours::<T, Serde>::new(rows, Preset::Balanced)),
    ]
}

/// From rows to columns, and back.
trait Way<T> {
    const NAME: &'static str;
    type Builder: BatchBuilder + Default;

    fn push(builder: &mut Self::Builder, row: &T) -> exportkit::Result<()>;
    fn read(recording: &Recording) -> exportkit::Result<Rows<T>>;
}

struct Derived;

impl<T: Record + FromRecord> Way<T> for Derived {
    const NAME: &'static str = "derive";
    type Builder = RecordBuilder<T>;

    fn push(builder: &mut RecordBuilder<T>, row: &T) -> exportkit::Result<()> {
        builder.push(row)
    }

    fn read(recording: &Recording) -> exportkit::Result<Rows<T>> {
        recording.read_records(STREAM)
    }
}

struct Serde;

impl<T: Serialize + DeserializeOwned> Way<T> for Serde {
    const NAME: &'static str = "serde";
    type Builder = RowBuilder;

    fn push(builder: &mut RowBuilder, row: &T) -> exportkit::Result<()> {
        export_core::rows::push(builder, row)
    }

    fn read(recording: &Recording) -> exportkit::Result<Rows<T>> {
        recording.read(STREAM)
    }
}

struct Ours<'a, T, W> {
    rows: &'a [T],
    preset: Preset,
    way: PhantomData<W>,
    file: Arc<Vec<u8>>,
}

impl<'a, T, W: Way<T>> Ours<'a, T, W> {
    fn new(rows: &'a [T], preset: Preset) -> Self {
        Self {
            rows,
            preset,
            way: PhantomData,
            file: Arc::default(),
        }
    }

    fn decoded(&self) -> Result<Rows<T>> {
        let storage = Arc::new(Bytes::new(Arc::clone(&self.file)));
        let recording = open_storage(storage, "memory", Limits::default())?;
        Ok(W::read(&recording)?)
    }
}

impl<T: PartialEq, W: Way<T>> Contender for Ours<'_, T, W> {
    fn name(&self) -> String {
        format!("exportkit {} by {}", self.preset, W::NAME)
    }

    fn write(&mut self) -> Result<usize> {
        let options = ConvertOptions {
            encode: EncodeOptions::new(self.preset),
            threads: Some(0),
            ..ConvertOptions::default()
        };
        let memory = Memory::default();
        let mut sink = container_sink(Box::new(memory.clone()), &options)?;
        let stream = Arc::<str>::from(STREAM);
        let mut builder = W::Builder::default();
        let mut some = self.rows.chunks(ROWS_BETWEEN_LOOKS).peekable();
        while let Some(rows) = some.next() {
            for row in rows {
                W::push(&mut builder, row)?;
            }
            if builder.memory_bytes() >= CHUNK_BYTES || some.peek().is_none() {
                let batch = builder.take_batch()?;
                let stream = Arc::clone(&stream);
                sink.write(StreamBatch { stream, batch })?;
            }
        }
        sink.finish(&Default::default())?;
        self.file = Arc::new(memory.take());
        Ok(self.file.len())
    }

    fn read(&self) -> Result<()> {
        for row in self.decoded()? {
            black_box(row?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let mut written = self.rows.iter();
        for row in self.decoded()? {
            if written.next() != Some(&row?) {
                bail!("other rows came back");
            }
        }
        match written.next() {
            None => Ok(()),
            Some(_) => bail!("rows are missing"),
        }
    }
}
