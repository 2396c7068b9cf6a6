//! Pipeline, budget and reading ahead under every order of their threads that a random scheduler comes up with.
//!
//! The sources of the library are compiled here once more, against locks, channels and threads that the scheduler knows. It
//! sees who waits for whom for ever; a time-out never comes to the rescue. What is a test in those sources must not run here,
//! so this is a program.
//!
//! ```sh
//! INTERLEAVINGS=1000000 cargo test -p export-parallel --release --test interleavings
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
    reason = "a test may panic"
)]

#[path = "../../src/ahead.rs"]
mod ahead;
#[path = "../../src/bounds.rs"]
mod bounds;
#[path = "../../src/budget.rs"]
mod budget;
mod channel;
#[path = "../../src/failure.rs"]
mod failure;
#[path = "../../src/flight.rs"]
mod flight;
#[path = "../../src/pipeline.rs"]
mod pipeline;
#[path = "../../src/work.rs"]
mod work;

pub use ahead::Ahead;
pub use bounds::Bounds;
pub use budget::{Budget, Permit};
pub use pipeline::Pipeline;

/// As the library's, for the scheduler.
mod sync {
    pub(crate) use crate::channel;
    pub(crate) use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};
    pub(crate) use shuttle::thread;
}

use std::time::Instant;

use export_core::{Cancel, Error, ErrorKind, Result};
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

const CHECKS: [(&str, fn()); 7] = [
    ("a pipeline keeps order, and calls come between", in_order),
    (
        "a pipeline stops at the first error of its work",
        work_fails,
    ),
    (
        "a pipeline stops at the first error of its consumer",
        consumer_fails,
    ),
    ("a pipeline is dropped with items in it", dropped),
    ("two pipelines share a budget", shared),
    ("an input is read ahead, to the end or not", read_ahead),
    ("a budget is never exceeded and nobody starves", budgeted),
];

fn main() {
    let all = std::env::var("INTERLEAVINGS").map_or(3_500, |text| text.parse().unwrap());
    let schedules = all / CHECKS.len();
    for (name, check) in CHECKS {
        let start = Instant::now();
        // Every step may be followed by any thread's, or mostly by the same one's.
        shuttle::check_random(check, schedules / 2);
        shuttle::check_pct(check, schedules / 2, 3);
        println!("{name}: {schedules} schedules in {:.1?}", start.elapsed());
    }
}

fn bounds(threads: usize, capacity: usize) -> Bounds {
    Bounds {
        threads,
        budget: Budget::new(capacity),
        cancel: Cancel::new(),
    }
}

/// A pipeline that fails at one item of its work, and one of its consumer.
fn pipeline(
    bounds: &Bounds,
    bad_work: usize,
    bad_output: usize,
) -> Pipeline<usize, usize, Vec<usize>> {
    let work = move |item| match item == bad_work {
        true => Err(Error::data("work")),
        false => Ok(item),
    };
    let consume = move |all: &mut Vec<usize>, item| {
        if item == bad_output {
            return Err(Error::data("consumer"));
        }
        all.push(item);
        Ok(())
    };
    Pipeline::new(bounds.clone(), work, Vec::new(), consume).unwrap()
}

fn at_rest(budget: &Budget, peak: usize) {
    assert_eq!(budget.in_use(), 0);
    assert!(budget.peak() <= peak, "{}", budget.peak());
}

fn in_order() {
    let bounds = bounds(2, 3);
    let mut pipeline = pipeline(&bounds, usize::MAX, usize::MAX);
    for item in 0..4 {
        pipeline.push(item, 1 + item % 2).unwrap();
    }
    let half = pipeline.call(|all| Ok(all.len())).unwrap();
    assert_eq!(half, 4);
    for item in 4..6 {
        // One that is larger than the budget passes alone.
        pipeline.push(item, item).unwrap();
    }
    assert_eq!(pipeline.finish().unwrap(), [0, 1, 2, 3, 4, 5]);
    at_rest(&bounds.budget, 5);
}

fn work_fails() {
    failing(2, usize::MAX);
}

fn consumer_fails() {
    failing(usize::MAX, 2);
}

fn failing(bad_work: usize, bad_output: usize) {
    let bounds = bounds(2, 2);
    let mut pipeline = pipeline(&bounds, bad_work, bad_output);
    let pushed: Result<()> = (0..6).try_for_each(|item| pipeline.push(item, 1));
    let called = pipeline.call(|all| {
        // Nothing that comes after the error is consumed.
        assert_eq!(*all, [0, 1]);
        Ok(())
    });
    assert!(pushed.is_err() || called.is_err());
    for error in [pushed.err(), called.err(), pipeline.finish().err()] {
        assert!(error.is_none_or(|error| error.kind() == ErrorKind::Data));
    }
    at_rest(&bounds.budget, 2);
}

fn dropped() {
    let bounds = bounds(2, 2);
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let consume = move |(): &mut (), ()| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    let mut pipeline = Pipeline::new(bounds.clone(), |()| Ok(()), (), consume).unwrap();
    for _ in 0..3 {
        pipeline.push((), 1).unwrap();
    }
    drop(pipeline);
    assert_eq!(done.load(Ordering::SeqCst), 3);
    at_rest(&bounds.budget, 2);
}

fn shared() {
    let bounds = bounds(1, 2);
    let pushers: Vec<_> = (0..2)
        .map(|_| {
            let bounds = bounds.clone();
            thread::spawn(move || {
                let mut pipeline = pipeline(&bounds, usize::MAX, usize::MAX);
                for item in 0..3 {
                    pipeline.push(item, 1 + item % 2).unwrap();
                }
                assert_eq!(pipeline.finish().unwrap(), [0, 1, 2]);
            })
        })
        .collect();
    for pusher in pushers {
        pusher.join().unwrap();
    }
    at_rest(&bounds.budget, 2);
}

fn read_ahead() {
    let bounds = bounds(2, 3);
    let ahead = |bad: usize| {
        let input = (0..6_usize).map(Ok);
        let work = move |item| match item == bad {
            true => Err(Error::data("work")),
            false => Ok(item),
        };
        Ahead::new(bounds.clone(), input, |item| 1 + item % 2, work).unwrap()
    };
    let all: Result<Vec<usize>> = ahead(usize::MAX).collect();
    assert_eq!(all.unwrap(), [0, 1, 2, 3, 4, 5]);
    let some: Vec<Result<usize>> = ahead(3).collect();
    assert_eq!(some.len(), 4);
    assert!(some.iter().take(3).all(Result::is_ok) && some[3].is_err());
    let first: Vec<usize> = ahead(usize::MAX)
        .take(2)
        .map(|item| item.unwrap())
        .collect();
    assert_eq!(first, [0, 1]);
    at_rest(&bounds.budget, 3);
}

fn budgeted() {
    let budget = Budget::new(3);
    let holders: Vec<_> = [1, 2, 3, 5]
        .into_iter()
        .map(|bytes| {
            let budget = budget.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    let permit = budget.acquire(bytes, &Cancel::new()).unwrap();
                    assert!(budget.in_use() <= 3 || permit.bytes() == 5);
                    drop(permit);
                }
            })
        })
        .collect();
    for holder in holders {
        holder.join().unwrap();
    }
    at_rest(&budget, 5);
}
