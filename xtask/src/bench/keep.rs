//! Figures as files of the repository, and as one JSON document.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use super::figures::Figures;
use super::table::Table;
use super::{commit, machine};
use crate::workspace::Workspace;

/// Where tables are kept, relative to the root.
pub(super) const HOME: &str = "docs/benchmarks";

/// Everything, for programs.
pub(super) fn json(workspace: &Workspace, figures: &Figures, tables: &[Table]) -> Result<String> {
    let document = json!({
        "machine": machine(),
        "commit": commit(workspace)?,
        "command": command(),
        "speeds": figures.speeds,
        "figures": figures.figures,
        "targets": tables,
    });
    Ok(serde_json::to_string_pretty(&document)?)
}

/// `write_read.csv`, `rows.csv`, `figures.csv` and `targets.csv`.
pub(super) fn csv(workspace: &Workspace, figures: &Figures, tables: &[Table]) -> Result<()> {
    save(workspace, "write_read.csv", &speeds(figures, "tables"))?;
    save(workspace, "rows.csv", &speeds(figures, "rows"))?;
    let mut singles = String::from("target,subject,what,value,unit\n");
    for figure in &figures.figures {
        let _ = writeln!(
            singles,
            "{},{},{},{:.3},{}",
            figure.target,
            cell(&figure.subject),
            cell(&figure.what),
            figure.value,
            figure.unit
        );
    }
    save(workspace, "figures.csv", &singles)?;
    let mut verdicts = String::from("target,what,figure,wanted,met\n");
    for table in tables {
        for verdict in &table.verdicts {
            let _ = writeln!(
                verdicts,
                "{},{},{:.3},{},{}",
                table.target,
                cell(&verdict.what),
                verdict.figure,
                verdict.wanted,
                if verdict.met { "yes" } else { "no" }
            );
        }
    }
    save(workspace, "targets.csv", &verdicts)
}

fn speeds(figures: &Figures, from: &str) -> String {
    let mut text =
        String::from("table,contender,rows,memory_bytes,stored_bytes,ratio,write_mb_s,read_mb_s\n");
    for speed in figures.speeds.iter().filter(|speed| speed.from == from) {
        let _ = writeln!(
            text,
            "{},{},{},{},{},{:.3},{:.1},{:.1}",
            speed.table,
            cell(&speed.contender),
            speed.rows,
            speed.memory_bytes,
            speed.stored_bytes,
            speed.ratio(),
            speed.write_mb_s(),
            speed.read_mb_s()
        );
    }
    text
}

/// Writes a table under comment lines that say where it comes from.
pub(super) fn save(workspace: &Workspace, name: &str, text: &str) -> Result<()> {
    let home = workspace.root.join(HOME);
    std::fs::create_dir_all(&home)?;
    let origin = format!(
        "# machine: {}\n# commit: {}\n# command: {}\n",
        machine(),
        commit(workspace)?,
        command()
    );
    std::fs::write(home.join(name), origin + text)?;
    eprintln!("bench: {HOME}/{name}");
    Ok(())
}

fn cell(text: &str) -> String {
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn command() -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask {}", words.join(" "))
}
