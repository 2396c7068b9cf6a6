//! Writing a container as bytes, without I/O.

mod frames;
mod parity;
mod seals;

use std::collections::BTreeMap;

use export_core::{
    EncodedChunk, Error, ExportMetadata, FileId, Limits, Protection, Result, Schema, StreamId,
    memory,
};

use crate::container::Container;
use crate::directory::Directory;
use crate::envelope::Encryption;
use crate::given::{check_chunk, check_widening, place_blocks, put_blocks};
use crate::header::FileHeader;
use crate::index::{ChunkRef, Index, Link, tail_to_payload};
use crate::layout::{FILE_ENCRYPTED, FILE_HEADER_BYTES, FILE_SEALED, Kind, NO_STREAM, pad};
#[cfg(feature = "parity")]
use crate::parity::Collected;
use crate::repetition::Repetition;
use crate::seal::Sealing;
use crate::text::{StreamText, check_schema, metadata_from_json, metadata_to_json};

/// What makes a new container: with the same options, the same calls give the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileOptions {
    /// What makes its frames its own. No two files may share one.
    pub file: FileId,
    /// When it is created, in nanoseconds since 1970-01-01 UTC.
    pub created_ns: i64,
}

impl FileOptions {
    /// A file with a random id. Fails where the system has no randomness to give.
    pub fn new(created_ns: i64) -> Result<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| {
            let system = error.raw_os_error().map(std::io::Error::from_raw_os_error);
            Error::from(system.unwrap_or_else(|| std::io::Error::other(error)))
        })?;
        Ok(Self {
            file: FileId(id),
            created_ns,
        })
    }
}

/// A stream that is being written.
#[derive(Debug, Clone)]
pub(crate) struct OpenStream {
    pub(crate) text: StreamText,
    /// The payload of its last frame.
    pub(crate) json: Vec<u8>,
    /// Rows so far.
    pub(crate) rows: u64,
    /// Chunks so far.
    pub(crate) chunks: u64,
    /// Chunks since its last frame was written for the first time; `None` once that was repeated.
    pub(crate) chunks_since: Option<u64>,
}

/// Turns streams and chunks into the bytes of a container, which the caller takes and puts in a row. Never looks back.
#[derive(Debug, Clone)]
pub struct FrameWriter {
    pub(crate) file: FileHeader,
    pub(crate) sequence: u64,
    /// Where the next frame starts in the file.
    pub(crate) offset: u64,
    pub(crate) streams: BTreeMap<StreamId, OpenStream>,
    /// The next new stream's number.
    pub(crate) next_stream: u32,
    pub(crate) metadata: Option<Vec<u8>>,
    /// Entries of chunks that no index lists yet.
    pub(crate) entries: Vec<u8>,
    pub(crate) entry_count: u64,
    pub(crate) previous: Option<Link>,
    /// Whether the last frame is a tail.
    pub(crate) indexed: bool,
    pub(crate) repetition: Repetition,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) sealing: Option<Sealing>,
    /// What parity there is to be, and the frames that wait for it.
    #[cfg(feature = "parity")]
    pub(crate) parity: Option<Collected>,
    /// Bytes of the stream frames so far.
    pub(crate) schema_bytes: u64,
    pub(crate) out: Vec<u8>,
}

impl FrameWriter {
    /// Starts a container.
    #[must_use]
    pub fn new(options: &FileOptions) -> Self {
        Self::protected(options, &Protection::default())
    }

    /// Starts a container that is encrypted, sealed, or both.
    #[must_use]
    pub fn protected(options: &FileOptions, protection: &Protection) -> Self {
        let mut file = FileHeader::new(options.file, options.created_ns);
        let encryption = protection.encrypt.as_deref();
        let encryption = encryption.map(|secret| Encryption::new(secret, file.file));
        let sealing = protection.seal.as_deref();
        let mut sealing = sealing.map(|secret| Sealing::new(secret, file.file));
        if encryption.is_some() {
            file.flags |= FILE_ENCRYPTED;
        }
        if let Some(sealing) = &mut sealing {
            file.flags |= FILE_SEALED;
            sealing.take(&file.to_bytes());
        }
        Self {
            file,
            sequence: 0,
            offset: FILE_HEADER_BYTES as u64,
            streams: BTreeMap::new(),
            next_stream: 0,
            metadata: None,
            entries: Vec::new(),
            entry_count: 0,
            previous: None,
            indexed: false,
            repetition: Repetition::default(),
            encryption,
            sealing,
            #[cfg(feature = "parity")]
            parity: None,
            schema_bytes: 0,
            out: file.to_bytes().to_vec(),
        }
    }

    /// Goes on after the last byte that `container` had when it was opened, finished or not. Its first output is the padding up to
    /// where the next frame starts.
    pub fn after(container: Container, protection: &Protection) -> Result<Self> {
        crate::append::go_on(container, protection)
    }

    /// [`FrameWriter::after`] for who only looks at the container: what is written is not sealed, whatever is before it.
    pub fn unsealed_after(container: Container) -> Result<Self> {
        crate::append::go_on_unsealed(container)
    }

