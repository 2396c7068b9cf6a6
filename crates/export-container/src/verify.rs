//! Looking at every byte of a container.

mod whole;

use std::sync::Arc;

use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::{Cancel, Error, Finding, Limits, Position, Progress, Result, Severity, Storage};
use xxhash_rust::xxh3::xxh3_64;

use crate::catalogue::Catalogue;
use crate::counted::Counted;
use crate::directory::Directory;
use crate::fault::finding_of;
use crate::frame::{FrameHeader, block_range, stored};
use crate::index::{ChunkRef, Index, tail_from_payload};
use crate::layout::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES, Kind};
use crate::open::{End, identify, other_file, walk};
use crate::parity::{Descriptor, ParityReport, Restorer, note_all};
use crate::scan::{Scanner, Step};
use whole::{note_end, note_index, note_missing, note_rows};

/// How closely to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// Structure: headers, directories, index, order. Reads little of a file of large chunks; does not see damaged blocks.
    Quick,
    /// Every byte: the checksum of every block, and that padding is zero.
    #[default]
    Checksums,
}

/// What was looked at and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What is not as it should be, in the order it was met.
    pub findings: Vec<Finding>,
    /// Streams.
    pub streams: u64,
    /// Frames with an intact header.
    pub frames: u64,
    /// Chunks in which nothing was found damaged.
    pub chunks: u64,
    /// Rows of these chunks.
    pub rows: u64,
    /// Blocks whose checksums were verified.
    pub blocks: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Whether the file ends with an intact index and tail.
    pub is_finished: bool,
    /// What of the damage the file's parity makes good, and could still make good; where it has any.
    pub parity: Option<ParityReport>,
}

impl Report {
    /// Whether no data is damaged or missing.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity < Severity::Damage)
    }
}

/// Looks at a container and says what is damaged. Fails only where it cannot be looked at: it is no container, is of a later
/// version, is over `limits`, cannot be read, or the work was cancelled.
pub fn verify(
    storage: Arc<dyn Storage>,
    depth: Depth,
    limits: &Limits,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Report> {
    let source = Counted::new(Arc::clone(&storage));
    let size = source.size_bytes()?;
    if size == 0 {
        return Err(Error::truncated("the file is empty"));
    }
    let end = End::read(&source, size)?;
    let (mut file, mut catalogue) = identify(&source, &end, size, limits)?;
    let mut pass = Pass {
        source: &source,
        depth,
        limits,
        listed: Vec::new(),
        blocks: 0,
        last: None,
    };
    let mut look = |catalogue: &mut Catalogue, step: &Step| {
        cancel.check()?;
        if let Step::Frame { offset, header } = step {
            progress.add_bytes_in(header.frame_bytes());
            pass.frame(catalogue, *offset, header)?;
        }
        Ok(())
    };
    let mut scanner = Scanner::new(file, FILE_HEADER_BYTES as u64, size, limits);
    let (mut rest, mut torn) = walk(&source, &mut scanner, &mut catalogue, limits, &mut look)?;
    if let Some(other) = other_file(&source, &end, size, &catalogue, file, limits)? {
        file = other;
        catalogue = Catalogue::of_foreign_header();
        scanner = Scanner::new(file, FILE_HEADER_BYTES as u64, size, limits);
        (rest, torn) = walk(&source, &mut scanner, &mut catalogue, limits, &mut look)?;
    }
    catalogue.note_orphans();
    if let Some(torn) = torn {
        catalogue.take_rest(rest, &torn);
    }
    let Pass {
        listed,
        blocks,
        last,
        ..
    } = pass;
    let is_finished = last == Some((Kind::Tail, size));
    note_end(&mut catalogue, rest, size, is_finished);
    note_missing(&mut catalogue);
    note_index(&mut catalogue, &listed);
    note_rows(&mut catalogue);
    let mut restorer = Restorer::new(storage, &catalogue, file, size, limits)?;
    let parity = note_all(&mut restorer, &mut catalogue, |_, _, _| {
        cancel.check().map(|()| true)
    })?;
    let damaged = &catalogue.damaged;
    let intact: Vec<_> = catalogue
        .streams
        .iter()
        .flat_map(|stream| &stream.chunks)
        .filter(|chunk| !damaged.contains(chunk.sequence))
        .collect();
    Ok(Report {
        streams: catalogue.streams.len() as u64,
        frames: catalogue.frames,
        chunks: intact.len() as u64,
        rows: intact
            .iter()
            .map(|chunk| chunk.rows)
            .fold(0, u64::saturating_add),
        blocks,
        bytes: source.reads().bytes.saturating_add(restorer.bytes_read()),
        is_finished,
        parity,
        findings: catalogue.findings,
    })
}

/// What one pass over the frames keeps in mind.
struct Pass<'a> {
    source: &'a Counted,
    depth: Depth,
    limits: &'a Limits,
    /// What each intact index lists.
    listed: Vec<ChunkRef>,
    blocks: u64,
    /// Kind and end of the last frame.
    last: Option<(Kind, u64)>,
}

