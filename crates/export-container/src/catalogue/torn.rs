//! What a writer that was stopped left of a frame, and whoever went on with the file wrote after.

use export_core::Severity;

use super::{Catalogue, Lost};
use crate::gap::Gap;
use crate::sequences::Sequences;

impl Catalogue {
    /// Makes warnings of what was found of bytes that a gap frame speaks for: they were no frame when it was written.
    pub(super) fn pass_over_torn(&mut self) {
        for lost in &self.lost {
            let gap = lost.after.and_then(|after| self.gaps.get(&after));
            if !gap.is_some_and(|gap| gap.holds(&lost.bytes)) {
                continue;
            }
            lost.pass_over(&self.seen, &mut self.passed_over);
            let finding = lost.finding.and_then(|at| self.findings.get_mut(at));
            if let Some(finding) = finding.filter(|finding| finding.severity == Severity::Damage) {
                finding.severity = Severity::Warning;
                finding
                    .text
                    .push_str("; the writer was stopped there, and the file goes on without it");
            }
        }
    }

    /// Passes over what `gap`, which is about to be written, speaks for.
    pub(crate) fn pass_over(&mut self, gap: Gap) {
        for lost in self.lost.iter().filter(|lost| gap.holds(&lost.bytes)) {
            lost.pass_over(&self.seen, &mut self.passed_over);
        }
    }
}

impl Lost {
    fn pass_over(&self, seen: &Sequences, passed_over: &mut Sequences) {
        let torn = self.header.map(|header| header.sequence);
        if let Some(sequence) = torn.filter(|&sequence| !seen.contains(sequence)) {
            passed_over.insert(sequence);
        }
    }
}
