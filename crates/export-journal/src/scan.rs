//! From one segment to the next.

use export_core::{Error, Limits, Result};
use xxhash_rust::xxh3::xxh3_64;

use crate::boot::BootId;
use crate::layout::{
    COPY_OFFSET, COUNT_OFFSET, Count, DISCARDS_OFFSET, EXTENT_OFFSET, Extent, FileHeader, FileId,
    HEADER_BYTES, LEAST_SEGMENT_BYTES, MOST_CAPACITY_BYTES, SEAL_OFFSETS, SEGMENT_CHECK_OFFSET,
    SEGMENT_HEADER_BYTES, Seal, SegmentHeader, VERSION,
};
use crate::order::{Found, sort};
use crate::recover::Source;
use crate::recovered::{Cause, Loss, Recovered};

const HEADER: u64 = HEADER_BYTES as u64;
/// A segment that is used anew while it is read is read again, so often.
const READINGS: usize = 4;

pub(crate) fn scan(
    mut source: impl Source,
    limits: &Limits,
    now: Option<BootId>,
) -> Result<Recovered> {
    let size_bytes = source.size_bytes()?;
    // A file with a hole in it can be longer than anybody has time for.
    if size_bytes > MOST_CAPACITY_BYTES {
        let text = format!("a journal of {size_bytes} bytes, and none has more than 4 GiB");
        return Err(Error::corrupt(text));
    }
    if size_bytes == 0 {
        return Err(Error::truncated("the journal ends before its first row"));
    }
    let mut page = [0; HEADER_BYTES];
    if source.read_at(0, &mut page)? < HEADER_BYTES {
        // A header is written at once: who has less has a part of a copy.
        return Err(Error::corrupt(
            "no journal, or it was cut off in its header",
        ));
    }
    let header = file_header(&page)?;
    let boot_id = (header.boot_id != [0; 16]).then_some(BootId(header.boot_id));
    let extent = page.get(EXTENT_OFFSET..);
    let extent = extent.and_then(|page| Extent::parse(page, &header.file_id));
    // Asked again: it may have grown before it said so.
    let size_bytes = source.size_bytes()?;
    let mut scan = Scan {
        source,
        size_bytes,
        limits,
        header,
        same_boot: boot_id.is_some() && boot_id == now,
        held_bytes: 0,
        found: Vec::new(),
        losses: Vec::new(),
    };
    let mut offset = HEADER;
    while size_bytes.saturating_sub(offset) >= HEADER {
        offset = offset.saturating_add(scan.segment(offset)?);
    }
    scan.note_cut(extent);
    let (lanes, losses) = sort(scan.found, scan.losses, scan.same_boot);
    Ok(Recovered {
        file_id: header.file_id,
        pid: header.pid,
        boot_id,
        same_boot: scan.same_boot,
        lanes,
        losses,
    })
}

/// The header, from whichever copy is sound.
fn file_header(page: &[u8]) -> Result<FileHeader> {
    let mut newer = None;
    for copy in [Some(page), page.get(COPY_OFFSET..)] {
        match copy.and_then(FileHeader::parse) {
            Some((_, Some(header)))
                if header.segment_bytes >= LEAST_SEGMENT_BYTES
                    && header.segment_bytes.is_multiple_of(HEADER) =>
            {
                return Ok(header);
            }
            Some((version, _)) if version != VERSION => newer = Some(version),
            _ => {}
        }
    }
    Err(match newer {
        Some(version) => Error::version(format!(
            "the journal is of version {version}, and this release reads version {VERSION}"
        ))
        .with_hint("read it with the release that wrote it, or a later one"),
        None if page.iter().all(|&byte| byte == 0) => {
            Error::truncated("the journal ends before its first row")
        }
        None => Error::corrupt("no journal, or both copies of its header are damaged"),
    })
}

struct Scan<'a, S> {
    source: S,
    size_bytes: u64,
    limits: &'a Limits,
    header: FileHeader,
    same_boot: bool,
    /// Bytes of what was found.
    held_bytes: u64,
    found: Vec<Found>,
    losses: Vec<Loss>,
}

