//! The reliability scoreboard: its rows are run, put together to a table, judged, and kept in docs/reliability.md.

mod keep;
mod outcome;
mod table;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::python::Python;
use crate::strace::Strace;
use crate::workspace::{Workspace, run as run_command, shown};
use crate::{bench, compat, fuzz};
use outcome::Outcome;

/// The script that works for rivals from Python, and the list of its packages, relative to the root.
const SCRIPTS: &str = "xtask/chaos";

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// A few cases of each: seconds a row once everything is built
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// All cases: hours for all rows, minutes for most. Each row's line in the tables of docs/reliability.md becomes this run's
    #[arg(long)]
    full: bool,
    /// These rows only, such as R1,R5
    #[arg(long, value_name = "ROW", value_delimiter = ',', ignore_case = true, value_parser = ids())]
    only: Vec<String>,
    /// Rivals beside: Parquet, MCAP, Arrow IPC, HDF5, SQLite (needs python3)
    #[arg(long)]
    rivals: bool,
    /// Where random cases start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON document instead of tables
    #[arg(long)]
    json: bool,
}

/// How many cases are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Quick,
    Ci,
    Full,
}

impl Size {
    /// As the program `chaos` calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Ci => "ci",
            Self::Full => "full",
        }
    }
}

/// What runs a row.
enum Run {
    /// The program `chaos` of export-chaos.
    Program,
    /// Commands of this one or of cargo.
    Commands(fn(&Workspace, Size, u64) -> Result<Outcome>),
}

/// A row of the scoreboard.
struct Row {
    id: &'static str,
    run: Run,
    /// Whether CI runs it as a part of this, and not by a step of its own.
    in_ci: bool,
}

const fn program(id: &'static str) -> Row {
    Row {
        id,
        run: Run::Program,
        in_ci: true,
    }
}

const ROWS: [Row; 13] = [
    program("R1"),
    program("R2"),
    program("R3"),
    program("R4"),
    program("R5"),
    program("R6"),
    program("R7"),
    Row {
        id: "R8",
        run: Run::Commands(fuzzing),
        in_ci: false,
    },
    program("R9"),
    program("R10"),
    Row {
        id: "R11",
        run: Run::Commands(round_trips),
        in_ci: false,
    },
    Row {
        id: "R12",
        run: Run::Commands(interleavings),
        in_ci: false,
    },
    program("R13"),
];

/// Rows that share the files they damage are run by one process; any other has one to itself, should it die.
const TOGETHER: [&str; 4] = ["R1", "R2", "R3", "R10"];
/// Rows in which rivals are measured.
const RIVALS: [&str; 4] = ["R1", "R2", "R3", "R4"];

fn ids() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.id).collect()
}

