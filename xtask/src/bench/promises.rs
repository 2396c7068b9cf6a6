//! The targets T7 to T10 and T12: what our own files and programs promise, from single figures.

use super::figures::Figures;
use super::table::{Table, Wanted, number};

/// A figure of a target, and what is wanted of it.
struct Promise {
    what: &'static str,
    wanted: Wanted,
}

const fn at_most(what: &'static str, bound: f64) -> Promise {
    Promise {
        what,
        wanted: Wanted::AtMost(bound),
    }
}

const fn at_least(what: &'static str, bound: f64) -> Promise {
    Promise {
        what,
        wanted: Wanted::AtLeast(bound),
    }
}

const TARGETS: [(&str, &str, &[Promise]); 5] = [
    (
        "T7",
        "One column of D1 out of a file",
        &[at_most("bytes read × (column + index)", 1.05)],
    ),
    (
        "T8",
        "Open and info of a file of 10,000 chunks",
        &[
            at_most("open + info", 20.0),
            at_most("bytes read × index", 1.05),
        ],
    ),
    (
        "T9",
        "Memory",
        &[
            at_most("heap above the batches", 10.0),
            at_most("peak RSS of convert", 64.0),
            at_most("peak RSS × that of the least input", 1.05),
        ],
    ),
    (
        "T10",
        "Threads",
        &[
            at_least("two workers × one", 1.8),
            at_most("CPU time of one worker × none", 1.03),
        ],
    ),
    (
        "T12",
        "`push` of a derived D1 row on the recording thread",
        &[at_most("ns a push", 15.0), at_most("p99.9 of a push", 5.0)],
    ),
];

/// What is pushed for T12: as fast as it goes, and at the pace of a program.
const PUSHED: [&str; 2] = ["D1 recorder derived", "D1 paced derived"];

/// The table of one of these targets.
pub(super) fn table(figures: &Figures, target: &str) -> Option<Table> {
    let &(name, title, promises) = TARGETS.iter().find(|(name, ..)| *name == target)?;
    let mut table = Table::new(name, title, &["of", "what", "figure", "unit"]);
    for figure in figures.figures.iter().filter(|f| f.target == name) {
        table.rows.push(vec![
            figure.subject.clone(),
            figure.what.clone(),
            number(figure.value),
            figure.unit.clone(),
        ]);
    }
    for promise in promises {
        let judged = figures.values(name, promise.what);
        // T12 is about D1 and a recorder; the others of its figures are there to compare.
        for (subject, value) in
            judged.filter(|(subject, _)| name != "T12" || PUSHED.contains(subject))
        {
            table.judge(
                format!("{subject}: {}", promise.what),
                value,
                promise.wanted,
            );
        }
    }
    Some(table)
}
