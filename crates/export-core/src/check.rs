//! Checks on data and what they find.

use crate::{Batch, Position, Result};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the data is fine.
    Note,
    /// The data is there, but something around it is not as it should be.
    Warning,
    /// Data is damaged, missing, or breaks a rule.
    Damage,
}

/// One thing a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Name of the check, such as `checksum` or `not-null`.
    pub check: String,
    /// Where.
    pub position: Position,
    /// What, in one sentence without a full stop.
    pub text: String,
}

/// A check that sees batches one after the other, in order, of one stream.
pub trait Check: Send {
    /// Its name in reports.
    fn name(&self) -> &str;

    /// Looks at the next rows, the first of which is row `first_row` (from 0) of the stream.
    fn check(&mut self, first_row: u64, batch: &Batch, findings: &mut Vec<Finding>) -> Result<()>;

    /// Says what can only be said at the end.
    fn finish(&mut self, _findings: &mut Vec<Finding>) -> Result<()> {
        Ok(())
    }
}
