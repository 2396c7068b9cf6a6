//! Column summaries and run statistics.

mod run;

pub use run::{RunSummary, peak_memory_bytes};
