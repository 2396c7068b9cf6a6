//! The workloads that figures are measured on, and the clock they are measured with.
//!
//! A [`Workload`] makes tables, deterministic from a seed, as the batches that a source would yield. Benchmarks are in
//! `benches/`; what they print is kept in docs/benchmarks.
//!
//! ```
//! use export_benches::Workload;
//!
//! let logs = Workload::Logs.tables(1_000, 7)?;
//! assert_eq!(logs[0].rows(), 1_000);
//! # Ok::<(), export_core::Error>(())
//! ```

pub mod clock;
mod columns;
mod fingerprint;
pub mod measured;
pub mod memory;
mod random;
pub mod rows;
mod workloads;

pub use fingerprint::fingerprint;
pub use random::{Random, Zipf};
pub use workloads::{Table, Workload};

/// Tables are this many times shorter in quick runs.
pub const QUICK: usize = 20;
