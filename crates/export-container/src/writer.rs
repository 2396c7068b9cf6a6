//! Writing a container to anything that takes bytes.

use std::io::Write;
use std::sync::Arc;

use export_core::{
    EncodedChunk, Error, ErrorKind, ExportMetadata, Limits, Protection, Result, Schema, Storage,
    StreamId,
};

use crate::append::resume;
use crate::frame_writer::{FileOptions, FrameWriter};
use crate::storage::StorageEnd;
use crate::unsynced::Unsynced;

/// Writes a container, whole frames at a time. Never seeks: a pipe will do.
///
/// Dropped without [`Writer::finish`] it leaves a file without an index, which readers walk through.
///
/// A failed write or sync poisons the writer for good: what the output holds is not known then, and a sync that is tried again
/// may succeed although bytes are lost. Every further call fails. What no sync has acknowledged can be kept in memory
/// ([`Writer::keep_unsynced`]) and written to another output ([`Writer::replay_unsynced`]).
pub struct Writer<W> {
    frames: FrameWriter,
    output: W,
    /// What failed, if anything has.
    poison: Option<String>,
    /// Chunks that no sync has acknowledged, where they are kept.
    unsynced: Option<Unsynced>,
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
            poison: None,
            unsynced: None,
        };
        writer.put()?;
        Ok(writer)
    }

    /// What was written so far, as far as a reader would know it.
    #[must_use]
    pub fn frames(&self) -> &FrameWriter {
        &self.frames
    }

    /// From the next frame on, writes so much parity, or none; see [`FrameWriter::set_parity`].
    #[cfg(feature = "parity")]
    pub fn set_parity(&mut self, parity: Option<crate::Parity>) -> Result<()> {
        self.write(|frames| frames.set_parity(parity))
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

    /// [`Writer::chunk`] of a chunk that is kept where [`Writer::keep_unsynced`] asked for that: also where this call fails
    /// because the writer is poisoned.
    pub fn put_chunk(&mut self, stream: StreamId, chunk: EncodedChunk) -> Result<()> {
        let written = self.chunk(stream, &chunk);
        if let Some(unsynced) = &mut self.unsynced
            && (written.is_ok() || self.poison.is_some())
            && let Some(schema) = self.frames.schema(stream)
        {
            unsynced.push(stream, schema, chunk);
        }
        written
    }

    /// Keeps chunks that are put from now on ([`Writer::put_chunk`]) until they are acknowledged. They grow until then: whoever
    /// asks for that looks at [`Writer::unsynced_bytes`] and syncs in time.
    pub fn keep_unsynced(&mut self) {
        self.unsynced.get_or_insert_default();
    }

    /// Bytes of memory that chunks take which are kept because no sync has acknowledged them.
    #[must_use]
    pub fn unsynced_bytes(&self) -> usize {
        self.unsynced.as_ref().map_or(0, Unsynced::bytes)
    }

    /// Rows of a stream in these chunks.
    #[must_use]
    pub fn unsynced_rows(&self, stream: StreamId) -> u64 {
        self.unsynced
            .as_ref()
            .map_or(0, |unsynced| unsynced.rows(stream))
    }

    /// Writes the chunks that are kept to another container, to streams of the same names. They stay here until
    /// [`Writer::forget_unsynced`].
    pub fn replay_unsynced<V: Write>(&self, to: &mut Writer<V>) -> Result<()> {
        match &self.unsynced {
            Some(unsynced) => unsynced.replay(&self.frames, to),
            None => Ok(()),
        }
    }

    /// Lets go of the chunks that are kept, once they are safe elsewhere.
    pub fn forget_unsynced(&mut self) {
        if let Some(unsynced) = &mut self.unsynced {
            unsynced.clear();
        }
    }

    /// What failed, where a write or sync has: nothing reaches the output any more.
    #[must_use]
    pub fn poison(&self) -> Option<&str> {
        self.poison.as_deref()
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
        self.note(flushed.map_err(Error::from), "write")
    }

    /// The output. What was not finished stays unfinished.
    pub fn into_inner(self) -> W {
        self.output
    }

    /// Lets `put` make frames and writes them. A poisoned writer lets it, too, so that streams are known whose chunks are kept.
    fn write<T>(&mut self, put: impl FnOnce(&mut FrameWriter) -> Result<T>) -> Result<T> {
        if self.poison.is_some() && self.unsynced.is_none() {
            self.check()?;
        }
        let done = put(&mut self.frames)?;
        self.put()?;
        Ok(done)
    }

    fn put(&mut self) -> Result<()> {
        if self.poison.is_some() {
            self.frames.clear_output();
            return self.check();
        }
        let written = self.output.write_all(self.frames.output());
        self.frames.clear_output();
        self.note(written.map_err(Error::from), "write")
    }

    fn check(&self) -> Result<()> {
        let Some(poison) = &self.poison else {
            return Ok(());
        };
        let text = format!(
            "nothing more is written to this file, because of an earlier failure: {poison}"
        );
        Err(Error::new(ErrorKind::Io, text)
            .with_hint("write what is not acknowledged to a new file (`rescue` of a recorder)"))
    }

    fn note<T>(&mut self, result: Result<T>, what: &str) -> Result<T> {
        if let Err(error) = &result {
            self.poison = Some(format!("a {what} failed: {error}"));
        }
        result
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

    /// Seals what was written, where the container is sealed, and returns once all of it is durable. Never retried after a
    /// failure: the system reports a failed writeback once, and then forgets it.
    pub fn sync(&mut self) -> Result<()> {
        self.write(FrameWriter::seal)?;
        let synced = self.output.sync();
        self.note(synced, "sync")?;
        self.forget_unsynced();
        Ok(())
    }
}
