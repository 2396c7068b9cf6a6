//! Looking at every byte of a container.

mod whole;

use std::sync::Arc;

use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::{
    Access, Cancel, Error, FileId, Finding, Limits, Position, Progress, Result, Severity, Storage,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::catalogue::{Catalogue, Lost};
use crate::counted::Counted;
use crate::directory::Directory;
use crate::envelope::inner_chunk;
use crate::fault::finding_of;
use crate::frame::{FrameHeader, block_range, stored};
use crate::index::{ChunkRef, Index, tail_from_payload};
use crate::layout::{
    ENVELOPE_HEAD_BYTES, FILE_HEADER_BYTES, FRAME_HEADER_BYTES, KEY_ID_BYTES, Kind, NONCE_BYTES,
};
use crate::open::{End, identify, other_file, walk};
use crate::parity::{Descriptor, ParityReport, Restorer, Work, note_all};
use crate::scan::{Scanner, Step};
use crate::sequences::Sequences;
use whole::{note_end, note_index, note_missing, note_rows};

/// What comes before the payload of an encrypted chunk, in bytes.
const ENVELOPE_BYTES: u64 = (KEY_ID_BYTES + NONCE_BYTES + ENVELOPE_HEAD_BYTES) as u64;

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
    /// What is not as it should be, in the order it was met. Where that is very much, the last one says how many more there were.
    pub findings: Vec<Finding>,
    /// Streams.
    pub streams: u64,
    /// Frames with an intact header.
    pub frames: u64,
    /// Chunks in which nothing was found damaged.
    pub chunks: u64,
    /// Rows of these chunks.
    pub rows: u64,
    /// Whether the file is encrypted.
    pub is_encrypted: bool,
    /// Whether the file says that it is sealed; [`crate::verify_seals`] looks at the seals.
    pub is_sealed: bool,
    /// Whether it says so, or that it is not, in a frame that was decrypted. Anybody can change what the file header says.
    pub is_vouched: bool,
    /// Encrypted frames that nobody looked into, for want of a key.
    pub closed_frames: u64,
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

/// Looks at a container and says what is damaged. Without any key, encrypted frames are looked at from outside: their
/// checksums cover all of them. Fails only where it cannot be looked at: it is no container, is of a later
/// version, is over the limits, cannot be read, is encrypted with another key, or the work was cancelled.
pub fn verify(
    storage: Arc<dyn Storage>,
    depth: Depth,
    access: impl Into<Access>,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Report> {
    let Access { limits, keys } = &access.into();
    let source = Counted::new(Arc::clone(&storage), keys.clone());
    let size = source.size_bytes()?;
    if size == 0 {
        return Err(Error::truncated("the file is empty"));
    }
    let each = |bytes: u64| {
        progress.add_bytes_in(bytes);
        cancel.check()
    };
    let Walked {
        file,
        mut catalogue,
        pass,
        rest,
        torn,
    } = walk_all(&source, size, depth, limits, &each)?;
    catalogue.note_orphans();
    if let Some(torn) = torn {
        catalogue.take_rest(&source, rest, &torn, limits)?;
    }
    let is_finished = pass.last == Some((Kind::Tail, size));
    note_end(&mut catalogue, rest, size, is_finished);
    let end = Lost::new(rest..size, catalogue.last_sequence, torn);
    catalogue.note_foreign(&source, file, end, cancel)?;
    note_missing(&mut catalogue);
    note_index(&mut catalogue, &pass.listed);
    note_rows(&mut catalogue);
    let mut restorer = Restorer::new(storage, &catalogue, file, size, limits)?;
    let parity = note_all(&mut restorer, &mut catalogue, |_, _, _| {
        cancel.check().map(|()| true)
    })?;
    Ok(Report {
        blocks: pass.blocks,
        bytes: source.reads().bytes.saturating_add(restorer.bytes_read()),
        is_finished,
        parity,
        ..reported(catalogue)
    })
}

/// What was found of the frames of one file.
struct Walked<'a> {
    file: FileId,
    catalogue: Catalogue,
    pass: Pass<'a>,
    /// Where bytes start that are no whole frame, and the header there.
    rest: u64,
    torn: Option<FrameHeader>,
}

/// Looks at all frames of the file that the header is of, or of another where more of them are that one's. Calls `each` with the
/// length of every frame.
fn walk_all<'a>(
    source: &'a Counted,
    size: u64,
    depth: Depth,
    limits: &'a Limits,
    each: &dyn Fn(u64) -> Result<()>,
) -> Result<Walked<'a>> {
    let end = End::read(source, size)?;
    let look = |file: FileId, mut catalogue: Catalogue| {
        catalogue.is_closed = source.opener().keys().is_empty();
        let mut pass = Pass::new(source, depth, limits);
        let mut scanner = Scanner::new(file, FILE_HEADER_BYTES as u64, size, limits);
        let (rest, torn) = walk(
            source,
            &mut scanner,
            &mut catalogue,
            limits,
            |catalogue, step| match step {
                Step::Frame { offset, header } => {
                    each(header.frame_bytes())?;
                    pass.frame(catalogue, *offset, header)
                }
                _ => each(0),
            },
        )?;
        Ok::<_, Error>(Walked {
            file,
            catalogue,
            pass,
            rest,
            torn,
        })
    };
    let (file, catalogue) = identify(source, &end, size, limits)?;
    let walked = look(file, catalogue)?;
    let of = (file, walked.rest);
    let Some(other) = other_file(source, &end, size, &walked.catalogue, of, limits)? else {
        return Ok(walked);
    };
    let its = look(other, Catalogue::of_foreign_header())?;
    let lost = |walked: &Walked<'_>| walked.catalogue.lost_bytes(walked.rest, size);
    Ok(if lost(&its) < lost(&walked) {
        its
    } else {
        walked
    })
}

