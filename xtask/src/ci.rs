//! What CI runs, and anyone before they push.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::workspace::{Workspace, run as run_command};
use crate::{arrows, compat, tidy};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Go on after a step that failed, and fail at the end
    #[arg(long)]
    keep_going: bool,
    /// Run these steps only
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = names())]
    only: Vec<String>,
}

struct Step {
    name: &'static str,
    run: fn(&Workspace) -> Result<()>,
}

/// Cheap ones first. Lints and docs share their artefacts (`check`), tests build once in the dev profile, and the README's
/// first command builds the optimised tool that compat then uses: nothing is compiled a third time.
const STEPS: [Step; 10] = [
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
];

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let wanted = |step: &&Step| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == step.name)
    };
    let mut outcomes: Vec<(&str, Duration, bool)> = Vec::new();
    for step in STEPS.iter().filter(wanted) {
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
    let arguments = ["doc", "--workspace", "--lib", "--all-features", "--no-deps"];
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
    run_command(&mut workspace.cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]))
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

/// The README's first command, then what its reader would try next.
fn readme(workspace: &Workspace) -> Result<()> {
    let xk = workspace.scratch("readme")?.join("flights.xk");
    let start = ["run", "--release", "-p", "export-cli", "--"];
    let mut convert = workspace.cargo(start);
    run_command(
        convert
            .args(["convert", "-f", "examples/data/flights.csv.gz"])
            .arg(&xk),
    )?;
    run_command(workspace.cargo(start).args(["verify", "--deep"]).arg(&xk))
}

#[cfg(test)]
mod tests_of_steps {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
