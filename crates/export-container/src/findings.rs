//! What was found, however much that is.

use std::ops::Deref;

use export_core::{Finding, Position, Severity};

/// Most findings that are kept: a damaged frame may take no more than 64 bytes of a file, and what is said of it some hundreds.
const MOST_FINDINGS: usize = 10_000;
/// Most bytes of text in them: names are as long as a file makes them.
const MOST_TEXT_BYTES: usize = 16 << 20;

/// Findings in the order they were met. Where there are too many, the last one says how many are not among them, and is as bad
/// as the worst of those.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    text_bytes: usize,
    /// How many are left out. If any are, the last of the list says so.
    left_out: u64,
}

impl Findings {
    /// Adds a finding. Returns where it is, if it is listed.
    pub(crate) fn push(&mut self, finding: Finding) -> Option<usize> {
        let text_bytes = self.text_bytes.saturating_add(text_bytes(&finding));
        let has_room = self.list.len() < MOST_FINDINGS && text_bytes <= MOST_TEXT_BYTES;
        if has_room && self.left_out == 0 {
            self.text_bytes = text_bytes;
            self.list.push(finding);
            Some(self.list.len() - 1)
        } else {
            self.leave_out(1, finding.severity);
            None
        }
    }

    /// One that was pushed, to be changed for what has come to be known since.
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Finding> {
        self.list.get_mut(at)
    }

    /// Takes those of another list after its own.
    pub(crate) fn append(&mut self, other: Self) {
        let Self { list, left_out, .. } = other;
        let (kept, last) = list.split_at(list.len().saturating_sub(usize::from(left_out > 0)));
        self.extend(kept.iter().cloned());
        if let Some(last) = last.first() {
            self.leave_out(left_out, last.severity);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Finding> {
        self.list
    }

    fn leave_out(&mut self, count: u64, severity: Severity) {
        let before = self.list.pop_if(|_| self.left_out > 0);
        let worst = before.map_or(severity, |before| before.severity.max(severity));
        self.left_out = self.left_out.saturating_add(count);
        self.list.push(Finding {
            severity: worst,
            check: "findings".into(),
            position: Position::default(),
            text: format!("{} more were found, which are not listed", self.left_out),
        });
    }
}

impl Deref for Findings {
    type Target = [Finding];

    fn deref(&self) -> &[Finding] {
        &self.list
    }
}

impl Extend<Finding> for Findings {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, findings: T) {
        for finding in findings {
            self.push(finding);
        }
    }
}

fn text_bytes(finding: &Finding) -> usize {
    let Position {
        file,
        stream,
        column,
        ..
    } = &finding.position;
    let names = [file, stream, column].into_iter().flatten();
    names
        .map(String::len)
        .chain([finding.text.len()])
        .fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, text: &str) -> Finding {
        Finding {
            severity,
            check: String::from("test"),
            position: Position::default(),
            text: text.into(),
        }
    }

    #[test]
    fn the_last_counts_what_is_left_out_and_is_as_bad() {
        let mut findings = Findings::default();
        for at in 0..MOST_FINDINGS {
            findings.push(finding(Severity::Note, &at.to_string()));
        }
        assert_eq!(findings.len(), MOST_FINDINGS);
        findings.push(finding(Severity::Damage, "bad"));
        findings.push(finding(Severity::Warning, "not as bad"));
        let mut others = Findings::default();
        others.extend((0..MOST_FINDINGS + 5).map(|_| finding(Severity::Note, "")));
        findings.append(others);
        assert_eq!(findings.len(), MOST_FINDINGS + 1);
        let last = findings.last().unwrap();
        assert_eq!(last.severity, Severity::Damage);
        let text = format!("{} more were found", MOST_FINDINGS + 7);
        assert!(last.text.starts_with(&text), "{}", last.text);
    }

    #[test]
    fn long_texts_are_fewer() {
        let mut findings = Findings::default();
        let long = "x".repeat(MOST_TEXT_BYTES / 4);
        findings.extend((0..9).map(|_| finding(Severity::Damage, &long)));
        assert_eq!(findings.into_vec().len(), 5);
    }
}
