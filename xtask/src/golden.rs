//! Golden files: what this version writes, kept for all versions to come.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Version of the file format, which names the directory
    #[arg(long, default_value = "v1")]
    format_version: String,
}

/// Where the goldens of a version live, relative to the root.
pub(crate) fn home(format_version: &str) -> String {
    format!("{HOMES}/{format_version}")
}

/// Where the goldens of all versions live, relative to the root.
pub(crate) const HOMES: &str = "crates/export-container/tests/golden";

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let fresh = workspace.scratch("golden")?;
    std::fs::remove_dir_all(&fresh)?;
    std::fs::create_dir(&fresh)?;
    let mut example = workspace.cargo([
        "run",
        "-p",
        "exportkit",
        "--all-features",
        "--example",
        "write_goldens",
        "--",
    ]);
    run_command(example.arg(&fresh))?;
    let home = workspace.root.join(home(&arguments.format_version));
    std::fs::create_dir_all(&home)?;
    let (added, kept) = add(&fresh, &home)?;
    println!("golden: {added} added, {kept} kept as they were");
    Ok(())
}

/// Copies the files of `fresh` that `home` lacks; returns how many were added and how many were there.
fn add(fresh: &Path, home: &Path) -> Result<(usize, usize)> {
    let (mut added, mut kept) = (0, 0);
    let mut entries = std::fs::read_dir(fresh)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    if entries.is_empty() {
        bail!("the example wrote nothing");
    }
    for entry in entries {
        let target = home.join(entry.file_name());
        let bytes = std::fs::read(entry.path())?;
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&target);
        match file {
            Ok(mut file) => {
                std::io::Write::write_all(&mut file, &bytes)?;
                println!("golden: + {}", entry.file_name().display());
                added += 1;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => kept += 1,
            Err(error) => return Err(error).with_context(|| target.display().to_string()),
        }
    }
    Ok((added, kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_golden_is_never_rewritten() {
        let root = std::env::temp_dir().join(format!("exportkit-golden-{}", std::process::id()));
        let (fresh, home) = (root.join("fresh"), root.join("home"));
        std::fs::create_dir_all(&fresh).unwrap();
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("old.xk"), "as it was").unwrap();
        std::fs::write(fresh.join("old.xk"), "otherwise").unwrap();
        std::fs::write(fresh.join("new.xk"), "new").unwrap();
        assert_eq!(add(&fresh, &home).unwrap(), (1, 1));
        assert_eq!(std::fs::read(home.join("old.xk")).unwrap(), b"as it was");
        assert_eq!(std::fs::read(home.join("new.xk")).unwrap(), b"new");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
