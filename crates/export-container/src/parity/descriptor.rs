//! What a parity frame says of its group.

use std::ops::Range;

use export_core::{Limits, Result};

use super::{Parity, Work};
use crate::counted::Counted;
use crate::cursor::Cursor;
use crate::fault::Fault;
use crate::frame::{FrameHeader, directory_checksum};
use crate::layout::{
    ALIGNMENT, FRAME_HEADER_BYTES, PARITY_GROUP_FRAMES, PARITY_HEAD_BYTES, PARITY_SHARDS,
};

/// Bytes before those that the descriptor's checksum covers.
const CHECKSUM_BYTES: usize = 8;

/// The same in each of a group's parity frames, so that any one tells all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// Number of the group's first frame.
    pub(crate) first: u64,
    /// Where that started in the file.
    pub(crate) offset: u64,
    /// What was asked for.
    pub(crate) share: Parity,
    /// Length of a shard, a multiple of [`ALIGNMENT`].
    pub(crate) shard_bytes: u64,
    /// Shards that the group's bytes make.
    pub(crate) data_shards: usize,
    /// Parity frames of the group.
    pub(crate) parts: u64,
    /// Length of each frame, padding included, in units of [`ALIGNMENT`].
    pub(crate) lengths: Vec<u32>,
    /// Of the data shards, and then the recovery shards.
    pub(crate) checksums: Vec<u64>,
}

impl Descriptor {
    /// As stored.
    #[cfg(feature = "parity")]
    pub(crate) fn put(&self, file: export_core::FileId, out: &mut Vec<u8>) -> Result<()> {
        use export_core::Error;
        let count = |count: usize| u32::try_from(count).map_err(Error::limit);
        let start = out.len();
        out.extend([0; CHECKSUM_BYTES]);
        out.extend(self.first.to_le_bytes());
        out.extend(self.offset.to_le_bytes());
        out.extend(count(self.lengths.len())?.to_le_bytes());
        let shard_bytes = u32::try_from(self.shard_bytes).map_err(Error::limit)?;
        out.extend(shard_bytes.to_le_bytes());
        out.extend(count(self.data_shards)?.to_le_bytes());
        out.extend(count(self.recovery_shards())?.to_le_bytes());
        out.extend(
            u16::try_from(self.parts)
                .map_err(Error::limit)?
                .to_le_bytes(),
        );
        out.extend([self.share.as_percent(), 0]);
        out.extend([0; 4]);
        out.extend(self.lengths.iter().flat_map(|length| length.to_le_bytes()));
        out.extend(self.checksums.iter().flat_map(|sum| sum.to_le_bytes()));
        let covered = out.get(start + CHECKSUM_BYTES..).unwrap_or_default();
        let checksum = directory_checksum(file, self.first, covered);
        if let Some(place) = out.get_mut(start..start + CHECKSUM_BYTES) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
        Ok(())
    }

    /// The descriptor at the start of the frame at `offset`, whatever the rest of its payload is like. What is read is
    /// taken from `work`.
    pub(crate) fn read(
        source: &Counted,
        offset: u64,
        header: &FrameHeader,
        limits: &Limits,
        work: &mut Work,
    ) -> Result<Result<Self, Fault>> {
        let start = offset.saturating_add(FRAME_HEADER_BYTES as u64);
        let head_bytes = (PARITY_HEAD_BYTES as u64).min(header.payload_bytes);
        if let Err(fault) = work.take_read(head_bytes) {
            return Ok(Err(fault));
        }
        let head = source.read(start, head_bytes)?;
        let bytes = match Shape::parse(&mut Cursor::new("parity frame", &head)) {
            Ok(shape) => shape.descriptor_bytes(),
            Err(fault) => return Ok(Err(fault)),
        };
        if bytes > header.payload_bytes {
            return Ok(Err(Fault::Short("parity frame")));
        }
        if let Err(fault) = work.take_read(bytes) {
            return Ok(Err(fault));
        }
        Ok(Self::parse(&source.read(start, bytes)?, header, limits))
    }

    /// The descriptor in the first bytes of the payload of a parity frame.
    pub(crate) fn parse(
        bytes: &[u8],
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("parity frame", bytes);
        let shape = Shape::parse(&mut cursor)?;
        let descriptor_bytes = usize::try_from(shape.descriptor_bytes()).unwrap_or(usize::MAX);
        let covered = bytes
            .get(CHECKSUM_BYTES..descriptor_bytes)
            .ok_or(Fault::Short("parity frame"))?;
        if directory_checksum(header.file, shape.first, covered) != shape.checksum {
            return Err(Fault::Checksum("parity frame"));
        }
        let share = Parity::percent(shape.percent)
            .map_err(|_| cursor.out_of_range("share", shape.percent.into()))?;
        let mut lengths = Vec::with_capacity(shape.frames as usize);
        for _ in 0..shape.frames {
            lengths.push(cursor.u32()?);
        }
        if lengths.contains(&0) {
            return Err(cursor.out_of_range("length of a frame", 0));
        }
        let sums = (shape.data_shards + shape.recovery_shards) as usize;
        let mut checksums = Vec::with_capacity(sums);
        for _ in 0..sums {
            checksums.push(cursor.u64()?);
        }
        let descriptor = Self {
            first: shape.first,
            offset: shape.offset,
            share,
            shard_bytes: shape.shard_bytes.into(),
            data_shards: shape.data_shards as usize,
            parts: shape.parts.into(),
            lengths,
            checksums,
        };
        descriptor.check(header, limits)?;
        Ok(descriptor)
    }