    /// The facts of the file.
    #[must_use]
    pub fn file(&self) -> &FileHeader {
        &self.file
    }

    /// The bytes that were written and not yet taken.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.out
    }

    /// Drops the bytes of [`FrameWriter::output`], once they are where they belong.
    pub fn clear_output(&mut self) {
        self.out.clear();
    }

    /// The stream called `name`.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<StreamId> {
        self.streams
            .iter()
            .find(|(_, stream)| stream.text.name == name)
            .map(|(&id, _)| id)
    }

    /// The name of a stream.
    #[must_use]
    pub fn stream_name(&self, stream: StreamId) -> Option<&str> {
        Some(&self.streams.get(&stream)?.text.name)
    }

    /// All streams, in the order of their numbers.
    pub fn streams(&self) -> impl Iterator<Item = StreamId> {
        self.streams.keys().copied()
    }

    /// The widest schema of a stream.
    #[must_use]
    pub fn schema(&self, stream: StreamId) -> Option<&Schema> {
        self.streams.get(&stream)?.text.versions.last()
    }

    /// Rows of a stream so far.
    #[must_use]
    pub fn rows(&self, stream: StreamId) -> Option<u64> {
        self.streams.get(&stream).map(|stream| stream.rows)
    }

    /// Rows and chunks of all streams so far, those that were there before an append included.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        self.streams
            .values()
            .fold((0, 0), |(rows, chunks), stream| {
                (
                    rows.saturating_add(stream.rows),
                    chunks.saturating_add(stream.chunks),
                )
            })
    }

    /// What the export says about itself so far, if it does.
    #[must_use]
    pub fn last_metadata(&self) -> Option<ExportMetadata> {
        metadata_from_json(self.metadata.as_deref()?, &Limits::default()).ok()
    }

    /// Starts a stream. Fails where there is one of that name.
    pub fn add_stream(&mut self, name: &str, schema: &Schema) -> Result<StreamId> {
        if self.stream(name).is_some() {
            return Err(Error::usage("there is a stream of that name already").in_stream(name));
        }
        if self.next_stream == NO_STREAM {
            return Err(Error::limit(
                "there are as many streams as a container can hold",
            ));
        }
        check_schema(schema, &Limits::default()).map_err(|error| error.in_stream(name))?;
        let id = StreamId(self.next_stream);
        let versions = vec![schema.clone()];
        let text = StreamText {
            file: self.file,
            name: name.to_owned(),
            versions,
            parity: self.parity(),
        };
        self.put_stream(
            id,
            OpenStream {
                json: text.to_json()?,
                text,
                rows: 0,
                chunks: 0,
                chunks_since: Some(0),
            },
        )?;
        self.next_stream += 1;
        Ok(id)
    }

    /// Gives a stream a wider schema; chunks from now on are of it. Fails where values or columns would be lost.
    pub fn widen_stream(&mut self, stream: StreamId, schema: &Schema) -> Result<()> {
        let mut open = self
            .streams
            .get(&stream)
            .ok_or_else(|| no_stream(stream))?
            .clone();
        let in_stream = |error: Error| error.in_stream(&open.text.name);
        if let Some(narrow) = open.text.versions.last() {
            if narrow == schema {
                return Ok(());
            }
            check_schema(schema, &Limits::default()).map_err(in_stream)?;
            check_widening(narrow, schema).map_err(in_stream)?;
        }
        self.check_schemas(open.text.versions.len())
            .map_err(in_stream)?;
        open.text.versions.push(schema.clone());
        open.json = open.text.to_json()?;
        open.chunks_since = Some(0);
        self.put_stream(stream, open)
    }

    /// Fails where a stream of so many schemas cannot have another: each frame of it repeats them all, so a stream that
    /// widens with every chunk would be nothing but schemas.
    fn check_schemas(&self, schemas: usize) -> Result<()> {
        let limits = Limits::default();
        Limits::check(
            "schemas of a stream",
            schemas as u64 + 1,
            limits.schemas.into(),
        )
        .and_then(|()| {
            let most = (self.offset / 2).max(SCHEMA_BYTES);
            Limits::check("bytes of schemas", self.schema_bytes, most)
        })
        .map_err(|error| {
            error.with_hint(
                "rows have ever new fields: make those that differ a list of keys and values",
            )
        })
    }

    /// Writes rows of a stream. Fails where the chunk does not fit the stream's schema or contradicts itself.
    pub fn chunk(&mut self, stream: StreamId, chunk: &EncodedChunk) -> Result<()> {
        let open = self.streams.get(&stream).ok_or_else(|| no_stream(stream))?;
        let placed = |error: Error| error.in_chunk(open.chunks).in_stream(&open.text.name);
        let columns = open
            .text
            .versions
            .last()
            .map_or(0, |schema| schema.fields.len());
        check_chunk(chunk, columns).map_err(placed)?;
        let (first_row, number) = (open.rows, open.chunks);
        let schema_version =
            u32::try_from(open.text.versions.len().saturating_sub(1)).map_err(Error::limit)?;
        let rows = u32::try_from(chunk.directory.rows).map_err(Error::limit)?;
        let end_row = first_row.checked_add(rows.into());
        let end_row =
            end_row.ok_or_else(|| placed(Error::limit("the stream has too many rows")))?;

        self.repeat_streams(stream)?;
        self.close_full_group()?;
        let (columns, block_bytes) = place_blocks(&chunk.directory);
        let directory = Directory {
            first_row,
            number,
            schema_version,
            columns,
        };
        let (offset, start) = (self.offset, self.out.len());
        let mut head = Vec::new();
        directory.put(&mut head);
        let mut header = self.chunk_header(stream, rows, &head, block_bytes)?;
        // The same chunk can be written once there is memory again: nothing is known of it so far.
        let frame_bytes = usize::try_from(header.frame_bytes()).map_err(Error::limit)?;
        if self.encryption.is_some() {
            let mut plain = Vec::new();
            memory::reserve(&mut plain, frame_bytes)?;
            self.make_room(frame_bytes)?;
            plain.extend(header.directory_bytes.to_le_bytes());
            pad(&mut head);
            plain.extend(head);
            let blocks = plain.len();
            put_blocks(chunk, &directory, blocks, &mut plain);
            header = self.encrypted_frame(header, &plain)?;
        } else {
            memory::reserve(&mut self.out, frame_bytes)?;
            self.make_room(frame_bytes)?;
            self.out.extend(header.to_bytes());
            self.out.extend(&head);
            pad(&mut head);
            let blocks = start + crate::layout::FRAME_HEADER_BYTES + head.len();
            self.out.resize(blocks, 0);
            put_blocks(chunk, &directory, blocks, &mut self.out);
            self.frame_done(start);
        }
        if let Some(entry) = ChunkRef::new(offset, &header, directory) {
            entry.put(&mut self.entries);
            self.entry_count += 1;
        }
        self.repetition.chunk(self.out.len() - start);
        if let Some(open) = self.streams.get_mut(&stream) {
            open.rows = end_row;
            open.chunks = open.chunks.saturating_add(1);
            open.chunks_since = open.chunks_since.map(|count| count.saturating_add(1));
        }
        self.protect(start)?;
        self.seal_if_due()
    }

    /// Leaves rows of a stream out that are known to be lost: the next chunk starts with row `next`, where that is later. Readers
    /// see the gap, and `verify` reports it.
    pub fn skip_rows(&mut self, stream: StreamId, next: u64) {
        if let Some(open) = self.streams.get_mut(&stream) {
            open.rows = open.rows.max(next);
        }
    }

    /// Writes what the export says about itself. The last one counts.
    pub fn metadata(&mut self, metadata: &ExportMetadata) -> Result<()> {
        let json = metadata_to_json(metadata)?;
        self.frame(Kind::Metadata, None, &json)?;
        self.metadata = Some(json);
        Ok(())
    }

    /// Writes index and tail, unless they are the last that was written. More can follow.
    pub fn finish(&mut self) -> Result<()> {
        if self.indexed {
            return Ok(());
        }
        self.close_group()?;
        let index = Index {
            file: self.file,
            previous: self.previous,
            streams: self
                .streams
                .iter()
                .map(|(&id, stream)| (id, stream.json.as_slice()))
                .collect(),
            metadata: self.metadata.as_deref(),
            entry_count: self.entry_count,
            entries: &self.entries,
        };
        let payload = index.to_payload()?;
        let seal = self.seal_before_index(&payload);
        let (offset, sequence) = (self.offset, self.sequence);
        self.frame(Kind::Index, None, &payload)?;
        let link = Link {
            offset,
            frame_bytes: self.offset - offset,
            sequence,
        };
        self.frame(Kind::Tail, None, &tail_to_payload(link))?;
        if let Some(seal) = seal {
            self.seal_index(seal);
        }
        self.previous = Some(link);
        self.entries.clear();
        self.entry_count = 0;
        self.indexed = true;
        Ok(())
    }

    /// Writes a frame of a kind of the private range. Readers that do not know it skip it, or refuse the file where it is
    /// `critical`.
    pub fn private_frame(&mut self, kind: u16, critical: bool, payload: &[u8]) -> Result<()> {
        if kind < crate::layout::PRIVATE_KINDS {
            return Err(Error::usage(format!(
                "frame kind {kind:#06x} is not of the private range"
            )));
        }
        if self.encryption.is_some() {
            return Err(Error::usage(
                "a private frame of an encrypted file would not be encrypted",
            ));
        }
        self.frame_of(kind, u16::from(critical), None, payload)
    }
}

/// Bytes of stream frames that are fine in any file; beyond them they may be half of it.
const SCHEMA_BYTES: u64 = 64 << 20;

fn no_stream(stream: StreamId) -> Error {
    Error::usage(format!("there is no stream {stream}"))
}
