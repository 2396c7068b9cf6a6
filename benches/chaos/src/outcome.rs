//! What one row of the scoreboard came to.

use std::collections::BTreeMap;

use serde::Serialize;

/// How many cases are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Size {
    /// Enough to see that it works: seconds.
    Quick,
    /// What CI runs: less than a minute a row.
    Ci,
    /// What docs/reliability.md shows.
    Full,
}

/// What cases came to, for one subject (exportkit, or a rival).
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcome {
    /// Row of the scoreboard, such as `R1`.
    pub(crate) id: &'static str,
    /// What was tried, such as `exportkit`, `parquet`.
    pub(crate) subject: String,
    /// What was done to it, in a few words.
    pub(crate) injected: String,
    pub(crate) cases: u64,
    /// Cases that kept the promise of the row.
    pub(crate) passed: u64,
    /// What else was counted, such as `silent`, `panics`.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// The first case that failed, such that it can be run again.
    pub(crate) first_failure: Option<String>,
    /// Wall-clock seconds.
    pub(crate) seconds: f64,
}

impl Outcome {
    /// Counts a case. `failure` says what was wrong with it.
    pub(crate) fn take(&mut self, failure: Option<String>) {
        self.cases += 1;
        match failure {
            None => self.passed += 1,
            Some(text) => {
                self.first_failure.get_or_insert(text);
            }
        }
    }

    /// Adds to one of the other counts.
    pub(crate) fn count(&mut self, what: &'static str, cases: u64) {
        *self.counts.entry(what).or_default() += cases;
    }

    /// Raises one of the other counts to `bytes`.
    pub(crate) fn peak(&mut self, what: &'static str, bytes: u64) {
        let count = self.counts.entry(what).or_default();
        *count = bytes.max(*count);
    }

    /// Adds cases that were counted apart. Counts whose names start with `peak` are peaks.
    pub(crate) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.passed += other.passed;
        for (what, count) in other.counts {
            match what.starts_with("peak") {
                true => self.peak(what, count),
                false => self.count(what, count),
            }
        }
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }
}
