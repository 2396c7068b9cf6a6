//! Many cases, on all processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Result;

use crate::outcome::Outcome;

/// Of `cases`, as many as `most`, evenly spread; which ones depends on the seed.
pub(crate) fn some_of<T>(cases: &[T], most: usize, seed: u64) -> Vec<&T> {
    let stride = cases.len().div_ceil(most.max(1)).max(1);
    let start = usize::try_from(seed % stride as u64).unwrap_or(0);
    cases.iter().skip(start).step_by(stride).collect()
}

/// Tries all `cases` and counts how they ended. One that ends in `None` was none.
pub(crate) fn try_all<T: Sync>(
    cases: &[T],
    outcome: Outcome,
    name: impl Fn(&T) -> String + Sync,
    case: impl Fn(&T) -> Result<Option<&'static str>> + Sync,
) -> Outcome {
    let (next, outcome) = (AtomicUsize::new(0), Mutex::new(outcome));
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(this) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let done = case(this);
                    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                    match done {
                        Ok(None) => outcome.count("not reached", 1),
                        Ok(Some(how)) => {
                            outcome.count(how, 1);
                            outcome.take(None);
                        }
                        Err(error) => {
                            let failure = format!("{}: {error:#}", name(this));
                            eprintln!("{failure}");
                            outcome.take(Some(failure));
                        }
                    }
                }
            });
        }
    });
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}
