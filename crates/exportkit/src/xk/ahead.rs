//! Chunks read and decoded ahead of whoever asks for them, in order, on as many threads as wanted.

use std::sync::Arc;

use export_container::{ChunkRef, Container};
use export_core::{Cancel, Limits, Result, StreamBatch};
use export_parallel::{Ahead, Bounds, Budget};

use super::gather::CHUNK_BYTES;
use super::view::View;

/// Memory that chunks read ahead may hold, in bytes, for each thread that decodes and for whoever takes the batches. More costs
/// caches and page faults more than waiting costs.
const BUDGET_BYTES_PER_THREAD: usize = CHUNK_BYTES * 3 / 2;

/// A chunk, and what is wanted of it.
pub(crate) type Job = (ChunkRef, Arc<View>);
type Jobs = std::vec::IntoIter<Result<Job>>;
/// Batches in order; a chunk that cannot be read is an error in its place, and the next one follows.
pub(crate) type ReadAhead = Ahead<Jobs, Job, Result<StreamBatch>>;

/// What reading may use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    pub(crate) limits: Limits,
    /// Threads that decode, the caller's among them; one a core where `None`.
    pub(crate) threads: Option<usize>,
    pub(crate) cancel: Cancel,
}

/// Starts to read chunks ahead of whoever asks for them.
pub(crate) fn read_ahead(
    container: Arc<Container>,
    jobs: Vec<Job>,
    reading: Reading,
) -> Result<ReadAhead> {
    let Reading {
        limits,
        threads,
        cancel,
    } = reading;
    let threads = threads.unwrap_or_else(crate::convert::default_threads);
    // No more than can have something to do.
    let threads = threads.min(jobs.len()).max(1);
    let bounds = Bounds {
        // Who waits for a batch decodes, too.
        threads: threads - 1,
        budget: Budget::new(
            BUDGET_BYTES_PER_THREAD
                .saturating_mul(threads.saturating_add(1))
                .min(usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX)),
        ),
        cancel,
    };
    let weight = |(chunk, view): &Job| view.cost_bytes(chunk);
    let work = move |(chunk, view): Job| {
        let batch = view.read(&container, &chunk, &limits);
        Ok(batch.map(|batch| StreamBatch {
            stream: Arc::clone(view.name()),
            batch,
        }))
    };
    let jobs: Vec<_> = jobs.into_iter().map(Ok).collect();
    Ahead::new(bounds, jobs, weight, work)
}
