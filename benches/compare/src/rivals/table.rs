//! The rows, and which of them came back.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Rows of a file that is damaged.
pub(crate) const FILE_ROWS: usize = 2048;
/// Rows of a chunk, row group, batch or transaction.
pub(crate) const CHUNK_ROWS: usize = 64;

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, exportkit::Record)]
pub(crate) struct Row {
    /// Its number, from 0.
    pub(crate) row: u64,
    pub(crate) level: f64,
    pub(crate) size: i32,
    pub(crate) name: String,
}

/// All rows there are.
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Reads lines of JSON.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let rows = text.lines().map(serde_json::from_str);
        Ok(Self(rows.collect::<Result<_, _>>()?))
    }

    /// The first `count` rows.
    pub(crate) fn rows(&self, count: usize) -> &[Row] {
        self.0.get(..count).unwrap_or(&self.0)
    }
}

/// What a reader yields, held against the table.
pub(crate) struct Seen<'a> {
    table: &'a Table,
    next: u64,
    right: u64,
    wrong: u64,
}

impl<'a> Seen<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self {
            table,
            next: 0,
            right: 0,
            wrong: 0,
        }
    }

    /// A row is right where it is one of the table's and comes after the one before.
    pub(crate) fn take(&mut self, row: &Row) {
        let written = usize::try_from(row.row)
            .ok()
            .and_then(|at| self.table.0.get(at));
        if row.row >= self.next && written == Some(row) {
            self.right += 1;
            self.next = row.row + 1;
        } else {
            self.wrong += 1;
        }
    }

    pub(crate) fn right(&self) -> u64 {
        self.right
    }

    pub(crate) fn wrong(&self) -> u64 {
        self.wrong
    }
}
