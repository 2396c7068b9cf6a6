//! Which slots of a column are read.

use std::ops::Range;

/// Slots of a column, in ascending order: runs of them.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    runs: Vec<Range<usize>>,
    len: usize,
}

impl Selection {
    /// The first `len` slots.
    #[must_use]
    pub fn all(len: usize) -> Self {
        std::iter::once(0..len).collect()
    }

    /// Number of slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The slots, one by one.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.runs.iter().cloned().flatten()
    }

    /// The runs of neighbours.
    pub(super) fn runs(&self) -> &[Range<usize>] {
        &self.runs
    }

    /// Adds slots after those there are.
    pub(super) fn push(&mut self, slots: Range<usize>) {
        if slots.is_empty() {
            return;
        }
        self.len += slots.len();
        match self.runs.last_mut() {
            Some(last) if last.end == slots.start => last.end = slots.end,
            _ => self.runs.push(slots),
        }
    }

    /// Of these slots, those whose number here passes.
    #[must_use]
    pub fn filter(&self, mut passes: impl FnMut(usize) -> bool) -> Self {
        let mut some = Self::default();
        for (at, slot) in self.iter().enumerate() {
            if passes(at) {
                some.push(slot..slot + 1);
            }
        }
        some
    }
}

impl FromIterator<Range<usize>> for Selection {
    fn from_iter<I: IntoIterator<Item = Range<usize>>>(runs: I) -> Self {
        let mut all = Self::default();
        runs.into_iter().for_each(|slots| all.push(slots));
        all
    }
}
