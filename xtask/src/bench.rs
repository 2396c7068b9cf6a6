//! Benchmarks, and where their tables are kept.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::builds;
use crate::workspace::{Workspace, output, run as run_command, shown};

/// The environment variable that tells a benchmark where to leave its table, as `<name>.csv`.
const TABLES_AT: &str = "EXPORTKIT_BENCH_DIR";
/// Where tables are kept, relative to the root.
const HOME: &str = "docs/benchmarks";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measure what builds of the small configurations cost instead
    #[arg(long)]
    builds: bool,
    /// With --builds: optimised
    #[arg(long, requires = "builds")]
    release: bool,
    /// The benchmark to run; all where none is given
    #[arg(long, value_name = "NAME", conflicts_with = "builds")]
    bench: Option<String>,
    /// Handed to the benchmarks
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    if arguments.builds {
        return builds::run(workspace, arguments.release);
    }
    let fresh = workspace.scratch("bench-tables")?;
    std::fs::remove_dir_all(&fresh)?;
    std::fs::create_dir(&fresh)?;
    let mut command = workspace.cargo(["bench", "-p", "export-benches", "--features", "rivals"]);
    match &arguments.bench {
        Some(name) => command.args(["--bench", name]),
        None => command.arg("--benches"),
    };
    if !arguments.rest.is_empty() {
        command.arg("--").args(&arguments.rest);
    }
    run_command(command.env(TABLES_AT, &fresh))?;
    keep(workspace, &fresh, &shown(&command))
}

/// Copies the tables into the repository, each under comment lines that say where it comes from.
fn keep(workspace: &Workspace, fresh: &Path, command: &str) -> Result<()> {
    let origin = format!(
        "# machine: {}\n# commit: {}\n# command: {command}\n",
        machine(),
        commit(workspace)?
    );
    let mut tables = std::fs::read_dir(fresh)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    tables.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    tables.sort();
    if tables.is_empty() {
        bail!("no benchmark left a table in {TABLES_AT}");
    }
    let home = workspace.root.join(HOME);
    std::fs::create_dir_all(&home)?;
    for table in tables {
        let name = table.file_name().context("a table without a name")?;
        let target = home.join(name);
        std::fs::write(&target, origin.clone() + &std::fs::read_to_string(&table)?)?;
        println!("bench: {HOME}/{}", name.display());
    }
    Ok(())
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
fn commit(workspace: &Workspace) -> Result<String> {
    let described =
        output(
            workspace
                .command("git")
                .args(["describe", "--always", "--dirty", "--abbrev=12"]),
        )?;
    Ok(described.trim().to_owned())
}
