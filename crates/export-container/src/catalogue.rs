//! What is known of a container's content, gathered from its index or frame by frame.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use export_core::{
    Error, ExportMetadata, Finding, Limits, Position, Result, Schema, Severity, StreamId,
};

use crate::counted::Counted;
use crate::directory::Directory;
use crate::fault::{finding_of, needs_later};
use crate::frame::FrameHeader;
use crate::header::FileHeader;
use crate::index::{ChunkRef, Index, Link};
use crate::layout::{FRAME_HEADER_BYTES, Kind};
use crate::sequences::Sequences;
use crate::stream::Stream;
use crate::text::{StreamText, metadata_from_json};

/// Rows that are known to have been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
    pub(crate) number: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) file: Option<FileHeader>,
    /// In the order of their numbers.
    pub(crate) streams: Vec<Stream>,
    pub(crate) metadata: Option<ExportMetadata>,
    metadata_sequence: u64,
    pub(crate) findings: Vec<Finding>,
    /// Bytes that belong to no intact frame.
    pub(crate) lost: Vec<Range<u64>>,
    /// Frames whose content was found damaged.
    pub(crate) damaged: Sequences,
    /// Damaged frames that are known to have held no rows.
    pub(crate) rowless: Sequences,
    /// The last intact index that a walk came across: it and those it links to list all chunks before it.
    pub(crate) last_index: Option<u64>,
    /// Frames of kinds that this release does not know.
    pub(crate) skipped: u64,
    /// Frames whose content was read.
    pub(crate) seen: Sequences,
    /// The next frame's sequence number, torn frames counted.
    pub(crate) next_sequence: u64,
    pub(crate) frames: u64,
    /// The chain of indexes that was read, oldest first, with the number of chunks each lists.
    pub(crate) links: Vec<(Link, u64)>,
    /// Chunks of streams whose name and schema are not known (yet).
    pub(crate) orphans: Vec<ChunkRef>,
    /// Chunks that indexes or headers speak of, by sequence.
    pub(crate) announced: HashMap<u64, (StreamId, Announced)>,
    /// One more than the greatest stream number seen.
    pub(crate) next_stream: u32,
}

impl Catalogue {
    /// Notes something about the bytes at `offset`.
    pub(crate) fn find(
        &mut self,
        severity: Severity,
        check: &str,
        offset: u64,
        text: impl Into<String>,
    ) {
        let position = Position {
            offset: Some(offset),
            ..Position::default()
        };
        self.findings.push(Finding {
            severity,
            check: check.into(),
            position,
            text: text.into(),
        });
    }

    /// Notes an error that concerns one frame; fails with any other.
    pub(crate) fn note(&mut self, error: Error, offset: u64) -> Result<()> {
        self.findings.push(finding_of(error, offset)?);
        Ok(())
    }

    /// The stream with number `id`.
    pub(crate) fn stream(&self, id: StreamId) -> Option<&Stream> {
        self.streams
            .binary_search_by_key(&id, |stream| stream.id)
            .ok()
            .and_then(|at| self.streams.get(at))
    }

