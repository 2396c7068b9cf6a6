//! The journal over memory: what Miri can run.

#![allow(clippy::cast_possible_truncation, reason = "sizes are small")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use export_core::{ErrorKind, Result};

use crate::backing::Backing;
use crate::memory::{BOOT, ID, Memory, journal, journal_over, numbers, push, read, row};
use crate::region::{Heap, Region};
use crate::{BootId, Journal, Lane, Room};

/// The machine went down in between.
const REBOOTED: BootId = BootId([8; 16]);

#[test]
fn rows_come_back_over_several_segments_and_runs() {
    let (journal, heap) = journal(8);
    let mut lane = journal.lane("queries");
    assert_eq!(lane.begin(b"first", 10).unwrap(), Room::Ready);
    assert!((10..40).all(|n| push(&mut lane, n, 300)));
    assert_eq!(lane.begin(b"second", 40).unwrap(), Room::Ready);
    assert!((40..50).all(|n| push(&mut lane, n, 300)));

    let recovered = read(&heap.image(), BOOT);
    assert_eq!((recovered.file_id, recovered.pid), (ID, 1));
    assert!(recovered.same_boot && recovered.losses.is_empty());
    assert_eq!(recovered.lanes[0].name, "queries");
    let abouts: Vec<_> = recovered.lanes[0]
        .runs
        .iter()
        .map(|run| (&*run.about, run.first_row))
        .collect();
    assert_eq!(abouts[0], (&b"first"[..], 10));
    assert_eq!(*abouts.last().unwrap(), (&b"second"[..], 40));
    assert!(abouts.len() > 2);
    assert_eq!(numbers(&recovered, 0, 300), (10..50).collect::<Vec<_>>());
}

#[test]
fn released_segments_are_used_again() {
    let (journal, heap) = journal(3);
    let mut lane = journal.lane("a");
    assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
    let mut next = 0;
    for _ in 0..20 {
        while push(&mut lane, next, 500) {
            next += 1;
        }
        assert_eq!(journal.usage().segments, 3);
        journal.release(lane.id(), next - 3);
        let left = numbers(&read(&heap.image(), BOOT), 0, 500);
        assert!(left[0] > next - 15 && left[0] <= next - 3);
        assert_eq!(*left.last().unwrap(), next - 1);
        assert!(left.is_sorted_by(|a, b| a + 1 == *b));
    }
    journal.release(lane.id(), next);
    drop(lane);
    let usage = journal.usage();
    assert_eq!(
        (usage.segments, usage.free_segments, usage.lanes),
        (0, 3, 0)
    );
    let recovered = read(&heap.image(), BOOT);
    assert!(recovered.lanes.is_empty() && recovered.losses.is_empty());
}

#[test]
fn rows_are_taken_back_within_and_across_segments_sealed_or_not() {
    for sealed in [false, true] {
        let (journal, heap) = journal(8);
        let mut lane = journal.lane("a");
        assert_eq!(lane.begin(b"old", 0).unwrap(), Room::Ready);
        assert!((0..5).all(|n| push(&mut lane, n, 700)));
        let mark = lane.mark();
        assert_eq!(mark.row(), 5);
        let seal = || {
            if sealed {
                journal.seal().unwrap();
            }
        };
        assert!(push(&mut lane, 5, 700));
        seal();
        lane.discard(&mark).unwrap();
        lane.discard(&mark).unwrap();
        assert_eq!(lane.begin(b"new", 5).unwrap(), Room::Ready);
        assert!((5..30).all(|n| push(&mut lane, n, 700)));
        seal();
        lane.discard(&mark).unwrap();
        assert_eq!((lane.rows(), journal.usage().segments), (5, 1));
        assert!((5..9).all(|n| push(&mut lane, n, 700)));

        let image = heap.image();
        let recovered = read(&image, BOOT);
        assert_eq!(numbers(&recovered, 0, 700), (0..9).collect::<Vec<_>>());
        assert!(recovered.losses.is_empty(), "{:?}", recovered.losses);
        assert!(
            recovered.lanes[0]
                .runs
                .iter()
                .all(|run| *run.about == *b"old")
        );
        // What a seal had covered does not come back after a reboot either.
        let rows = numbers(&read(&image, BootId([8; 16])), 0, 700);
        let expected = if sealed { 5 } else { 0 };
        assert_eq!(rows, (0..expected).collect::<Vec<_>>());
    }
}

