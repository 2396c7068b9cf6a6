//! The shards of a group, wherever in the file they are.

use std::collections::BTreeMap;
use std::ops::Range;

use export_core::{Result, memory};
use xxhash_rust::xxh3::xxh3_64;

use super::descriptor::Descriptor;
use super::group::Group;
use super::work::Work;
use crate::counted::Counted;
use crate::frame::FrameHeader;
use crate::layout::{ALIGNMENT, FRAME_HEADER_BYTES};
use crate::places::Places;

/// How much is read at a time.
const READ_BYTES: usize = 1 << 20;
/// Copies of a frame that are tried.
const COPIES: usize = 4;

/// What there is of a group's shards.
pub(super) struct Shards<'a> {
    source: &'a Counted,
    descriptor: &'a Descriptor,
    group: &'a Group,
    /// Where each frame starts in the group.
    starts: Vec<u64>,
    data: Vec<u8>,
    good: Vec<bool>,
    work: &'a mut Work,
}

impl<'a> Shards<'a> {
    /// Takes memory for as many bytes as the group has; the caller has seen that the file is as long.
    pub(super) fn new(
        source: &'a Counted,
        descriptor: &'a Descriptor,
        group: &'a Group,
        work: &'a mut Work,
    ) -> Result<Self> {
        let starts = descriptor.lengths.iter().scan(0_u64, |end, &units| {
            let start = *end;
            *end = end.saturating_add(u64::from(units) * ALIGNMENT);
            Some(start)
        });
        let shard_bytes = usize::try_from(descriptor.shard_bytes).unwrap_or(usize::MAX);
        Ok(Self {
            source,
            descriptor,
            group,
            starts: starts.collect(),
            data: memory::zeros(descriptor.data_shards.saturating_mul(shard_bytes))?,
            good: vec![false; descriptor.data_shards],
            work,
        })
    }

    /// Shards that are not as they were written.
    pub(super) fn missing(&self) -> usize {
        self.good.iter().filter(|good| !**good).count()
    }

