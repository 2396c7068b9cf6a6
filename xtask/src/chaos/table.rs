//! Outcomes as tables in Markdown.

use std::fmt::Write as _;

use super::outcome::Outcome;

/// Rows of ours.
pub(super) fn ours(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "| row | injected | cases | passed | failed | counted besides | seconds |\n|---|---|--:|--:|--:|---|--:|\n",
    );
    for outcome in outcomes.iter().filter(|outcome| outcome.is_ours()) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {:.0} |",
            outcome.id,
            outcome.injected,
            outcome.cases,
            outcome.passed,
            outcome.cases - outcome.passed,
            outcome.counted(),
            outcome.seconds
        );
    }
    text
}

/// Rivals, a line each in every row they are measured in.
pub(super) fn rivals(outcomes: &[Outcome]) -> String {
    let what = [
        "silent",
        "panics",
        "aborts",
        "hangs",
        "errors",
        "harmless",
        "rows recovered %",
    ];
    let mut text = format!(
        "| row | rival | cases | {} |\n|---|---|--:{}|\n",
        what.join(" | "),
        "|--:".repeat(what.len())
    );
    for outcome in outcomes.iter().filter(|outcome| !outcome.is_ours()) {
        let _ = write!(
            text,
            "| {} | {} | {} |",
            outcome.id, outcome.subject, outcome.cases
        );
        for what in what {
            let _ = write!(
                text,
                " {} |",
                outcome.counts.get(what).copied().unwrap_or(0)
            );
        }
        text.push('\n');
    }
    text
}
