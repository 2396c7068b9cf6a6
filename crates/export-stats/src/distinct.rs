//! How many distinct values there are.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::xxh3_64;

/// Hashes kept. The standard error of the estimate is 1/√(k − 2): 1.6 %.
const KEPT: usize = 4_096;

/// How many distinct values there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distinct {
    /// How many, exactly or at about; off by more than 5 % about once in 1,000 columns.
    pub count: u64,
    /// Whether that is exact, but for values whose 64-bit hashes are equal.
    pub is_exact: bool,
}

/// The k least hashes: exact while there are fewer, then the density of the kept ones tells how many there are
/// (Bar-Yossef et al., "Counting distinct elements in a data stream", 2002; Beyer et al., "On synopses for distinct-value
/// estimation under multiset operations", 2007).
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    least: BTreeSet<u64>,
    /// The greatest hash that is kept, once no more are.
    bound: u64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            least: BTreeSet::new(),
            bound: u64::MAX,
        }
    }
}

impl Sketch {
    pub(crate) fn add(&mut self, value: &[u8]) {
        let hash = xxh3_64(value);
        if hash > self.bound || !self.least.insert(hash) {
            return;
        }
        if self.least.len() > KEPT {
            self.least.pop_last();
        }
        if self.least.len() == KEPT {
            self.bound = self.least.last().copied().unwrap_or(u64::MAX);
        }
    }

    pub(crate) fn distinct(&self) -> Distinct {
        let kept = self.least.len() as u64;
        match self.least.last() {
            Some(&last) if self.least.len() == KEPT => {
                let share = last as f64 / u64::MAX as f64;
                let count = (kept - 1) as f64 / share;
                Distinct {
                    count: rounded(count),
                    is_exact: false,
                }
            }
            _ => Distinct {
                count: kept,
                is_exact: true,
            },
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates"
)]
fn rounded(count: f64) -> u64 {
    count.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distinct(count: u64) -> Distinct {
        let mut sketch = Sketch::default();
        for value in (0..count).chain(0..count / 2) {
            sketch.add(&value.to_le_bytes());
        }
        sketch.distinct()
    }

    #[test]
    fn few_are_counted() {
        for count in [0, 1, 7, 4_095] {
            assert_eq!(
                distinct(count),
                Distinct {
                    count,
                    is_exact: true
                }
            );
        }
    }

    #[test]
    fn many_are_estimated() {
        for count in [4_097, 10_000, 336_776, 1_000_000] {
            let found = distinct(count);
            let error = found.count as f64 / count as f64 - 1.0;
            assert!(
                error.abs() < 0.05 && !found.is_exact,
                "{found:?} of {count}"
            );
        }
    }
}
