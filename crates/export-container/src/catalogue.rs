//! What is known of a container's content, gathered from its index or frame by frame.

mod frames;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use export_core::{
    Error, ExportMetadata, Finding, Limits, Position, Result, Schema, Severity, StreamId,
};

use crate::fault::finding_of;
use crate::frame::FrameHeader;
use crate::header::FileHeader;
use crate::index::{ChunkRef, Index, Link};
use crate::seal::Seal;
use crate::sequences::Sequences;
use crate::stream::Stream;
use crate::text::{StreamText, metadata_from_json};

pub(crate) use frames::parse_chunk;

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
    /// Whether the frames are encrypted, once that is known.
    pub(crate) is_encrypted: Option<bool>,
    /// Whether encrypted frames are only looked at from outside, for want of a key.
    pub(crate) is_closed: bool,
    /// Sequence and rows of the chunks that were.
    pub(crate) closed_chunks: Vec<(u64, u32)>,
    /// Frames that were.
    pub(crate) closed_frames: u64,
    /// The last seal, and where it is.
    pub(crate) last_seal: Option<(u64, Seal)>,
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

    /// Takes what a frame says of the file. What encrypted frames say was written by who has the key; who has not can change
    /// the file header.
    fn check_facts(&mut self, facts: FileHeader, header: &FrameHeader, offset: u64) {
        let known = *self.file.get_or_insert(facts);
        let found = self.findings.iter().any(|finding| finding.check == "facts");
        if header.is_encrypted() && known != facts && !found {
            let text = "the file header, or an earlier frame, says something else of the file than this one";
            self.find(Severity::Damage, "facts", offset, text);
        }
    }

    /// Takes the copies of stream and metadata frames in an index.
    pub(crate) fn add_copies(
        &mut self,
        index: &Index<'_>,
        header: &FrameHeader,
        offset: u64,
        limits: &Limits,
    ) -> Result<()> {
        self.check_facts(index.file, header, offset);
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
        self.check_facts(text.file, header, offset);
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
}
