//! Outcomes as tables in Markdown.

use std::fmt::Write as _;

use super::keep::Kept;
use super::outcome::Outcome;

/// Rows of ours.
pub(super) fn ours(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "| row | injected | cases | passed | failed | counted besides | seconds |\n|---|---|--:|--:|--:|---|--:|\n",
    );
    for outcome in outcomes.iter().filter(|outcome| outcome.is_ours()) {
        text += &line(outcome);
        text.push('\n');
    }
    text
}

fn line(outcome: &Outcome) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} | {:.0} |",
        outcome.id,
        outcome.injected,
        outcome.cases,
        outcome.passed,
        outcome.cases - outcome.passed,
        outcome.counted(),
        outcome.seconds
    )
}

/// Rows of ours that were kept, each of the run that was its last one.
pub(super) fn kept(kept: &[Kept]) -> String {
    let mut text = String::from(
        "| row | injected | cases | passed | failed | counted besides | seconds | commit |\n|---|---|--:|--:|--:|---|--:|---|\n",
    );
    for Kept {
        outcome, commit, ..
    } in kept.iter().filter(|kept| kept.outcome.is_ours())
    {
        let _ = writeln!(text, "{} {commit} |", line(outcome));
    }
    let mut machines: Vec<&str> = kept.iter().map(|kept| kept.machine.as_str()).collect();
    machines.sort_unstable();
    machines.dedup();
    let _ = write!(
        text,
        "\n`cargo xtask chaos --full`, {}\n",
        machines.join("; ")
    );
    text
}

/// Rivals, a line each in every row they are measured in, with the commit of the injector.
pub(super) fn rivals<'a>(outcomes: impl IntoIterator<Item = (&'a Outcome, &'a str)>) -> String {
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
        "| row | rival | cases | {} | commit |\n|---|---|--:{}|---|\n",
        what.join(" | "),
        "|--:".repeat(what.len())
    );
    let rivals = outcomes
        .into_iter()
        .filter(|(outcome, _)| !outcome.is_ours());
    for (outcome, commit) in rivals {
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
        let _ = writeln!(text, " {commit} |");
    }
    text
}
