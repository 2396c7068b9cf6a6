//! What builds of the small configurations cost, in processor time and in dependencies.

use anyhow::Result;

use crate::bench::{Table, Wanted};
use crate::measure::cost;
use crate::workspace::{Workspace, output, run as run_command};

/// A configuration someone might depend on.
struct Configuration {
    arguments: &'static [&'static str],
    /// Most processor seconds its build should take, where a target is set.
    target_seconds: Option<u32>,
}

const CONFIGURATIONS: [Configuration; 3] = [
    Configuration {
        arguments: &["-p", "export-core"],
        target_seconds: Some(10),
    },
    Configuration {
        arguments: &["-p", "exportkit", "--no-default-features"],
        target_seconds: None,
    },
    Configuration {
        arguments: &[
            "-p",
            "exportkit",
            "--no-default-features",
            "--features",
            "ndjson,csv",
        ],
        target_seconds: Some(40),
    },
];

/// Who depends on a crate builds it by a profile of their own, not by this workspace's; these are cargo's defaults.
const DEPENDENTS_PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_DEV_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_DEV_DEBUG", "2"),
    ("CARGO_PROFILE_RELEASE_LTO", "false"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// Builds each configuration from nothing.
pub(crate) fn table(workspace: &Workspace, release: bool) -> Result<Table> {
    run_command(&mut workspace.cargo(["fetch", "--quiet"]))?;
    let title = match release {
        true => "Builds in release, by cargo's default profile",
        false => "Builds in dev, by cargo's default profile",
    };
    let columns = ["cargo build", "CPU-s", "elapsed s", "crates"];
    let mut table = Table::new("T13", title, &columns);
    let fresh = workspace.scratch("builds")?;
    for configuration in &CONFIGURATIONS {
        std::fs::remove_dir_all(&fresh)?;
        let mut build = workspace.cargo(["build", "--quiet"]);
        build
            .args(configuration.arguments)
            .env("CARGO_TARGET_DIR", &fresh)
            .env("CARGO_INCREMENTAL", "0");
        if release {
            build.arg("--release");
        }
        build.envs(DEPENDENTS_PROFILE);
        let cost = cost(&mut build)?;
        let name = configuration.arguments.join(" ");
        table.rows.push(vec![
            name.clone(),
            format!("{:.1}", cost.processor.as_secs_f64()),
            format!("{:.1}", cost.wall.as_secs_f64()),
            dependencies(workspace, configuration.arguments)?.to_string(),
        ]);
        if let Some(seconds) = configuration.target_seconds {
            let wanted = Wanted::AtMost(seconds.into());
            table.judge(
                format!("{name}: CPU-s"),
                cost.processor.as_secs_f64(),
                wanted,
            );
        }
    }
    std::fs::remove_dir_all(&fresh)?;
    Ok(table)
}

/// Number of crates besides the one asked for that its build compiles.
fn dependencies(workspace: &Workspace, arguments: &[&str]) -> Result<usize> {
    let mut tree = workspace.cargo([
        "tree",
        "--prefix",
        "none",
        "--no-dedupe",
        "-e",
        "normal,build",
        "--format",
        "{p}",
    ]);
    let listing = output(tree.args(arguments))?;
    let mut names: Vec<&str> = listing.lines().filter(|line| !line.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.len().saturating_sub(1))
}
