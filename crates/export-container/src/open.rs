//! Getting to know a container: through its index, or frame by frame.

use export_core::{Error, ErrorKind, FileId, Limits, Result, Severity};

use crate::catalogue::Catalogue;
use crate::counted::Counted;
use crate::fault::within;
use crate::frame::FrameHeader;
use crate::header::Start;
use crate::index::{Index, Link, tail_from_payload};
use crate::layout::{
    FILE_HEADER_BYTES, FIRST_READ_BYTES, FRAME_HEADER_BYTES, Kind, SIGNATURE, TAIL_FRAME_BYTES,
};
use crate::scan::{Scanner, Step, file_of_frames};

/// How far from its start a file with a damaged header is searched for a frame that tells its id.
const LEARN_BYTES: u64 = 256 << 20;
/// How much of that at a time.
const LEARN_STEP_BYTES: u64 = 1 << 20;

/// The last bytes of a file, read once.
pub(crate) struct End {
    start: u64,
    bytes: Vec<u8>,
}

impl End {
    pub(crate) fn read(source: &Counted, size: u64) -> Result<Self> {
        let start = size.saturating_sub(FIRST_READ_BYTES);
        Ok(Self {
            start,
            bytes: source.read(start, size - start)?,
        })
    }

    /// `bytes` bytes from `offset`, from here where they are here.
    fn get(&self, source: &Counted, offset: u64, bytes: u64) -> Result<Vec<u8>> {
        let here = offset
            .checked_sub(self.start)
            .and_then(|from| crate::frame::block_range(from, bytes));
        match here.and_then(|range| self.bytes.get(range)) {
            Some(here) => Ok(here.to_vec()),
            None => source.read(offset, bytes),
        }
    }

    /// The tail that the file ends with, and the index it points to.
    fn tail(&self, size: u64, limits: &Limits) -> Option<(FrameHeader, Link)> {
        let at = self.bytes.len().checked_sub(TAIL_FRAME_BYTES)?;
        let (header, payload) = self.bytes.get(at..)?.split_at_checked(FRAME_HEADER_BYTES)?;
        let header =
            FrameHeader::parse(header).filter(|header| header.known_kind() == Some(Kind::Tail))?;
        let payload = payload.get(..usize::try_from(header.payload_bytes).ok()?)?;
        header.check_payload(payload, limits).ok()?;
        let link = tail_from_payload(payload, header.sequence).ok()?;
        let ends_at_tail = link
            .offset
            .checked_add(link.frame_bytes)?
            .checked_add(TAIL_FRAME_BYTES as u64)?;
        (ends_at_tail == size).then_some((header, link))
    }
}

/// What the index says. `None` where the file does not end in a tail, or the index is damaged: then its frames tell. So they do where
/// the header, which costs a read of its own in long files and is not looked at there, is of another file than the tail.
pub(crate) fn read_index(
    source: &Counted,
    end: &End,
    size: u64,
    limits: &Limits,
) -> Result<Option<Catalogue>> {
    let Some((tail, last)) = end.tail(size, limits) else {
        return Ok(None);
    };
    if end.start == 0 {
        let head = end.bytes.get(..FILE_HEADER_BYTES).unwrap_or_default();
        if !matches!(Start::of(head), Start::Header(header) if header.file == tail.file) {
            return Ok(None);
        }
    }
    let mut catalogue = Catalogue::default();
    let mut chunks = Vec::new();
    let mut next = Some(last);
    let mut total_bytes = 0_u64;
    let mut memory = 0;
    while let Some(link) = next {
        total_bytes = total_bytes.saturating_add(link.frame_bytes);
        within("bytes of the index", total_bytes, limits.index_bytes)?;
        if total_bytes > size {
            // Indexes that a writer wrote do not overlap.
            return Ok(None);
        }
        let Some((header, payload)) = read_link(source, end, tail.file, link, limits)? else {
            return Ok(None);
        };
        let intact = (|| {
            let index = Index::parse(&payload, header.file, limits)?;
            let listed = index.chunks(link.sequence, limits, &mut memory)?;
            Ok::<_, Error>((index, listed))
        })();
        if intact
            .as_ref()
            .is_ok_and(|(index, _)| index.file.is_encrypted() != header.is_encrypted())
        {
            return Ok(None);
        }
        let (index, listed) = match intact {
            Ok(parts) => parts,
            Err(error) if error.kind() == ErrorKind::Corrupt => return Ok(None),
            Err(error) => return Err(error.at_offset(link.offset)),
        };
        if next == Some(last) {
            index.file.check_version()?;
            catalogue.add_copies(&index, &header, link.offset, limits)?;
        }
        catalogue.links.push((link, listed.len() as u64));
        chunks.push(listed);
        // A chain that does not lead towards the start was not written by a writer.
        if index
            .previous
            .is_some_and(|before| before.offset >= link.offset)
        {
            return Ok(None);
        }
        next = index.previous;
    }
    catalogue.links.reverse();
    let frames = chunks.iter().map(|listed| listed.len() as u64).sum();
    within("frames", frames, limits.frames)?;
    chunks
        .into_iter()
        .rev()
        .flatten()
        .for_each(|chunk| catalogue.add_chunk(chunk));
    catalogue.note_orphans();
    catalogue.next_sequence = tail.sequence.saturating_add(1);
    Ok(Some(catalogue))
}

