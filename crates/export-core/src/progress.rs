//! Progress and cancellation, shared between the caller and the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{Error, Result};

/// A flag that asks running work to stop at its next chunk. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop. Safe to call from a signal handler.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails with [`crate::ErrorKind::Cancelled`] once the flag is raised.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            Err(Error::cancelled())
        } else {
            Ok(())
        }
    }
}

/// Counters that the work moves and an observer polls. Clones share the counters.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    rows: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    total_bytes_in: AtomicU64,
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident, $add:ident);* $(;)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> u64 {
            self.0.$name.load(Ordering::Relaxed)
        }

        #[doc = concat!("Adds to [`Progress::", stringify!($name), "`].")]
        pub fn $add(&self, count: u64) {
            self.0.$name.fetch_add(count, Ordering::Relaxed);
        })*
    };
}

impl Progress {
    /// Counters at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    counters! {
        /// Rows that have passed.
        rows, add_rows;
        /// Bytes read, as stored (before decompression).
        bytes_in, add_bytes_in;
        /// Bytes written.
        bytes_out, add_bytes_out;
        /// Bytes of the whole input; 0 where it is not known (a pipe).
        total_bytes_in, add_total_bytes_in;
    }
}
