//! The segments of a journal: which are free, and which hold rows of which lane.

use std::collections::{BTreeMap, VecDeque};

use export_core::Result;

use crate::backing::Backing;
use crate::layout::HEADER_BYTES;
use crate::segment::{Segment, Writer};
use crate::sync::Arc;

/// The segments of a journal.
pub(crate) struct Pool {
    segment_bytes: u64,
    capacity_bytes: u64,
    /// Of the file so far.
    file_bytes: u64,
    /// The last one freed comes last: its pages are the likeliest to be in memory.
    free: Vec<Writer>,
    generation: u64,
    lanes: BTreeMap<u32, LaneParts>,
    next_lane: u32,
    /// Segments that hold rows or are being filled, and their bytes.
    segments: u64,
    bytes: u64,
    /// Lanes that are open.
    open_lanes: u64,
    /// Segments of which sealed rows were taken back since the last seal.
    taken_back: Vec<Arc<Segment>>,
}

/// What the journal holds of a lane.
struct LaneParts {
    name: Arc<str>,
    /// Whether somebody may still write to it.
    open: bool,
    /// Rows below are no longer needed.
    released: u64,
    /// In order of row number.
    parts: VecDeque<Part>,
}

/// A segment that holds rows of a lane, or will.
pub(crate) struct Part {
    pub(crate) segment: Arc<Segment>,
    pub(crate) generation: u64,
    pub(crate) first_row: u64,
    /// `None` while the lane has it.
    pub(crate) full: Option<Writer>,
}

impl Part {
    /// Number of the row after the last one, once the lane is done with it.
    fn end_row(&self) -> Option<u64> {
        let writer = self.full.as_ref()?;
        Some(self.first_row.saturating_add(writer.count().rows()))
    }
}

impl Pool {
    pub(crate) fn new(segment_bytes: u64, capacity_bytes: u64) -> Self {
        Self {
            segment_bytes,
            capacity_bytes,
            file_bytes: HEADER_BYTES as u64,
            free: Vec::new(),
            generation: 0,
            lanes: BTreeMap::new(),
            next_lane: 0,
            segments: 0,
            bytes: 0,
            open_lanes: 0,
            taken_back: Vec::new(),
        }
    }

    pub(crate) fn add_lane(&mut self, name: &str) -> u32 {
        let number = self.next_lane;
        self.next_lane = number.wrapping_add(1);
        let lane = LaneParts {
            name: Arc::from(name),
            open: true,
            released: 0,
            parts: VecDeque::new(),
        };
        self.lanes.insert(number, lane);
        self.open_lanes += 1;
        number
    }

    /// Nobody writes to the lane any more.
    pub(crate) fn close(&mut self, number: u32) {
        if let Some(lane) = self.lanes.get_mut(&number) {
            self.open_lanes -= u64::from(std::mem::take(&mut lane.open));
        }
        self.tidy(number);
    }

    /// Rows of the lane below `up_to_row` are no longer needed.
    pub(crate) fn release(&mut self, number: u32, up_to_row: u64) {
        if let Some(lane) = self.lanes.get_mut(&number) {
            lane.released = lane.released.max(up_to_row);
        }
        self.tidy(number);
    }

    /// What an open lane is called.
    pub(crate) fn name(&self, number: u32) -> Arc<str> {
        let name = self.lanes.get(&number).map(|lane| Arc::clone(&lane.name));
        name.unwrap_or_default()
    }

    /// Takes a lane's newest segment out.
    pub(crate) fn last_part(&mut self, number: u32) -> Option<Part> {
        let part = self.lanes.get_mut(&number)?.parts.pop_back()?;
        self.segments -= 1;
        self.bytes -= part.segment.bytes();
        Some(part)
    }

    /// Puts a segment that is newer than the others of its lane to them.
    pub(crate) fn put_part(&mut self, number: u32, part: Part) {
        if let Some(lane) = self.lanes.get_mut(&number) {
            self.segments += 1;
            self.bytes += part.segment.bytes();
            lane.parts.push_back(part);
        }
    }

    /// Numbers the next use of a segment.
    pub(crate) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Length of a segment for `needed` bytes, header and all; `None` where the journal never has so much.
    fn rounded(&self, needed: u64) -> Option<u64> {
        let bytes = needed.checked_next_multiple_of(self.segment_bytes)?;
        (bytes <= self.capacity_bytes - HEADER_BYTES as u64).then_some(bytes)
    }

    /// Whether there can ever be a segment of `needed` bytes, header and all.
    pub(crate) fn can_have(&self, needed: u64) -> bool {
        self.rounded(needed).is_some()
    }

