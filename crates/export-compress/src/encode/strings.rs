//! Text and binary values: where they lie, and how long each is.

use std::borrow::Cow;
use std::ops::Range;

use export_core::Result;

use super::{broken, nulls, part};
use crate::bits;
use crate::block::Strings;
use crate::word::Word;

/// The length of each slot of `range` by Arrow's offsets, and what all of them cover. Fails where offsets fall.
pub(super) fn lengths_of<L: Word, O: Copy + Into<i64>>(
    offsets: &[O],
    range: Range<usize>,
) -> Result<(Range<usize>, Vec<L>)> {
    // Arrow allows an array without slots to have no offsets at all.
    if range.is_empty() {
        return Ok((0..0, Vec::new()));
    }
    let offsets = part(offsets, range.start..range.end.saturating_add(1))?;
    let mut falls = false;
    let pairs = offsets.iter().zip(offsets.iter().skip(1));
    let lengths = pairs.map(|(&start, &end)| {
        let length = end.into().wrapping_sub(start.into());
        falls |= length < 0;
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
        let ends = lengths.iter().scan(0usize, |end, length| {
            let length = usize::try_from(length.low()).unwrap_or(usize::MAX);
            *end = end.saturating_add(length);
            Some(*end)
        });
        let mut all = Vec::with_capacity(lengths.len() + 1);
        all.push(0);
        all.extend(ends);
        Self {
            lengths,
            ends: all,
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
