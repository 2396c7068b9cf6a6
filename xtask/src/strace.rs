//! strace, by which rows of the scoreboard make system calls fail and see what programs do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::workspace::{Workspace, run};

/// Debian's and Ubuntu's packages that it takes, besides what every system has.
const PACKAGES: [&str; 2] = ["strace", "libunwind8"];

/// Where strace is.
pub(crate) enum Strace {
    /// On the path.
    Installed,
    /// Unpacked in this directory, which is laid out as a root.
    Unpacked(PathBuf),
}

impl Strace {
    /// Finds it. Where the system has none, its package is fetched and unpacked under `target/`, which needs apt and no rights.
    pub(crate) fn prepare(workspace: &Workspace) -> Result<Self> {
        if !cfg!(target_os = "linux") || starts(Command::new("strace")) {
            return Ok(Self::Installed);
        }
        let home = workspace.scratch("strace")?;
        let here = Self::Unpacked(home.clone());
        if here.starts() {
            return Ok(here);
        }
        eprintln!("chaos: apt fetches {}", PACKAGES.join(", "));
        let needed = "chaos needs strace: install it (on Debian: apt-get install strace)";
        let mut download = workspace.command("apt-get");
        download.arg("download").args(PACKAGES).current_dir(&home);
        run(&mut download).context(needed)?;
        for entry in std::fs::read_dir(&home)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "deb") {
                let mut unpack = workspace.command("dpkg-deb");
                run(unpack.arg("-x").arg(&path).arg(&home)).context(needed)?;
            }
        }
        anyhow::ensure!(
            here.starts(),
            "{needed}; the one that was fetched does not start"
        );
        Ok(here)
    }

    /// Lets `command`, and what it starts, find it.
    pub(crate) fn lend(&self, command: &mut Command) {
        if let Self::Unpacked(home) = self {
            command.env("PATH", joined("PATH", vec![home.join("usr/bin")]));
            command.env(
                "LD_LIBRARY_PATH",
                joined("LD_LIBRARY_PATH", libraries(home)),
            );
        }
    }

    fn starts(&self) -> bool {
        // A path that is set for a child is not searched for the child itself.
        let mut command = match self {
            Self::Installed => Command::new("strace"),
            Self::Unpacked(home) => Command::new(home.join("usr/bin/strace")),
        };
        self.lend(&mut command);
        starts(command)
    }
}

fn starts(mut command: Command) -> bool {
    let silent = command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

/// The directories, before those of a variable.
fn joined(variable: &str, mut directories: Vec<PathBuf>) -> OsString {
    let before = std::env::var_os(variable).unwrap_or_default();
    directories.extend(std::env::split_paths(&before));
    std::env::join_paths(directories).unwrap_or(before)
}

/// Directories of libraries, one for each architecture.
fn libraries(home: &Path) -> Vec<PathBuf> {
    let parts = ["usr/lib", "lib"].map(|part| home.join(part));
    let entries = parts.iter().filter_map(|part| std::fs::read_dir(part).ok());
    entries
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}