/// What CI runs: the rows that no other step of it runs.
pub(crate) fn ci(workspace: &Workspace) -> Result<()> {
    let rows = ROWS.iter().filter(|row| row.in_ci);
    run(
        workspace,
        &Arguments {
            only: rows.map(|row| row.id.to_owned()).collect(),
            seed: 1,
            ..Arguments::default()
        },
    )
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let size = match (arguments.quick, arguments.full) {
        (true, _) => Size::Quick,
        (_, true) => Size::Full,
        _ => Size::Ci,
    };
    let is_wanted = |id: &str| {
        let mut only = arguments.only.iter();
        arguments.only.is_empty() || only.any(|wanted| wanted.eq_ignore_ascii_case(id))
    };
    let rows: Vec<&Row> = ROWS.iter().filter(|row| is_wanted(row.id)).collect();
    let origin = keep::Origin::now(workspace)?;
    let program = Program::build(workspace, arguments, size)?;
    let (mut outcomes, mut missing) = (Vec::new(), Vec::new());
    let mut take = |outcome: Outcome| {
        eprintln!("{}", outcome.line());
        if size == Size::Full && outcome.cases > 0 {
            keep::keep(workspace, &outcome, &origin)?;
        }
        outcomes.push(outcome);
        Ok(())
    };
    let by_program = rows.iter().filter(|row| matches!(row.run, Run::Program));
    let (known, unknown): (Vec<_>, Vec<_>) = by_program
        .map(|row| row.id)
        .partition(|id| program.rows.contains(*id));
    missing.extend(unknown);
    let (together, alone): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|id| TOGETHER.contains(id));
    let groups = [together]
        .into_iter()
        .chain(alone.into_iter().map(|id| vec![id]));
    for ids in groups.filter(|ids| !ids.is_empty()) {
        program.run(workspace, &ids, &mut take)?;
    }
    for row in rows {
        if let Run::Commands(commands) = row.run {
            take(commands(workspace, size, arguments.seed)?)?;
        }
    }
    outcomes.sort_by_key(|outcome| ids().iter().position(|id| *id == outcome.id));
    if arguments.json {
        println!("{}", keep::json(workspace, &outcomes)?);
    } else {
        println!("{}, {}\n", bench::machine(), bench::commit(workspace)?);
        println!("{}", table::ours(&outcomes));
        if arguments.rivals {
            let commit = bench::commit(workspace)?;
            let of_now = outcomes.iter().map(|outcome| (outcome, &*commit));
            println!("{}", table::rivals(of_now));
        }
    }
    for outcome in outcomes.iter().filter(|outcome| outcome.is_failure()) {
        let first = outcome
            .first_failure
            .as_deref()
            .unwrap_or("no case says why");
        eprintln!("{} of {} failed: {first}", outcome.id, outcome.subject);
    }
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|outcome| outcome.is_failure())
        .map(|outcome| outcome.id.as_str())
        .collect();
    if !failed.is_empty() {
        bail!("promises that were not kept: {}", failed.join(", "));
    }
    if !missing.is_empty() {
        bail!("the program chaos has no {}", missing.join(", "));
    }
    Ok(())
}

/// The program `chaos`, built, and what it is to be told.
struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    rivals: Vec<String>,
    rows: BTreeSet<String>,
    strace: Strace,
}

impl Program {
    fn build(workspace: &Workspace, arguments: &Arguments, size: Size) -> Result<Self> {
        // The command line tool is one of the programs that are hurt.
        run_command(&mut workspace.cargo([
            "build",
            "--release",
            "-p",
            "export-chaos",
            "-p",
            "export-cli",
        ]))?;
        let built = |name: &str| {
            let path = workspace.target().join("release").join(name);
            path.with_extension(std::env::consts::EXE_EXTENSION)
        };
        let mut rivals = Vec::new();
        if arguments.rivals {
            run_command(&mut workspace.cargo([
                "build",
                "--release",
                "-p",
                "export-compare",
                "--bin",
                "rivals",
            ]))?;
            let python = Python::prepare(workspace, SCRIPTS)?.script("worker.py");
            let script = python.get_args().last().unwrap_or_default();
            let paths = [
                ("--rivals", built("rivals")),
                ("--python", python.get_program().into()),
                ("--script", script.into()),
            ];
            for (name, path) in paths {
                rivals.extend([name.to_owned(), path.display().to_string()]);
            }
        }
        let path = built("chaos");
        let listed = crate::workspace::output(workspace.command(&path).arg("--list"))?;
        Ok(Self {
            path,
            arguments: vec![
                "--size".into(),
                size.name().into(),
                "--seed".into(),
                arguments.seed.to_string(),
            ],
            rivals,
            rows: listed.split_whitespace().map(str::to_owned).collect(),
            strace: Strace::prepare(workspace)?,
        })
    }