/// What a catalogue says of streams, chunks and rows, and what was found.
fn reported(catalogue: Catalogue) -> Report {
    let damaged = &catalogue.damaged;
    let chunks = catalogue.streams.iter().flat_map(|stream| &stream.chunks);
    let open = chunks.map(|chunk| (chunk.sequence, chunk.rows));
    let closed = catalogue.closed_chunks.iter();
    let closed = closed.map(|&(sequence, rows)| (sequence, rows.into()));
    let intact = open
        .chain(closed)
        .filter(|(sequence, _)| !damaged.contains(*sequence));
    let (chunks, rows) = intact.fold((0, 0_u64), |(chunks, all), (_, rows)| {
        (chunks + 1, all.saturating_add(rows))
    });
    let facts = catalogue.vouched.or(catalogue.file);
    Report {
        streams: match catalogue.closed_frames {
            0 => catalogue.streams.len() as u64,
            _ => catalogue.next_stream.into(),
        },
        frames: catalogue.frames,
        chunks,
        rows,
        is_encrypted: catalogue.is_encrypted == Some(true),
        is_sealed: facts.is_some_and(|file| file.is_sealed()),
        is_vouched: catalogue.vouched.is_some(),
        closed_frames: catalogue.closed_frames,
        findings: catalogue.findings.into_vec(),
        ..Report::default()
    }
}

/// What one pass over the frames keeps in mind.
struct Pass<'a> {
    source: &'a Counted,
    depth: Depth,
    limits: &'a Limits,
    /// What each intact index lists.
    listed: Vec<ChunkRef>,
    blocks: u64,
    looked_at: Sequences,
    /// Frames in a copy of which nothing was found damaged.
    intact: Sequences,
    /// Kind and end of the last frame.
    last: Option<(Kind, u64)>,
}

impl<'a> Pass<'a> {
    fn new(source: &'a Counted, depth: Depth, limits: &'a Limits) -> Self {
        Self {
            source,
            depth,
            limits,
            listed: Vec::new(),
            blocks: 0,
            looked_at: Sequences::default(),
            intact: Sequences::default(),
            last: None,
        }
    }

    /// Looks at what the catalogue did not: blocks, padding, and what index and tail say of other frames.
    fn frame(
        &mut self,
        catalogue: &mut Catalogue,
        offset: u64,
        header: &FrameHeader,
    ) -> Result<()> {
        let end = offset.saturating_add(header.frame_bytes());
        let before = std::mem::replace(&mut self.last, header.known_kind().map(|kind| (kind, end)));
        if self.intact.contains(header.sequence) {
            // A copy, which was noted. Whether it is as intact does not matter.
            return Ok(());
        }
        if !self.looked_at.insert(header.sequence) && catalogue.seen.contains(header.sequence) {
            // The copy before was damaged in what only this pass looks at.
            catalogue.damaged.remove(header.sequence);
        }
        let is_closed = catalogue.is_closed && header.is_encrypted();
        let looked = match header.known_kind() {
            Some(Kind::Chunk) if is_closed && self.depth == Depth::Checksums => {
                let stored = self.source.stored(offset, header, self.limits);
                stored.map(drop)
            }
            Some(_) if is_closed => Ok(()),
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
        if !catalogue.damaged.contains(header.sequence) {
            self.intact.insert(header.sequence);
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
        if !header.is_encrypted() {
            let payload = self.source.read(start, header.payload_bytes)?;
            let directory = payload.get(..header.directory_bytes as usize);
            header.check_directory(directory.unwrap_or_default())?;
            return self.blocks(catalogue, start, header, &payload);
        }
        let plain = self.source.payload(offset, header, self.limits)?;
        let (inner, payload) = inner_chunk(header, plain)?;
        // A byte lies where its encrypted one does.
        let start = start.saturating_add(ENVELOPE_BYTES);
        self.blocks(catalogue, start, &inner, &payload)
    }

    /// Looks at the blocks and the padding in the payload of a chunk, which starts at `start` of the file.
    fn blocks(
        &mut self,
        catalogue: &mut Catalogue,
        start: u64,
        header: &FrameHeader,
        payload: &[u8],
    ) -> Result<()> {
        let (bytes, rest) = payload
            .split_at_checked(header.directory_bytes as usize)
            .ok_or_else(|| Error::corrupt("the chunk ends within its directory"))?;
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
            // Whole frames do not lie in one another, so there is an end to them.
            let mut work = Work::new(u64::MAX);
            let read = Descriptor::read(self.source, offset, header, self.limits, &mut work)?;
            return Ok(read.map(drop)?);
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
