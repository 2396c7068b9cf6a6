//! The file as the library reads it: anywhere, counted.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use export_core::{Input, Progress, Result};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};

use super::pages::Pages;

/// A file whose reads are counted.
pub(super) struct CountedFile {
    file: File,
    size_bytes: u64,
    progress: Progress,
    /// Where they are known, pages are looked at before they are given away.
    pages: Option<Arc<Pages>>,
}

impl CountedFile {
    /// A file, or a pipe that is stored in one without a name. Only a file's reads are counted: a pipe's were.
    pub(super) fn new(input: Input, progress: &Progress) -> Result<Self> {
        let (file, progress) = match input {
            Input::File(file) => (file, progress.clone()),
            Input::Stream(mut stream) => {
                let mut file = tempfile::tempfile()?;
                io::copy(&mut stream, &mut file)?;
                (file, Progress::new())
            }
        };
        let size_bytes = file.metadata()?.len();
        Ok(Self {
            file,
            size_bytes,
            progress,
            pages: None,
        })
    }

    /// The file, of which these are the pages.
    pub(super) fn with_pages(mut self, pages: Arc<Pages>) -> Self {
        self.pages = Some(pages);
        self
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// A second handle on the file, whose reads are not counted.
    pub(super) fn uncounted(&self) -> Result<Self> {
        Ok(Self {
            progress: Progress::new(),
            ..self.again()?
        })
    }

    /// A second handle on the file, whose reads are counted, too.
    pub(super) fn again(&self) -> Result<Self> {
        Ok(Self {
            file: self.file.try_clone()?,
            size_bytes: self.size_bytes,
            progress: self.progress.clone(),
            pages: self.pages.clone(),
        })
    }

    /// A second handle on the file, whose pages were looked at already.
    pub(super) fn unchecked(&self) -> Result<Self> {
        Ok(Self {
            pages: None,
            ..self.uncounted()?
        })
    }

    /// All from an offset on, uncounted.
    pub(super) fn plain_from(&self, offset: u64) -> Result<impl Read> {
        Ok(ReadFrom {
            file: self.file.try_clone()?,
            offset,
            progress: Progress::new(),
        })
    }

    fn from(&self, offset: u64) -> ParquetResult<ReadFrom> {
        Ok(ReadFrom {
            file: self.file.try_clone()?,
            offset,
            progress: self.progress.clone(),
        })
    }
}

impl Length for CountedFile {
    fn len(&self) -> u64 {
        self.size_bytes
    }
}

impl ChunkReader for CountedFile {
    type T = BufReader<ReadFrom>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        let mut reader = self.from(start).map(BufReader::new)?;
        if let Some(pages) = &self.pages {
            pages
                .check(self, start, &mut reader)
                .map_err(|error| ParquetError::External(Box::new(io::Error::other(error))))?;
        }
        Ok(reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.size_bytes) {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} of a file of {} bytes",
                self.size_bytes
            )));
        }
        let mut bytes = vec![0; length];
        self.from(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Reads a file on from an offset. Handles of one file share its cursor, so each read sets it.
pub(super) struct ReadFrom {
    file: File,
    offset: u64,
    progress: Progress,
}

impl Read for ReadFrom {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let read = self.file.read(buffer)?;
        self.offset += read as u64;
        self.progress.add_bytes_in(read as u64);
        Ok(read)
    }
}
