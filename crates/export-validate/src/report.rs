//! What a look at a file or a stream has shown.

use std::fmt;

use export_core::{Finding, Severity};

/// What the findings come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing is wrong.
    Sound,
    /// All data is there; something around it is not as it should be.
    Warned,
    /// Data is damaged, missing, or breaks a rule.
    Damaged,
}

impl Verdict {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Warned => "sound, with warnings",
            Self::Damaged => "damaged",
        }
    }
}

/// What a look at a file or a stream has shown. `Display` is a line a finding, the worst first, then counts and verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrityReport {
    subject: String,
    findings: Vec<Finding>,
    counts: Vec<(String, u64)>,
}

impl IntegrityReport {
    /// A report on `subject`, such as a file's name.
    pub fn new(subject: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self {
            subject: subject.into(),
            findings,
            counts: Vec::new(),
        }
    }

    /// Says how much was looked at, such as 12 `chunks`. Counts are shown in the order they are given.
    #[must_use]
    pub fn with_count(mut self, noun: impl Into<String>, count: u64) -> Self {
        self.counts.push((noun.into(), count));
        self
    }

    /// What was looked at.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What is not as it should be, in the order it was found.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How much was looked at: nouns in the plural, and counts.
    #[must_use]
    pub fn counts(&self) -> &[(String, u64)] {
        &self.counts
    }

    /// What the findings come to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.findings.iter().map(|finding| finding.severity).max() {
            None | Some(Severity::Note) => Verdict::Sound,
            Some(Severity::Warning) => Verdict::Warned,
            Some(Severity::Damage) => Verdict::Damaged,
        }
    }
}

pub(crate) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Damage => "damage",
    }
}

impl fmt::Display for IntegrityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .findings
            .iter()
            .map(|finding| finding.check.len())
            .max()
            .unwrap_or(0);
        let mut worst_first: Vec<&Finding> = self.findings.iter().collect();
        worst_first.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        for Finding {
            severity,
            check,
            position,
            text,
        } in worst_first
        {
            write!(f, "{:7}  {check:width$}", severity_name(*severity))?;
            let position = position.to_string();
            if !position.is_empty() {
                write!(f, "  {position}")?;
            }
            writeln!(f, "  {text}")?;
        }
        write!(f, "{}: {}", self.subject, self.verdict().name())?;
        for (at, (noun, count)) in self.counts.iter().enumerate() {
            write!(f, "{} {count} {noun}", if at == 0 { ";" } else { "," })?;
        }
        writeln!(f)
    }
}
