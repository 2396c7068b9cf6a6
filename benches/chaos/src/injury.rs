//! What is done to a file. Each injury has a name from which it can be done again.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use anyhow::{Context, Error, bail};
use export_benches::Random;
use export_container::layout::FILE_HEADER_BYTES;

use crate::sample::Sample;

/// What is done to one file, in one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Injury {
    /// All from this byte on is cut off.
    Cut(usize),
    /// This bit is flipped.
    Flip(usize),
    /// One to four sectors or frames are hurt, as the random numbers of this seed have it.
    Sectors(u64),
}

/// `cut:123`, `bit:123`, `sectors:123`.
impl fmt::Display for Injury {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut(at) => write!(f, "cut:{at}"),
            Self::Flip(bit) => write!(f, "bit:{bit}"),
            Self::Sectors(seed) => write!(f, "sectors:{seed}"),
        }
    }
}

impl FromStr for Injury {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (kind, number) = text
            .split_once(':')
            .context("write cut:N, bit:N or sectors:N")?;
        let number: u64 = number.parse()?;
        Ok(match kind {
            "cut" => Self::Cut(number.try_into()?),
            "bit" => Self::Flip(number.try_into()?),
            "sectors" => Self::Sectors(number),
            _ => bail!("{kind} is no injury: write cut:N, bit:N or sectors:N"),
        })
    }
}

/// What has become of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Every byte of it is where it was.
    Untouched,
    /// All of it that means something is there, maybe elsewhere.
    Intact,
    Gone,
}

/// A frame's bytes are kept apart, so that what is done to frames and what is done to sectors can follow one another.
struct Pieces<'a> {
    sample: &'a Sample,
    /// Frames in the order in which they now are.
    order: Vec<usize>,
}

impl Pieces<'_> {
    /// Drops a frame, puts it down twice, or swaps two.
    fn disturb(&mut self, random: &mut Random) {
        let count = self.order.len();
        let (one, other) = (random.index(count), random.index(count));
        match random.below(3) {
            0 => {
                let end = (one + 1 + random.index(3)).min(count);
                self.order.drain(one..end);
            }
            1 => {
                let frame = self.order.get(one).copied().unwrap_or(0);
                self.order.insert(other, frame);
            }
            _ => self.order.swap(one, other),
        }
    }

    /// The bytes, and where which frame starts in them.
    fn put_together(&self) -> (Vec<u8>, Vec<(usize, usize)>) {
        let mut bytes = self
            .sample
            .bytes
            .get(..FILE_HEADER_BYTES)
            .unwrap_or_default()
            .to_vec();
        let mut places = Vec::with_capacity(self.order.len());
        for &number in &self.order {
            places.push((number, bytes.len()));
            let frame = self
                .sample
                .frames
                .get(number)
                .map(|frame| frame.range.clone());
            bytes.extend(
                frame
                    .and_then(|range| self.sample.bytes.get(range))
                    .unwrap_or_default(),
            );
        }
        (bytes, places)
    }
}

/// Hurts frames and sectors as `seed` has it. Returns the bytes, and where frames (damaged or not) start in them.
pub(crate) fn hurt_sectors(sample: &Sample, seed: u64) -> (Vec<u8>, Vec<(usize, usize)>) {
    let mut random = Random::new(seed);
    let mut pieces = Pieces {
        sample,
        order: (0..sample.frames.len()).collect(),
    };
    let injuries = random.between(1, 4);
    let of_frames = (0..injuries).filter(|_| random.chance(0.4)).count() as u64;
    (0..of_frames).for_each(|_| pieces.disturb(&mut random));
    let (mut bytes, places) = pieces.put_together();
    for _ in of_frames..injuries {
        hurt_sector(&mut bytes, &sample.stale, &mut random);
    }
    (bytes, places)
}

/// Zeros a sector of 512 bytes to 4 KiB, swaps it with another, writes another over it, or brings back what was there before,
/// where there was anything.
pub(crate) fn hurt_sector(bytes: &mut [u8], stale: &[u8], random: &mut Random) {
    let sector = 512_usize << random.below(4);
    let sectors = bytes.len().div_ceil(sector);
    let mut pick = || {
        let start = random.index(sectors) * sector;
        start..(start + sector).min(bytes.len())
    };
    let (one, other) = (pick(), pick());
    match random.below(if stale.is_empty() { 3 } else { 4 }) {
        0 => bytes.get_mut(one).unwrap_or_default().fill(0),
        1 => {
            let (first, second) = (copy(bytes, &one), copy(bytes, &other));
            put(bytes, one.start, &second);
            put(bytes, other.start, &first);
        }
        2 => {
            let from = copy(bytes, &other);
            put(bytes, one.start, &from);
        }
        _ => {
            // A longer one would make a short file mostly the older one, which is then what it says it is.
            let most = if one.start == 0 { 512 } else { sector };
            let from = copy(stale, &(one.start..one.end.min(one.start + most)));
            put(bytes, one.start, &from);
        }
    }
}

fn copy(bytes: &[u8], range: &Range<usize>) -> Vec<u8> {
    let end = range.end.min(bytes.len());
    bytes.get(range.start..end).unwrap_or_default().to_vec()
}

/// Overwrites as much as there is.
fn put(bytes: &mut [u8], at: usize, from: &[u8]) {
    let to = bytes.get_mut(at..).unwrap_or_default();
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