impl<S: Source> Scan<'_, S> {
    /// Looks at the segment at `offset`. Returns its length.
    fn segment(&mut self, offset: u64) -> Result<u64> {
        let mut page = [0; HEADER_BYTES];
        for _ in 0..READINGS {
            self.source.read_at(offset, &mut page)?;
            let Some(header) = self.header_of(&page, offset) else {
                return Ok(self.not_in_use(&page, offset));
            };
            let (found, losses) = self.rows(&page, header)?;
            let mut after = [0; HEADER_BYTES];
            self.source.read_at(offset, &mut after)?;
            if same_use(&page, &after) {
                self.found.extend(found);
                self.losses.extend(losses);
                return Ok(header.bytes);
            }
        }
        // Whoever uses it that often has its rows in the main file by now.
        Ok(self.header.segment_bytes)
    }

    /// Journals grow by whole segments, and say how long they are: what ends within one, or before that, was cut off.
    fn note_cut(&mut self, extent: Option<Extent>) {
        let unit = self.header.segment_bytes.max(1);
        let past = self.size_bytes.saturating_sub(HEADER) % unit;
        let offset = self.size_bytes - past;
        let whole = if past == 0 { offset } else { offset + unit };
        let end = extent.map_or(whole, |Extent(bytes)| bytes.max(whole));
        if end > self.size_bytes {
            self.losses.push(Loss {
                cause: Cause::Cut,
                offset,
                lane: None,
                first_row: None,
                rows: None,
                bytes: end - self.size_bytes,
            });
        }
    }

    /// The header of a segment in use.
    fn header_of(&self, page: &[u8], offset: u64) -> Option<SegmentHeader> {
        let header = SegmentHeader::parse(page, &self.header.file_id)?;
        let fits = header.offset == offset
            && self.is_length(header.bytes)
            && header.prefix_bytes() <= header.bytes - HEADER;
        fits.then_some(header)
    }

    fn is_length(&self, bytes: u64) -> bool {
        bytes >= self.header.segment_bytes && bytes.is_multiple_of(self.header.segment_bytes)
    }

    /// A segment without a sound header: free, or damaged. Returns how far to go on.
    fn not_in_use(&mut self, page: &[u8], offset: u64) -> u64 {
        let unit = self.header.segment_bytes;
        let is_free = word(page, SEGMENT_CHECK_OFFSET) == 0;
        if is_free {
            // What is left of its last header says how long it is.
            let (at, bytes) = (word(page, 16), word(page, 24));
            return if at == offset && self.is_length(bytes) {
                bytes
            } else {
                unit
            };
        }
        // No row was committed to it: the count is not what a disk could have kept from us.
        if !(self.same_boot && word(page, COUNT_OFFSET) == 0) {
            self.losses.push(Loss {
                cause: Cause::Damaged,
                offset,
                lane: None,
                first_row: None,
                rows: None,
                bytes: unit.min(self.size_bytes - offset) - HEADER,
            });
        }
        unit
    }

    /// Rows of a segment in use, and what of them is lost.
    fn rows(
        &mut self,
        page: &[u8],
        header: SegmentHeader,
    ) -> Result<(Option<Found>, Option<Loss>)> {
        let room = header.bytes - HEADER - header.prefix_bytes();
        let claims = Claims::of(page, &header, &self.header.file_id, room);
        let mut body = self.body(&header, claims.most())?;
        let prefix_bytes = usize::try_from(header.prefix_bytes()).unwrap_or(usize::MAX);
        let vouched = claims.vouched(&body, prefix_bytes);
        let kept = claims.kept(vouched, self.same_boot);
        let loss = |kept| self.loss(&header, &claims, kept, room);
        let rows_end = usize::try_from(kept.bytes())
            .ok()
            .and_then(|n| prefix_bytes.checked_add(n));
        let is_whole = rows_end.is_some_and(|end| end <= body.len());
        let text = prefix(&body, &header).filter(|_| is_whole);
        let Some((name, about)) = text else {
            return Ok((None, loss(Count::default())));
        };
        body.truncate(rows_end.unwrap_or_default());
        body.drain(..prefix_bytes);
        let found = Found {
            header,
            name,
            about,
            count: kept,
            sealed_rows: vouched.rows().min(kept.rows()),
            bytes: body,
        };
        Ok((Some(found), loss(kept)))
    }

    /// What is lost of a segment of which `kept` is had.
    fn loss(
        &self,
        header: &SegmentHeader,
        claims: &Claims,
        kept: Count,
        room: u64,
    ) -> Option<Loss> {
        let most = claims.counted.map(|_| claims.most());
        let lost = Loss {
            cause: if self.same_boot {
                Cause::Damaged
            } else {
                Cause::Unsealed
            },
            offset: header.offset,
            lane: Some(header.lane),
            first_row: Some(header.first_row.saturating_add(kept.rows())),
            rows: most.map(|most| most.rows().saturating_sub(kept.rows())),
            bytes: most.map_or(room, Count::bytes).saturating_sub(kept.bytes()),
        };
        Some(lost).filter(|lost| lost.bytes > 0)
    }

    /// Prefix and rows of a segment as far as the file goes.
    fn body(&mut self, header: &SegmentHeader, count: Count) -> Result<Vec<u8>> {
        Limits::check(
            "what a run is about",
            header.prefix_bytes(),
            self.limits.metadata_bytes,
        )?;
        let start = header.offset.saturating_add(HEADER);
        let there = self.size_bytes.saturating_sub(start);
        let wanted = header
            .prefix_bytes()
            .saturating_add(count.bytes())
            .min(there);
        self.held_bytes = self.held_bytes.saturating_add(wanted);
        let most = self.limits.memory_bytes;
        Limits::check("rows of the journal", self.held_bytes, most)?;
        let wanted = usize::try_from(wanted)
            .map_err(|_| Error::limit("more than this machine can address"))?;
        let mut body = vec![0; wanted];
        let bytes = self.source.read_at(start, &mut body)?;
        body.truncate(bytes);
        Ok(body)
    }
}

