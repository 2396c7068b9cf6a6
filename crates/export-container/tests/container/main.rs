//! The promises of the container, each with the test that would fail if it were broken.

mod common;
mod round_trip;
