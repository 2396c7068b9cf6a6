//! Compatibility: with other people's readers and writers, and with our own files of earlier versions.

use anyhow::Result;

use crate::golden;
use crate::python::Python;
use crate::workspace::{Workspace, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Random tables that go through Parquet
    #[arg(long, default_value_t = TABLES)]
    tables: u32,
    /// Where the random tables start; a failure names its own
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run these scripts of xtask/compat only
    #[arg(long, value_name = "SCRIPT", value_delimiter = ',', value_parser = SCRIPTS)]
    only: Vec<String>,
}

/// Scripts and the list of their packages, relative to the root.
pub(crate) const HOME: &str = "xtask/compat";
/// Random tables in CI.
const TABLES: u32 = 200;

const SCRIPTS: [&str; 5] = ["yardstick", "goldens", "parquet", "text", "tables"];

impl Default for Arguments {
    fn default() -> Self {
        Self {
            tables: TABLES,
            seed: 1,
            only: Vec::new(),
        }
    }
}

impl Arguments {
    /// That many random tables, and nothing else.
    pub(crate) fn of_tables(tables: u32, seed: u64) -> Self {
        Self {
            tables,
            seed,
            only: vec!["tables".to_owned()],
        }
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let exportkit = workspace.exportkit()?;
    let python = Python::prepare(workspace, HOME)?;
    let scratch = workspace.scratch("compat")?;
    let wanted = |name: &&&str| {
        arguments.only.is_empty() || arguments.only.iter().any(|only| only == **name)
    };
    for name in SCRIPTS.iter().filter(wanted) {
        let mut script = python.script(&format!("{name}.py"));
        script
            .arg("--exportkit")
            .arg(&exportkit)
            .arg("--scratch")
            .arg(&scratch);
        match *name {
            "goldens" => {
                script
                    .arg("--goldens")
                    .arg(workspace.root.join(golden::HOMES));
            }
            "tables" => {
                script.args(["--tables", &arguments.tables.to_string()]);
                script.args(["--seed", &arguments.seed.to_string()]);
            }
            _ => {}
        }
        run_command(&mut script)?;
    }
    Ok(())
}
