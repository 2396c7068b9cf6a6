//! The journal's protocol under every order of its threads that a random scheduler comes up with, killed at any of its steps.
//!
//! The sources of the library are compiled here once more, against locks and atomics that the scheduler knows. It runs one thread
//! at a time and sees no reordering by processors: Miri and ThreadSanitizer do, see docs/decisions/0008-journal.md.
//!
//! ```sh
//! INTERLEAVINGS=1000000 cargo test -p export-journal --release --test interleavings
//! ```

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "parts of a library, in a test"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

#[path = "../src/backing.rs"]
mod backing;
#[path = "../src/boot.rs"]
mod boot;
#[path = "../src/journal.rs"]
mod journal;
#[path = "../src/lane.rs"]
mod lane;
#[path = "../src/layout.rs"]
mod layout;
#[path = "../src/memory.rs"]
mod memory;
#[path = "../src/order.rs"]
mod order;
#[path = "../src/pool.rs"]
mod pool;
#[path = "../src/recover.rs"]
mod recover;
#[path = "../src/recovered.rs"]
mod recovered;
#[path = "../src/region.rs"]
mod region;
#[path = "../src/scan.rs"]
mod scan;
#[path = "../src/segment.rs"]
mod segment;

pub use boot::BootId;
pub use journal::{Journal, LaneId, Options, Sealed};
pub use lane::{Lane, Mark, Room};
pub use layout::FileId;
pub use recover::read_bytes;
pub use recovered::{Cause, Loss, Recovered, RecoveredLane, RecoveredRun};

/// As the library's, for the scheduler.
mod sync {
    pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard};
    pub(crate) use std::sync::atomic::Ordering;

    /// A word in memory that the scheduler does not know: it gets a turn before each access.
    #[repr(transparent)]
    pub(crate) struct AtomicU64(std::sync::atomic::AtomicU64);

    impl AtomicU64 {
        /// # Safety
        ///
        /// As for the one of the standard library.
        #[expect(unsafe_code, reason = "as in the library")]
        pub(crate) unsafe fn from_ptr<'a>(word: *mut u64) -> &'a Self {
            // SAFETY: the same layout, and the caller's promise.
            unsafe { &*word.cast() }
        }

        pub(crate) fn load(&self, order: Ordering) -> u64 {
            shuttle::thread::yield_now();
            self.0.load(order)
        }

        pub(crate) fn store(&self, word: u64, order: Ordering) {
            shuttle::thread::yield_now();
            self.0.store(word, order);
        }
    }

    /// Between two steps of one thread others may run, and the process may be killed.
    pub(crate) fn fence(_: Ordering) {
        shuttle::thread::yield_now();
    }
}

use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::thread;

use memory::{BOOT, journal, numbers, push, read};

/// Two to a segment.
const ROW: usize = 1500;
const ROWS: u64 = 8;

/// For each of the three ways in which schedules are made here.
fn schedules() -> usize {
    std::env::var("INTERLEAVINGS").map_or(3_000, |text| text.parse::<usize>().unwrap()) / 3
}

/// What somebody outside knows of a lane.
#[derive(Default)]
struct Told {
    /// Rows whose commit returned.
    pushed: AtomicU64,
    /// Rows that may be gone.
    released: AtomicU64,
    /// Rows below were sealed.
    sealed: AtomicU64,
}

/// Pushes rows, and takes each third one back once.
fn write(journal: &Journal, told: &Told) {
    let mut lane = journal.lane("lane");
    // Another lane may have all there is, until it releases its rows.
    while lane.begin(b"about", 0).unwrap() == Room::Full {
        thread::yield_now();
    }
    let mut again = 0;
    while lane.rows() < ROWS {
        let mark = lane.mark();
        let n = mark.row();
        if !push(&mut lane, n, ROW) {
            told.released.store(n, Ordering::SeqCst);
            journal.release(lane.id(), n);
        } else if n % 3 == 2 && again < n {
            again = n;
            lane.discard(&mark).unwrap();
        } else {
            told.pushed.store(n + 1, Ordering::SeqCst);
        }
    }
    told.released.store(ROWS - 1, Ordering::SeqCst);
    journal.release(lane.id(), ROWS - 1);
}

fn seal(journal: &Journal, told: &Told) {
    for _ in 0..2 {
        let pushed = told.pushed.load(Ordering::SeqCst);
        journal.seal().unwrap();
        told.sealed.store(pushed, Ordering::SeqCst);
    }
}

/// What a reader finds if the process is killed now: `told` was true before.
fn killed(image: &[u8], [pushed, released, sealed]: [u64; 3], told: &Told) {
    // Rows may have been released since.
    let released = told.released.load(Ordering::SeqCst).max(released);
    let now = read(image, BOOT);
    assert!(now.losses.is_empty(), "{:?}", now.losses);
    let found = numbers(&now, 0, ROW);
    assert!(
        (released..pushed).all(|row| found.contains(&row)),
        "{found:?} of {released}..{pushed}"
    );
    assert!(found.is_sorted_by(|a, b| a + 1 == *b));
    let later = numbers(&read(image, BootId([8; 16])), 0, ROW);
    assert!(
        (released..sealed).all(|row| later.contains(&row)),
        "{later:?} of {released}..{sealed}"
    );
}

fn snapshot(told: &Told) -> [u64; 3] {
    [&told.pushed, &told.released, &told.sealed].map(|word| word.load(Ordering::SeqCst))
}

#[test]
fn killed_at_any_step() {
    let check = || {
        let (journal, heap) = journal(3);
        let told = Arc::new(Told::default());
        let writer = {
            let (journal, told) = (journal.clone(), Arc::clone(&told));
            thread::spawn(move || write(&journal, &told))
        };
        let sealer = {
            let (journal, told) = (journal.clone(), Arc::clone(&told));
            thread::spawn(move || seal(&journal, &told))
        };
        for _ in 0..3 {
            thread::yield_now();
            let known = snapshot(&told);
            killed(&heap.image(), known, &told);
        }
        writer.join().unwrap();
        sealer.join().unwrap();
        killed(&heap.image(), snapshot(&told), &told);
    };
    // Every step may be followed by any thread's, or mostly by the same one's.
    shuttle::check_random(check, schedules());
    shuttle::check_pct(check, schedules(), 3);
}

#[test]
fn lanes_share_what_is_free() {
    let check = || {
        let (journal, heap) = journal(3);
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let journal = journal.clone();
                thread::spawn(move || {
                    let told = Told::default();
                    write(&journal, &told);
                })
            })
            .collect();
        journal.seal().unwrap();
        for writer in writers {
            writer.join().unwrap();
        }
        let recovered = read(&heap.image(), BOOT);
        assert!(recovered.losses.is_empty());
        for lane in [0, 1] {
            assert_eq!(numbers(&recovered, lane, ROW).last(), Some(&(ROWS - 1)));
        }
        let usage = journal.usage();
        assert_eq!((usage.lanes, usage.segments + usage.free_segments), (0, 3));
    };
    shuttle::check_random(check, schedules());
}
