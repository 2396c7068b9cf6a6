//! One file in memory that is hurt, looked at and healed, again and again: a case costs no copy of the file.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use export_container::layout::Kind;
use export_container::{Container, MemoryStorage};
use export_core::{Limits, Storage};

use crate::injury::{Fate, Injury, hurt_sectors};
use crate::sample::{Frame, STALE_FILE, Sample};

/// A file that is hurt.
pub(crate) struct Patient<'a> {
    pub(crate) sample: &'a Sample,
    storage: Arc<MemoryStorage>,
}

/// What is true of a hurt file.
pub(crate) struct Truth {
    /// One for each frame of the sample.
    pub(crate) fates: Vec<Fate>,
    /// Where intact frames start and end, padding included, in the hurt file.
    pub(crate) places: Vec<(usize, usize)>,
    pub(crate) size: usize,
    /// Whether it is, to the byte, a file that was finished before more was appended: nothing can tell that there was more.
    pub(crate) was_whole: bool,
    /// Whether its last frame is the index that such a file ends with, but for a tail.
    pub(crate) was_indexed: bool,
    /// Whether as much of it is of the file that was there before: then it may be taken for that one.
    pub(crate) is_anothers: bool,
}

impl Truth {
    /// Whether what means something of the frame is there.
    pub(crate) fn has(&self, frame: usize) -> bool {
        self.fates
            .get(frame)
            .is_some_and(|fate| *fate != Fate::Gone)
    }

    pub(crate) fn is_untouched(&self, frame: usize) -> bool {
        self.fates.get(frame) == Some(&Fate::Untouched)
    }
}

impl<'a> Patient<'a> {
    pub(crate) fn new(sample: &'a Sample) -> Self {
        Self {
            sample,
            storage: Arc::new(MemoryStorage::new(sample.bytes.clone())),
        }
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        self.storage.clone()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.storage.to_vec()
    }

    /// Does what `injury` says, and finds out what that leaves.
    pub(crate) fn hurt(&self, injury: Injury) -> Result<Truth> {
        let sample = self.sample;
        match injury {
            Injury::Cut(size) => {
                self.storage.resize(size as u64)?;
                Ok(Truth::of(sample, size, |frame| {
                    match (frame.payload_end() <= size, frame.range.end <= size) {
                        (_, true) => Fate::Untouched,
                        (true, false) => Fate::Intact,
                        (false, _) => Fate::Gone,
                    }
                }))
            }
            Injury::Flip(bit) => {
                let at = bit / 8;
                let byte = sample.bytes.get(at).copied().unwrap_or(0) ^ (1 << (bit % 8));
                self.storage.write_at(at as u64, &[byte])?;
                Ok(Truth::of(sample, sample.bytes.len(), |frame| {
                    match (frame.range.contains(&at), sample.means(at)) {
                        (false, _) => Fate::Untouched,
                        (true, false) => Fate::Intact,
                        (true, true) => Fate::Gone,
                    }
                }))
            }
            Injury::Sectors(seed) => {
                let (bytes, places) = hurt_sectors(sample, seed);
                self.storage.resize(bytes.len() as u64)?;
                self.storage.write_at(0, &bytes)?;
                Ok(truth_of_sectors(sample, &bytes, &places))
            }
        }
    }

    /// Whether it is taken for the file that was there before.
    pub(crate) fn is_taken_for_anothers(&self) -> bool {
        Container::recover(self.storage(), Limits::default())
            .is_ok_and(|container| container.file_id() == STALE_FILE)
    }

    /// Undoes it.
    pub(crate) fn heal(&self, injury: Injury) -> Result<()> {
        let bytes = &self.sample.bytes;
        let hurt = match injury {
            Injury::Cut(size) => size..bytes.len(),
            Injury::Flip(bit) => bit / 8..bit / 8 + 1,
            Injury::Sectors(_) => 0..bytes.len(),
        };
        self.storage.resize(bytes.len() as u64)?;
        let original = bytes.get(hurt.clone()).unwrap_or_default();
        Ok(self.storage.write_at(hurt.start as u64, original)?)
    }
}

impl Truth {
    fn of(sample: &Sample, size: usize, fate: impl Fn(&Frame) -> Fate) -> Self {
        let fates: Vec<Fate> = sample.frames.iter().map(fate).collect();
        let intact = fates
            .iter()
            .zip(&sample.frames)
            .filter(|(fate, _)| **fate != Fate::Gone);
        Self {
            places: intact
                .map(|(_, frame)| (frame.range.start, frame.range.end.min(size)))
                .collect(),
            was_whole: sample.was_finished_at(size),
            was_indexed: sample.frames.iter().zip(sample.frames.iter().skip(1)).any(
                |(index, tail)| {
                    tail.kind() == Some(Kind::Tail)
                        && (index.payload_end()..tail.range.end).contains(&size)
                },
            ),
            is_anothers: false,
            fates,
            size,
        }
    }
}

/// What is left of which frame, going by the bytes at the places where its copies were put, and where sectors put them.
fn truth_of_sectors(sample: &Sample, bytes: &[u8], places: &[(usize, usize)]) -> Truth {
    let mut fates = vec![Fate::Gone; sample.frames.len()];
    let mut intact = BTreeSet::new();
    let by_sectors = (0..sample.frames.len())
        .flat_map(|number| sample.places_of(number, bytes).map(move |at| (number, at)));
    for (number, start) in places.iter().copied().chain(by_sectors) {
        let (Some(frame), Some(fate)) = (sample.frames.get(number), fates.get_mut(number)) else {
            continue;
        };
        let original = sample.bytes.get(frame.range.clone()).unwrap_or_default();
        let now = bytes.get(start..start + original.len()).unwrap_or_default();
        let here = if now == original && start == frame.range.start {
            Fate::Untouched
        } else {
            let pairs = original.iter().zip(now).zip(frame.range.clone());
            let mut meant = pairs
                .filter(|(_, at)| sample.means(*at))
                .map(|(pair, _)| pair);
            match now.len() == original.len() && meant.all(|(was, is)| was == is) {
                true => Fate::Intact,
                false => Fate::Gone,
            }
        };
        if here != Fate::Gone {
            intact.insert((start, start + original.len()));
        }
        if *fate != Fate::Untouched && here != Fate::Gone {
            *fate = here;
        }
    }
    let own: usize = intact.iter().map(|(start, end)| end - start).sum();
    Truth {
        fates,
        places: intact.into_iter().collect(),
        size: bytes.len(),
        was_whole: sample.was_finished_at(bytes.len()) && sample.bytes.starts_with(bytes),
        was_indexed: false,
        is_anothers: sample.stale_bytes(bytes) >= own,
    }
}
