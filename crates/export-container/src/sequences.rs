//! Sets of sequence numbers, most of which follow one another.

use std::ops::RangeInclusive;

/// A set of numbers, kept as ranges in rising order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sequences(Vec<(u64, u64)>);

impl Sequences {
    /// Adds `number`. Returns whether it is new.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        let at = self.0.partition_point(|&(_, last)| last < number);
        if self.0.get(at).is_some_and(|&(first, _)| first <= number) {
            return false;
        }
        let joins_next = self
            .0
            .get(at)
            .is_some_and(|&(first, _)| Some(first) == number.checked_add(1));
        let before = at
            .checked_sub(1)
            .and_then(|before| self.0.get(before))
            .copied();
        match before.filter(|&(_, last)| last.checked_add(1) == Some(number)) {
            Some((first, _)) if joins_next => {
                if let Some(next) = self.0.get_mut(at) {
                    next.0 = first;
                }
                self.0.remove(at - 1);
            }
            Some(_) => {
                if let Some(range) = self.0.get_mut(at - 1) {
                    range.1 = number;
                }
            }
            None if joins_next => {
                if let Some(range) = self.0.get_mut(at) {
                    range.0 = number;
                }
            }
            None => self.0.insert(at, (number, number)),
        }
        true
    }

    /// Takes `number` out. Returns whether it was in.
    pub(crate) fn remove(&mut self, number: u64) -> bool {
        let at = self.0.partition_point(|&(_, last)| last < number);
        let Some(range) = self.0.get_mut(at).filter(|range| range.0 <= number) else {
            return false;
        };
        let (first, last) = *range;
        match (first < number, number < last) {
            (false, false) => drop(self.0.remove(at)),
            (false, true) => range.0 = number.saturating_add(1),
            (true, false) => range.1 = number.saturating_sub(1),
            (true, true) => {
                range.1 = number.saturating_sub(1);
                self.0.insert(at + 1, (number.saturating_add(1), last));
            }
        }
        true
    }

    /// How many of the numbers from `first` up to `end` are in the set.
    pub(crate) fn count_within(&self, first: u64, end: u64) -> u64 {
        let at = self.0.partition_point(|&(_, last)| last < first);
        let ranges = self.0.get(at..).unwrap_or_default().iter();
        ranges
            .take_while(|&&(start, _)| start < end)
            .map(|&(start, last)| {
                let past = last.saturating_add(1).min(end);
                past.saturating_sub(start.max(first))
            })
            .sum()
    }

    /// Whether `number` is in the set.
    pub(crate) fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|&(_, last)| last < number);
        self.0.get(at).is_some_and(|&(first, _)| first <= number)
    }

    /// The greatest number.
    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last().map(|&(_, last)| last)
    }

    /// The set as ranges.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = RangeInclusive<u64>> {
        self.0.iter().map(|&(first, last)| first..=last)
    }

    /// The numbers from `first` up to the greatest that are not in the set.
    pub(crate) fn missing_from(&self, first: u64) -> Vec<RangeInclusive<u64>> {
        let mut expected = first;
        let mut missing = Vec::new();
        for &(start, last) in &self.0 {
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