    /// A free segment of at least `needed` bytes, header and all; `None` where others must be freed first.
    pub(crate) fn take(&mut self, backing: &dyn Backing, needed: u64) -> Result<Option<Writer>> {
        let Some(bytes) = self.rounded(needed) else {
            return Ok(None);
        };
        let newest = |writer: &Writer| writer.segment().bytes() == bytes;
        if let Some(at) = self.free.iter().rposition(newest) {
            return Ok(Some(self.free.remove(at)));
        }
        if self.file_bytes + bytes <= self.capacity_bytes {
            backing.allocate(self.file_bytes, bytes)?;
            let region = backing.map(self.file_bytes, bytes)?;
            let writer = Writer::new(region, self.file_bytes);
            self.file_bytes += bytes;
            return Ok(Some(writer));
        }
        let large = (0..).zip(&self.free).map(|(at, writer)| {
            let bytes = writer.segment().bytes();
            (bytes, at)
        });
        if let Some((_, at)) = large.filter(|&(has, _)| has > bytes).min() {
            return Ok(Some(self.free.remove(at)));
        }
        self.join(backing, bytes)
    }

    /// Makes one segment of several free ones that adjoin.
    fn join(&mut self, backing: &dyn Backing, bytes: u64) -> Result<Option<Writer>> {
        let mut places: Vec<(u64, u64)> = self
            .free
            .iter()
            .map(|writer| (writer.segment().offset(), writer.segment().bytes()))
            .collect();
        places.sort_unstable();
        let mut start = 0;
        let mut end = 0;
        for (offset, has) in places {
            if offset != end {
                start = offset;
            }
            end = offset + has;
            if end - start >= bytes {
                let region = backing.map(start, end - start)?;
                let within = |writer: &Writer| (start..end).contains(&writer.segment().offset());
                self.free.retain(|writer| !within(writer));
                return Ok(Some(Writer::new(region, start)));
            }
        }
        Ok(None)
    }

    /// Frees a segment. True where a seal covered some of its rows.
    pub(crate) fn free(&mut self, mut writer: Writer) -> bool {
        let was_sealed = writer.retire();
        self.free.push(writer);
        was_sealed
    }

    /// Frees what `lane` no longer needs, and forgets the lane once nothing is left of it.
    pub(crate) fn tidy(&mut self, number: u32) {
        let mut freed = Vec::new();
        let Some(lane) = self.lanes.get_mut(&number) else {
            return;
        };
        while let Some(part) = lane.parts.front() {
            // One without rows is of use only while the lane may write to it.
            match part.end_row() {
                Some(end) if end <= lane.released || end == part.first_row => {}
                _ => break,
            }
            if let Some(part) = lane.parts.pop_front() {
                self.segments -= 1;
                self.bytes -= part.segment.bytes();
                freed.extend(part.full);
            }
        }
        if !lane.open && lane.parts.is_empty() {
            self.lanes.remove(&number);
        }
        for writer in freed {
            self.free(writer);
        }
    }

    /// The segments that hold rows, or will, and the number of their use.
    pub(crate) fn in_use(&self) -> Vec<(Arc<Segment>, u64)> {
        let parts = self.lanes.values().flat_map(|lane| &lane.parts);
        parts
            .map(|part| (Arc::clone(&part.segment), part.generation))
            .collect()
    }

    /// Sealed rows were taken back of these segments, which the next seal makes durable.
    pub(crate) fn add_taken_back(&mut self, segments: Vec<Arc<Segment>>) {
        self.taken_back.extend(segments);
    }

    pub(crate) fn is_taking_back(&self) -> bool {
        !self.taken_back.is_empty()
    }

    /// The segments of which sealed rows were taken back since this was asked last.
    pub(crate) fn taken_back(&mut self) -> Vec<Arc<Segment>> {
        std::mem::take(&mut self.taken_back)
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage {
            segments: self.segments,
            free_segments: self.free.len() as u64,
            bytes: self.bytes,
            file_bytes: self.file_bytes,
            capacity_bytes: self.capacity_bytes,
            lanes: self.open_lanes,
        }
    }
}

/// How much of a journal is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Segments that hold rows, or are being filled.
    pub segments: u64,
    /// Segments that are there and free.
    pub free_segments: u64,
    /// Bytes of the segments in use, whether filled or not.
    pub bytes: u64,
    /// Length of the file.
    pub file_bytes: u64,
    /// Most that the file may come to.
    pub capacity_bytes: u64,
    /// Lanes that are open.
    pub lanes: u64,
}
