//! The exportkit command line tool.

mod args;
mod commands;
mod console;
mod exit;
mod failure;
mod json;
mod progress;
mod rows;
mod signals;
mod table;
mod units;

use std::process::ExitCode;

fn main() -> ExitCode {
    match args::parse(std::env::args_os()) {
        Ok(cli) => commands::run(cli).into(),
        Err(exit) => exit.into(),
    }
}
