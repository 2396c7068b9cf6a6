//! Syncs by the clock.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use export_core::{Error, Result};

use super::tape::Tape;

/// A thread that makes a tape durable each time `interval` has passed, until it is dropped.
#[derive(Debug)]
pub(super) struct Ticker {
    /// Closed to stop.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(tape: &Arc<Tape>, interval: Duration) -> Result<Self> {
        let (stop, stopped) = channel();
        let tape = Arc::clone(tape);
        let run = move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                tape.tick();
            }
        };
        let thread = thread::Builder::new()
            .name("xk-ticker".to_owned())
            .spawn(run);
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread.map_err(Error::from)?),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to report.
            drop(thread.join());
        }
    }
}