    /// Runs rows; one that says nothing has failed.
    fn run(
        &self,
        workspace: &Workspace,
        ids: &[&str],
        take: &mut impl FnMut(Outcome) -> Result<()>,
    ) -> Result<()> {
        let mut command = workspace.command(&self.path);
        command.args(ids).args(&self.arguments);
        if ids.iter().any(|id| RIVALS.contains(id)) {
            command.args(&self.rivals);
        }
        self.strace.lend(&mut command);
        eprintln!("$ {}", shown(&command));
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let mut silent: BTreeSet<&str> = ids.iter().copied().collect();
        let mut took = Ok(());
        for line in lines {
            took = line.map_err(Into::into).and_then(|line| {
                let outcome: Outcome = serde_json::from_str(&line)?;
                if outcome.is_ours() {
                    silent.remove(outcome.id.as_str());
                }
                take(outcome)
            });
            if took.is_err() {
                child.kill()?;
                break;
            }
        }
        let status = child.wait()?;
        took?;
        for id in silent {
            take(Outcome::failed(id, "the program", format!("{status}")))?;
        }
        Ok(())
    }
}

/// R8, by `cargo xtask fuzz`.
fn fuzzing(workspace: &Workspace, size: Size, _: u64) -> Result<Outcome> {
    let seconds = match size {
        Size::Quick => 1,
        Size::Ci => 5,
        Size::Full => 20,
    };
    let injected = "mutated input for every decoder, the index, repair and foreign readers";
    let start = Instant::now();
    let outcome = match fuzz::run_each(workspace, seconds, &[], |line| eprintln!("{line}")) {
        Err(error) => Outcome::failed("R8", injected, format!("{error:#}")),
        Ok(sum) => Outcome {
            cases: sum.executions,
            passed: sum.executions.saturating_sub(sum.findings),
            counts: [(String::from("targets"), sum.targets)].into(),
            first_failure: (sum.findings > 0)
                .then(|| format!("{} findings, in target/fuzz/findings", sum.findings)),
            ..Outcome::of("R8", injected)
        },
    };
    Ok(Outcome {
        seconds: start.elapsed().as_secs_f64(),
        ..outcome
    })
}

/// R11, by `cargo xtask compat`.
fn round_trips(workspace: &Workspace, size: Size, seed: u64) -> Result<Outcome> {
    let tables = match size {
        Size::Quick => 20,
        Size::Ci => 200,
        Size::Full => 10_000,
    };
    let start = Instant::now();
    let done = compat::run(workspace, &compat::Arguments::of_tables(tables, seed));
    Ok(Outcome {
        cases: tables.into(),
        passed: if done.is_ok() { tables.into() } else { 0 },
        first_failure: done.err().map(|error| format!("{error:#}")),
        seconds: start.elapsed().as_secs_f64(),
        ..Outcome::of(
            "R11",
            "random tables through other people's readers and writers",
        )
    })
}

/// R12, by tests of the crates that have threads.
fn interleavings(workspace: &Workspace, size: Size, _: u64) -> Result<Outcome> {
    let orders: u64 = match size {
        Size::Quick | Size::Ci => 3_000,
        Size::Full => 1_000_000,
    };
    let mut all = Outcome::of("R12", "orders in which threads take turns, by a scheduler");
    for package in ["export-journal", "export-parallel"] {
        let mut command = workspace.cargo([
            "test",
            "--release",
            "-p",
            package,
            "--test",
            "interleavings",
        ]);
        command.env("INTERLEAVINGS", orders.to_string());
        let one = of_command("R12", "", command);
        all.cases += orders;
        all.passed += orders * one.passed;
        all.seconds += one.seconds;
        all.first_failure = all.first_failure.or(one.first_failure);
    }
    Ok(all)
}

/// A command as a case.
fn of_command(id: &str, injected: &str, mut command: Command) -> Outcome {
    let start = Instant::now();
    command.stdout(std::io::stderr());
    let done = run_command(&mut command);
    Outcome {
        cases: 1,
        passed: done.is_ok().into(),
        first_failure: done.err().map(|error| format!("{error:#}")),
        seconds: start.elapsed().as_secs_f64(),
        ..Outcome::of(id, injected)
    }
}

#[cfg(test)]
mod self_tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_scoreboard() {
        let numbered: Vec<String> = (1..=13).map(|number| format!("R{number}")).collect();
        assert_eq!(ids(), numbered);
        assert!(TOGETHER.iter().chain(&RIVALS).all(|id| ids().contains(id)));
    }
}
