//! Writing a container to anything that takes bytes.

use std::io::{self, Write};
use std::sync::Arc;

use export_core::{
    EncodedChunk, Error, ErrorKind, ExportMetadata, Limits, Protection, Result, Schema, Storage, StreamId,
};

use crate::append::resume;
use crate::frame_writer::{FileOptions, FrameWriter};
use crate::storage::StorageEnd;

/// Writes a container, whole frames at a time. Never seeks: a pipe will do.
///
/// Dropped without [`Writer::finish`] it leaves a file without an index, which readers walk through.
/// After a failed write or sync every further call fails: what the output holds is not known then.
pub struct Writer<W> {
    frames: FrameWriter,
    output: W,
    failed: bool,
}

impl<W: Write> Writer<W> {
    /// Starts a container; its header is written at once.
    pub fn new(output: W, options: &FileOptions) -> Result<Self> {
        Self::protected(output, options, &Protection::default())
    }

    /// [`Writer::new`] of a container that is encrypted, sealed, or both.
    pub fn protected(output: W, options: &FileOptions, protection: &Protection) -> Result<Self> {
        Self::continuing(FrameWriter::protected(options, protection), output)
    }

    fn continuing(frames: FrameWriter, output: W) -> Result<Self> {
        let mut writer = Self {
            frames,
            output,
            failed: false,
        };
        writer.put()?;
        Ok(writer)
    }

    /// What was written so far, as far as a reader would know it.
    #[must_use]
    pub fn frames(&self) -> &FrameWriter {
        &self.frames
    }

    /// Starts a stream. Fails where there is one of that name.
    pub fn add_stream(&mut self, name: &str, schema: &Schema) -> Result<StreamId> {
        self.write(|frames| frames.add_stream(name, schema))
    }

    /// Gives a stream a wider schema; chunks from now on are of it. Fails where values or columns would be lost.
    pub fn widen_stream(&mut self, stream: StreamId, schema: &Schema) -> Result<()> {
        self.write(|frames| frames.widen_stream(stream, schema))
    }

    /// Writes rows of a stream. Fails where the chunk does not fit the stream's schema or contradicts itself.
    pub fn chunk(&mut self, stream: StreamId, chunk: &EncodedChunk) -> Result<()> {
        self.write(|frames| frames.chunk(stream, chunk))
    }

    /// Writes what the export says about itself. The last one counts.
    pub fn metadata(&mut self, metadata: &ExportMetadata) -> Result<()> {
        self.write(|frames| frames.metadata(metadata))
    }

    /// Writes a frame of a kind of the private range; see [`FrameWriter::private_frame`].
    pub fn private_frame(&mut self, kind: u16, critical: bool, payload: &[u8]) -> Result<()> {
        self.write(|frames| frames.private_frame(kind, critical, payload))
    }

    /// Writes index and tail and flushes. More can follow, and makes another index necessary.
    pub fn finish(&mut self) -> Result<()> {
        self.write(FrameWriter::finish)?;
        let flushed = self.output.flush();
        self.note(flushed)
    }

    /// The output. What was not finished stays unfinished.
    pub fn into_inner(self) -> W {
        self.output
    }

    fn write<T>(&mut self, put: impl FnOnce(&mut FrameWriter) -> Result<T>) -> Result<T> {
        self.check()?;
        let done = put(&mut self.frames)?;
        self.put()?;
        Ok(done)
    }

    fn put(&mut self) -> Result<()> {
        let written = self.output.write_all(self.frames.output());
        self.note(written)?;
        self.frames.clear_output();
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.failed {
            return Err(
                Error::new(ErrorKind::Io, "an earlier write to this file failed")
                    .with_hint("write what is not acknowledged to a new file"),
            );
        }
        Ok(())
    }

    fn note(&mut self, result: io::Result<()>) -> Result<()> {
        self.failed |= result.is_err();
        Ok(result?)
    }
}

impl Writer<StorageEnd> {
    /// Starts a container in empty storage. Fails where it is not empty.
    pub fn create(storage: Arc<dyn Storage>, options: &FileOptions) -> Result<Self> {
        Self::create_protected(storage, options, &Protection::default())
    }

    /// [`Writer::create`] of a container that is encrypted, sealed, or both.
    pub fn create_protected(
        storage: Arc<dyn Storage>,
        options: &FileOptions,
        protection: &Protection,
    ) -> Result<Self> {
        if storage.size_bytes()? != 0 {
            return Err(Error::new(
                ErrorKind::Exists,
                "there is something in the file already",
            ));
        }
        Self::protected(StorageEnd::new(storage)?, options, protection)
    }

    /// Goes on after the last byte of a container, finished or not. Nothing that is there is rewritten; a torn frame at the
    /// end stays, and is stepped over.
    pub fn append(storage: Arc<dyn Storage>, limits: &Limits) -> Result<Self> {
        Self::append_protected(storage, limits, &Protection::default())
    }

    /// [`Writer::append`] to a container that is encrypted or sealed, which fails without its keys; what is appended is
    /// protected as it is. A container that is not sealed is sealed from here on where there is a key for it: what is there
    /// already is read for that, and marked as found.
    pub fn append_protected(
        storage: Arc<dyn Storage>,
        limits: &Limits,
        protection: &Protection,
    ) -> Result<Self> {
        let frames = resume(Arc::clone(&storage), limits, protection)?;
        Self::continuing(frames, StorageEnd::new(storage)?)
    }

    /// Seals what was written, where the container is sealed, and returns once all of it is durable. Never retried after a failure: the system reports a failed writeback
    /// once, and then forgets it.
    pub fn sync(&mut self) -> Result<()> {
        self.write(|frames| {
            frames.seal();
            Ok(())
        })?;
        let synced = self.output.sync();
        self.failed |= synced.is_err();
        synced
    }
}
