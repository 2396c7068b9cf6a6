//! Benchmarks: run, put together to a table a target, judged, and kept in docs/benchmarks.

mod figures;
mod instructions;
mod keep;
mod memory;
mod picture;
mod promises;
mod spikes;
mod table;
mod targets;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::builds;
use crate::python::Python;
use crate::workspace::{Workspace, output, run as run_command, shown};
use figures::Figures;
pub(crate) use table::{Table, Wanted};

/// The environment variable that tells a benchmark where to leave what it measured, as `<name>.jsonl`.
const FIGURES_AT: &str = "EXPORTKIT_BENCH_DIR";
/// Where scripts and the list of their packages are, relative to the root.
const SCRIPTS: &str = "xtask/bench";
/// Targets, in the order of their tables.
const TARGETS: [&str; 13] = [
    "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "T13",
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Shorter tables, and no builds: under three minutes once everything is built. Nothing in docs/benchmarks changes
    #[arg(long)]
    quick: bool,
    /// What these targets need only, such as T1,T6. Nothing in docs/benchmarks changes
    #[arg(long, value_name = "TARGET", value_delimiter = ',', value_parser = TARGETS)]
    only: Vec<String>,
    /// These workloads only, such as D1,D5. Nothing in docs/benchmarks changes
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    workloads: Vec<String>,
    /// Timed runs of each contender
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Leave out the rivals that need Python and packages from its index: Vortex, Lance, DuckDB, Polars
    #[arg(long)]
    no_python: bool,
    /// Print one JSON document instead of tables
    #[arg(long)]
    json: bool,
    /// Measure nothing: judge what the last run has left in target/bench
    #[arg(long, conflicts_with_all = ["instructions", "builds"])]
    again: bool,
    /// Count instructions of the hot loops instead, against docs/benchmarks/instructions.csv (needs valgrind)
    #[arg(long)]
    instructions: bool,
    /// With --instructions: keep the counts as those to compare with
    #[arg(long, requires = "instructions")]
    update: bool,
    /// Measure what builds of the small configurations cost instead (T13)
    #[arg(long, conflicts_with = "instructions")]
    builds: bool,
    /// With --builds: optimised
    #[arg(long, requires = "builds")]
    release: bool,
}

impl Arguments {
    fn wants(&self, targets: &[&str]) -> bool {
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|only| targets.contains(&only.as_str()))
    }

    /// Whether this is the run whose figures are kept in the repository.
    fn is_whole(&self) -> bool {
        let all = self.only.is_empty() && self.workloads.is_empty();
        all && !self.quick && !self.no_python && !self.again
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    if arguments.builds {
        println!(
            "{}",
            builds::table(workspace, arguments.release)?.markdown()
        );
        return Ok(());
    }
    if arguments.instructions {
        return instructions::run(workspace, arguments.update);
    }
    let figures = measure(workspace, arguments)?;
    let tables = tables(workspace, arguments, &figures)?;
    if arguments.json {
        println!("{}", keep::json(workspace, &figures, &tables)?);
    } else {
        println!("{}, {}\n", machine(), commit(workspace)?);
        for table in &tables {
            println!("{}", table.markdown());
        }
    }
    if arguments.is_whole() {
        keep::csv(workspace, &figures, &tables)?;
        picture::draw(&workspace.root.join(keep::HOME), &figures)?;
    } else {
        let scratch = workspace.scratch("bench")?;
        picture::draw(&scratch, &figures)?;
        let (home, scratch) = (keep::HOME, scratch.display());
        eprintln!(
            "bench: not the whole, so {home} stays as it was; what was measured is in {scratch}"
        );
    }
    Ok(())
}

fn tables(workspace: &Workspace, arguments: &Arguments, figures: &Figures) -> Result<Vec<Table>> {
    let mut tables = targets::all(figures);
    for target in ["T7", "T8", "T9", "T10"] {
        tables.extend(promises::table(figures, target));
    }
    tables.push(spikes::table(figures));
    tables.extend(promises::table(figures, "T12"));
    if arguments.wants(&["T13"]) && !arguments.quick && !arguments.again {
        tables.push(builds::table(workspace, false)?);
    }
    tables.retain(|table| arguments.wants(&[table.target]));
    Ok(tables)
}