#[test]
fn rows_are_taken_back_where_what_was_marked_is_released_or_empty() {
    let (journal, heap) = journal(4);
    let mut lane = journal.lane("a");
    let unborn = lane.mark();
    assert_eq!(lane.begin(b"x", 0).unwrap(), Room::Ready);
    let empty = lane.mark();
    assert!((0..4).all(|n| push(&mut lane, n, 1000)));
    let end = lane.mark();
    assert!((4..6).all(|n| push(&mut lane, n, 1000)));
    journal.release(lane.id(), 4);
    lane.discard(&end).unwrap();
    assert_eq!(lane.rows(), 4);
    assert!((4..7).all(|n| push(&mut lane, n, 1000)));
    assert!(numbers(&read(&heap.image(), BOOT), 0, 1000).ends_with(&[4, 5, 6]));
    let void = lane.mark();
    lane.discard(&empty).unwrap();
    assert!((0..8).all(|n| push(&mut lane, n, 900)));
    assert!(lane.discard(&void).is_err(), "behind what was taken back");
    lane.discard(&empty).unwrap();
    assert!((0..2).all(|n| push(&mut lane, n, 1000)));
    assert_eq!(numbers(&read(&heap.image(), BOOT), 0, 1000), [0, 1]);
    lane.discard(&unborn).unwrap();
    assert_eq!(lane.rows(), 0);
    assert!(lane.grow(1).is_err(), "there was no run");
    assert!(lane.discard(&end).is_err(), "of rows that are gone");
    assert!(read(&heap.image(), BOOT).lanes.is_empty());
}

#[test]
fn rows_stay_that_were_there_when_a_lane_without_a_segment_was_marked() {
    let (journal, heap) = journal(2);
    let mut lane = journal.lane("a");
    assert_eq!(lane.begin(b"x", 0).unwrap(), Room::Ready);
    assert!((0..2).all(|n| push(&mut lane, n, 1000)));
    assert_eq!(lane.begin(b"y", 2).unwrap(), Room::Ready);
    // What the lane has is too small, and all that is free is as well.
    assert_eq!(lane.grow(5000).unwrap(), Room::Full);
    assert!(lane.space().is_empty());
    let mark = lane.mark();
    assert_eq!(mark.row(), 2);
    for _ in 0..2 {
        assert!((2..4).all(|n| push(&mut lane, n, 1000)));
        lane.discard(&mark).unwrap();
        assert_eq!(numbers(&read(&heap.image(), BOOT), 0, 1000), [0, 1]);
        assert_eq!(lane.mark().row(), 2);
    }
    let again = lane.mark();
    assert!(push(&mut lane, 2, 1000));
    lane.discard(&again).unwrap();
    assert!((2..4).all(|n| push(&mut lane, n, 1000)));
    let recovered = read(&heap.image(), BOOT);
    assert_eq!(numbers(&recovered, 0, 1000), [0, 1, 2, 3]);
    assert_eq!(*recovered.lanes[0].runs[1].about, *b"y");
}

/// Memory whose syncs fail while its disk is broken.
struct Breakable(Memory, Arc<AtomicBool>);

impl Backing for Breakable {
    fn allocate(&self, offset: u64, bytes: u64) -> Result<()> {
        self.0.allocate(offset, bytes)
    }
    fn map(&self, offset: u64, bytes: u64) -> Result<Region> {
        self.0.map(offset, bytes)
    }
    fn sync(&self) -> Result<()> {
        match self.1.load(Ordering::Relaxed) {
            true => Err(std::io::Error::other("the disk is broken").into()),
            false => Ok(()),
        }
    }
    fn remove(&self) -> Result<()> {
        self.0.remove()
    }
}

