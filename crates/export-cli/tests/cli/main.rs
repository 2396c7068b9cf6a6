//! The command line tool, from outside: what is typed, what comes out, how it exits and what it leaves behind.

mod bad_input;
mod bad_output;
mod harness;
mod help;
mod json;
mod rows;
mod signals;
mod terminal;
mod verify;
