//! libFuzzer on every target of `export-fuzz`. Needs a nightly compiler, which nothing else does.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run as run_command, shown};

/// The glue, a workspace of its own.
const GLUE: &str = "fuzz/libfuzzer";
/// Kept inputs, a directory a target.
const CORPORA: &str = "fuzz/corpus";
const TOOLCHAIN: &str = "+nightly";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How long each target runs
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Run these targets only
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    only: Vec<String>,
    /// Say which targets there are
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    if arguments.list {
        let all = targets(workspace)?;
        all.iter().for_each(|target| println!("{target}"));
        return Ok(());
    }
    let sum = run_each(workspace, arguments.seconds, &arguments.only, |line| {
        println!("{line}");
    })?;
    if sum.findings > 0 {
        bail!(
            "{} findings: make each small (cargo {TOOLCHAIN} fuzz tmin --fuzz-dir {GLUE} TARGET INPUT), \
             keep it in {CORPORA}/TARGET, and mend what it shows",
            sum.findings
        );
    }
    Ok(())
}

/// What all targets came to.
#[derive(Default)]
pub(crate) struct Sum {
    pub(crate) targets: u64,
    pub(crate) executions: u64,
    pub(crate) findings: u64,
}

/// Runs each target of `only`, or each there is, and tells a line of each.
pub(crate) fn run_each(
    workspace: &Workspace,
    seconds: u32,
    only: &[String],
    tell: impl Fn(&str),
) -> Result<Sum> {
    let all = targets(workspace)?;
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        bail!("there is no target {unknown}; there are {}", all.join(", "));
    }
    let wanted = |target: &&String| only.is_empty() || only.contains(target);
    let fuzzer = Fuzzer::new(workspace)?;
    fuzzer.build(workspace)?;
    let mut sum = Sum::default();
    tell(&format!(
        "{:<12} {:>12} {:>9} {:>8} {:>8}  findings",
        "target", "executions", "exec/s", "corpus", "edges"
    ));
    for target in all.iter().filter(wanted) {
        let outcome = fuzzer.run(workspace, target, seconds)?;
        tell(&outcome.line(target));
        if outcome.executions == 0 {
            bail!("{target} did not say that it executed anything: see target/fuzz/logs");
        }
        sum.targets += 1;
        sum.executions += outcome.executions;
        sum.findings += outcome.findings.len() as u64;
    }
    Ok(sum)
}

/// The names of the targets: those of the glue's files.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let directory = workspace.root.join(GLUE).join("targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        names.extend(
            path.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned()),
        );
    }
    names.sort();
    Ok(names)
}

/// cargo-fuzz, and where it works.
struct Fuzzer {
    /// The directory of `cargo-fuzz`, where it is not on the path.
    tools: Option<PathBuf>,
}

impl Fuzzer {
    /// Finds cargo-fuzz, or installs it under `target/`.
    fn new(workspace: &Workspace) -> Result<Self> {
        let mut nightly = Command::new("cargo");
        nightly
            .args([TOOLCHAIN, "--version"])
            .env_remove("RUSTUP_TOOLCHAIN");
        if !is_there(&mut nightly) {
            bail!("fuzzing needs a nightly compiler: rustup toolchain install nightly");
        }
        if is_there(Command::new("cargo-fuzz").arg("--version")) {
            return Ok(Self { tools: None });
        }
        let root = workspace.target().join("tools");
        let tools = root.join("bin");
        if !tools
            .join("cargo-fuzz")
            .with_extension(std::env::consts::EXE_EXTENSION)
            .is_file()
        {
            eprintln!(
                "fuzz: cargo-fuzz is not there; installing it into {}",
                root.display()
            );
            let mut install =
                workspace.cargo(["install", "cargo-fuzz", "--locked", "--quiet", "--root"]);
            run_command(install.arg(&root).stdout(std::io::stderr()))?;
        }
        Ok(Self { tools: Some(tools) })
    }