/// A journal, its file, and whether its disk is broken.
fn breakable(segments: u64) -> (Journal, Arc<Heap>, Arc<AtomicBool>) {
    let is_broken = Arc::new(AtomicBool::new(false));
    let (journal, heap) = journal_over(segments, |memory| {
        Box::new(Breakable(memory, Arc::clone(&is_broken)))
    });
    (journal, heap, is_broken)
}

/// What the disk may hold where sectors of `new` are there or not: for each number a choice.
fn torn(old: &[u8], new: &[u8], choices: u64) -> Vec<u8> {
    let mut bits = choices;
    let mut disk = old.to_vec();
    for (old, new) in disk.chunks_mut(512).zip(new.chunks(512)) {
        if old != new {
            if bits & 1 == 1 {
                old.copy_from_slice(new);
            }
            bits >>= 1;
        }
    }
    disk
}

fn changed_sectors(old: &[u8], new: &[u8]) -> u32 {
    let sectors = old.chunks(512).zip(new.chunks(512));
    sectors.filter(|(old, new)| old != new).count() as u32
}

#[test]
fn what_was_acknowledged_outlives_every_seal_after_a_sync_that_failed() {
    let (journal, heap, disk) = breakable(4);
    let mut lane = journal.lane("a");
    assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
    assert!((0..5).all(|n| push(&mut lane, n, 100)));
    journal.seal().unwrap();
    let durable = heap.image();
    disk.store(true, Ordering::Relaxed);
    for next in 5..9 {
        assert!(push(&mut lane, next, 100));
        let error = journal.seal().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        // Also where the disk only had a bad moment.
        disk.store(next < 7, Ordering::Relaxed);
    }
    let now = heap.image();
    assert_eq!(
        numbers(&read(&now, BOOT), 0, 100),
        (0..9).collect::<Vec<_>>()
    );
    let sectors = changed_sectors(&durable, &now);
    assert!((2..8).contains(&sectors), "{sectors}");
    for choices in 0..1 << sectors {
        let recovered = read(&torn(&durable, &now, choices), REBOOTED);
        let rows = numbers(&recovered, 0, 100);
        assert!(rows.starts_with(&[0, 1, 2, 3, 4]), "{choices:b}: {rows:?}");
    }
}

#[test]
fn rows_are_taken_back_on_a_broken_disk_and_nothing_acknowledged_goes_with_them() {
    // Below and beyond what was acknowledged; where the discard is the first to fail, and where a seal was.
    for (mark_at, sealed_first) in [(3, false), (3, true), (6, true)] {
        let (journal, heap, disk) = breakable(4);
        let mut lane = journal.lane("a");
        assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
        let mut mark = lane.mark();
        for n in 0..8 {
            if n == mark_at {
                mark = lane.mark();
            }
            if n == 5 {
                journal.seal().unwrap();
            }
            assert!(push(&mut lane, n, 100));
        }
        let old = heap.image();
        disk.store(true, Ordering::Relaxed);
        if sealed_first {
            journal.seal().unwrap_err();
        }
        assert!(lane.discard(&mark).is_err());
        // There is nothing left to take back.
        lane.discard(&mark).unwrap();
        assert_eq!(lane.rows(), mark_at);
        assert!(lane.space().is_empty() && lane.grow(1).is_err());
        assert!(lane.begin(b"", mark_at).is_err());
        let mut other = journal.lane("b");
        assert_eq!(other.begin(b"", 0).unwrap(), Room::Ready);
        let now = heap.image();
        assert_eq!(
            numbers(&read(&now, BOOT), 0, 100),
            (0..mark_at).collect::<Vec<_>>(),
            "a crash of the process brings nothing back"
        );
        let acknowledged = mark_at.min(5);
        for choices in 0..1 << changed_sectors(&old, &now).min(12) {
            let recovered = read(&torn(&old, &now, choices), REBOOTED);
            let rows = numbers(&recovered, 0, 100);
            assert!(
                rows.iter()
                    .copied()
                    .take(acknowledged as usize)
                    .eq(0..acknowledged)
            );
        }
    }
}

