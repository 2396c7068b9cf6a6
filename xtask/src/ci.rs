//! What CI runs, and anyone before they push.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run as run_command};
use crate::{arrows, chaos, compat, tidy};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Go on after a step that failed, and fail at the end
    #[arg(long)]
    keep_going: bool,
    /// Run these steps only
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = names())]
    only: Vec<String>,
    /// Leave these steps out; the summary says so
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = names())]
    skip: Vec<String>,
}

struct Step {
    name: &'static str,
    run: fn(&Workspace) -> Result<()>,
}

/// Other people's formats are built by `cargo xtask bench`, and by nobody else.
const RIVALS: &str = "export-compare";

/// Cheap ones first. Lints and docs share their artefacts (`check`), tests build once in the dev profile, and the README's
/// first command builds the optimised tool that compat then uses: nothing is compiled a third time.
const STEPS: [Step; 11] = [
    Step {
        name: "format",
        run: format,
    },
    Step {
        name: "tidy",
        run: tidy::run,
    },
    Step {
        name: "arrows",
        run: |workspace| arrows::run(workspace, &arrows::Arguments::default()),
    },
    Step {
        name: "dependencies",
        run: dependencies,
    },
    Step {
        name: "lints",
        run: lints,
    },
    Step {
        name: "docs",
        run: docs,
    },
    Step {
        name: "minimal",
        run: minimal,
    },
    Step {
        name: "tests",
        run: tests,
    },
    Step {
        name: "readme",
        run: readme,
    },
    Step {
        name: "compat",
        run: |workspace| compat::run(workspace, &compat::Arguments::default()),
    },
    Step {
        name: "chaos",
        run: chaos::ci,
    },
];

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let is_in = |names: &[String], step: &Step| names.iter().any(|name| name == step.name);
    let wanted = |step: &&Step| arguments.only.is_empty() || is_in(&arguments.only, step);
    let mut outcomes: Vec<(&str, Duration, bool)> = Vec::new();
    for step in STEPS.iter().filter(wanted) {
        if is_in(&arguments.skip, step) {
            continue;
        }
        eprintln!("\n== {}", step.name);
        let start = Instant::now();
        let outcome = (step.run)(workspace);
        if let Err(error) = &outcome {
            eprintln!("error: {error:#}");
        }
        outcomes.push((step.name, start.elapsed(), outcome.is_ok()));
        if outcome.is_err() && !arguments.keep_going {
            break;
        }
    }
    println!("\n{:<14} {:>8}", "step", "seconds");
    for (name, took, done) in &outcomes {
        println!(
            "{name:<14} {:>8.1}{}",
            took.as_secs_f64(),
            if *done { "" } else { "  FAILED" }
        );
    }
    if !arguments.skip.is_empty() {
        println!("left out       {}", arguments.skip.join(", "));
    }
    let total: Duration = outcomes.iter().map(|(_, took, _)| *took).sum();
    println!("{:<14} {:>8.1}", "together", total.as_secs_f64());
    let failed: Vec<&str> = outcomes
        .iter()
        .filter(|(.., done)| !done)
        .map(|(name, ..)| *name)
        .collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn format(workspace: &Workspace) -> Result<()> {
    run_command(&mut workspace.cargo(["fmt", "--all", "--check"]))
}

fn lints(workspace: &Workspace) -> Result<()> {
    let arguments = [
        "clippy",
        "--workspace",
        "--exclude",
        RIVALS,
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    run_command(&mut workspace.cargo(arguments))
}

/// Libraries only: the tool's binary and the library share the name `exportkit`, and so would their pages.
fn docs(workspace: &Workspace) -> Result<()> {
    let arguments = [
        "doc",
        "--workspace",
        "--exclude",
        RIVALS,
        "--lib",
        "--all-features",
        "--no-deps",
    ];
    run_command(
        workspace
            .cargo(arguments)
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// What the smallest users compile must compile by itself, not by grace of what others switch on.
fn minimal(workspace: &Workspace) -> Result<()> {
    run_command(&mut workspace.cargo(["check", "-p", "export-core"]))?;
    run_command(&mut workspace.cargo(["check", "-p", "exportkit", "--no-default-features"]))?;
    run_command(&mut workspace.cargo([
        "check",
        "-p",
        "exportkit",
        "--no-default-features",
        "--features",
        "ndjson,csv",
    ]))
}

fn tests(workspace: &Workspace) -> Result<()> {
    run_command(&mut workspace.cargo([
        "test",
        "--workspace",
        "--exclude",
        RIVALS,
        "--all-features",
        "--no-fail-fast",
    ]))
}

/// cargo-deny is not needed to build; where it is not installed, the step says so and passes.
fn dependencies(workspace: &Workspace) -> Result<()> {
    let installed = workspace
        .cargo(["deny", "--version"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        println!(
            "dependencies: NOT CHECKED, cargo-deny is not installed (cargo install cargo-deny --locked)"
        );
        return Ok(());
    }
    run_command(&mut workspace.cargo(["deny", "check"]))
}

/// The README's first command as it stands there, its output elsewhere, then what its reader would try next.
fn readme(workspace: &Workspace) -> Result<()> {
    let text = workspace.read("README.md")?;
    let words =
        first_command(&text).context("README.md has no command `cargo run … convert IN OUT`")?;
    let xk = workspace.scratch("readme")?.join("flights.xk");
    run_command(workspace.cargo(words.iter().copied()).arg(&xk).arg("-f"))?;
    let verify = [
        "run",
        "--release",
        "-p",
        "export-cli",
        "--",
        "verify",
        "--deep",
    ];
    run_command(workspace.cargo(verify).arg(&xk))
}

/// The arguments of the README's first cargo command that converts, its output left out.
fn first_command(readme: &str) -> Option<Vec<&str>> {
    let line = readme.lines().find_map(|line| {
        line.strip_prefix("cargo run ")
            .filter(|rest| rest.contains(" convert "))
    })?;
    let mut words = vec!["run"];
    words.extend(line.split_whitespace());
    words.pop()?;
    Some(words)
}

#[cfg(test)]
mod self_tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn the_command_is_that_of_the_readme() {
        let words = first_command(include_str!("../../README.md")).unwrap();
        let expected = "run --release -p export-cli -- convert examples/data/flights.csv.gz";
        assert_eq!(words.join(" "), expected);
    }
}
