//! The workloads that programs hold as structs: the same rows as those of [`crate::Workload::tables`].
//!
//! ```
//! use export_benches::rows;
//!
//! let events = rows::d1(1_000, 1);
//! assert!(events.is_sorted_by_key(|event| event.timestamp));
//! ```

use export_derive::Record;
use serde::{Deserialize, Serialize};

use crate::workloads;

/// A row of D1, heap events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[record(crate = "export_core")]
pub struct D1Row {
    /// In ns since 1970.
    pub timestamp: u64,
    /// One of eight.
    pub thread: u32,
    /// 0 for an allocation, 1 for the end of one, 2 for one that moved.
    pub kind: u8,
    /// A multiple of 16.
    pub address: u64,
    /// In bytes.
    pub size: u64,
    /// The call stack's number.
    pub stack: u32,
    /// In ns, of what was freed.
    pub lifetime: Option<u64>,
}

/// A row of D5, log lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[record(crate = "export_core")]
pub struct D5Row {
    /// In µs since 1970.
    pub timestamp: i64,
    /// One of four.
    pub level: String,
    /// One of twenty.
    pub module: String,
    /// What happened.
    pub message: String,
    /// 16 hexadecimal digits.
    pub request_id: String,
    /// To the µs.
    pub latency_ms: f64,
    /// Of HTTP.
    pub status: Option<u16>,
    /// Who asked, where that is known.
    pub user: Option<String>,
}

/// Rows of D1, the same for a seed as those of its table.
#[must_use]
pub fn d1(rows: usize, seed: u64) -> Vec<D1Row> {
    workloads::d1::rows(rows, seed)
}

/// Rows of D5, the same for a seed as those of its table.
#[must_use]
pub fn d5(rows: usize, seed: u64) -> Vec<D5Row> {
    workloads::d5::rows(rows, seed)
}
