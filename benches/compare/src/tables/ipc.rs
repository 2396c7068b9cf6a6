//! Arrow IPC files, compressed.

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;

use anyhow::Result;
use arrow_ipc::CompressionType;
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};

use super::Given;
use crate::contender::Contender;

#[derive(Debug, Clone, Copy)]
pub(super) enum Codec {
    Lz4,
    /// At its default level, 3.
    Zstd,
}

pub(super) struct Ipc<'a> {
    given: Arc<Given<'a>>,
    codec: Codec,
    file: Vec<u8>,
}

impl<'a> Ipc<'a> {
    pub(super) fn new(given: &Arc<Given<'a>>, codec: Codec) -> Self {
        Self {
            given: Arc::clone(given),
            codec,
            file: Vec::new(),
        }
    }

    fn reader(&self) -> Result<FileReader<Cursor<&[u8]>>> {
        Ok(FileReader::try_new(
            Cursor::new(self.file.as_slice()),
            None,
        )?)
    }
}

impl Contender for Ipc<'_> {
    fn name(&self) -> String {
        match self.codec {
            Codec::Lz4 => String::from("arrow ipc lz4"),
            Codec::Zstd => String::from("arrow ipc zstd"),
        }
    }

    fn write(&mut self) -> Result<usize> {
        let codec = match self.codec {
            Codec::Lz4 => CompressionType::LZ4_FRAME,
            Codec::Zstd => CompressionType::ZSTD,
        };
        let options = IpcWriteOptions::default().try_with_compression(Some(codec))?;
        let mut writer = FileWriter::try_new_with_options(Vec::new(), &self.given.schema, options)?;
        for batch in &self.given.batches {
            writer.write(batch)?;
        }
        writer.finish()?;
        self.file = writer.into_inner()?;
        Ok(self.file.len())
    }

    fn read(&self) -> Result<()> {
        for batch in self.reader()? {
            black_box(batch?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.given.compare(self.reader()?)
    }
}
