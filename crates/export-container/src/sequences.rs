//! Sets of sequence numbers, most of which follow one another.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A set of numbers, kept as ranges: first number to last. No order in which numbers come makes it slow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sequences(BTreeMap<u64, u64>);

impl Sequences {
    /// Adds `number`. Returns whether it is new.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        if self.contains(number) {
            return false;
        }
        let next = number.checked_add(1);
        let joined = next.and_then(|next| self.0.remove(&next));
        let last = joined.unwrap_or(number);
        let before = self.0.range_mut(..number).next_back();
        match before.filter(|(_, end)| end.checked_add(1) == Some(number)) {
            Some((_, end)) => *end = last,
            None => drop(self.0.insert(number, last)),
        }
        true
    }

    /// Takes `number` out. Returns whether it was in.
    pub(crate) fn remove(&mut self, number: u64) -> bool {
        let Some((first, last)) = self.range_at(number) else {
            return false;
        };
        self.0.remove(&first);
        if let Some(end) = number.checked_sub(1).filter(|&end| end >= first) {
            self.0.insert(first, end);
        }
        if let Some(start) = number.checked_add(1).filter(|&start| start <= last) {
            self.0.insert(start, last);
        }
        true
    }

    /// How many of the numbers from `first` up to `end` are in the set.
    pub(crate) fn count_within(&self, first: u64, end: u64) -> u64 {
        let from = self.range_at(first).map_or(first, |(start, _)| start);
        if from >= end {
            return 0;
        }
        let ranges = self.0.range(from..end);
        ranges
            .map(|(&start, &last)| {
                let past = last.saturating_add(1).min(end);
                past.saturating_sub(start.max(first))
            })
            .sum()
    }

    /// Whether `number` is in the set.
    pub(crate) fn contains(&self, number: u64) -> bool {
        self.range_at(number).is_some()
    }

    fn range_at(&self, number: u64) -> Option<(u64, u64)> {
        let before = self.0.range(..=number).next_back();
        before
            .filter(|&(_, &last)| number <= last)
            .map(|(&first, &last)| (first, last))
    }

    /// The greatest number.
    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last_key_value().map(|(_, &last)| last)
    }

    /// The set as ranges.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = RangeInclusive<u64>> {
        self.0.iter().map(|(&first, &last)| first..=last)
    }

    /// The ranges of the set that end at `first` or after.
    pub(crate) fn ranges_from(&self, first: u64) -> impl Iterator<Item = RangeInclusive<u64>> {
        let from = self.range_at(first).map_or(first, |(start, _)| start);
        self.0.range(from..).map(|(&first, &last)| first..=last)
    }

    /// The numbers from `first` up to the greatest that are not in the set.
    pub(crate) fn missing_from(&self, first: u64) -> Vec<RangeInclusive<u64>> {
        let mut expected = first;
        let mut missing = Vec::new();
        for (&start, &last) in &self.0 {
            if start > expected {
                missing.push(expected..=start - 1);
            }
            expected = expected.max(last.saturating_add(1));
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(
            numbers in prop::collection::vec(0_u64..40, 0..60),
            taken in prop::collection::vec(0_u64..40, 0..10),
            (from, end) in (0_u64..41, 0_u64..41),
        ) {
            let (mut ours, mut theirs) = (Sequences::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(ours.insert(number), theirs.insert(number));
            }
            for number in taken {
                prop_assert_eq!(ours.remove(number), theirs.remove(&number));
            }
            let within = theirs.iter().filter(|&&number| from <= number && number < end);
            prop_assert_eq!(ours.count_within(from, end), within.count() as u64);
            let missing: Vec<u64> = ours.missing_from(0).into_iter().flatten().collect();
            let expected: Vec<u64> =
                (0..theirs.last().copied().unwrap_or(0)).filter(|n| !theirs.contains(n)).collect();
            prop_assert_eq!(missing, expected);
            prop_assert!((0..41).all(|number| ours.contains(number) == theirs.contains(&number)));
        }
    }
}