    fn command(&self, workspace: &Workspace, what: &str) -> Command {
        let mut command = workspace.command("cargo");
        // This program was started by a cargo that says which compiler it is for.
        for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC"] {
            command.env_remove(name);
        }
        if let Some(tools) = &self.tools {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let paths = std::iter::once(tools.clone()).chain(std::env::split_paths(&path));
            command.env("PATH", std::env::join_paths(paths).unwrap_or(path));
        }
        command.args([
            TOOLCHAIN,
            "fuzz",
            what,
            "--fuzz-dir",
            GLUE,
            "--sanitizer",
            "none",
        ]);
        command
    }

    /// The versions of dependencies are those of the workspace.
    fn build(&self, workspace: &Workspace) -> Result<()> {
        let lock = workspace.root.join(GLUE).join("Cargo.lock");
        std::fs::copy(workspace.root.join("Cargo.lock"), &lock)
            .with_context(|| lock.display().to_string())?;
        run_command(self.command(workspace, "build").stdout(std::io::stderr()))
    }

    fn run(&self, workspace: &Workspace, target: &str, seconds: u32) -> Result<Outcome> {
        let grown = workspace.scratch(&format!("fuzz/corpus/{target}"))?;
        let findings = workspace.scratch(&format!("fuzz/findings/{target}"))?;
        let before = files(&findings)?;
        let mut command = self.command(workspace, "run");
        command
            .arg(target)
            .arg(&grown)
            .arg(workspace.root.join(CORPORA).join(target));
        command
            .arg("--")
            .args(["-rss_limit_mb=1024", "-malloc_limit_mb=256", "-timeout=20"]);
        command.arg(format!("-max_total_time={seconds}"));
        command.args(["-print_final_stats=1", "-max_len=65536", "-verbosity=1"]);
        command.arg(format!("-artifact_prefix={}/", findings.display()));
        eprintln!("$ {}", shown(&command));
        let ran = command
            .stdout(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {}", shown(&command)))?;
        let log = String::from_utf8_lossy(&ran.stderr).into_owned();
        let mut found = files(&findings)?;
        found.retain(|path| !before.contains(path));
        if !ran.status.success() && found.is_empty() {
            eprintln!("{log}");
            bail!("{target} ended with {} and no finding", ran.status);
        }
        let kept = workspace
            .scratch("fuzz/logs")?
            .join(format!("{target}.log"));
        std::fs::write(&kept, &log).with_context(|| kept.display().to_string())?;
        Ok(Outcome::of(&log, found))
    }
}

fn is_there(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

/// What libFuzzer said at its end.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    executions: u64,
    a_second: u64,
    inputs: u64,
    edges: u64,
    findings: Vec<PathBuf>,
}

impl Outcome {
    fn of(log: &str, findings: Vec<PathBuf>) -> Self {
        let stat = |name: &str| {
            let line = log.lines().rev().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').trim().parse().ok()
        };
        // #123 DONE cov: 45 ft: 67 corp: 8/90b …
        let progress = |name: &str| {
            let line = log
                .lines()
                .rev()
                .find(|line| line.starts_with('#') && line.contains(name))?;
            let (_, value) = line.split_once(name)?;
            let digits = value.trim().split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        };
        Self {
            executions: stat("stat::number_of_executed_units").unwrap_or(0),
            a_second: stat("stat::average_exec_per_sec").unwrap_or(0),
            inputs: progress("corp:").unwrap_or(0),
            edges: progress("cov:").unwrap_or(0),
            findings,
        }
    }

    fn line(&self, target: &str) -> String {
        let Self {
            executions,
            a_second,
            inputs,
            edges,
            findings,
        } = self;
        let mut line = format!(
            "{target:<12} {executions:>12} {a_second:>9} {inputs:>8} {edges:>8}  {}",
            findings.len()
        );
        for path in findings {
            line += &format!("\n  {}", path.display());
        }
        line
    }
}

#[cfg(test)]
mod self_tests {
    use super::*;

    #[test]
    fn the_log_of_a_run_is_understood() {
        let log = "#2\tINITED cov: 3 ft: 4 corp: 1/1b\n\
                   #4096\tpulse  cov: 17 ft: 30 corp: 5/40b lim: 8\n\
                   #5000\tDONE   cov: 18 ft: 31 corp: 6/41b lim: 8 exec/s: 2500\n\
                   stat::number_of_executed_units: 5000\n\
                   stat::average_exec_per_sec:     2500\n";
        let outcome = Outcome::of(log, Vec::new());
        let expected = Outcome {
            executions: 5_000,
            a_second: 2_500,
            inputs: 6,
            edges: 18,
            findings: Vec::new(),
        };
        assert_eq!(outcome, expected);
    }

    #[test]
    fn every_target_has_a_corpus() {
        let workspace = Workspace::load().unwrap();
        let targets = targets(&workspace).unwrap();
        assert!(targets.len() > 10, "{targets:?}");
        for target in targets {
            assert!(
                workspace.root.join(CORPORA).join(&target).is_dir(),
                "{target}"
            );
        }
    }
}
