//! What is known of a container's content, gathered from its index or frame by frame.

mod foreign;
mod frames;
mod torn;

use std::collections::{BTreeMap, HashMap};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use export_core::{
    Error, ExportMetadata, Finding, Limits, Position, Result, Schema, Severity, StreamId,
};

use crate::fault::finding_of;
use crate::findings::Findings;
use crate::frame::FrameHeader;
use crate::gap::Gap;
use crate::header::FileHeader;
use crate::index::{ChunkRef, Index, Link};
use crate::parity::Parity;
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

/// Bytes that belong to no intact frame, and the numbers of the frames before and after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) bytes: Range<u64>,
    pub(crate) before: Option<u64>,
    pub(crate) after: Option<u64>,
    /// The header that they start with, where that is intact.
    pub(crate) header: Option<FrameHeader>,
    /// Which of the findings tells of it, where one of its own does.
    finding: Option<usize>,
}

impl Lost {
    pub(crate) fn new(bytes: Range<u64>, before: Option<u64>, header: Option<FrameHeader>) -> Self {
        Self {
            bytes,
            before,
            after: None,
            header,
            finding: None,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) file: Option<FileHeader>,
    /// What a decrypted frame said of the file, which only who has the key can have written.
    pub(crate) vouched: Option<FileHeader>,
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
    pub(crate) findings: Findings,
    /// Whether frames contradict what was said of the file before.
    has_other_facts: bool,
    /// Bytes that belong to no intact frame.
    pub(crate) lost: Vec<Lost>,
    /// The number of the last frame that the walk came across.
    pub(crate) last_sequence: Option<u64>,
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
    /// Headers of frames that are not whole.
    torn_headers: u64,
    /// Bytes of their directories that were read.
    torn_bytes: u64,
    /// What the chunks of a walk take, and what is known of torn ones.
    memory: u64,
    /// The chain of indexes that was read, oldest first, with the number of chunks each lists.
    pub(crate) links: Vec<(Link, u64)>,
    /// Chunks of streams whose name and schema are not known (yet).
    pub(crate) orphans: BTreeMap<StreamId, Vec<ChunkRef>>,
    /// Chunks that came after ones with greater numbers.
    out_of_order: Vec<ChunkRef>,
    /// Chunks that indexes or directories speak of, by sequence.
    pub(crate) announced: HashMap<u64, (StreamId, Announced)>,
    /// Damaged chunks of which the header tells stream and rows, but nothing tells which rows, by sequence.
    pub(crate) torn: BTreeMap<u64, (StreamId, u32)>,
    /// Torn frames that gap frames speak for: whoever went on with the file had no row of them, and gave their numbers anew.
    pub(crate) passed_over: Sequences,
    /// What gap frames say, by their numbers.
    gaps: BTreeMap<u64, Gap>,
    /// One more than the greatest stream number seen.
    pub(crate) next_stream: u32,
    /// What a stream frame said of parity last, and which one.
    pub(crate) parity_share: Option<(u64, Parity)>,
    /// Headers of parity frames, and where they are; what follows them may be damaged.
    pub(crate) parity_frames: Vec<(u64, FrameHeader)>,
    /// Intact indexes, tails and parity frames: those that no parity protects.
    pub(crate) unprotectable: u64,
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
        if header.is_encrypted() {
            self.vouched.get_or_insert(facts);
        }
        if header.is_encrypted() && known != facts && !self.has_other_facts {
            self.has_other_facts = true;
            let text = "the file header, or an earlier frame, says something else of the file than this one";
            self.find(Severity::Damage, "facts", offset, text);
        }
    }

    /// Numbers that frames should have, going by those of others, damaged ones included, and none has that is intact.
    pub(crate) fn missing(&self) -> Vec<RangeInclusive<u64>> {
        let mut missing = self.seen.missing_from(0);
        let end = self.seen.last().map_or(0, |last| last.saturating_add(1));
        if end < self.next_sequence {
            missing.push(end..=self.next_sequence - 1);
        }
        missing
    }

    /// Whether frames are missing, or damaged, before others that are there.
    pub(crate) fn has_gaps(&self) -> bool {
        !self.seen.missing_from(0).is_empty()
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
        let metadata = index.metadata.map(|json| metadata_from_json(json, limits));
        match metadata.transpose() {
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
        if self
            .parity_share
            .is_none_or(|(sequence, _)| sequence <= header.sequence)
        {
            self.parity_share = text.parity.map(|share| (header.sequence, share));
        }
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
                let found = self.orphans.remove(&id).unwrap_or_default();
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

    /// Adds a chunk. One that comes after a later one gets its place in [`Catalogue::settle`].
    pub(crate) fn add_chunk(&mut self, chunk: ChunkRef) {
        self.next_stream = self.next_stream.max(chunk.stream.0.saturating_add(1));
        let at = self
            .streams
            .binary_search_by_key(&chunk.stream, |stream| stream.id);
        let chunks = match at.ok().and_then(|at| self.streams.get_mut(at)) {
            Some(stream) => &mut stream.chunks,
            None => self.orphans.entry(chunk.stream).or_default(),
        };
        let in_order = chunks
            .last()
            .is_none_or(|last| last.sequence < chunk.sequence);
        if in_order {
            chunks.push(chunk);
        } else {
            self.out_of_order.push(chunk);
        }
    }

    /// Says what only the whole walk tells: the order of the chunks, and what of the damage is none.
    pub(crate) fn settle(&mut self) {
        self.settle_order();
        self.pass_over_torn();
    }

    /// Puts chunks that came out of order where they belong, each once. Does them all together: to put in one after the other
    /// would take the square of their number.
    fn settle_order(&mut self) {
        let mut late = std::mem::take(&mut self.out_of_order);
        late.sort_by_key(|chunk| (chunk.stream, chunk.sequence));
        for chunks in late.chunk_by(|a, b| a.stream == b.stream) {
            let Some(id) = chunks.first().map(|chunk| chunk.stream) else {
                continue;
            };
            let at = self.streams.binary_search_by_key(&id, |stream| stream.id);
            let all = match at.ok().and_then(|at| self.streams.get_mut(at)) {
                Some(stream) => &mut stream.chunks,
                None => self.orphans.entry(id).or_default(),
            };
            all.extend_from_slice(chunks);
            // It is stable: of two with one number the first stays first.
            all.sort_by_key(|chunk| chunk.sequence);
            all.dedup_by_key(|chunk| chunk.sequence);
        }
    }

    /// Says what can only be said once all was seen: chunks whose stream was never described.
    pub(crate) fn note_orphans(&mut self) {
        self.settle_order();
        let counts: Vec<_> = self
            .orphans
            .iter()
            .filter_map(|(&id, chunks)| Some((id, chunks.len(), chunks.first()?.offset)))
            .collect();
        for (id, count, offset) in counts {
            let text = format!(
                "name and schema of stream {id} are lost; its {count} chunks cannot be read"
            );
            self.find(Severity::Damage, "schema", offset, text);
        }
    }
}
