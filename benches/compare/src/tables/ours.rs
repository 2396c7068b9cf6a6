//! `.xk` containers: frames, checksums and index, as a file would hold them.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Result, bail};
use export_benches::Table;
use export_benches::memory::{Bytes, Memory};
use exportkit::{
    Batches, ConvertOptions, EncodeOptions, Limits, Preset, StreamBatch, container_sink,
    open_storage,
};

use super::same;
use crate::contender::Contender;

const STREAM: &str = "rows";

/// One of our presets.
pub(super) struct Ours<'a> {
    table: &'a Table,
    preset: Preset,
    /// Sinks take batches for good, so each write has its own.
    given: Vec<StreamBatch>,
    file: Arc<Vec<u8>>,
}

impl<'a> Ours<'a> {
    pub(super) fn new(table: &'a Table, preset: Preset) -> Self {
        Self {
            table,
            preset,
            given: Vec::new(),
            file: Arc::default(),
        }
    }

    fn batches(&self) -> Result<Batches> {
        let storage = Arc::new(Bytes::new(Arc::clone(&self.file)));
        let recording = open_storage(storage, "memory", Limits::default())?;
        Ok(recording.batches(STREAM)?)
    }
}

impl Contender for Ours<'_> {
    fn name(&self) -> String {
        format!("exportkit {}", self.preset)
    }

    fn prepare(&mut self) {
        let stream = Arc::<str>::from(STREAM);
        let batches = self.table.batches.iter();
        self.given = batches
            .map(|batch| StreamBatch {
                stream: Arc::clone(&stream),
                batch: batch.clone(),
            })
            .collect();
    }

    fn write(&mut self) -> Result<usize> {
        let options = ConvertOptions {
            encode: EncodeOptions::new(self.preset),
            threads: Some(0),
            ..ConvertOptions::default()
        };
        let memory = Memory::default();
        let mut sink = container_sink(Box::new(memory.clone()), &options)?;
        for batch in std::mem::take(&mut self.given) {
            sink.write(batch)?;
        }
        sink.finish(&Default::default())?;
        let file = memory.take();
        let bytes = file.len();
        self.file = Arc::new(file);
        Ok(bytes)
    }

    fn read(&self) -> Result<()> {
        for batch in self.batches()? {
            black_box(batch?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let mut written = self.table.batches.iter().filter(|batch| batch.rows() > 0);
        for read in self.batches()? {
            match written.next() {
                Some(written) => same(&read?, written)?,
                None => bail!("too many rows"),
            }
        }
        match written.next() {
            None => Ok(()),
            Some(_) => bail!("rows are missing"),
        }
    }
}
