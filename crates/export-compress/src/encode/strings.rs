//! Offsets as Arrow has them: where strings lie in their data, and lists in their elements.

use std::ops::Range;

use export_core::Result;

use super::{broken, part};
use crate::word::Word;

/// Where slots lie: slot `i` from `offsets[i]` to `offsets[i + 1]`. Found to rise.
pub(super) struct Spans<'a, O> {
    offsets: &'a [O],
    /// What all slots cover together.
    pub(super) within: Range<usize>,
}

impl<'a, O: Copy + Into<i64>> Spans<'a, O> {
    /// Those of slots `range`, and the length of each.
    pub(super) fn new<L: Word>(offsets: &'a [O], range: Range<usize>) -> Result<(Self, Vec<L>)> {
        // Arrow allows an array without slots to have no offsets at all.
        if range.is_empty() {
            let spans = Self {
                offsets: &[],
                within: 0..0,
            };
            return Ok((spans, Vec::new()));
        }
        let offsets = part(offsets, range.start..range.end.saturating_add(1))?;
        let (mut lengths, mut falls) = (Vec::with_capacity(range.len()), false);
        let pairs = offsets.iter().zip(offsets.iter().skip(1));
        lengths.extend(pairs.map(|(&start, &end)| {
            let length = end.into().wrapping_sub(start.into());
            falls |= length < 0;
            L::join(length.cast_unsigned(), 0)
        }));
        let bound = |at: Option<&O>| {
            let at = at.map(|&offset| usize::try_from(offset.into()));
            at.and_then(std::result::Result::ok)
        };
        match (bound(offsets.first()), bound(offsets.last())) {
            (Some(start), Some(end)) if !falls => {
                let within = start..end;
                Ok((Self { offsets, within }, lengths))
            }
            _ => Err(broken("offsets fall")),
        }
    }

    /// Where each slot ends, counted from where the first one starts, after a 0.
    pub(super) fn ends(&self) -> Vec<usize> {
        let ends = self.offsets.iter().map(|&end| {
            let end = usize::try_from(end.into()).unwrap_or(self.within.end);
            end.saturating_sub(self.within.start)
        });
        match self.offsets {
            [] => vec![0],
            _ => ends.collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Slot `slot` of `data`, in which offsets count from its own start.
    #[inline]
    pub(super) fn get<'d>(&self, slot: usize, data: &'d [u8]) -> Option<&'d [u8]> {
        let at = |index: usize| usize::try_from((*self.offsets.get(index)?).into()).ok();
        data.get(at(slot)?..at(slot + 1)?)
    }
}