/// Runs every benchmark that is wanted.
fn measure(workspace: &Workspace, arguments: &Arguments) -> Result<Figures> {
    let left = workspace.scratch("bench")?;
    let mut figures = Figures::default();
    if arguments.again {
        figures.collect(&left)?;
        return Ok(figures);
    }
    std::fs::remove_dir_all(&left)?;
    let handed_over = left.join("tables");
    std::fs::create_dir_all(&handed_over)?;

    let (tables, rows) = (
        arguments.wants(&["T1", "T2", "T3", "T6", "T11"]),
        arguments.wants(&["T4", "T5"]),
    );
    let python = tables && !arguments.no_python;
    if tables || rows {
        let mut compare = workspace.cargo(["run", "--release", "--quiet", "-p", "export-compare"]);
        compare.args(["--", "--runs", &arguments.runs.to_string()]);
        if arguments.quick {
            compare.arg("--quick");
        }
        if !arguments.workloads.is_empty() {
            compare.args(["--only", &arguments.workloads.join(",")]);
        }
        if tables != rows {
            compare.args(["--from", if tables { "tables" } else { "rows" }]);
        }
        if python {
            compare.arg("--hand-over").arg(&handed_over);
        }
        tell(compare.env(FIGURES_AT, &left))?;
    }
    if python {
        let python = Python::prepare(workspace, SCRIPTS)?;
        let scratch = in_memory()?;
        let mut script = python.script("rivals.py");
        script.arg("--tables").arg(&handed_over);
        script.args(["--runs", &arguments.runs.to_string()]);
        script.arg("--scratch").arg(scratch.path());
        script.stdout(File::create(left.join("rivals.jsonl"))?);
        run_command(&mut script)?;
        std::fs::remove_dir_all(&handed_over)?;
    }
    for (bench, targets) in [
        ("container", &["T7", "T8"][..]),
        ("heap", &["T9"]),
        ("threads", &["T10"]),
        ("push", &["T12"]),
    ] {
        if arguments.wants(targets) && has_bench(workspace, bench) {
            let mut command = workspace.cargo(["bench", "--quiet", "-p", "export-benches"]);
            command.args(["--bench", bench, "--"]);
            if arguments.quick {
                command.arg("--quick");
            }
            tell(command.env(FIGURES_AT, &left))?;
        }
    }
    if arguments.wants(&["T9"]) {
        memory::measure(workspace, arguments.quick, &left)?;
    }
    figures.collect(&left)?;
    Ok(figures)
}

/// Whether export-benches has this benchmark.
fn has_bench(workspace: &Workspace, name: &str) -> bool {
    let packages = &workspace.metadata.packages;
    let benches = packages.iter().find(|p| p.name == "export-benches");
    benches.is_some_and(|package| {
        package
            .targets
            .iter()
            .any(|target| target.is_bench() && target.name == name)
    })
}

/// Runs a command whose stdout is for people to watch, and not what was asked for.
fn tell(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut stdout = child.stdout.take().context("no stdout")?;
    std::io::copy(&mut stdout, &mut std::io::stderr())?;
    let status = child.wait()?;
    if !status.success() {
        bail!("{} failed: {status}", shown(command));
    }
    Ok(())
}

/// A directory whose files are in memory, where the system has such.
fn in_memory() -> Result<tempfile::TempDir> {
    let shared = PathBuf::from("/dev/shm");
    let directory = if shared.is_dir() {
        shared
    } else {
        std::env::temp_dir()
    };
    Ok(tempfile::tempdir_in(directory)?)
}

/// The processor, its number of threads, and the system: what a figure depends on, and nothing that names the machine.
pub(crate) fn machine() -> String {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{model}, {threads} threads, {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// The commit that is checked out, marked where there are changes on top of it.
pub(crate) fn commit(workspace: &Workspace) -> Result<String> {
    let described =
        output(
            workspace
                .command("git")
                .args(["describe", "--always", "--dirty", "--abbrev=12"]),
        )?;
    Ok(described.trim().to_owned())
}