    /// The group's bytes, and which shards of them are good.
    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<bool>) {
        (self.data, self.good)
    }

    /// Whether every shard of `data` is as it was written.
    pub(super) fn are_all(data: &[u8], descriptor: &Descriptor) -> bool {
        let shard_bytes = usize::try_from(descriptor.shard_bytes).unwrap_or(usize::MAX);
        let sums = descriptor.checksums.iter();
        data.chunks_exact(shard_bytes)
            .zip(sums)
            .all(|(shard, &sum)| xxh3_64(shard) == sum)
    }

    /// Looks for the data shards: at their offsets, then in frames that lie elsewhere, then where the frames around them lie.
    pub(super) fn find(&mut self, places: &Places) -> Result<()> {
        self.read_in_place()?;
        for copy in 0..COPIES {
            if !self.read_frames(places, copy)? {
                break;
            }
        }
        self.read_displaced(places)
    }

    fn read_in_place(&mut self) -> Result<()> {
        let mut offset = self.descriptor.offset;
        let mut end = 0;
        let bytes = usize::try_from(self.descriptor.group_bytes()).unwrap_or(usize::MAX);
        let mut data = std::mem::take(&mut self.data);
        for part in data
            .get_mut(..bytes)
            .unwrap_or_default()
            .chunks_mut(READ_BYTES)
        {
            let count = self.read(offset, part)?;
            end += count;
            if count < part.len() {
                break;
            }
            offset = offset.saturating_add(part.len() as u64);
        }
        self.data = data;
        for shard in 0..self.good.len() {
            let range = self.range(shard);
            if range.start >= end {
                // What was not read costs nothing.
                break;
            }
            let bytes = self.data.get(range).unwrap_or_default();
            let is_good = self.is_good(shard, bytes);
            if let Some(good) = self.good.get_mut(shard) {
                *good = is_good;
            }
        }
        Ok(())
    }

    /// Puts bad shards together from the frames that they are of, as they are found by their numbers. Returns whether any
    /// frame is there as often.
    fn read_frames(&mut self, places: &Places, copy: usize) -> Result<bool> {
        let mut any = false;
        for shard in self.bad() {
            let range = self.range(shard);
            let found: Vec<(usize, u64)> = self
                .frames_of(&range)
                .filter_map(|frame| {
                    let number = self.descriptor.first.saturating_add(frame as u64);
                    Some((frame, places.of(number).nth(copy)?))
                })
                .collect();
            if found.is_empty() {
                continue;
            }
            if self.work.is_spent() {
                break;
            }
            any = true;
            let mut bytes = self.data.get(range.clone()).unwrap_or_default().to_vec();
            let mut changed = false;
            for (frame, offset) in found {
                changed |= self.read_part(frame, offset, &range, &mut bytes)?;
            }
            if changed {
                self.take(shard, &bytes);
            }
        }
        Ok(any)
    }

    /// Fills in what of the shard at `range` of the group is of a frame that was found at `offset`.
    fn read_part(
        &mut self,
        frame: usize,
        offset: u64,
        range: &Range<usize>,
        shard: &mut [u8],
    ) -> Result<bool> {
        let start = self.starts.get(frame).copied().unwrap_or(u64::MAX);
        let units = self.descriptor.lengths.get(frame).copied().unwrap_or(0);
        let mut head = [0; FRAME_HEADER_BYTES];
        self.read(offset, &mut head)?;
        let header = FrameHeader::parse(&head);
        let Some(header) =
            header.filter(|header| header.frame_bytes() == u64::from(units) * ALIGNMENT)
        else {
            return Ok(false);
        };
        let from = start.max(range.start as u64);
        let end = start
            .saturating_add(header.frame_bytes())
            .min(range.end as u64);
        // Padding is zero by rule, so whatever lies there does not matter.
        let content_end = start.saturating_add(header.whole_bytes()).clamp(from, end);
        let at = |offset: u64| {
            usize::try_from(offset).map_or(usize::MAX, |at| at.saturating_sub(range.start))
        };
        if let Some(part) = shard.get_mut(at(from)..at(content_end)) {
            self.read(offset.saturating_add(from.saturating_sub(start)), part)?;
        }
        if let Some(padding) = shard.get_mut(at(content_end)..at(end)) {
            padding.fill(0);
        }
        Ok(true)
    }

    /// Reads bad shards as far from their offsets as frames before and after them are from theirs: bytes that were put in or
    /// taken out within a frame move the rest of it.
    fn read_displaced(&mut self, places: &Places) -> Result<()> {
        if self.missing() == 0 {
            return Ok(());
        }
        let displaced = |frame: usize| {
            let number = self.descriptor.first.saturating_add(frame as u64);
            let expected = self
                .descriptor
                .offset
                .saturating_add(*self.starts.get(frame)?);
            Some(places.of(number).next()?.wrapping_sub(expected))
        };
        let found: Vec<_> = (0..self.starts.len()).map(displaced).collect();
        let mut last = None;
        let mut before = Vec::with_capacity(found.len());
        for &displacement in &found {
            last = displacement.or(last);
            before.push(last);
        }
        let mut next = self.displaced_parity();
        let mut after = Vec::with_capacity(found.len());
        for &displacement in found.iter().rev() {
            next = displacement.or(next);
            after.push(next);
        }
        after.reverse();
        for shard in self.bad() {
            let range = self.range(shard);
            let frames = self.frames_of(&range);
            let tried = [
                before.get(frames.start).copied().flatten(),
                after.get(frames.end.saturating_sub(1)).copied().flatten(),
            ];
            for displacement in tried.into_iter().flatten().filter(|&by| by != 0) {
                if self.work.is_spent() {
                    return Ok(());
                }
                let start = self.descriptor.offset.saturating_add(range.start as u64);
                let mut bytes = memory::zeros(range.len())?;
                self.read(start.wrapping_add(displacement), &mut bytes)?;
                let past = usize::try_from(self.descriptor.group_bytes())
                    .map_or(usize::MAX, |end| end.saturating_sub(range.start));
                if let Some(padding) = bytes.get_mut(past..) {
                    padding.fill(0);
                }
                if self.take(shard, &bytes) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Up to `wanted` recovery shards, and how many are intact.
    pub(super) fn recovery(&mut self, wanted: usize) -> Result<(BTreeMap<usize, Vec<u8>>, usize)> {
        let mut kept = BTreeMap::new();
        let mut intact = 0;
        let displaced = self.displaced_parity().unwrap_or(0);
        for part in 0..self.descriptor.parts {
            let number = self.descriptor.first_part().saturating_add(part);
            let expected = self.part_offset(part);
            let found = self.group.parts.iter();
            let found = found
                .filter(|(_, header)| header.sequence == number)
                .map(|&(offset, _)| offset);
            let mut offsets: Vec<u64> = found.take(COPIES).collect();
            offsets.extend([expected.wrapping_add(displaced), expected]);
            offsets.dedup();
            let shards = self.descriptor.part_shards(part);
            for shard in shards.clone() {
                let before =
                    ((shard - shards.start) as u64).saturating_mul(self.descriptor.shard_bytes);
                let within = (FRAME_HEADER_BYTES as u64)
                    .saturating_add(self.descriptor.shards_start())
                    .saturating_add(before);
                for &offset in &offsets {
                    if self.work.is_spent() {
                        return Ok((kept, intact));
                    }
                    let shard_bytes = usize::try_from(self.descriptor.shard_bytes);
                    let mut bytes = memory::zeros(shard_bytes.unwrap_or(0))?;
                    self.read(offset.wrapping_add(within), &mut bytes)?;
                    if self.is_good(self.descriptor.data_shards + shard, &bytes) {
                        intact += 1;
                        if kept.len() < wanted {
                            kept.insert(shard, bytes);
                        }
                        break;
                    }
                }
            }
        }
        Ok((kept, intact))
    }

    /// Where a parity frame should be.
    fn part_offset(&self, part: u64) -> u64 {
        let frame =
            |part| (FRAME_HEADER_BYTES as u64).saturating_add(self.descriptor.payload_bytes(part));
        let first = self
            .descriptor
            .offset
            .saturating_add(self.descriptor.group_bytes());
        (0..part).map(frame).fold(first, u64::saturating_add)
    }

    /// How far from its place the first parity frame that was found is.
    fn displaced_parity(&self) -> Option<u64> {
        let (offset, header) = self.group.parts.first()?;
        let part = self.descriptor.part(header.sequence)?;
        Some(offset.wrapping_sub(self.part_offset(part)))
    }

    fn bad(&self) -> Vec<usize> {
        let bad = self.good.iter().enumerate().filter(|(_, good)| !**good);
        bad.map(|(shard, _)| shard).collect()
    }

    /// A shard's bytes in the group.
    fn range(&self, shard: usize) -> Range<usize> {
        let shard_bytes = usize::try_from(self.descriptor.shard_bytes).unwrap_or(usize::MAX);
        let start = shard.saturating_mul(shard_bytes);
        start..start.saturating_add(shard_bytes)
    }

    /// The frames that have bytes in a range of the group.
    fn frames_of(&self, range: &Range<usize>) -> Range<usize> {
        let first = self
            .starts
            .partition_point(|&start| start <= range.start as u64);
        let end = self
            .starts
            .partition_point(|&start| start < range.end as u64);
        first.saturating_sub(1)..end
    }

    fn is_good(&self, shard: usize, bytes: &[u8]) -> bool {
        self.descriptor.checksums.get(shard) == Some(&xxh3_64(bytes))
    }

    /// Takes `bytes` as those of a shard if that is what they are.
    fn take(&mut self, shard: usize, bytes: &[u8]) -> bool {
        let is_good = self.is_good(shard, bytes);
        let range = self.range(shard);
        if let (true, Some(place), Some(good)) =
            (is_good, self.data.get_mut(range), self.good.get_mut(shard))
        {
            place.copy_from_slice(bytes);
            *good = true;
        }
        is_good
    }

    /// Reads unless enough was read, or the place is before the file, where displaced shards may have been. Returns how much.
    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        if i64::try_from(offset).is_err() || self.work.take_read(buffer.len() as u64).is_err() {
            return Ok(0);
        }
        self.source.read_into(offset, buffer)
    }
}
