//! Arrow IPC, file and stream, uncompressed: a batch a chunk.

use std::fs;
use std::path::Path;

use anyhow::Result;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::writer::{FileWriter, StreamWriter};

use super::table::{Row, Seen};
use super::{Chunks, Rival};
use crate::arrow::{batch, schema, take};

pub(super) enum Ipc {
    File,
    Stream,
}

impl Rival for Ipc {
    fn create(&self, path: &Path) -> Result<Box<dyn Chunks>> {
        let file = fs::File::create(path)?;
        Ok(match self {
            Self::File => Box::new(FileWriter::try_new_buffered(file, &schema())?),
            Self::Stream => Box::new(StreamWriter::try_new_buffered(file, &schema())?),
        })
    }

    fn read(&self, path: &Path, seen: &mut Seen<'_>) -> Result<()> {
        let file = fs::File::open(path)?;
        match self {
            Self::File => {
                FileReader::try_new_buffered(file, None)?.try_for_each(|batch| take(&batch?, seen))
            }
            Self::Stream => StreamReader::try_new_buffered(file, None)?
                .try_for_each(|batch| take(&batch?, seen)),
        }
    }
}

impl<W: std::io::Write> Chunks for FileWriter<W> {
    fn chunk(&mut self, rows: &[Row]) -> Result<()> {
        self.write(&batch(rows)?)?;
        Ok(self.flush()?)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        Ok(Self::finish(&mut self)?)
    }
}

impl<W: std::io::Write> Chunks for StreamWriter<W> {
    fn chunk(&mut self, rows: &[Row]) -> Result<()> {
        self.write(&batch(rows)?)?;
        Ok(self.flush()?)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        Ok(Self::finish(&mut self)?)
    }
}
