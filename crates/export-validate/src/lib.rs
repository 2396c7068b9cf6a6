//! Integrity findings, reports and checks on data.