/// An index frame, or `None` where it is not what the link says.
fn read_link(
    source: &Counted,
    end: &End,
    file: FileId,
    link: Link,
    limits: &Limits,
) -> Result<Option<(FrameHeader, Vec<u8>)>> {
    let mut frame = end.get(source, link.offset, link.frame_bytes)?;
    let Some(header) = FrameHeader::parse(&frame) else {
        return Ok(None);
    };
    let expected = header.file == file
        && header.sequence == link.sequence
        && header.known_kind() == Some(Kind::Index)
        && header.frame_bytes() == link.frame_bytes;
    if !expected || frame.len() as u64 != link.frame_bytes {
        return Ok(None);
    }
    frame.drain(..FRAME_HEADER_BYTES);
    frame.truncate(usize::try_from(header.payload_bytes).map_err(Error::limit)?);
    if header.check_payload(&frame, limits).is_err() {
        return Ok(None);
    }
    if header.is_encrypted() {
        frame = match source.opener().open(&header, frame) {
            Ok(plain) => plain,
            Err(error) if error.kind() == ErrorKind::Corrupt => return Ok(None),
            Err(error) => return Err(error),
        };
    }
    Ok(Some((header, frame)))
}

/// Which file the frames belong to, and what its header says where that is intact.
pub(crate) fn identify(
    source: &Counted,
    end: &End,
    size: u64,
    limits: &Limits,
) -> Result<(FileId, Catalogue)> {
    let mut catalogue = Catalogue::default();
    let head = end.get(source, 0, size.min(FILE_HEADER_BYTES as u64))?;
    let start = Start::of(&head);
    if let Start::Header(header) = start {
        header.check_version()?;
        catalogue.file = Some(header);
        catalogue.is_encrypted = Some(header.is_encrypted());
        return Ok((header.file, catalogue));
    }
    if size < FILE_HEADER_BYTES as u64 && (start == Start::Damaged || SIGNATURE.starts_with(&head))
    {
        return Err(Error::truncated("the file ends within its header").at_offset(size));
    }
    let Some(file) = learn(source, end, size, None, limits)? else {
        return Err(not_a_container(start));
    };
    catalogue.find(
        Severity::Damage,
        "header",
        0,
        "the file header is damaged; frames tell what it said",
    );
    Ok((file, catalogue))
}

/// The id that the tail has, or that frames agree on: any but `except`.
fn learn(
    source: &Counted,
    end: &End,
    size: u64,
    except: Option<FileId>,
    limits: &Limits,
) -> Result<Option<FileId>> {
    let tail = end.tail(size, limits).map(|(tail, _)| tail.file);
    if let Some(file) = tail.filter(|file| Some(*file) != except) {
        return Ok(Some(file));
    }
    let mut offset = 0;
    while offset < size.min(LEARN_BYTES) {
        let window = source.read(offset, LEARN_STEP_BYTES.min(size - offset))?;
        if let Some((file, _)) = file_of_frames(&window, except) {
            return Ok(Some(file));
        }
        offset += LEARN_STEP_BYTES - FRAME_HEADER_BYTES as u64;
    }
    Ok(None)
}

