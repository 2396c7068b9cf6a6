//! A target's table: what was measured, and whether that is enough.

use std::fmt::Write as _;

use serde::Serialize;

/// What a figure has to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

impl Wanted {
    pub(crate) fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(bound) => figure >= bound,
            Self::AtMost(bound) => figure <= bound,
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "≥ {bound}"),
            Self::AtMost(bound) => write!(f, "≤ {bound}"),
        }
    }
}

/// One figure against what is wanted of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) figure: f64,
    pub(crate) wanted: Wanted,
    pub(crate) met: bool,
}

/// One target.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Table {
    pub(crate) target: &'static str,
    pub(crate) title: &'static str,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) verdicts: Vec<Verdict>,
}

impl Table {
    pub(crate) fn new(target: &'static str, title: &'static str, columns: &[&'static str]) -> Self {
        Self {
            target,
            title,
            columns: columns.to_vec(),
            rows: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    pub(crate) fn judge(&mut self, what: impl Into<String>, figure: f64, wanted: Wanted) {
        self.verdicts.push(Verdict {
            what: what.into(),
            figure,
            wanted,
            met: wanted.is_met(figure),
        });
    }

    /// Judges the worst of several figures by one bound, and their geometric mean by another, as far as there are any.
    pub(crate) fn judge_all(
        &mut self,
        what: &str,
        figures: &[f64],
        each: Option<Wanted>,
        mean: Option<Wanted>,
    ) {
        let worst = |wanted: Wanted| match wanted {
            Wanted::AtLeast(_) => figures.iter().copied().reduce(f64::min),
            Wanted::AtMost(_) => figures.iter().copied().reduce(f64::max),
        };
        if let Some(wanted) = each
            && let Some(worst) = worst(wanted)
        {
            self.judge(format!("{what}, the worst"), worst, wanted);
        }
        if let Some(wanted) = mean
            && let Some(mean) = geometric_mean(figures)
        {
            self.judge(format!("{what}, geometric mean"), mean, wanted);
        }
    }

    /// In Markdown, columns aligned, verdicts below.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("### {}: {}\n\n", self.target, self.title);
        if self.rows.is_empty() && self.verdicts.is_empty() {
            text.push_str("Not measured.\n");
            return text;
        }
        let mut lines: Vec<Vec<&str>> = vec![self.columns.clone()];
        lines.extend(
            self.rows
                .iter()
                .map(|row| row.iter().map(String::as_str).collect()),
        );
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let numeric = |column: usize| {
            let mut cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.all(|cell| cell.parse::<f64>().is_ok())
        };
        let numeric: Vec<bool> = (0..self.columns.len()).map(numeric).collect();
        for (at, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(&widths).zip(&numeric);
            let cells = cells.map(|((cell, width), numeric)| match numeric {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            });
            let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
            if at == 0 {
                let rules = widths.iter().zip(&numeric).map(|(width, numeric)| {
                    let end = if *numeric { ":" } else { "-" };
                    "-".repeat(width + 1) + end
                });
                let _ = writeln!(text, "|{}|", rules.collect::<Vec<_>>().join("|"));
            }
        }
        text.push('\n');
        for verdict in &self.verdicts {
            let answer = if verdict.met { "met" } else { "**missed**" };
            let _ = writeln!(
                text,
                "- {}: {} (wanted {}): {answer}",
                verdict.what,
                number(verdict.figure),
                verdict.wanted
            );
        }
        text
    }
}

/// The geometric mean; `None` of nothing.
pub(crate) fn geometric_mean(figures: &[f64]) -> Option<f64> {
    if figures.is_empty() {
        return None;
    }
    let logs: f64 = figures.iter().map(|figure| figure.ln()).sum();
    let count = u32::try_from(figures.len()).unwrap_or(u32::MAX);
    Some((logs / f64::from(count)).exp())
}

/// Three digits that count.
pub(crate) fn number(figure: f64) -> String {
    let size = figure.abs();
    if size >= 100.0 || size == 0.0 {
        format!("{figure:.0}")
    } else if size >= 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_and_the_mean_are_judged() {
        let mut table = Table::new("T0", "test", &["table"]);
        let figures = [1.0, 4.0, 2.0];
        table.judge_all(
            "speed",
            &figures,
            Some(Wanted::AtLeast(1.5)),
            Some(Wanted::AtLeast(2.0)),
        );
        let judged: Vec<(f64, bool)> = table.verdicts.iter().map(|v| (v.figure, v.met)).collect();
        assert_eq!(judged[0], (1.0, false));
        assert!((judged[1].0 - 2.0).abs() < 1e-9);
        table.judge_all("size", &[], Some(Wanted::AtMost(1.0)), None);
        assert_eq!(table.verdicts.len(), 2);
    }

    #[test]
    fn markdown_is_aligned() {
        let mut table = Table::new("T0", "test", &["table", "MB/s"]);
        table.rows.push(vec!["D1".into(), "17".into()]);
        table.judge("speed", 17.0, Wanted::AtLeast(20.0));
        let text = table.markdown();
        assert!(
            text.contains("| table | MB/s |\n|-------|-----:|\n| D1    |   17 |"),
            "{text}"
        );
        assert!(
            text.contains("- speed: 17.0 (wanted ≥ 20): **missed**"),
            "{text}"
        );
    }
}
