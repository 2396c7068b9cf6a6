//! The tables of a full run in docs/reliability.md and docs/reliability.csv, and as one JSON document.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::json;

use super::outcome::Outcome;
use super::table;
use crate::bench::{commit, machine};
use crate::workspace::Workspace;

const PAGE: &str = "docs/reliability.md";
const FIGURES: &str = "docs/reliability.csv";

/// Everything, for programs.
pub(super) fn json(workspace: &Workspace, outcomes: &[Outcome]) -> Result<String> {
    let document = json!({
        "machine": machine(),
        "commit": commit(workspace)?,
        "command": command(),
        "rows": outcomes,
    });
    Ok(serde_json::to_string_pretty(&document)?)
}

/// Puts both tables between their markers, and all counts into the CSV.
pub(super) fn tables(workspace: &Workspace, outcomes: &[Outcome]) -> Result<()> {
    let origin = format!("`{}`, {}, {}", command(), machine(), commit(workspace)?);
    let mut page = workspace.read(PAGE)?;
    let with_origin = format!("{}\n{origin}\n", table::ours(outcomes));
    for (name, table) in [
        ("scoreboard", with_origin),
        ("rivals", table::rivals(outcomes)),
    ] {
        page = between(&page, name, &table)
            .with_context(|| format!("{PAGE} has no place for {name}"))?;
    }
    std::fs::write(workspace.root.join(PAGE), page)?;
    let mut csv = format!(
        "# machine: {}\n# commit: {}\n# command: {}\nrow,subject,injected,what,count\n",
        machine(),
        commit(workspace)?,
        command()
    );
    for outcome in outcomes {
        let own = [("cases", outcome.cases), ("passed", outcome.passed)];
        let own = own.map(|(what, count)| (what.to_owned(), count));
        for (what, count) in own.into_iter().chain(outcome.counts.clone()) {
            let _ = writeln!(
                csv,
                "{},{},{},{what},{count}",
                outcome.id,
                cell(&outcome.subject),
                cell(&outcome.injected)
            );
        }
    }
    std::fs::write(workspace.root.join(FIGURES), csv)?;
    eprintln!("chaos: {PAGE} and {FIGURES}");
    Ok(())
}

/// The page with what stands between `<!-- name -->` and `<!-- end of name -->` replaced.
fn between(page: &str, name: &str, text: &str) -> Option<String> {
    let (start, end) = (
        format!("<!-- {name} -->\n"),
        format!("<!-- end of {name} -->"),
    );
    let (before, rest) = page.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}\n{text}\n{end}{after}"))
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

#[cfg(test)]
mod self_tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = "a\n<!-- t -->\nold\n<!-- end of t -->\nb\n";
        let new = between(page, "t", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- t -->\n\nnew\n\n<!-- end of t -->\nb\n");
        assert_eq!(between(&new, "t", "new\n").as_ref(), Some(&new));
        assert!(between(page, "u", "").is_none());
    }

    #[test]
    fn the_page_has_a_place_for_both_tables() {
        let page = include_str!("../../../docs/reliability.md");
        for name in ["scoreboard", "rivals"] {
            assert!(between(page, name, "").is_some(), "{name}");
        }
    }
}
