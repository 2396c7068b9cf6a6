//! The Python side of the compatibility checks: an environment of its own, with pinned packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, run};

/// Scripts and their pins, relative to the root.
const HOME: &str = "xtask/compat";

/// A Python environment that has what the scripts need.
pub(crate) struct Python {
    interpreter: PathBuf,
    home: PathBuf,
}

impl Python {
    /// The environment under `target/`, made where it is missing or its pins have changed. Needs `python3` and, the first
    /// time, a package index.
    pub(crate) fn prepare(workspace: &Workspace) -> Result<Self> {
        let home = workspace.root.join(HOME);
        let environment = workspace.target().join("compat-venv");
        let interpreter = environment.join("bin").join("python");
        let stamp = environment.join("requirements.txt");
        let wanted = workspace.read(Path::new(HOME).join("requirements.txt"))?;
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(Self { interpreter, home });
        }
        println!(
            "compat: pip installs {}",
            wanted.split_whitespace().collect::<Vec<_>>().join(", ")
        );
        run(workspace
            .command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment))
        .context("the compatibility checks need python3 with venv")?;
        let mut pip = workspace.command(&interpreter);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ]);
        run(pip.arg(home.join("requirements.txt")))?;
        std::fs::write(&stamp, wanted)?;
        Ok(Self { interpreter, home })
    }

    /// A command that runs one of the scripts.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.interpreter);
        // Isolated from the caller's own packages, and nothing is left beside the scripts.
        command
            .arg("-B")
            .arg(self.home.join(name))
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONHOME");
        command
    }
}
