//! Rows of any serde type to batches and back.
