//! The promises of the container, each with the test that would fail if it were broken.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "functions that tests share are not seen as tests; what they count is small"
)]

mod ageing;
mod append;
mod busy;
mod common;
mod damage;
mod exact;
mod forgery;
mod harm;
#[cfg(feature = "parity")]
mod parity;
mod poison;
mod round_trip;
mod seals;
mod secrecy;
mod spec;
mod traps;
