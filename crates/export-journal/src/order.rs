//! Segments put in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::layout::{Count, SegmentHeader};
use crate::recovered::{Cause, Loss, RecoveredLane, RecoveredRun};

/// What was found in one segment.
pub(crate) struct Found {
    pub(crate) header: SegmentHeader,
    pub(crate) name: String,
    pub(crate) about: Vec<u8>,
    pub(crate) count: Count,
    pub(crate) sealed_rows: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Found {
    fn end_row(&self) -> u64 {
        self.header.first_row.saturating_add(self.count.rows())
    }

    fn loss(&self, cause: Cause, first_row: u64, rows: u64, bytes: u64) -> Loss {
        Loss {
            cause,
            offset: self.header.offset,
            lane: Some(self.header.lane),
            first_row: Some(first_row),
            rows: Some(rows),
            bytes,
        }
    }
}

/// Lanes with their rows in order, and what is lost in the order of the file.
pub(crate) fn sort(
    found: Vec<Found>,
    mut losses: Vec<Loss>,
    same_boot: bool,
) -> (Vec<RecoveredLane>, Vec<Loss>) {
    let mut lanes: BTreeMap<u32, Vec<Found>> = BTreeMap::new();
    for found in found {
        lanes.entry(found.header.lane).or_default().push(found);
    }
    let told = losses.iter().filter_map(|loss| {
        let place = (loss.lane?, loss.first_row?);
        Some((place, loss.rows?))
    });
    let told = told.collect();
    let lanes = lanes
        .into_iter()
        .filter_map(|(number, found)| {
            lane(
                number,
                once(found, same_boot, &mut losses),
                &told,
                &mut losses,
            )
        })
        .collect();
    losses.sort_by_key(|loss| loss.offset);
    (lanes, losses)
}

/// Rows of which it is told already why they are missing, by their lane and the first of them.
type Told = BTreeMap<(u32, u64), u64>;

/// Segments of a lane in the order of their uses, those left out in which rows come a second time.
fn once(mut found: Vec<Found>, same_boot: bool, losses: &mut Vec<Loss>) -> Vec<Found> {
    found.sort_unstable_by_key(|found| found.header.generation);
    let mut kept: Vec<Found> = Vec::new();
    let mut leave_out = |found: Found, cause| {
        let (rows, bytes) = (found.count.rows(), found.count.bytes());
        if rows > 0 {
            losses.push(found.loss(cause, found.header.first_row, rows, bytes));
        }
    };
    for next in found {
        let first = next.header.first_row;
        if !same_boot && kept.last().is_some_and(|last| last.end_row() > first) {
            // Rows were taken back, and the disk has not heard of it. No seal of what came instead was acknowledged then, while
            // the earlier rows may have been.
            leave_out(next, Cause::Unsealed);
            continue;
        }
        // What was written later tells how far the earlier ones go.
        while let Some(last) = kept.pop_if(|last| last.end_row() > first) {
            leave_out(last, Cause::Damaged);
        }
        kept.push(next);
    }
    kept
}

fn lane(
    number: u32,
    mut kept: Vec<Found>,
    told: &Told,
    losses: &mut Vec<Loss>,
) -> Option<RecoveredLane> {
    // What was never filled only tells where a run begins.
    kept.retain(|found| found.count.rows() > 0 || found.header.generation == found.header.run);
    for (last, next) in kept.iter().zip(kept.iter().skip(1)) {
        let gap = last.end_row()..next.header.first_row;
        let rows = gap.end.saturating_sub(gap.start);
        let within = told.range((number, gap.start)..(number, gap.end.max(gap.start)));
        let told = within.fold(0_u64, |sum, (_, rows)| sum.saturating_add(*rows));
        if rows > told && last.header.run == next.header.run {
            losses.push(last.loss(Cause::Missing, gap.start, rows - told, 0));
        }
    }
    let name = kept.first()?.name.clone();
    let mut runs: Vec<RecoveredRun> = Vec::new();
    for found in kept {
        let about = match runs.last() {
            Some(last) if *last.about == *found.about => Arc::clone(&last.about),
            _ => Arc::from(found.about),
        };
        runs.push(RecoveredRun {
            about,
            first_row: found.header.first_row,
            rows: found.count.rows(),
            sealed_rows: found.sealed_rows,
            bytes: found.bytes,
        });
    }
    Some(RecoveredLane { number, name, runs })
}