/// What the header page of a segment says of how many rows it has.
struct Claims {
    /// The count, where it is possible.
    counted: Option<Count>,
    /// Possible seals of this use, the newest first.
    seals: Vec<Seal>,
}

impl Claims {
    fn of(page: &[u8], header: &SegmentHeader, file_id: &FileId, room: u64) -> Self {
        let possible = |count: &Count| {
            count.bytes() <= room
                && count.rows() <= count.bytes()
                && (count.rows() == 0) == (count.bytes() == 0)
                && header.first_row.checked_add(count.rows()).is_some()
        };
        let mut seals: Vec<Seal> = SEAL_OFFSETS
            .iter()
            .filter_map(|&at| Seal::parse(page.get(at..)?, file_id))
            .filter(|seal| seal.generation == header.generation && possible(&seal.count))
            .collect();
        seals.sort_unstable_by_key(|seal| std::cmp::Reverse(seal.number));
        let count = Count::from_word(word(page, COUNT_OFFSET));
        Self {
            counted: Some(count).filter(possible),
            seals,
        }
    }

    fn newest(&self) -> Option<Count> {
        self.seals.first().map(|seal| seal.count)
    }

    /// What there was, going by whoever says most.
    fn most(&self) -> Count {
        let claimed = self.counted.into_iter().chain(self.newest());
        let most = claimed.max_by_key(|count| count.bytes());
        most.unwrap_or_default()
    }

    /// What the newest seal covers whose checksum is that of prefix and rows.
    fn vouched(&self, body: &[u8], prefix_bytes: usize) -> Count {
        let holds = |seal: &&Seal| {
            let covered = usize::try_from(seal.count.bytes()).ok();
            let covered = covered.and_then(|bytes| body.get(..prefix_bytes.checked_add(bytes)?));
            covered.is_some_and(|covered| xxh3_64(covered) == seal.rows_check)
        };
        let seal = self.seals.iter().find(holds);
        seal.map(|seal| seal.count).unwrap_or_default()
    }

    /// What is believed.
    fn kept(&self, vouched: Count, same_boot: bool) -> Count {
        let newest_holds = self.newest().is_none_or(|newest| newest == vouched);
        match self.counted {
            // The page cache has seen every store of the process.
            Some(count) if same_boot && newest_holds && count.bytes() >= vouched.bytes() => count,
            _ => vouched,
        }
    }
}

/// Name and about, where they are as they were written.
fn prefix(body: &[u8], header: &SegmentHeader) -> Option<(String, Vec<u8>)> {
    let prefix = body.get(..usize::try_from(header.prefix_bytes()).ok()?)?;
    if xxh3_64(prefix) != header.prefix_check {
        return None;
    }
    let (name, about) = prefix.split_at_checked(usize::try_from(header.name_bytes).ok()?)?;
    Some((std::str::from_utf8(name).ok()?.to_owned(), about.to_vec()))
}

/// Whether two readings of a header are of the same use, with no rows taken back in between.
fn same_use(before: &[u8], after: &[u8]) -> bool {
    before.get(..SEGMENT_HEADER_BYTES) == after.get(..SEGMENT_HEADER_BYTES)
        && word(before, DISCARDS_OFFSET) == word(after, DISCARDS_OFFSET)
}

fn word(page: &[u8], at: usize) -> u64 {
    let bytes = page.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