#[test]
fn taking_rows_back_fails_where_the_disk_does() {
    let (journal, _heap, disk) = breakable(4);
    let mut lane = journal.lane("a");
    assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
    let mark = lane.mark();
    assert!(push(&mut lane, 0, 100));
    journal.seal().unwrap();
    disk.store(true, Ordering::Relaxed);
    assert_eq!(lane.discard(&mark).unwrap_err().kind(), ErrorKind::Io);
    disk.store(false, Ordering::Relaxed);
    assert_eq!(journal.seal().unwrap_err().kind(), ErrorKind::Io);
    // What no seal covers needs no disk.
    let mut other = journal.lane("b");
    assert_eq!(other.begin(b"", 0).unwrap(), Room::Ready);
    let mark = other.mark();
    assert!(push(&mut other, 0, 100));
    other.discard(&mark).unwrap();
    assert!(push(&mut other, 0, 100));
}

#[test]
fn misuse_is_refused() {
    let (journal, _heap) = journal(2);
    let mut lane = journal.lane("a");
    assert!(lane.space().is_empty());
    assert!(lane.commit(1).is_err() && lane.grow(1).is_err());
    assert_eq!(lane.begin(b"about", 5).unwrap(), Room::Ready);
    assert!(lane.commit(0).is_err(), "a row has bytes");
    let room = lane.space().len();
    assert!(lane.commit(room + 1).is_err() && lane.commit(usize::MAX).is_err());
    lane.commit(room).unwrap();
    assert_eq!((lane.rows(), lane.space().len()), (6, 0));
    assert!(lane.begin(b"about", 5).is_err(), "rows go on");
    assert!(lane.grow(1 << 20).is_err(), "more than there can be");
    assert_eq!(lane.rows(), 6);
}

#[test]
fn a_large_row_gets_several_free_segments() {
    let (journal, heap) = journal(4);
    let mut lanes: Vec<Lane> = ["a", "b", "c", "d"].map(|name| journal.lane(name)).into();
    for lane in &mut lanes {
        assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
        assert!(push(lane, 0, 100));
    }
    let mut large = lanes.remove(0);
    assert_eq!(large.grow(20_000).unwrap(), Room::Full);
    assert_eq!(large.rows(), 1);
    for lane in lanes.drain(..2) {
        journal.release(lane.id(), 1);
    }
    // Two are too few, and the third is being filled.
    assert_eq!(large.grow(20_000).unwrap(), Room::Full);
    journal.release(lanes.remove(0).id(), 1);
    assert!(push(&mut large, 1, 20_000));
    let recovered = read(&heap.image(), BOOT);
    assert!(recovered.losses.is_empty(), "{:?}", recovered.losses);
    assert_eq!(recovered.lanes[0].runs[1].bytes, row(1, 20_000));
    journal.release(large.id(), 2);
    drop(large);
    assert!(read(&heap.image(), BOOT).losses.is_empty());
    // It goes on as one segment, for whoever needs it.
    let mut lane = journal.lane("e");
    assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
    assert!((0..40).all(|n| push(&mut lane, n, 500)));
    assert_eq!(numbers(&read(&heap.image(), BOOT), 4, 500).len(), 40);
}

