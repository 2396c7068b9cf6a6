//! The tables of full runs in docs/reliability.md, their figures in docs/reliability.jsonl, and outcomes as one JSON document.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ids;
use super::outcome::Outcome;
use super::table;
use crate::bench::{commit, machine};
use crate::workspace::{Workspace, output};

const PAGE: &str = "docs/reliability.md";
const FIGURES: &str = "docs/reliability.jsonl";
/// Characters that are kept of a failure.
const MOST_TEXT: usize = 500;

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

/// What a row came to when it was last run in full, for one subject: a line of the figures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    pub(super) commit: String,
    pub(super) machine: String,
}

/// What a run is of. Found out before anything is built: rows take hours, and the sources may change meanwhile.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    commit: String,
    machine: String,
}

impl Origin {
    pub(super) fn now(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            commit: measured(workspace)?,
            machine: machine(),
        })
    }
}

/// Puts the outcome of a full run in the place of the one that was kept of its row and subject, and both tables anew: all rows take
/// hours, so they may be run one by one.
pub(super) fn keep(workspace: &Workspace, outcome: &Outcome, origin: &Origin) -> Result<()> {
    let mut kept = read(workspace)?;
    kept.retain(|kept| {
        (&kept.outcome.id, &kept.outcome.subject) != (&outcome.id, &outcome.subject)
    });
    let mut outcome = outcome.clone();
    // The calls of a program that hangs are without number.
    let short = |text: String| text.chars().take(MOST_TEXT).collect();
    outcome.first_failure = outcome.first_failure.map(short);
    kept.push(Kept {
        outcome,
        commit: origin.commit.clone(),
        machine: origin.machine.clone(),
    });
    // Rivals keep the order in which they were measured.
    kept.sort_by_key(|kept| ids().iter().position(|id| *id == kept.outcome.id));
    let mut figures = String::new();
    for kept in &kept {
        figures += &serde_json::to_string(kept)?;
        figures.push('\n');
    }
    std::fs::write(workspace.root.join(FIGURES), figures)?;
    let page = with_tables(&workspace.read(PAGE)?, &kept)?;
    Ok(std::fs::write(workspace.root.join(PAGE), page)?)
}

/// The commit that a row was run at. What this writes is no change of it.
fn measured(workspace: &Workspace) -> Result<String> {
    let describe = ["describe", "--always", "--abbrev=12"];
    let described = output(workspace.command("git").args(describe))?;
    let mut changes = workspace.command("git");
    changes.args(["status", "--porcelain", "--untracked-files=no", "--", "."]);
    changes.args([PAGE, FIGURES].map(|path| format!(":(exclude){path}")));
    let is_changed = !output(&mut changes)?.trim().is_empty();
    let dirty = if is_changed { "-dirty" } else { "" };
    Ok(format!("{}{dirty}", described.trim()))
}

fn read(workspace: &Workspace) -> Result<Vec<Kept>> {
    if !workspace.root.join(FIGURES).exists() {
        return Ok(Vec::new());
    }
    parse(&workspace.read(FIGURES)?)
}

fn parse(figures: &str) -> Result<Vec<Kept>> {
    let kept = figures.lines().map(serde_json::from_str);
    kept.collect::<Result<_, _>>().context(FIGURES)
}

fn with_tables(page: &str, kept: &[Kept]) -> Result<String> {
    let mut page = page.to_owned();
    for (name, table) in [
        ("scoreboard", table::kept(kept)),
        (
            "rivals",
            table::rivals(kept.iter().map(|kept| (&kept.outcome, &*kept.commit))),
        ),
    ] {
        page = between(&page, name, &table)
            .with_context(|| format!("{PAGE} has no place for {name}"))?;
    }
    Ok(page)
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
    fn the_page_has_the_tables_of_the_figures() {
        let page = include_str!("../../../docs/reliability.md");
        let kept = parse(include_str!("../../../docs/reliability.jsonl")).unwrap();
        assert_eq!(with_tables(page, &kept).unwrap(), page);
    }
}
