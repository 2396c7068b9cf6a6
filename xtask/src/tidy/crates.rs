//! Rules on the crates of the workspace: their manifests, and their entries in docs/architecture.md.

use std::path::Path;

use anyhow::Result;

use super::Findings;
use crate::workspace::Workspace;

const MAP: &str = "docs/architecture.md";

pub(super) fn check(workspace: &Workspace, findings: &mut Findings) -> Result<()> {
    let map = workspace.read(MAP)?;
    let toolchain = toolchain(&workspace.read("rust-toolchain.toml")?);
    for package in workspace.metadata.workspace_packages() {
        let manifest = package
            .manifest_path
            .strip_prefix(&workspace.root)
            .unwrap_or(&package.manifest_path);
        let path = manifest.as_std_path();
        if package.description.as_deref().is_none_or(str::is_empty) {
            findings.fault(path, None, "no description");
        }
        if package.license.is_none() {
            findings.fault(path, None, "no licence");
        }
        let declared = package.rust_version.as_ref().map(ToString::to_string);
        if !agree(declared.as_deref(), toolchain.as_deref()) {
            findings.fault(
                path,
                None,
                "rust-version is not the version of rust-toolchain.toml",
            );
        }
        if !has_workspace_lints(&workspace.read(path)?) {
            findings.fault(path, None, "no `[lints]` with `workspace = true`");
        }
        let lines = entry_lines(&map, &package.name);
        if lines < 3 {
            findings.fault(
                Path::new(MAP),
                None,
                format!("{} has {lines} lines there; it needs three", package.name),
            );
        }
    }
    Ok(())
}

/// The channel of a rust-toolchain.toml.
fn toolchain(text: &str) -> Option<String> {
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with("channel"))?;
    Some(line.split('"').nth(1)?.to_owned())
}

/// Whether both versions are there and name the same release, a missing patch number being 0.
fn agree(declared: Option<&str>, toolchain: Option<&str>) -> bool {
    let (Some(declared), Some(toolchain)) = (declared, toolchain) else {
        return false;
    };
    let parts = |version: &str| {
        let mut parts: Vec<String> = version.split('.').map(String::from).collect();
        parts.resize(3, "0".to_owned());
        parts
    };
    parts(declared) == parts(toolchain)
}

fn has_workspace_lints(manifest: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[lints]")
        .skip(1);
    lines.any(|line| line == "workspace = true")
}

/// Number of lines with text under the heading of a crate.
fn entry_lines(map: &str, name: &str) -> usize {
    map.lines()
        .skip_while(|line| line.trim_end() != format!("### {name}"))
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| !line.trim().is_empty())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_agree_with_or_without_a_patch_number() {
        assert!(agree(Some("1.95"), Some("1.95.0")));
        assert!(agree(Some("1.95.0"), Some("1.95.0")));
        assert!(!agree(Some("1.94"), Some("1.95.0")));
        assert!(!agree(None, Some("1.95.0")));
        assert_eq!(
            toolchain("[toolchain]\nchannel = \"1.95.0\"\n").as_deref(),
            Some("1.95.0")
        );
    }

    #[test]
    fn lints_and_entries() {
        assert!(has_workspace_lints(
            "[package]\n[lints]\nworkspace = true\n"
        ));
        assert!(!has_workspace_lints("[package]\nworkspace = true\n"));
        assert_eq!(entry_lines("### a\n\none\ntwo\n### b\nthree\n", "a"), 2);
        assert_eq!(entry_lines("### a\n\none\n", "b"), 0);
    }
}