#[test]
fn threads_commit_seal_release_and_take_back_at_the_same_time() {
    let rows = if cfg!(miri) { 16 } else { 20_000 };
    let (journal, heap) = journal(8);
    thread::scope(|scope| {
        // Each has a segment before the other can take them all.
        let lanes = ["a", "b"].map(|name| {
            let mut lane = journal.lane(name);
            assert_eq!(lane.begin(name.as_bytes(), 0).unwrap(), Room::Ready);
            lane
        });
        let writers = lanes.map(|mut lane| {
            let journal = &journal;
            scope.spawn(move || {
                let mut again = 0;
                let mut next = 0;
                while next < rows {
                    let mark = lane.mark();
                    if !push(&mut lane, next, 400) {
                        journal.release(lane.id(), next);
                    } else if next % 7 == 0 && again < next {
                        again = next;
                        lane.discard(&mark).unwrap();
                    } else {
                        next += 1;
                    }
                }
            })
        });
        while !writers.iter().all(|writer| writer.is_finished()) {
            journal.seal().unwrap();
            thread::yield_now();
        }
    });
    journal.seal().unwrap();
    // As after a power loss: every row that is left is vouched for.
    let recovered = read(&heap.image(), BootId([8; 16]));
    assert!(recovered.losses.is_empty(), "{:?}", recovered.losses);
    for lane in [0, 1] {
        let numbers = numbers(&recovered, lane, 400);
        assert_eq!(*numbers.last().unwrap(), rows - 1);
        assert!(numbers.is_sorted_by(|a, b| a + 1 == *b));
    }
}

/// How many calls were begun, and how many may end.
type Syncs = Arc<(Mutex<(u32, u32)>, Condvar)>;

/// Memory whose syncs, or whose growth, end when they are told to.
struct Slow(Memory, Syncs, bool);

impl Slow {
    fn wait(&self) {
        let (state, moved) = &*self.1;
        let mut state = state.lock().unwrap();
        state.0 += 1;
        let number = state.0;
        moved.notify_all();
        while state.1 < number {
            state = moved.wait(state).unwrap();
        }
    }
}

impl Backing for Slow {
    fn allocate(&self, offset: u64, bytes: u64) -> Result<()> {
        if self.2 {
            self.wait();
        }
        self.0.allocate(offset, bytes)
    }
    fn map(&self, offset: u64, bytes: u64) -> Result<Region> {
        self.0.map(offset, bytes)
    }
    fn sync(&self) -> Result<()> {
        if !self.2 {
            self.wait();
        }
        Ok(())
    }
    fn remove(&self) -> Result<()> {
        self.0.remove()
    }
}

/// Waits until so many calls were begun.
fn begun(calls: &Syncs, number: u32) {
    let mut state = calls.0.lock().unwrap();
    while state.0 < number {
        state = calls.1.wait(state).unwrap();
    }
}

/// Lets so many calls end.
fn end(calls: &Syncs, number: u32) {
    calls.0.lock().unwrap().1 = number;
    calls.1.notify_all();
}

#[test]
fn usage_is_told_while_the_file_grows() {
    let calls = Syncs::default();
    let (journal, _heap) =
        journal_over(8, |memory| Box::new(Slow(memory, Arc::clone(&calls), true)));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut lane = journal.lane("a");
            assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
            assert!(push(&mut lane, 0, 100));
        });
        begun(&calls, 1);
        assert_eq!((journal.usage().lanes, journal.usage().segments), (1, 0));
        end(&calls, 1);
    });
    let usage = journal.usage();
    assert_eq!((usage.lanes, usage.segments, usage.bytes), (0, 1, 8192));
}

