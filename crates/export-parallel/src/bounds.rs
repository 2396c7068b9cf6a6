//! What a pipeline may use.

use export_core::{Cancel, Error, Result};

use crate::Budget;

/// Items between the input and the consumer, for each thread that works. Enough that nobody waits where items differ in
/// cost, few enough that tiny items don't pile up by the million inside of a large budget.
const IN_FLIGHT_PER_THREAD: usize = 4;

/// What a pipeline may use: threads and memory, and the flag that stops it. Clones share budget and flag.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Worker threads besides the caller's; 0 works on the caller's alone.
    pub threads: usize,
    /// Bytes of the items between input and consumer.
    pub budget: Budget,
    /// Raised to stop.
    pub cancel: Cancel,
}

/// More threads than any machine has use for.
const MOST_THREADS: usize = 1024;

impl Bounds {
    /// Fails where there are more threads than can be meant.
    pub(crate) fn check(&self) -> Result<()> {
        if self.threads <= MOST_THREADS {
            return Ok(());
        }
        let text = format!("{} threads are more than {MOST_THREADS}", self.threads);
        Err(Error::usage(text).with_hint("use fewer threads"))
    }

    /// Most items between input and consumer.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.threads
            .saturating_add(1)
            .saturating_mul(IN_FLIGHT_PER_THREAD)
    }
}
