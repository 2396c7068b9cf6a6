//! What happens to files: bits flip, sectors go or come from elsewhere, bytes are cut, put in and moved.

use crate::common::Random;

/// Sizes of what goes wrong at a time on a disk.
const SECTORS: [usize; 4] = [64, 512, 2048, 4096];

/// One mishap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    Flip,
    Zero,
    Noise,
    Swap,
    Duplicate,
    Stale,
    DropFrame,
    RepeatFrame,
    SwapFrames,
    Cut,
    DropBytes,
    Insert,
    InsertForeign,
}

impl Harm {
    pub(crate) const ALL: [Self; 13] = [
        Self::Flip,
        Self::Zero,
        Self::Noise,
        Self::Swap,
        Self::Duplicate,
        Self::Stale,
        Self::DropFrame,
        Self::RepeatFrame,
        Self::SwapFrames,
        Self::Cut,
        Self::DropBytes,
        Self::Insert,
        Self::InsertForeign,
    ];

    /// Does it to `bytes`, whose frames once started at `frames`; `other` is a file to take bytes from.
    pub(crate) fn befall(
        self,
        bytes: &mut Vec<u8>,
        frames: &[usize],
        other: &[u8],
        random: &mut Random,
    ) {
        let size = SECTORS[random.below(SECTORS.len())].min(bytes.len());
        let sector = |random: &mut Random, length: usize| {
            let start = random.below(length / size) * size;
            start..start + size
        };
        let frame = |random: &mut Random, length: usize| {
            let at = random.below(frames.len());
            let end = frames.get(at + 1).copied().unwrap_or(length);
            frames[at].min(length)..end.min(length)
        };
        let length = bytes.len();
        match self {
            Self::Flip => bytes[random.below(length)] ^= 1 << random.below(8),
            Self::Zero => bytes[sector(random, length)].fill(0),
            Self::Noise => {
                let noise = random.bytes(size);
                bytes[sector(random, length)].copy_from_slice(&noise);
            }
            Self::Swap => {
                let (a, b) = (sector(random, length), sector(random, length));
                let copy = bytes[a.clone()].to_vec();
                bytes.copy_within(b.clone(), a.start);
                bytes[b].copy_from_slice(&copy);
            }
            Self::Duplicate => {
                let (from, to) = (sector(random, length), sector(random, length));
                bytes.copy_within(from, to.start);
            }
            Self::Stale => {
                let size = size.min(other.len());
                let from = random.below(other.len() - size + 1);
                let to = sector(random, length).start;
                bytes[to..to + size].copy_from_slice(&other[from..from + size]);
            }
            Self::DropFrame => drop(bytes.drain(frame(random, length))),
            Self::RepeatFrame => {
                let copy = bytes[frame(random, length)].to_vec();
                let place = frame(random, length).start;
                bytes.splice(place..place, copy);
            }
            Self::SwapFrames => {
                let (a, b) = (frame(random, length), frame(random, length));
                let (low, high) = if a.start < b.start { (a, b) } else { (b, a) };
                if low.end <= high.start {
                    let moved = bytes[high.clone()].to_vec();
                    let first = bytes[low.clone()].to_vec();
                    bytes.splice(high, first);
                    bytes.splice(low, moved);
                }
            }
            Self::Cut => bytes.truncate(64 + random.below(length - 63)),
            Self::DropBytes => {
                let from = random.below(length);
                let count = random.below(300).min(length - from);
                drop(bytes.drain(from..from + count));
            }
            Self::Insert => {
                let count = random.below(600);
                let noise = random.bytes(count);
                let place = random.below(length);
                bytes.splice(place..place, noise);
            }
            Self::InsertForeign => {
                let place = random.below(length);
                bytes.splice(place..place, other.iter().copied());
            }
        }
    }
}
