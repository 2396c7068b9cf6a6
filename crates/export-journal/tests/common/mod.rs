//! Rows that tell whether they came back right.

#![allow(dead_code, reason = "each test uses some of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use std::path::Path;

use export_journal::{BootId, Journal, Lane, Options, Recovered, RecoveredLane, Room};

pub(crate) const ID: [u8; 16] = *b"id of the run.xk";

/// Another start of the machine.
pub(crate) const REBOOTED: BootId = BootId([0xAA; 16]);

/// Segments as small as they may be.
pub(crate) fn small(segments: u64) -> Options {
    Options {
        segment_bytes: 8192,
        capacity_bytes: 4096 + segments * 8192,
        ..Options::default()
    }
}

pub(crate) fn create(directory: &Path, options: &Options) -> Journal {
    Journal::create(directory.join("run.xk.journal"), ID, options).unwrap()
}

/// Row `n`: its own number, and as many bytes as `n` asks for.
pub(crate) fn row(n: u64) -> Vec<u8> {
    let mut row = n.to_le_bytes().to_vec();
    row.resize(8 + (n % 50) as usize, n as u8);
    row
}

/// Commits row `n`; false where the journal is full.
pub(crate) fn push(lane: &mut Lane, n: u64) -> bool {
    let row = row(n);
    if lane.space().len() < row.len() && lane.grow(row.len()).unwrap() == Room::Full {
        return false;
    }
    assert_eq!(lane.rows(), n);
    lane.space()[..row.len()].copy_from_slice(&row);
    lane.commit(row.len()).unwrap();
    true
}

/// Numbers of a lane's rows, which are as [`push`] wrote them.
pub(crate) fn numbers(lane: &RecoveredLane) -> Vec<u64> {
    let mut numbers = Vec::new();
    for run in &lane.runs {
        let mut rest = &run.bytes[..];
        for n in run.first_row..run.end_row() {
            let row = row(n);
            assert!(rest.starts_with(&row), "row {n}");
            rest = &rest[row.len()..];
            numbers.push(n);
        }
        assert!(rest.is_empty());
    }
    assert!(numbers.is_sorted_by(|a, b| a < b));
    numbers
}

/// Numbers of the rows of the only lane.
pub(crate) fn only(recovered: &Recovered) -> Vec<u64> {
    assert!(recovered.lanes.len() < 2);
    recovered.lanes.first().map(numbers).unwrap_or_default()
}
