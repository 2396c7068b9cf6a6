//! Text and binary values: where they lie, and how long each is.

use std::borrow::Cow;
use std::ops::Range;

use export_core::Result;

use super::{broken, nulls, part};
use crate::bits;
use crate::block::Strings;
use crate::word::Word;

/// The length of each slot of `range` by Arrow's offsets, and what all of them cover. Fails where offsets fall.
pub(super) fn lengths_of<L: Word, O: Copy + PartialOrd + Into<i64>>(
    offsets: &[O],
    range: Range<usize>,
) -> Result<(Range<usize>, Vec<L>)> {
    // Arrow allows an array without slots to have no offsets at all.
    if range.is_empty() {
        return Ok((0..0, Vec::new()));
    }
    let offsets = part(offsets, range.start..range.end.saturating_add(1))?;
    // Two passes, each simple enough to be vectorised.
    let pairs = || offsets.iter().zip(offsets.iter().skip(1));
    let falls = pairs().fold(false, |falls, (start, end)| falls | (end < start));
    let lengths = pairs().map(|(&start, &end)| {
        let length: i64 = end.into().wrapping_sub(start.into());
        L::join(length.cast_unsigned(), 0)
    });
    let lengths = lengths.collect();
    let bound = |at: Option<&O>| at.and_then(|&offset| usize::try_from(offset.into()).ok());
    match (bound(offsets.first()), bound(offsets.last())) {
        (Some(start), Some(end)) if !falls => Ok((start..end, lengths)),
        _ => Err(broken("offsets fall")),
    }
}

/// Strings one after the other, as blocks hold them.
pub(super) struct Text<'a, L: Word> {
    pub(super) lengths: Vec<L>,
    ends: Vec<usize>,
    pub(super) data: Cow<'a, [u8]>,
    /// Which of them are values, where not all are.
    validity: Option<&'a [u8]>,
}

impl<'a, L: Word> Text<'a, L> {
    /// Strings of these lengths. Slots without a value are left out, unless something lies in them.
    pub(super) fn new(
        mut lengths: Vec<L>,
        data: impl Into<Cow<'a, [u8]>>,
        mut validity: Option<&'a [u8]>,
    ) -> Self {
        if let Some(bitmap) = validity
            && nulls::are_zero(&lengths, bitmap)
        {
            lengths = nulls::compact(&lengths, bitmap);
            validity = None;
        }
        let mut ends = Vec::with_capacity(lengths.len() + 1);
        let mut end = 0usize;
        ends.push(end);
        ends.extend(lengths.iter().map(|length| {
            let length = usize::try_from(length.low()).unwrap_or(usize::MAX);
            end = end.wrapping_add(length);
            end
        }));
        Self {
            lengths,
            ends,
            data: data.into(),
            validity,
        }
    }

    /// The entries of a dictionary.
    pub(super) fn of_entries(entries: &[&[u8]]) -> Self {
        let lengths = entries.iter().map(|entry| L::join(entry.len() as u64, 0));
        Self::new(lengths.collect(), entries.concat(), None)
    }

    pub(super) fn len(&self) -> usize {
        self.lengths.len()
    }

    pub(super) fn strings(&self) -> Strings<'_> {
        Strings {
            data: &self.data,
            ends: &self.ends,
        }
    }

    /// The strings, or `None` where one is not a value.
    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        let places = self.ends.windows(2).enumerate();
        places.map(|(slot, place)| match (self.validity, place) {
            (Some(validity), _) if !bits::get(validity, slot) => None,
            (_, &[start, end]) => self.data.get(start..end),
            _ => None,
        })
    }

    /// Every `step`th of [`Text::values`].
    pub(super) fn some_values(&self, step: usize) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        (0..self.len() / step).map(move |index| {
            let slot = index * step;
            match self.validity {
                Some(validity) if !bits::get(validity, slot) => None,
                _ => self
                    .data
                    .get(*self.ends.get(slot)?..*self.ends.get(slot + 1)?),
            }
        })
    }
}
