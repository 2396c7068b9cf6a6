//! What a walk over frames adds to the catalogue.

use std::ops::Range;
use std::sync::Arc;

use export_core::{Error, Finding, Limits, Position, Result, Severity, StreamId};

use super::{Announced, Catalogue, Lost};
use crate::counted::Counted;
use crate::directory::Directory;
use crate::envelope::inner_chunk;
use crate::fault::{Fault, finding_of, needs_later};
use crate::frame::FrameHeader;
use crate::gap::Gap;
use crate::index::{ChunkRef, Index};
use crate::layout::{FRAME_HEADER_BYTES, Kind};
use crate::seal::Seal;
use crate::storage::MemoryStorage;
use crate::text::metadata_from_json;

/// How often over a file the directories of torn chunks are read, and what may be read of them anyway: those that were written
/// are no longer than the file was, but headers made to mislead have directories that lie in one another.
const TORN_OVER: u64 = 2;
const TORN_ANYWAY: u64 = 64 << 20;

/// What is kept of bytes that belong to no intact frame takes about as much memory, findings aside.
const LOST_BYTES: u64 = 256;
/// And what is kept of a gap frame.
const GAP_BYTES: u64 = 64;

impl Catalogue {
    /// Takes a frame that was found at `offset`, reading as much of it as says what is in it.
    pub(crate) fn take_frame(
        &mut self,
        source: &Counted,
        offset: u64,
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<()> {
        self.frames += 1;
        self.check_frames(limits)?;
        self.refuse_unknown(header)
            .map_err(|error| error.at_offset(offset))?;
        self.next_stream = self
            .next_stream
            .max(header.stream.map_or(0, |id| id.0.saturating_add(1)));
        let in_order = self.seen.last().is_none_or(|last| last < header.sequence);
        self.next_sequence = self.next_sequence.max(header.sequence.saturating_add(1));
        if header.known_kind() == Some(Kind::Parity) {
            self.parity_frames.push((offset, *header));
        }
        let before = self.last_sequence.replace(header.sequence);
        for lost in self.lost.iter_mut().rev() {
            if lost.after.is_some() {
                break;
            }
            lost.after = Some(header.sequence);
        }
        if self.seen.contains(header.sequence) {
            let text = format!(
                "frame {} is there a second time; the copy is passed over",
                header.sequence
            );
            self.find(Severity::Damage, "sequence", offset, text);
            return Ok(());
        }
        match self.take_content(source, offset, header, limits) {
            Ok(()) if !in_order => {
                let text = format!(
                    "frame {} is not in its place; it is read in its order",
                    header.sequence
                );
                self.find(Severity::Damage, "sequence", offset, text);
            }
            Ok(()) => {}
            Err(error) => {
                self.take_memory(LOST_BYTES, limits)?;
                let finding = self.take_damaged(error, offset, header)?;
                let bytes = offset..offset.saturating_add(header.whole_bytes());
                self.lost.push(Lost {
                    finding,
                    ..Lost::new(bytes, before, Some(*header))
                });
                return Ok(());
            }
        }
        let is_unprotectable = matches!(
            header.known_kind(),
            Some(Kind::Index | Kind::Tail | Kind::Parity)
        );
        self.seen.insert(header.sequence);
        // Another copy of it may have been damaged.
        self.damaged.remove(header.sequence);
        self.unprotectable += u64::from(is_unprotectable);
        Ok(())
    }

    fn take_memory(&mut self, bytes: u64, limits: &Limits) -> Result<()> {
        self.memory = self.memory.saturating_add(bytes);
        Limits::check("memory of the index", self.memory, limits.memory_bytes)
    }

    fn check_frames(&self, limits: &Limits) -> Result<()> {
        let frames = self.frames.saturating_add(self.torn_headers);
        Limits::check("frames", frames, limits.frames)
    }

    /// Takes a frame that was restored, without padding, unless there is something wrong with what it says.
    pub(crate) fn take_restored(
        &mut self,
        source: &Counted,
        header: &FrameHeader,
        frame: Vec<u8>,
        limits: &Limits,
    ) -> Result<bool> {
        self.refuse_unknown(header)?;
        let source = source.beside(Arc::new(MemoryStorage::new(frame)));
        match self.take_content(&source, 0, header, limits) {
            Ok(()) => {
                self.seen.insert(header.sequence);
                self.damaged.remove(header.sequence);
                Ok(true)
            }
            Err(error) => finding_of(error, 0).map(|_| false),
        }
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
        if header.known_kind().is_some_and(Kind::is_secret) {
            self.check_secrecy(header)?;
            if header.is_encrypted() && self.is_closed {
                return self.take_closed(source, offset, header, limits);
            }
        }
        match header.known_kind() {
            Some(Kind::Chunk) => {
                let chunk = read_directory(source, offset, header, limits)?;
                self.take_memory(chunk.memory_bytes(), limits)?;
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
                self.add_metadata(metadata_from_json(&payload, limits)?, header.sequence);
            }
            Some(Kind::Index) => {
                let payload = source.payload(offset, header, limits)?;
                self.add_index_of_walk(&payload, header, offset, limits)?;
            }
            Some(Kind::Tail) => {
                source.payload(offset, header, limits)?;
            }
            Some(Kind::Seal) => {
                let seal = Seal::parse(&source.payload(offset, header, limits)?)?;
                // The one before an index comes after the last parity there is.
                self.unprotectable += u64::from(seal.after > 0);
                self.last_seal = Some((offset, seal));
            }
            Some(Kind::Gap) => {
                let payload = source.payload(offset, header, limits)?;
                let gap =
                    Gap::parse(&payload).map_err(|fault| Error::from(fault).at_offset(offset))?;
                self.take_memory(GAP_BYTES, limits)?;
                self.gaps.insert(header.sequence, gap);
            }
            // What it says is looked at where something is to be restored.
            Some(Kind::Parity) => {}
            None => self.skipped += 1,
        }
        Ok(())
    }

    /// Fails where a frame is encrypted in a file that is not, or the other way round: who has no key could have put it there.
    fn check_secrecy(&mut self, header: &FrameHeader) -> Result<()> {
        let is_encrypted = header.is_encrypted();
        match (*self.is_encrypted.get_or_insert(is_encrypted), is_encrypted) {
            (true, false) => Err(Error::corrupt(
                "the frame is not encrypted, but its file is: somebody put it there",
            )),
            (false, true) => Err(Error::corrupt(
                "the frame is encrypted, but its file is not: the file header was changed, or frames were put there",
            )),
            _ => Ok(()),
        }
    }

    /// Takes a frame that nobody can look into here.
    fn take_closed(
        &mut self,
        source: &Counted,
        offset: u64,
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<()> {
        self.closed_frames += 1;
        if header.known_kind() == Some(Kind::Chunk) {
            self.closed_chunks.push((header.sequence, header.rows));
            return Ok(());
        }
        source.stored(offset, header, limits).map(drop)
    }

    /// Takes an index that was come across on a walk: for the copies in it, and for what it knows of chunks that are gone.
    fn add_index_of_walk(
        &mut self,
        payload: &[u8],
        header: &FrameHeader,
        offset: u64,
        limits: &Limits,
    ) -> Result<()> {
        let index = Index::parse(payload, header.file, limits)?;
        self.add_copies(&index, header, offset, limits)?;
        let mut memory = self.memory;
        let chunks = index.chunks(header.sequence, limits, &mut memory)?;
        self.last_index = self.last_index.max(Some(header.sequence));
        for chunk in &chunks {
            self.announce(chunk);
        }
        Ok(())
    }

    /// Returns which finding tells of it.
    fn take_damaged(
        &mut self,
        error: Error,
        offset: u64,
        header: &FrameHeader,
    ) -> Result<Option<usize>> {
        let mut finding = finding_of(error, offset)?;
        if let Some((id, announced)) = self.take_torn(header) {
            finding.position.stream = self.stream(id).map(|stream| stream.name.clone());
            finding.position.chunk = announced.map(|announced| announced.number);
        }
        Ok(self.findings.push(finding))
    }

    /// Notes bytes that belong to no intact frame, though they may start with an intact header.
    pub(crate) fn take_lost(
        &mut self,
        source: &Counted,
        bytes: Range<u64>,
        header: Option<&FrameHeader>,
        limits: &Limits,
    ) -> Result<()> {
        let mut text = match bytes.end.saturating_sub(bytes.start) {
            0 => "padding is missing before the frame".to_owned(),
            count => format!("{count} bytes belong to no intact frame"),
        };
        let mut position = Position {
            offset: Some(bytes.start),
            ..Position::default()
        };
        if let Some(header) = header {
            text = format!("frame {} is damaged: {text}", header.sequence);
            if let Some((id, announced)) = self.take_rest(source, bytes.start, header, limits)? {
                position.stream = self.stream(id).map(|stream| stream.name.clone());
                position.chunk = announced.map(|announced| announced.number);
            }
        }
        self.take_memory(LOST_BYTES, limits)?;
        let finding = self.findings.push(Finding {
            severity: Severity::Damage,
            check: "structure".into(),
            position,
            text,
        });
        self.lost.push(Lost {
            finding,
            ..Lost::new(bytes, self.last_sequence, header.copied())
        });
        Ok(())
    }

    /// Notes the header of a frame at `offset` that is not whole, and what its directory says where that is.
    pub(crate) fn take_rest(
        &mut self,
        source: &Counted,
        offset: u64,
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<Option<(StreamId, Option<Announced>)>> {
        self.torn_headers += 1;
        self.check_frames(limits)?;
        match header.known_kind() {
            Some(Kind::Chunk) if self.may_read_torn(source, offset, header)? => {
                match read_directory(source, offset, header, limits) {
                    Ok(chunk) => self.announce(&chunk),
                    Err(error) => drop(finding_of(error, offset)?),
                }
            }
            Some(Kind::Parity) => self.parity_frames.push((offset, *header)),
            _ => {}
        }
        Ok(self.take_torn(header))
    }

    /// Whether the directory of a torn chunk is worth reading, on top of those that were. Its header tells of its rows in any case.
    fn may_read_torn(
        &mut self,
        source: &Counted,
        offset: u64,
        header: &FrameHeader,
    ) -> Result<bool> {
        let size = source.size_bytes()?;
        let bytes = u64::from(header.directory_bytes).min(size.saturating_sub(offset));
        let read = self.torn_bytes.saturating_add(bytes);
        let is_worth = read <= size.saturating_mul(TORN_OVER).saturating_add(TORN_ANYWAY);
        if is_worth {
            self.torn_bytes = read;
        }
        Ok(is_worth)
    }

    fn announce(&mut self, chunk: &ChunkRef) {
        let announced = Announced {
            first_row: chunk.first_row,
            rows: chunk.rows,
            number: chunk.number,
        };
        self.announced
            .insert(chunk.sequence, (chunk.stream, announced));
    }

    /// Notes that the file does not end with a whole frame.
    pub(crate) fn find_rest(&mut self, rest: u64, size: u64) {
        let bytes = size.saturating_sub(rest);
        let text = format!(
            "the last {bytes} bytes are no whole frame: the file was cut, or is being written"
        );
        self.find(Severity::Damage, "structure", rest, text);
    }

    /// A catalogue of a file whose header is intact but of another file than the frames.
    pub(crate) fn of_foreign_header() -> Self {
        let mut catalogue = Self::default();
        catalogue.find(
            Severity::Damage,
            "header",
            0,
            "the file header is of another file; the frames count",
        );
        catalogue
    }

    /// Bytes that belong to no intact frame, of a file that ends at `size` and whose frames end at `rest`.
    pub(crate) fn lost_bytes(&self, rest: u64, size: u64) -> u64 {
        let lost = self.lost.iter().map(|lost| &lost.bytes);
        lost.map(|bytes| bytes.end.saturating_sub(bytes.start))
            .fold(size.saturating_sub(rest), u64::saturating_add)
    }

    /// Notes a header whose payload is damaged or not (all) there. Returns what is known of its rows, where it is a chunk's.
    pub(crate) fn take_torn(
        &mut self,
        header: &FrameHeader,
    ) -> Option<(StreamId, Option<Announced>)> {
        self.next_sequence = self.next_sequence.max(header.sequence.saturating_add(1));
        self.next_stream = self
            .next_stream
            .max(header.stream.map_or(0, |id| id.0.saturating_add(1)));
        if self.seen.contains(header.sequence) {
            // A copy of a frame that is intact.
            return None;
        }
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
        self.torn.insert(header.sequence, (id, header.rows));
        let announced = self.announced.get(&header.sequence);
        Some((id, announced.map(|(_, announced)| *announced)))
    }
}

/// A frame that was decrypted: its payload, and the header it would have if it had never been encrypted.
pub(crate) type Opened = (FrameHeader, Vec<u8>);

/// The directory of a chunk, whose checksum was verified, in `bytes`: all of its payload where it is encrypted. Then what is
/// in there is returned, too, with the header it would have if it were not.
pub(crate) fn parse_chunk(
    source: &Counted,
    header: &FrameHeader,
    bytes: Vec<u8>,
    limits: &Limits,
) -> Result<(Directory, Option<Opened>)> {
    if !header.is_encrypted() {
        return Ok((Directory::parse(&bytes, header, limits)?, None));
    }
    if u64::from(header.directory_bytes) != header.payload_bytes {
        return Err(Fault::Excess("directory").into());
    }
    let (inner, plain) = inner_chunk(header, source.opener().open(header, bytes)?)?;
    let directory = plain
        .get(..inner.directory_bytes as usize)
        .unwrap_or_default();
    let directory = Directory::parse(directory, &inner, limits)?;
    Ok((directory, Some((inner, plain))))
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
    let (directory, _) = parse_chunk(source, header, bytes, limits).map_err(placed)?;
    ChunkRef::new(offset, header, directory)
        .ok_or_else(|| placed(Error::corrupt("the chunk has no stream")))
}
