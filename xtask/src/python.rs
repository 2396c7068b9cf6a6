//! The Python side of chores: an environment for each, with pinned packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, run};

/// A Python environment that has what the scripts need.
pub(crate) struct Python {
    interpreter: PathBuf,
    home: PathBuf,
}

impl Python {
    /// The environment for the scripts in `home` (relative to the root, `requirements.txt` beside them), which lies under
    /// `target/` and is made where it is missing or its pins have changed. Needs `python3` and, the first time, a package index.
    pub(crate) fn prepare(workspace: &Workspace, home: &str) -> Result<Self> {
        let chore = Path::new(home).file_name().unwrap_or_default().display();
        let environment = workspace.target().join(format!("{chore}-venv"));
        let requirements = Path::new(home).join("requirements.txt");
        let home = workspace.root.join(home);
        let interpreter = environment.join("bin").join("python");
        let stamp = environment.join("requirements.txt");
        let wanted = workspace.read(&requirements)?;
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(Self { interpreter, home });
        }
        eprintln!(
            "{chore}: pip installs {}",
            wanted.split_whitespace().collect::<Vec<_>>().join(", ")
        );
        run(workspace
            .command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment))
        .with_context(|| format!("{chore} needs python3 with venv"))?;
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
