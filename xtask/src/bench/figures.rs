//! What benchmarks measured, as they leave it: lines of JSON.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// How a contender did with a table.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Speed {
    /// `tables` where it was given batches, `rows` where it was given structs.
    pub(crate) from: String,
    pub(crate) table: String,
    pub(crate) contender: String,
    pub(crate) rows: u64,
    pub(crate) memory_bytes: f64,
    pub(crate) stored_bytes: f64,
    pub(crate) write_seconds: f64,
    pub(crate) read_seconds: f64,
}

impl Speed {
    pub(crate) fn write_mb_s(&self) -> f64 {
        self.memory_bytes / 1e6 / self.write_seconds
    }

    pub(crate) fn read_mb_s(&self) -> f64 {
        self.memory_bytes / 1e6 / self.read_seconds
    }

    /// Bytes in memory for each byte stored.
    pub(crate) fn ratio(&self) -> f64 {
        self.memory_bytes / self.stored_bytes
    }
}

/// One number that a target is about.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Figure {
    pub(crate) target: String,
    pub(crate) subject: String,
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Speed(Speed),
    Figure(Figure),
}

/// Everything that was measured in a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Figures {
    pub(crate) speeds: Vec<Speed>,
    pub(crate) figures: Vec<Figure>,
}

impl Figures {
    /// Adds every line of the text. Speeds are of the bytes in memory that the first contender of a table told, so that all
    /// are of the same.
    pub(crate) fn add(&mut self, lines: &str) -> Result<()> {
        for line in lines.lines() {
            match serde_json::from_str(line).with_context(|| format!("a benchmark said {line}"))? {
                Line::Speed(mut speed) => {
                    if let Some(first) = self.speeds.iter().find(|s| s.table == speed.table) {
                        speed.memory_bytes = first.memory_bytes;
                    }
                    self.speeds.push(speed);
                }
                Line::Figure(figure) => self.figures.push(figure),
            }
        }
        Ok(())
    }

    /// Adds what is in every file of a directory, export-compare's first: it tells the bytes that a table has in memory.
    pub(crate) fn collect(&mut self, directory: &Path) -> Result<()> {
        let mut files = std::fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        files.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
        files.sort();
        for path in files {
            self.add(&std::fs::read_to_string(&path)?)?;
        }
        Ok(())
    }

    /// Names of the tables that were given as batches, or as structs, in their order.
    pub(crate) fn tables(&self, from: &str) -> Vec<&str> {
        let mut tables = Vec::new();
        for speed in self.speeds.iter().filter(|speed| speed.from == from) {
            if !tables.contains(&speed.table.as_str()) {
                tables.push(&speed.table);
            }
        }
        tables
    }

    pub(crate) fn speed(&self, from: &str, table: &str, contender: &str) -> Option<&Speed> {
        self.speeds
            .iter()
            .find(|s| s.from == from && s.table == table && s.contender == contender)
    }

    /// The value of every subject that has this figure.
    pub(crate) fn values<'a>(
        &'a self,
        target: &'a str,
        what: &'a str,
    ) -> impl Iterator<Item = (&'a str, f64)> {
        self.figures
            .iter()
            .filter(move |figure| figure.target == target && figure.what == what)
            .map(|figure| (figure.subject.as_str(), figure.value))
    }
}
