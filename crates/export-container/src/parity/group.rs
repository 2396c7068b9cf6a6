//! The groups of a file, as its parity frames tell them.

use export_core::{Limits, Result};

use super::Parity;
use super::descriptor::{Descriptor, shards_of_part};
use super::work::Work;
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
    recovery_shards: usize,
    shard_bytes: u64,
}

impl Group {
    fn new(descriptor: &Descriptor) -> Option<Self> {
        Some(Self {
            first: descriptor.first,
            first_part: descriptor.first_part(),
            end: descriptor.end_sequence()?,
            share: descriptor.share,
            parts: Vec::new(),
            recovery_shards: descriptor.recovery_shards(),
            shard_bytes: descriptor.shard_bytes,
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
        let parts = self.end.saturating_sub(self.first_part);
        let intact = (0..parts).filter(|part| {
            let number = self.first_part.saturating_add(*part);
            catalogue.seen.contains(number) && !catalogue.damaged.contains(number)
        });
        let shards = intact.map(|part| shards_of_part(self.recovery_shards, parts, part).len());
        (shards.sum::<usize>() as u64).saturating_mul(self.shard_bytes)
    }
}

/// The groups that `frames`, headers of parity frames and where they are, tell of: in order, none reaching into another.
/// Torn frames may lie in one another, so what is read of them all is taken from `work`.
pub(crate) fn groups(
    source: &Counted,
    frames: &[(u64, FrameHeader)],
    limits: &Limits,
    work: &mut Work,
) -> Result<Vec<Group>> {
    let mut frames = frames.to_vec();
    frames.sort_by_key(|&(offset, header)| (header.sequence, offset));
    let mut groups: Vec<Group> = Vec::new();
    for &(offset, header) in &frames {
        let end = groups.last().map_or(0, |group| group.end);
        if header.sequence < end {
            continue;
        }
        let Ok(descriptor) = Descriptor::read(source, offset, &header, limits, work)? else {
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
