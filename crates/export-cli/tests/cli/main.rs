//! The command line tool, from outside: what is typed, what comes out, how it exits and what it leaves behind.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod bad_input;
mod bad_output;
mod encode;
mod explain;
mod harness;
mod help;
mod json;
mod keys;
mod pressure;
mod publish;
mod rows;
mod signals;
mod streams;
mod terminal;
mod verify;
