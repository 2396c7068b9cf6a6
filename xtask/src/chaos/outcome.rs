//! What a row came to, as the program `chaos` says it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One row, for one subject.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) id: String,
    /// `exportkit`, or a rival.
    pub(super) subject: String,
    pub(super) injected: String,
    pub(super) cases: u64,
    pub(super) passed: u64,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) first_failure: Option<String>,
    pub(super) seconds: f64,
}

impl Outcome {
    /// One of ours without a case yet.
    pub(super) fn of(id: &str, injected: &str) -> Self {
        Self {
            id: id.to_owned(),
            subject: "exportkit".to_owned(),
            injected: injected.to_owned(),
            ..Self::default()
        }
    }

    /// A row that could not be run: it has no cases.
    pub(super) fn failed(id: &str, injected: &str, why: String) -> Self {
        Self {
            first_failure: Some(why),
            ..Self::of(id, injected)
        }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.subject == "exportkit"
    }

    pub(super) fn is_failure(&self) -> bool {
        self.is_ours() && (self.passed < self.cases || self.cases == 0)
    }

    /// What else was counted, without what is 0.
    pub(super) fn counted(&self) -> String {
        let counts = self.counts.iter().filter(|(_, count)| **count > 0);
        let counts: Vec<_> = counts
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        counts.join(", ")
    }

    pub(super) fn line(&self) -> String {
        format!(
            "{} {}: {} of {} passed, {:.1} s",
            self.id, self.subject, self.passed, self.cases, self.seconds
        )
    }
}
