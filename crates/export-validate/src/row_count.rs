//! How many rows there may be.

use std::ops::RangeInclusive;

use export_core::{Batch, Check, Finding, Position, Result, Severity};

const NAME: &str = "row-count";

/// How many rows a stream may have.
#[derive(Debug, Clone)]
pub struct RowCount {
    allowed: RangeInclusive<u64>,
    rows: u64,
}

impl RowCount {
    /// As many rows as the range allows, ends included.
    #[must_use]
    pub fn new(allowed: RangeInclusive<u64>) -> Self {
        Self { allowed, rows: 0 }
    }
}

impl Check for RowCount {
    fn name(&self) -> &str {
        NAME
    }

    fn check(&mut self, _: u64, batch: &Batch, _: &mut Vec<Finding>) -> Result<()> {
        self.rows = self.rows.saturating_add(batch.rows() as u64);
        Ok(())
    }

    fn finish(&mut self, findings: &mut Vec<Finding>) -> Result<()> {
        if self.allowed.contains(&self.rows) {
            return Ok(());
        }
        let (least, most) = (self.allowed.start(), self.allowed.end());
        let wanted = match (*least, *most) {
            (least, most) if least == most => least.to_string(),
            (least, u64::MAX) => format!("{least} at least"),
            (0, most) => format!("{most} at most"),
            (least, most) => format!("{least} to {most}"),
        };
        findings.push(Finding {
            severity: Severity::Damage,
            check: NAME.to_owned(),
            position: Position::default(),
            text: format!("there are {} rows where {wanted} belong", self.rows),
        });
        Ok(())
    }
}
