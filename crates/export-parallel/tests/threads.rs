//! No thread outlives its pipeline. The only test of its process, so that it can count threads.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod shapes;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use export_core::Error;
use shapes::{Consume, SHAPES, Work, bounds, light, run};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// The kernel takes a moment to forget a thread that has ended.
fn settles_at(expected: usize) -> bool {
    let start = Instant::now();
    while threads() != expected {
        if start.elapsed() > Duration::from_secs(10) {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

#[test]
fn all_threads_end() {
    std::panic::set_hook(Box::new(|_| ()));
    let before = threads();
    for shape in SHAPES {
        for end in ["", "error", "panic", "cancel", "consumer"] {
            let bounds = bounds(4, 100);
            let cancel = bounds.cancel.clone();
            let work: Work = Arc::new(move |(n, _)| match end {
                "error" if n == 9 => Err(Error::data("no")),
                "panic" if n == 9 => panic!("no"),
                "cancel" if n == 9 => {
                    cancel.cancel();
                    Ok(n)
                }
                _ => Ok(n),
            });
            let consume: Consume = Arc::new(move |n| match end {
                "consumer" if n == 9 => Err(Error::data("no")),
                _ => Ok(()),
            });
            let (_, result) = run(shape, &bounds, light(40), &work, &consume);
            assert_eq!(result.is_ok(), end.is_empty(), "{shape:?} {end}");
            assert!(
                settles_at(before),
                "{shape:?} {end}: {} threads, not {before}",
                threads()
            );
        }
    }
}