impl Pass<'_> {
    /// Looks at what the catalogue did not: blocks, padding, and what index and tail say of other frames.
    fn frame(
        &mut self,
        catalogue: &mut Catalogue,
        offset: u64,
        header: &FrameHeader,
    ) -> Result<()> {
        let end = offset.saturating_add(header.frame_bytes());
        let before = std::mem::replace(&mut self.last, header.known_kind().map(|kind| (kind, end)));
        let looked = match header.known_kind() {
            Some(Kind::Chunk) if self.depth == Depth::Checksums => {
                self.chunk(catalogue, offset, header)
            }
            Some(Kind::Index) => self.index(offset, header),
            Some(Kind::Tail) => self.tail(catalogue, offset, header, before),
            Some(Kind::Parity) => self.parity(offset, header),
            None => self.source.payload(offset, header, self.limits).map(|_| ()),
            _ => Ok(()),
        };
        if let Err(error) = looked
            && !catalogue.damaged.contains(header.sequence)
        {
            catalogue.findings.push(finding_of(error, offset)?);
            catalogue.damaged.insert(header.sequence);
        }
        if self.depth == Depth::Checksums {
            let start = offset.saturating_add(header.whole_bytes());
            let padding = self.source.read(start, end.saturating_sub(start))?;
            if padding.len() as u64 != end.saturating_sub(start) {
                let text = "the file ends within the padding of its last frame";
                catalogue.find(Severity::Warning, "padding", start, text);
            }
            note_padding(catalogue, start, &padding);
        }
        Ok(())
    }

    fn chunk(
        &mut self,
        catalogue: &mut Catalogue,
        offset: u64,
        header: &FrameHeader,
    ) -> Result<()> {
        header.check_limit(self.limits)?;
        let start = offset.saturating_add(FRAME_HEADER_BYTES as u64);
        let payload = self.source.read(start, header.payload_bytes)?;
        let (bytes, rest) = payload
            .split_at_checked(header.directory_bytes as usize)
            .ok_or_else(|| Error::corrupt("the chunk ends within its directory"))?;
        header.check_directory(bytes)?;
        let directory = Directory::parse(bytes, header, self.limits)?;
        let gap = usize::try_from(header.blocks_start())
            .map_or(0, |blocks| blocks.saturating_sub(bytes.len()));
        let (gap, blocks) = rest.split_at_checked(gap).unwrap_or((rest, &[]));
        note_padding(
            catalogue,
            start.saturating_add(u64::from(header.directory_bytes)),
            gap,
        );
        let blocks_start = start.saturating_add(header.blocks_start());
        for (column_at, column) in directory.columns.iter().enumerate() {
            for (number, block) in column.blocks.iter().enumerate() {
                self.blocks += 1;
                let at = blocks_start.saturating_add(block.offset);
                if stored(block, blocks).is_none_or(|stored| xxh3_64(stored) != block.checksum) {
                    let mut position = position_of(catalogue, header, &directory, column_at);
                    position.block = Some(number as u64);
                    position.offset = Some(at);
                    catalogue.findings.push(damage(
                        "checksum",
                        position,
                        "the checksum of the block does not match",
                    ));
                    catalogue.damaged.insert(header.sequence);
                }
                let end =
                    block_range(block.offset, block.stored_bytes).map_or(0, |range| range.end);
                let padding = blocks
                    .get(end..end.next_multiple_of(BLOCK_ALIGNMENT))
                    .unwrap_or_default();
                note_padding(catalogue, at.saturating_add(block.stored_bytes), padding);
            }
        }
        Ok(())
    }

    fn index(&mut self, offset: u64, header: &FrameHeader) -> Result<()> {
        let payload = self.source.payload(offset, header, self.limits)?;
        self.listed
            .extend(Index::parse(&payload, header.file, self.limits)?.chunks(
                header.sequence,
                self.limits,
                &mut 0,
            )?);
        Ok(())
    }

    fn parity(&self, offset: u64, header: &FrameHeader) -> Result<()> {
        if self.depth == Depth::Quick {
            return Ok(Descriptor::read(self.source, offset, header, self.limits)?.map(|_| ())?);
        }
        let payload = self.source.payload(offset, header, self.limits)?;
        Ok(Descriptor::parse(&payload, header, self.limits).map(|_| ())?)
    }

    fn tail(
        &self,
        catalogue: &mut Catalogue,
        offset: u64,
        header: &FrameHeader,
        before: Option<(Kind, u64)>,
    ) -> Result<()> {
        let payload = self.source.payload(offset, header, self.limits)?;
        let link = tail_from_payload(&payload, header.sequence)?;
        let points_here = link.offset.saturating_add(link.frame_bytes) == offset;
        if !points_here || before != Some((Kind::Index, offset)) {
            let text = format!(
                "the tail speaks of an index at byte {} that is not before it",
                link.offset
            );
            catalogue.find(Severity::Damage, "index", offset, text);
        }
        Ok(())
    }
}

fn damage(check: &str, position: Position, text: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Damage,
        check: check.into(),
        position,
        text: text.into(),
    }
}

fn note_padding(catalogue: &mut Catalogue, offset: u64, padding: &[u8]) {
    if let Some(at) = padding.iter().position(|&byte| byte != 0) {
        let offset = offset.saturating_add(at as u64);
        catalogue.find(
            Severity::Warning,
            "padding",
            offset,
            "padding is not zero; the data is not touched by it",
        );
    }
}

fn position_of(
    catalogue: &Catalogue,
    header: &FrameHeader,
    directory: &Directory,
    column: usize,
) -> Position {
    let stream = header.stream.and_then(|id| catalogue.stream(id));
    let schema = stream.and_then(|stream| stream.schemas.get(directory.schema_version as usize));
    let field = schema.and_then(|schema| schema.fields.get(column));
    Position {
        stream: stream.map(|stream| stream.name.clone()),
        chunk: Some(directory.number),
        column: Some(field.map_or_else(|| column.to_string(), |field| field.name.clone())),
        ..Position::default()
    }
}