/// What a walk over all frames of a file found.
pub(crate) struct Walked {
    pub(crate) file: FileId,
    pub(crate) catalogue: Catalogue,
    pub(crate) scanner: Scanner,
    /// Where bytes start that are no whole frame.
    pub(crate) rest: u64,
    /// The header they start with, where that is intact.
    pub(crate) torn: Option<FrameHeader>,
}

/// What makes a scanner of a file's frames.
pub(crate) type Scan = fn(FileId, u64, u64, &Limits) -> Scanner;

impl Walked {
    /// Walks over all frames of the file that it is one of.
    pub(crate) fn over(
        source: &Counted,
        end: &End,
        size: u64,
        limits: &Limits,
        scan: Scan,
    ) -> Result<Self> {
        let (file, catalogue) = identify(source, end, size, limits)?;
        let walked = Self::of(source, (file, catalogue), size, limits, scan)?;
        let of = (file, walked.rest);
        let Some(other) = other_file(source, end, size, &walked.catalogue, of, limits)? else {
            return Ok(walked);
        };
        let its = (other, Catalogue::of_foreign_header());
        let its = Self::of(source, its, size, limits, scan)?;
        match its.lost_bytes(size) < walked.lost_bytes(size) {
            true => Ok(its),
            false => Ok(walked),
        }
    }

    fn of(
        source: &Counted,
        (file, mut catalogue): (FileId, Catalogue),
        size: u64,
        limits: &Limits,
        scan: Scan,
    ) -> Result<Self> {
        let mut scanner = scan(file, FILE_HEADER_BYTES as u64, size, limits);
        let (rest, torn) = walk(source, &mut scanner, &mut catalogue, limits, |_, _| Ok(()))?;
        Ok(Self {
            file,
            catalogue,
            scanner,
            rest,
            torn,
        })
    }

    fn lost_bytes(&self, size: u64) -> u64 {
        self.catalogue.lost_bytes(self.rest, size)
    }
}

/// Another file that the frames may be of: where less than half of the file, which ends at `rest` but for a torn frame, is of
/// the header's. A sector that was never written may hold the header of a file that was there before. What is of that one then has
/// to be held against what was found of the header's.
pub(crate) fn other_file(
    source: &Counted,
    end: &End,
    size: u64,
    catalogue: &Catalogue,
    (file, rest): (FileId, u64),
    limits: &Limits,
) -> Result<Option<FileId>> {
    if catalogue.frames > 0 && catalogue.lost_bytes(rest, size) <= size / 2 {
        return Ok(None);
    }
    learn(source, end, size, Some(file), limits)
}

fn not_a_container(start: Start) -> Error {
    match start {
        Start::TextMode => Error::corrupt("the file's line ends were converted, which destroys it")
            .with_hint("transfer the file again, in binary mode"),
        Start::Foreign => Error::unsupported(
            "this is not an .xk file: it does not start as one and has no frames",
        ),
        Start::Header(_) | Start::Damaged => {
            Error::corrupt("the file header is damaged and no frame is intact")
        }
    }
    .at_offset(0)
}

/// Takes all frames that `scanner` finds. Returns where bytes start that are no whole frame.
pub(crate) fn walk(
    source: &Counted,
    scanner: &mut Scanner,
    catalogue: &mut Catalogue,
    limits: &Limits,
    mut each: impl FnMut(&mut Catalogue, &Step) -> Result<()>,
) -> Result<(u64, Option<FrameHeader>)> {
    loop {
        let step = source.scan(scanner)?;
        match &step {
            Step::Frame { offset, header } => {
                catalogue.take_frame(source, *offset, header, limits)?
            }
            Step::Lost { start, end, header } => {
                catalogue.take_lost(source, *start..*end, header.as_ref(), limits)?;
            }
            Step::End { rest, header } => {
                catalogue.settle();
                each(catalogue, &step)?;
                return Ok((*rest, *header));
            }
            Step::Read { .. } => {}
        }
        each(catalogue, &step)?;
    }
}
