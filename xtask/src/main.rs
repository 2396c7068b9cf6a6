//! The project's chores: `cargo xtask --help`.

mod acceptance;
mod arrows;
mod bench;
mod builds;
mod chaos;
mod ci;
mod compat;
mod fuzz;
mod golden;
mod measure;
mod python;
mod strace;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything CI runs: format, lints, tidy, arrows, tests, docs, the README's first command, compat, chaos
    Ci(ci::Arguments),
    /// Check what can be checked of docs/style.md
    Tidy,
    /// Check who imports whom against docs/architecture.md
    Arrows(arrows::Arguments),
    /// Add golden files of this version; never rewrites one
    Golden(golden::Arguments),
    /// Check against pyarrow, DuckDB and Polars, and against files of earlier versions (needs python3)
    Compat(compat::Arguments),
    /// Print size, speed and memory on the whole flights table and on generated records (needs python3)
    Acceptance(acceptance::Arguments),
    /// Run the benchmarks and keep their tables in docs/benchmarks; or measure builds
    Bench(bench::Arguments),
    /// Look for inputs that break a decoder, with libFuzzer (needs a nightly compiler)
    Fuzz(fuzz::Arguments),
    /// Run the reliability scoreboard: damage, crashes, faults, hostile files; keep its table in docs/reliability.md
    Chaos(chaos::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = Workspace::load().and_then(|workspace| match &arguments.chore {
        Chore::Ci(arguments) => ci::run(&workspace, arguments),
        Chore::Tidy => tidy::run(&workspace),
        Chore::Arrows(arguments) => arrows::run(&workspace, arguments),
        Chore::Golden(arguments) => golden::run(&workspace, arguments),
        Chore::Compat(arguments) => compat::run(&workspace, arguments),
        Chore::Acceptance(arguments) => acceptance::run(&workspace, arguments),
        Chore::Bench(arguments) => bench::run(&workspace, arguments),
        Chore::Fuzz(arguments) => fuzz::run(&workspace, arguments),
        Chore::Chaos(arguments) => chaos::run(&workspace, arguments),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
