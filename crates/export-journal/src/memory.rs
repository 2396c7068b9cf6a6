//! A journal over memory instead of a file, for tests.

#![allow(clippy::cast_possible_truncation, reason = "sizes are small")]

use std::sync::Arc;

use export_core::{Limits, Result};

use crate::backing::Backing;
use crate::layout::{FileHeader, FileId, HEADER_BYTES};
use crate::recovered::Recovered;
use crate::region::{Heap, Region};
use crate::{BootId, Journal, Lane, Options, Room, read_bytes};

pub(crate) const ID: FileId = *b"id of the run.xk";
pub(crate) const BOOT: BootId = BootId([7; 16]);
/// Segments are as small as they may be.
pub(crate) const SMALL: u64 = 8192;

/// A file that is memory.
pub(crate) struct Memory(pub(crate) Arc<Heap>);

impl Backing for Memory {
    fn allocate(&self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }

    fn map(&self, offset: u64, bytes: u64) -> Result<Region> {
        Ok(self.0.region(offset as usize, bytes as usize))
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn remove(&self) -> Result<()> {
        Ok(())
    }
}

/// A journal of so many small segments, and its file.
pub(crate) fn journal(segments: u64) -> (Journal, Arc<Heap>) {
    journal_over(segments, |memory| Box::new(memory))
}

/// [`journal`] whose memory is behind a backing of the test's own.
pub(crate) fn journal_over(
    segments: u64,
    backing: impl FnOnce(Memory) -> Box<dyn Backing>,
) -> (Journal, Arc<Heap>) {
    let options = Options {
        segment_bytes: SMALL,
        capacity_bytes: HEADER_BYTES as u64 + segments * SMALL,
        ..Options::default()
    };
    options.check().unwrap();
    let heap = Heap::new(options.capacity_bytes as usize);
    let header = FileHeader {
        pid: 1,
        file_id: ID,
        boot_id: BOOT.0,
        segment_bytes: SMALL,
    };
    heap.write(0, &header.to_bytes());
    let memory = Memory(Arc::clone(&heap));
    (Journal::over(backing(memory), ID, &options), heap)
}

/// Row `n` of a lane: its own number, and as many bytes as are asked for.
pub(crate) fn row(n: u64, bytes: usize) -> Vec<u8> {
    let mut row = n.to_le_bytes().to_vec();
    row.resize(bytes.max(8), n as u8);
    row
}

/// Commits row `n`; false where the journal is full.
pub(crate) fn push(lane: &mut Lane, n: u64, bytes: usize) -> bool {
    let row = row(n, bytes);
    if lane.space().len() < row.len() && lane.grow(row.len()).unwrap() == Room::Full {
        return false;
    }
    assert_eq!(lane.rows(), n);
    lane.space()[..row.len()].copy_from_slice(&row);
    lane.commit(row.len()).unwrap();
    true
}

pub(crate) fn read(image: &[u8], now: BootId) -> Recovered {
    read_bytes(image, &Limits::default(), Some(now)).unwrap()
}

/// Numbers of the rows of lane `number`, checked to be as [`push`] wrote them.
pub(crate) fn numbers(recovered: &Recovered, number: u32, bytes: usize) -> Vec<u64> {
    let lane = recovered.lanes.iter().find(|lane| lane.number == number);
    let mut numbers = Vec::new();
    for run in lane.iter().flat_map(|lane| &lane.runs) {
        assert_eq!(run.bytes.len(), run.rows as usize * bytes);
        for (at, found) in (run.first_row..).zip(run.bytes.chunks(bytes)) {
            assert_eq!(found, row(at, bytes));
            numbers.push(at);
        }
    }
    numbers
}