#[test]
fn rows_are_taken_back_while_a_seal_waits_for_the_disk() {
    let syncs = Syncs::default();
    let (journal, heap) = journal_over(8, |memory| {
        Box::new(Slow(memory, Arc::clone(&syncs), false))
    });
    let begun = |number| begun(&syncs, number);
    let end = |number| end(&syncs, number);
    end(1);
    let mut lane = journal.lane("a");
    assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
    assert!((0..3).all(|n| push(&mut lane, n, 700)));
    journal.seal().unwrap();
    assert!((3..5).all(|n| push(&mut lane, n, 700)));
    let mark = lane.mark();
    // Over several segments.
    assert!((5..30).all(|n| push(&mut lane, n, 700)));
    thread::scope(|scope| {
        let seal = scope.spawn(|| journal.seal());
        begun(2);
        lane.discard_soon(&mark).unwrap();
        assert_eq!(lane.rows(), 5);
        lane.discard_soon(&mark).unwrap();
        assert!((5..9).all(|n| push(&mut lane, n, 700)));
        // Killed now.
        let recovered = read(&heap.image(), BOOT);
        assert_eq!(numbers(&recovered, 0, 700), Vec::from_iter(0..9));
        assert!(recovered.losses.is_empty(), "{:?}", recovered.losses);
        // The seal that was durable before is still there, whatever becomes of the one under way.
        let mut image = heap.image();
        let vouched = |image: &[u8]| numbers(&read(image, BootId([8; 16])), 0, 700);
        assert_eq!(vouched(&image), Vec::from_iter(0..5));
        let newest = crate::layout::HEADER_BYTES + crate::layout::SEAL_OFFSETS[1];
        let oldest = crate::layout::HEADER_BYTES + crate::layout::SEAL_OFFSETS[0];
        let torn = if image[newest + 8] > image[oldest + 8] {
            newest
        } else {
            oldest
        };
        image[torn] ^= 1;
        assert_eq!(vouched(&image), Vec::from_iter(0..3));
        end(2);
        seal.join().unwrap().unwrap();
    });
    // The next seal has the disk hear of it, even if there is nothing else to seal.
    drop(lane);
    journal.release(crate::LaneId(0), 9);
    thread::scope(|scope| {
        let seal = scope.spawn(|| journal.seal());
        begun(3);
        end(3);
        seal.join().unwrap().unwrap();
    });
    assert!(read(&heap.image(), BOOT).losses.is_empty());
}

#[test]
fn what_was_marked_before_rows_were_taken_back_stays() {
    for sealed in [false, true] {
        let (journal, heap) = journal(8);
        let mut lane = journal.lane("a");
        assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
        assert!((0..3).all(|n| push(&mut lane, n, 700)));
        let mark = lane.mark();
        assert!((3..6).all(|n| push(&mut lane, n, 700)));
        if sealed {
            journal.seal().unwrap();
        }
        lane.discard_soon(&mark).unwrap();
        // Marked where the lane has no segment.
        let again = lane.mark();
        assert!((3..6).all(|n| push(&mut lane, n, 700)));
        lane.discard_soon(&again).unwrap();
        assert_eq!(lane.rows(), 3);
        assert!((3..7).all(|n| push(&mut lane, n, 700)));
        assert_eq!(
            numbers(&read(&heap.image(), BOOT), 0, 700),
            Vec::from_iter(0..7)
        );
        journal.seal().unwrap();
        let recovered = read(&heap.image(), BootId([8; 16]));
        assert_eq!(numbers(&recovered, 0, 700), Vec::from_iter(0..7));
        assert!(recovered.losses.is_empty(), "{:?}", recovered.losses);
    }
}

#[test]
fn a_power_loss_that_brings_rows_back_takes_none_that_were_acknowledged() {
    for seal_again in [false, true] {
        let (journal, heap, disk) = breakable(4);
        let mut lane = journal.lane("a");
        assert_eq!(lane.begin(b"", 0).unwrap(), Room::Ready);
        assert!((0..3).all(|n| push(&mut lane, n, 100)));
        let mark = lane.mark();
        assert!((3..5).all(|n| push(&mut lane, n, 100)));
        journal.seal().unwrap();
        let old = heap.image();
        lane.discard_soon(&mark).unwrap();
        assert!((3..6).all(|n| push(&mut lane, n, 100)));
        if seal_again {
            disk.store(true, Ordering::Relaxed);
            journal.seal().unwrap_err();
        }
        let new = heap.image();
        for choices in 0..1 << changed_sectors(&old, &new) {
            let rows = numbers(&read(&torn(&old, &new, choices), REBOOTED), 0, 100);
            assert!(rows.starts_with(&[0, 1, 2]), "{choices:b}: {rows:?}");
        }
    }
}
