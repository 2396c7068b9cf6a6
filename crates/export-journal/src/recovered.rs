//! What is found in a journal.

use std::fmt;
use std::sync::Arc;

use crate::boot::BootId;
use crate::layout::FileId;

/// What was found in a journal, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Of the recording that the journal belongs to.
    pub file_id: FileId,
    /// The process that wrote it.
    pub pid: u32,
    /// The start of the machine in which it was written, where its system told.
    pub boot_id: Option<BootId>,
    /// Whether the machine has been up ever since, so that unsealed rows could be had.
    pub same_boot: bool,
    /// In the order in which they were made; those without a run left are missing.
    pub lanes: Vec<RecoveredLane>,
    /// What may have been there and is not, by place in the file. Rows below what the main file has need nobody's care.
    pub losses: Vec<Loss>,
}

/// Rows of one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveredLane {
    /// Tells lanes of the same name apart.
    pub number: u32,
    /// As given to [`crate::Journal::lane`].
    pub name: String,
    /// In order of row number; none overlap. Rows of one run that filled several segments come in several of these.
    pub runs: Vec<RecoveredRun>,
}

/// Rows that follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveredRun {
    /// As given to [`crate::Lane::begin`]; runs of the same start share it.
    pub about: Arc<[u8]>,
    /// Number of the first row.
    pub first_row: u64,
    /// How many there are.
    pub rows: u64,
    /// How many of them a checksum vouches for.
    pub sealed_rows: u64,
    /// The rows, one after the other.
    pub bytes: Vec<u8>,
}

impl RecoveredRun {
    /// Number of the row after the last one.
    #[must_use]
    pub fn end_row(&self) -> u64 {
        self.first_row.saturating_add(self.rows)
    }
}

/// Rows that may have been there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// Why they are not.
    pub cause: Cause,
    /// Place in the file, in bytes.
    pub offset: u64,
    /// Number of the lane, where that is known.
    pub lane: Option<u32>,
    /// Number of the first of them, where that is known.
    pub first_row: Option<u64>,
    /// How many there may have been, where that is known.
    pub rows: Option<u64>,
    /// How many bytes they may have had.
    pub bytes: u64,
}

/// Why rows are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The machine went down before they were sealed.
    Unsealed,
    /// A checksum or a count is not as it was written.
    Damaged,
    /// Rows before and after them are there.
    Missing,
    /// The file was cut off.
    Cut,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsealed => "not sealed before the machine went down",
            Self::Damaged => "damaged",
            Self::Missing => "missing between others",
            Self::Cut => "cut off, and perhaps more with them",
        })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rows, self.first_row) {
            (Some(rows), Some(first)) => write!(f, "{rows} rows from row {first} on")?,
            (None, Some(first)) => write!(f, "rows from row {first} on")?,
            _ => write!(f, "rows")?,
        }
        if let Some(lane) = self.lane {
            write!(f, " of lane {lane}")?;
        }
        write!(f, ", up to {} bytes: {}", self.bytes, self.cause)
    }
}
