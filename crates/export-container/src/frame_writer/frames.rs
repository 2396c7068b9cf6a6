//! Putting single frames together.

use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::{Error, Limits, Result, StreamId, memory};

use super::{FrameWriter, OpenStream};
use crate::frame::{FrameHeader, directory_checksum};
use crate::gap::Gap;
use crate::layout::{FRAME_CRITICAL, FRAME_ENCRYPTED, FRAME_HEADER_BYTES, Kind};

impl FrameWriter {
    pub(crate) fn put_stream(&mut self, id: StreamId, stream: OpenStream) -> Result<()> {
        self.frame(Kind::Stream, Some(id), &stream.json)?;
        self.schema_bytes = self.schema_bytes.saturating_add(stream.json.len() as u64);
        self.streams.insert(id, stream);
        Ok(())
    }

    /// Says what the frames before left.
    pub(crate) fn put_gap(&mut self, gap: Gap) -> Result<()> {
        self.frame(Kind::Gap, None, &gap.to_payload())
    }

    /// Writes stream frames again where it is time, before a chunk of `next`: that of `next` before its second chunk, and
    /// all of them now and then.
    pub(super) fn repeat_streams(&mut self, next: StreamId) -> Result<()> {
        let all = self
            .repetition
            .is_due(self.streams.values().map(|stream| stream.json.len()).sum());
        let due: Vec<_> = self
            .streams
            .iter()
            .filter(|&(&id, stream)| {
                all || id == next && stream.chunks_since.is_some_and(|count| count > 0)
            })
            .map(|(&id, stream)| (id, stream.json.clone()))
            .collect();
        for (id, json) in due {
            self.frame(Kind::Stream, Some(id), &json)?;
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.chunks_since = None;
            }
        }
        if all {
            self.repetition.done();
        }
        Ok(())
    }

    pub(super) fn frame(
        &mut self,
        kind: Kind,
        stream: Option<StreamId>,
        payload: &[u8],
    ) -> Result<()> {
        let flags = if kind.is_critical() {
            FRAME_CRITICAL
        } else {
            0
        };
        if self.encryption.is_none() || !kind.is_secret() {
            return self.frame_of(kind.number(), flags, stream, payload);
        }
        let header = FrameHeader {
            file: self.file.file,
            sequence: self.sequence,
            payload_bytes: 0,
            stream,
            rows: 0,
            directory_bytes: 0,
            kind: kind.number(),
            flags,
            directory_checksum: 0,
        };
        let start = self.out.len();
        self.encrypted_frame(header, payload)?;
        self.protect(start)
    }

    /// Writes a frame whose payload is `plain`, encrypted. Kind, flags, stream and rows are those of `header`; what it says of
    /// the payload is put right. Returns the header that was written.
    pub(super) fn encrypted_frame(
        &mut self,
        mut header: FrameHeader,
        plain: &[u8],
    ) -> Result<FrameHeader> {
        let encryption = self.encryption.clone();
        let encryption =
            encryption.ok_or_else(|| Error::usage("there is no key to encrypt with"))?;
        header.flags |= FRAME_ENCRYPTED;
        header.payload_bytes = encryption.stored_bytes(plain.len()) as u64;
        header.directory_bytes = u32::try_from(header.payload_bytes).map_err(Error::limit)?;
        header.check_limit(&Limits::default())?;
        let frame_bytes = usize::try_from(header.frame_bytes()).map_err(Error::limit)?;
        memory::reserve(&mut self.out, frame_bytes)?;
        let start = self.out.len();
        self.out.extend([0; FRAME_HEADER_BYTES]);
        if let Err(error) = encryption.put(&header, plain, &mut self.out) {
            self.out.truncate(start);
            return Err(error);
        }
        let frame = self.out.get_mut(start..).unwrap_or_default();
        if let Some((head, payload)) = frame.split_first_chunk_mut() {
            header.directory_checksum = directory_checksum(header.file, header.sequence, payload);
            *head = header.to_bytes();
        }
        self.frame_done(start);
        Ok(header)
    }

    pub(super) fn frame_of(
        &mut self,
        kind: u16,
        flags: u16,
        stream: Option<StreamId>,
        payload: &[u8],
    ) -> Result<()> {
        let kinds = [Kind::Parity, Kind::Index, Kind::Tail].map(Kind::number);
        if !kinds.contains(&kind) {
            self.close_full_group()?;
            self.make_room(payload.len() + 2 * BLOCK_ALIGNMENT)?;
        }
        let header = FrameHeader {
            file: self.file.file,
            sequence: self.sequence,
            payload_bytes: payload.len() as u64,
            stream,
            rows: 0,
            directory_bytes: u32::try_from(payload.len()).map_err(Error::limit)?,
            kind,
            flags,
            directory_checksum: directory_checksum(self.file.file, self.sequence, payload),
        };
        header.check_limit(&Limits::default())?;
        let start = self.out.len();
        self.out.extend(header.to_bytes());
        self.out.extend(payload);
        self.frame_done(start);
        self.protect(start)
    }

    pub(super) fn chunk_header(
        &self,
        stream: StreamId,
        rows: u32,
        directory: &[u8],
        block_bytes: u64,
    ) -> Result<FrameHeader> {
        let mut header = FrameHeader {
            file: self.file.file,
            sequence: self.sequence,
            payload_bytes: 0,
            stream: Some(stream),
            rows,
            directory_bytes: u32::try_from(directory.len()).map_err(Error::limit)?,
            kind: Kind::Chunk.number(),
            flags: FRAME_CRITICAL,
            directory_checksum: directory_checksum(self.file.file, self.sequence, directory),
        };
        header.payload_bytes = header.blocks_start().saturating_add(block_bytes);
        header.check_limit(&Limits::default())?;
        Ok(header)
    }

    /// Pads the frame that starts at `start` of the output and counts it.
    pub(super) fn frame_done(&mut self, start: usize) {
        let bytes = (self.out.len() - start).next_multiple_of(BLOCK_ALIGNMENT);
        self.out.resize(start + bytes, 0);
        self.offset += bytes as u64;
        self.sequence += 1;
        self.indexed = false;
        if let (Some(sealing), Some(frame)) = (&mut self.sealing, self.out.get(start..)) {
            sealing.take(frame);
        }
    }
}