    /// Fails where the parts do not fit together, or the frame is not one of the group's.
    fn check(&self, header: &FrameHeader, limits: &Limits) -> Result<(), Fault> {
        let out_of_range = |field, found| Fault::Range {
            structure: "parity frame",
            field,
            found,
        };
        let bytes = self.group_bytes();
        // What a writer may gather beside the longest frame that it may write.
        let most = limits.frame_bytes.saturating_add(64 << 20);
        if bytes > most {
            return Err(out_of_range("bytes", bytes));
        }
        if self.shard_bytes > bytes {
            return Err(out_of_range("length of a shard", self.shard_bytes));
        }
        if bytes.div_ceil(self.shard_bytes) != self.data_shards as u64 {
            return Err(out_of_range("data shards", self.data_shards as u64));
        }
        if !self.offset.is_multiple_of(ALIGNMENT) || self.offset.checked_add(bytes).is_none() {
            return Err(out_of_range("file offset", self.offset));
        }
        if self.end_sequence().is_none() {
            return Err(out_of_range("first sequence", self.first));
        }
        let Some(part) = self.part(header.sequence) else {
            return Err(out_of_range("sequence", header.sequence));
        };
        let shards = self.part_shards(part);
        if shards.is_empty() || self.part_shards(self.parts - 1).is_empty() {
            return Err(out_of_range("parity frames", self.parts));
        }
        if self.payload_bytes(part) != header.payload_bytes {
            return Err(out_of_range("payload length", header.payload_bytes));
        }
        Ok(())
    }

    pub(crate) fn recovery_shards(&self) -> usize {
        self.checksums.len().saturating_sub(self.data_shards)
    }

    /// Length of all frames.
    pub(crate) fn group_bytes(&self) -> u64 {
        self.lengths
            .iter()
            .map(|&units| u64::from(units) * ALIGNMENT)
            .fold(0, u64::saturating_add)
    }

    /// Number of the first parity frame.
    pub(crate) fn first_part(&self) -> u64 {
        self.first.saturating_add(self.lengths.len() as u64)
    }

    /// The number after that of the last parity frame.
    pub(crate) fn end_sequence(&self) -> Option<u64> {
        self.first
            .checked_add(self.lengths.len() as u64)?
            .checked_add(self.parts)
    }

    /// Which of the group's parity frames has this number.
    pub(crate) fn part(&self, sequence: u64) -> Option<u64> {
        sequence
            .checked_sub(self.first_part())
            .filter(|&part| part < self.parts)
    }

    /// The recovery shards in a parity frame.
    pub(crate) fn part_shards(&self, part: u64) -> Range<usize> {
        shards_of_part(self.recovery_shards(), self.parts, part)
    }

    /// Where the recovery shards start in the payload of each of the parity frames.
    pub(crate) fn shards_start(&self) -> u64 {
        let bytes = PARITY_HEAD_BYTES + self.lengths.len() * 4 + self.checksums.len() * 8;
        (bytes as u64).next_multiple_of(ALIGNMENT)
    }

    /// Length of the payload of a parity frame.
    pub(crate) fn payload_bytes(&self, part: u64) -> u64 {
        let shards = self.part_shards(part).len() as u64;
        self.shards_start()
            .saturating_add(shards.saturating_mul(self.shard_bytes))
    }
}

/// Which of `all` recovery shards are in one of `parts` parity frames.
pub(super) fn shards_of_part(all: usize, parts: u64, part: u64) -> Range<usize> {
    let each = all.div_ceil(usize::try_from(parts).unwrap_or(usize::MAX).max(1));
    let start = usize::try_from(part).map_or(all, |part| part.saturating_mul(each).min(all));
    start..start.saturating_add(each).min(all)
}

/// The fixed start of a descriptor.
struct Shape {
    checksum: u64,
    first: u64,
    offset: u64,
    frames: u32,
    shard_bytes: u32,
    data_shards: u32,
    recovery_shards: u32,
    parts: u16,
    percent: u8,
}

impl Shape {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Fault> {
        let shape = Self {
            checksum: cursor.u64()?,
            first: cursor.u64()?,
            offset: cursor.u64()?,
            frames: cursor.u32()?,
            shard_bytes: cursor.u32()?,
            data_shards: cursor.u32()?,
            recovery_shards: cursor.u32()?,
            parts: cursor.u16()?,
            percent: cursor.u8()?,
        };
        cursor.zeros(5)?;
        let counts = [
            ("frames", shape.frames, PARITY_GROUP_FRAMES),
            ("data shards", shape.data_shards, PARITY_SHARDS),
            ("recovery shards", shape.recovery_shards, PARITY_SHARDS),
        ];
        for (field, found, most) in counts {
            if found == 0 || found > most {
                return Err(cursor.out_of_range(field, found.into()));
            }
        }
        if shape.shard_bytes == 0 || u64::from(shape.shard_bytes) % ALIGNMENT != 0 {
            return Err(cursor.out_of_range("length of a shard", shape.shard_bytes.into()));
        }
        if shape.parts == 0 || u32::from(shape.parts) > shape.recovery_shards {
            return Err(cursor.out_of_range("parity frames", shape.parts.into()));
        }
        Ok(shape)
    }

    fn descriptor_bytes(&self) -> u64 {
        let sums = u64::from(self.data_shards) + u64::from(self.recovery_shards);
        PARITY_HEAD_BYTES as u64 + u64::from(self.frames) * 4 + sums * 8
    }
}
