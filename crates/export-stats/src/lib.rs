//! Column summaries and run statistics.
