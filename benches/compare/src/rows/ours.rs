//! `.xk` containers of structs.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Result, bail};
use export_benches::memory::{Bytes, Memory};
use export_core::build::RowBuilder;
use exportkit::{
    Batch, ConvertOptions, EncodeOptions, Limits, Preset, Rows, StreamBatch, container_sink,
    open_storage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contender::Contender;

const STREAM: &str = "rows";
/// Bytes of values after which rows become a chunk, as in `exportkit::write`.
const CHUNK_BYTES: usize = 4 << 20;

/// Ours, one a way from structs to columns. (The derived way belongs here, with a `Columns` of its own.)
pub(super) fn contenders<'a, T>(rows: &'a [T]) -> Vec<Box<dyn Contender + 'a>>
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    let balanced = Preset::Balanced;
    vec![Box::new(Ours::<T, RowBuilder>::new(
        rows, "serde", balanced,
    ))]
}

/// Columns that rows are pushed into.
trait Columns<T>: Default {
    fn push(&mut self, row: &T) -> exportkit::Result<()>;
    fn memory_bytes(&self) -> usize;
    fn take_batch(&mut self) -> exportkit::Result<Batch>;
}

impl<T: Serialize> Columns<T> for RowBuilder {
    fn push(&mut self, row: &T) -> exportkit::Result<()> {
        export_core::rows::push(self, row)
    }

    fn memory_bytes(&self) -> usize {
        Self::memory_bytes(self)
    }

    fn take_batch(&mut self) -> exportkit::Result<Batch> {
        Self::take_batch(self)
    }
}

struct Ours<'a, T, C> {
    rows: &'a [T],
    way: &'static str,
    preset: Preset,
    columns: std::marker::PhantomData<C>,
    file: Arc<Vec<u8>>,
}

impl<'a, T: DeserializeOwned, C: Columns<T>> Ours<'a, T, C> {
    fn new(rows: &'a [T], way: &'static str, preset: Preset) -> Self {
        Self {
            rows,
            way,
            preset,
            columns: std::marker::PhantomData,
            file: Arc::default(),
        }
    }

    fn decoded(&self) -> Result<Rows<T>> {
        let storage = Arc::new(Bytes::new(Arc::clone(&self.file)));
        Ok(open_storage(storage, "memory", &Limits::default())?.read(STREAM)?)
    }
}

impl<T: DeserializeOwned + PartialEq, C: Columns<T>> Contender for Ours<'_, T, C> {
    fn name(&self) -> String {
        format!("exportkit {} by {}", self.preset, self.way)
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
        let mut columns = C::default();
        let mut rows = self.rows.iter().peekable();
        while rows.peek().is_some() {
            for row in rows.by_ref() {
                columns.push(row)?;
                if columns.memory_bytes() >= CHUNK_BYTES {
                    break;
                }
            }
            let batch = columns.take_batch()?;
            let stream = Arc::clone(&stream);
            sink.write(StreamBatch { stream, batch })?;
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