    /// Takes a frame that was found at `offset`, reading as much of it as says what is in it.
    pub(crate) fn take_frame(
        &mut self,
        source: &Counted,
        offset: u64,
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<()> {
        self.frames += 1;
        Limits::check("frames", self.frames, limits.frames)?;
        self.refuse_unknown(header)
            .map_err(|error| error.at_offset(offset))?;
        self.next_stream = self
            .next_stream
            .max(header.stream.map_or(0, |id| id.0.saturating_add(1)));
        let in_order = self.seen.last().is_none_or(|last| last < header.sequence);
        self.next_sequence = self.next_sequence.max(header.sequence.saturating_add(1));
        match self.take_content(source, offset, header, limits) {
            Ok(()) if !self.seen.insert(header.sequence) => {
                let text = format!(
                    "frame {} is there a second time; the copy is passed over",
                    header.sequence
                );
                self.find(Severity::Damage, "sequence", offset, text);
            }
            Ok(()) if !in_order => {
                let text = format!(
                    "frame {} is not in its place; it is read in its order",
                    header.sequence
                );
                self.find(Severity::Damage, "sequence", offset, text);
            }
            Ok(()) => {}
            Err(error) => self.take_damaged(error, offset, header)?,
        }
        Ok(())
    }

    /// Fails where the file cannot be read without knowing more than this release does.
    fn refuse_unknown(&self, header: &FrameHeader) -> Result<()> {
        if header.known_kind().is_some() || !header.is_critical() {
            return Ok(());
        }
        let FrameHeader { kind, flags, .. } = header;
        let release = self.file.map_or([0; 3], |file| file.release);
        Err(needs_later(
            format!("the file needs frame kind {kind:#06x} (flags {flags:#06x})"),
            release,
        ))
    }

    fn take_content(
        &mut self,
        source: &Counted,
        offset: u64,
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<()> {
        match header.known_kind() {
            Some(Kind::Chunk) => {
                let chunk = read_directory(source, offset, header, limits)?;
                self.add_chunk(chunk);
            }
            Some(Kind::Stream) => {
                let payload = source.payload(offset, header, limits)?;
                let id = header
                    .stream
                    .ok_or_else(|| Error::corrupt("the stream frame has no number"))?;
                self.add_stream(id, &payload, header, offset, limits)?;
            }
            Some(Kind::Metadata) => {
                let payload = source.payload(offset, header, limits)?;
                self.add_metadata(metadata_from_json(&payload)?, header.sequence);
            }
            Some(Kind::Index) => {
                let payload = source.payload(offset, header, limits)?;
                let link = Link {
                    offset,
                    frame_bytes: header.frame_bytes(),
                    sequence: header.sequence,
                };
                self.add_index_of_walk(&payload, header, link, limits)?;
            }
            Some(Kind::Tail) => {
                source.payload(offset, header, limits)?;
            }
            None => self.skipped += 1,
        }
        Ok(())
    }

    /// Takes an index that was come across on a walk: for the copies in it, and for what it knows of chunks that are gone.
    fn add_index_of_walk(
        &mut self,
        payload: &[u8],
        header: &FrameHeader,
        link: Link,
        limits: &Limits,
    ) -> Result<()> {
        let index = Index::parse(payload, header.file, limits)?;
        self.add_copies(&index, header, link.offset, limits)?;
        let chunks = index.chunks(header.sequence, limits)?;
        self.last_index = self.last_index.max(Some(header.sequence));
        for chunk in chunks {
            let ChunkRef {
                first_row,
                rows,
                number,
                ..
            } = chunk;
            self.announced.insert(
                chunk.sequence,
                (
                    chunk.stream,
                    Announced {
                        first_row,
                        rows,
                        number,
                    },
                ),
            );
        }
        Ok(())
    }

    /// Takes the copies of stream and metadata frames in an index.
    pub(crate) fn add_copies(
        &mut self,
        index: &Index<'_>,
        header: &FrameHeader,
        offset: u64,
        limits: &Limits,
    ) -> Result<()> {
        self.file.get_or_insert(index.file);
        for &(id, json) in &index.streams {
            if let Err(error) = self.add_stream(id, json, header, offset, limits) {
                self.note(error, offset)?;
            }
        }
        match index.metadata.map(metadata_from_json).transpose() {
            Ok(metadata) => metadata
                .into_iter()
                .for_each(|found| self.add_metadata(found, header.sequence)),
            Err(error) => self.note(error, offset)?,
        }
        Ok(())
    }

    fn add_metadata(&mut self, metadata: ExportMetadata, sequence: u64) {
        if self.metadata.is_none() || sequence >= self.metadata_sequence {
            self.metadata = Some(metadata);
            self.metadata_sequence = sequence;
        }
    }

    fn add_stream(
        &mut self,
        id: StreamId,
        json: &[u8],
        header: &FrameHeader,
        offset: u64,
        limits: &Limits,
    ) -> Result<()> {
        let text = StreamText::from_json(json, header.file, limits)?;
        self.file.get_or_insert(text.file);
        self.next_stream = self.next_stream.max(id.0.saturating_add(1));
        let versions: Vec<Arc<Schema>> = text.versions.into_iter().map(Arc::new).collect();
        match self.streams.binary_search_by_key(&id, |stream| stream.id) {
            Err(at) => {
                let (streams, limit) = (self.streams.len() as u64 + 1, u64::from(limits.streams));
                Limits::check("streams", streams, limit)?;
                let stream = Stream {
                    id,
                    name: text.name,
                    schemas: versions,
                    chunks: Vec::new(),
                };
                self.streams.insert(at, stream);
                let (found, orphans) = std::mem::take(&mut self.orphans)
                    .into_iter()
                    .partition(|c: &ChunkRef| c.stream == id);
                self.orphans = orphans;
                found.into_iter().for_each(|chunk| self.add_chunk(chunk));
            }
            Ok(at) => {
                let Some(stream) = self.streams.get_mut(at) else {
                    return Ok(());
                };
                let (shorter, longer) = if versions.len() < stream.schemas.len() {
                    (&versions, &stream.schemas)
                } else {
                    (&stream.schemas, &versions)
                };
                if !longer.starts_with(shorter) || stream.name != text.name {
                    let text = format!("stream {id} is described in two ways; the first counts");
                    self.find(Severity::Damage, "schema", offset, text);
                } else if versions.len() > stream.schemas.len() {
                    stream.schemas = versions;
                }
            }
        }
        Ok(())
    }

    /// Adds a chunk in its place, once.
    pub(crate) fn add_chunk(&mut self, chunk: ChunkRef) {
        self.next_stream = self.next_stream.max(chunk.stream.0.saturating_add(1));
        let at = self
            .streams
            .binary_search_by_key(&chunk.stream, |stream| stream.id);
        let chunks = match at.ok().and_then(|at| self.streams.get_mut(at)) {
            Some(stream) => &mut stream.chunks,
            None => &mut self.orphans,
        };
        if chunks
            .last()
            .is_none_or(|last| last.sequence < chunk.sequence)
        {
            chunks.push(chunk);
        } else if let Err(at) = chunks.binary_search_by_key(&chunk.sequence, |chunk| chunk.sequence)
        {
            chunks.insert(at, chunk);
        }
    }

    /// Says what can only be said once all was seen: chunks whose stream was never described.
    pub(crate) fn note_orphans(&mut self) {
        let mut counts = BTreeMap::<StreamId, (u64, u64)>::new();
        for chunk in &self.orphans {
            counts.entry(chunk.stream).or_insert((0, chunk.offset)).0 += 1;
        }
        for (id, (count, offset)) in counts {
            let text = format!(
                "name and schema of stream {id} are lost; its {count} chunks cannot be read"
            );
            self.find(Severity::Damage, "schema", offset, text);
        }
    }

    fn take_damaged(&mut self, error: Error, offset: u64, header: &FrameHeader) -> Result<()> {
        let mut finding = finding_of(error, offset)?;
        if let Some((id, announced)) = self.take_torn(header) {
            finding.position.stream = self.stream(id).map(|stream| stream.name.clone());
            finding.position.chunk = Some(announced.number);
        }
        self.findings.push(finding);
        Ok(())
    }

    /// Notes bytes that belong to no intact frame.
    pub(crate) fn take_lost(&mut self, start: u64, end: u64, header: Option<&FrameHeader>) {
        let text = format!(
            "{} bytes belong to no intact frame",
            end.saturating_sub(start)
        );
        self.find(Severity::Damage, "structure", start, text);
        self.lost.push(start..end);
        if let Some(header) = header {
            self.take_torn(header);
        }
    }

    /// Notes that the file does not end with a whole frame.
    pub(crate) fn find_rest(&mut self, rest: u64, size: u64) {
        let bytes = size.saturating_sub(rest);
        let text = format!(
            "the last {bytes} bytes are no whole frame: the file was cut, or is being written"
        );
        self.find(Severity::Damage, "structure", rest, text);
    }

    /// Notes that the header at the start is intact but of another file than the frames.
    pub(crate) fn find_foreign_header(&mut self) {
        self.find(
            Severity::Damage,
            "header",
            0,
            "the file header is of another file; the frames count",
        );
    }

    /// Notes a header whose payload is damaged or not (all) there. Returns what it says of rows: that they follow those of
    /// the stream's last chunk is a guess, until an index says where they are.
    pub(crate) fn take_torn(&mut self, header: &FrameHeader) -> Option<(StreamId, Announced)> {
        self.next_sequence = self.next_sequence.max(header.sequence.saturating_add(1));
        self.next_stream = self
            .next_stream
            .max(header.stream.map_or(0, |id| id.0.saturating_add(1)));
        self.damaged.insert(header.sequence);
        let id = header
            .stream
            .filter(|_| header.known_kind() == Some(Kind::Chunk));
        let Some(id) = id else {
            if header.known_kind().is_some() {
                self.rowless.insert(header.sequence);
            }
            return None;
        };
        let last = self.stream(id).and_then(|stream| stream.chunks.last());
        let (first_row, number) = last.map_or((0, 0), |last| {
            (last.end_row(), last.number.saturating_add(1))
        });
        let guess = (
            id,
            Announced {
                first_row,
                rows: header.rows.into(),
                number,
            },
        );
        Some(*self.announced.entry(header.sequence).or_insert(guess))
    }
}

/// What a chunk's header and directory say, of which the directory is read and verified.
pub(crate) fn read_directory(
    source: &Counted,
    offset: u64,
    header: &FrameHeader,
    limits: &Limits,
) -> Result<ChunkRef> {
    let placed = |error: Error| error.at_offset(offset);
    header
        .check_limit(limits)
        .map_err(|fault| placed(fault.into()))?;
    let start = offset.saturating_add(FRAME_HEADER_BYTES as u64);
    let bytes = source.read(start, header.directory_bytes.into())?;
    header
        .check_directory(&bytes)
        .map_err(|fault| placed(fault.into()))?;
    let directory =
        Directory::parse(&bytes, header, limits).map_err(|fault| placed(fault.into()))?;
    ChunkRef::new(offset, header, directory)
        .ok_or_else(|| placed(Error::corrupt("the chunk has no stream")))
}
