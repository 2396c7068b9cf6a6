//! The promises of the container, each with the test that would fail if it were broken.

mod ageing;
mod append;
mod common;
mod damage;
mod round_trip;
mod spec;
