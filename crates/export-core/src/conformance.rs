//! Conformance suites: whoever implements a trait of this crate runs its suite.
