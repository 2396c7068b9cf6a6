//! The groups of a file, as its parity frames tell them.

use export_core::{Limits, Result};

use super::Parity;
use super::descriptor::Descriptor;
use crate::catalogue::Catalogue;
use crate::counted::Counted;
use crate::frame::FrameHeader;

/// Frames that follow one another, and have parity.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Number of the first frame.
    pub(crate) first: u64,
    /// Number of the first parity frame, which is that after the last frame.
    pub(crate) first_part: u64,
    /// The number after that of the last parity frame.
    pub(crate) end: u64,
    pub(crate) share: Parity,
    /// Headers of parity frames that were found, and where they are.
    pub(crate) parts: Vec<(u64, FrameHeader)>,
    /// Bytes of recovery shards in each parity frame.
    part_bytes: Vec<u64>,
}

impl Group {
    fn new(descriptor: &Descriptor) -> Option<Self> {
        let bytes = (0..descriptor.parts).map(|part| {
            let shards = descriptor.part_shards(part).len() as u64;
            shards.saturating_mul(descriptor.shard_bytes)
        });
        Some(Self {
            first: descriptor.first,
            first_part: descriptor.first_part(),
            end: descriptor.end_sequence()?,
            share: descriptor.share,
            parts: Vec::new(),
            part_bytes: bytes.collect(),
        })
    }

    /// Frames of the group that are not as they were written.
    pub(crate) fn damaged(&self, catalogue: &Catalogue) -> Vec<u64> {
        (self.first..self.first_part)
            .filter(|&number| {
                !catalogue.seen.contains(number) || catalogue.damaged.contains(number)
            })
            .collect()
    }

    /// Bytes of recovery shards in parity frames in which nothing was found damaged.
    pub(crate) fn intact_bytes(&self, catalogue: &Catalogue) -> u64 {
        let parts = (self.first_part..self.end).zip(&self.part_bytes);
        let intact = parts.filter(|&(number, _)| {
            catalogue.seen.contains(number) && !catalogue.damaged.contains(number)
        });
        intact.map(|(_, &bytes)| bytes).sum()
    }
}

/// The groups that `frames`, headers of parity frames and where they are, tell of: in order, none reaching into another.
pub(crate) fn groups(
    source: &Counted,
    frames: &[(u64, FrameHeader)],
    limits: &Limits,
) -> Result<Vec<Group>> {
    let mut frames = frames.to_vec();
    frames.sort_by_key(|&(offset, header)| (header.sequence, offset));
    let mut groups: Vec<Group> = Vec::new();
    for &(offset, header) in &frames {
        let end = groups.last().map_or(0, |group| group.end);
        if header.sequence < end {
            continue;
        }
        let Ok(descriptor) = Descriptor::read(source, offset, &header, limits)? else {
            continue;
        };
        if descriptor.first >= end {
            groups.extend(Group::new(&descriptor));
        }
    }
    for (offset, header) in frames {
        let at = groups.partition_point(|group| group.end <= header.sequence);
        let group = groups.get_mut(at);
        if let Some(group) = group.filter(|group| group.first_part <= header.sequence) {
            group.parts.push((offset, header));
        }
    }
    Ok(groups)
}
