//! An input worked on ahead of whoever asks.

use std::fmt;

use export_core::Result;

use crate::Bounds;
use crate::flight::{Flight, not_started};
use crate::sync::Arc;
use crate::sync::thread::JoinHandle;
use crate::work::{builder, serve};

type Work<I, O> = Arc<dyn Fn(I) -> Result<O> + Send + Sync>;
type Weight<I> = Box<dyn Fn(&I) -> usize + Send>;

/// Outputs of an input's items, in order, worked on ahead of being asked for: [`crate::ordered_map`] as an iterator.
///
/// Same order, same errors, same bounds, except that an item's memory is no longer counted once its output was handed out.
/// The threads end with it.
pub struct Ahead<In, I, O>
where
    In: Iterator<Item = Result<I>>,
{
    /// `None` only while it is dropped.
    flight: Option<Flight<In, Weight<I>, I, O>>,
    work: Work<I, O>,
    workers: Vec<JoinHandle<()>>,
}

impl<In, I, O> Ahead<In, I, O>
where
    In: Iterator<Item = Result<I>>,
    I: Send + 'static,
    O: Send + 'static,
{
    /// Starts the threads; nothing is read before the first output is asked for. `weight` is what an item costs of the
    /// budget, in bytes.
    pub fn new(
        bounds: Bounds,
        input: impl IntoIterator<Item = Result<I>, IntoIter = In>,
        weight: impl Fn(&I) -> usize + Send + 'static,
        work: impl Fn(I) -> Result<O> + Send + Sync + 'static,
    ) -> Result<Self> {
        bounds.check()?;
        let work: Work<I, O> = Arc::new(work);
        let weight: Weight<I> = Box::new(weight);
        let flight = Flight::new(bounds.clone(), input.into_iter(), weight);
        let queue = flight.queue();
        let mut ahead = Self {
            flight: Some(flight),
            work,
            workers: Vec::new(),
        };
        for _ in 0..bounds.threads {
            let (queue, cancel, work) = (
                queue.clone(),
                bounds.cancel.clone(),
                Arc::clone(&ahead.work),
            );
            let worker = builder("worker")
                .spawn(move || serve(&queue, || cancel.check(), &*work))
                .map_err(not_started)?;
            ahead.workers.push(worker);
        }
        Ok(ahead)
    }
}

impl<In, I, O> Iterator for Ahead<In, I, O>
where
    In: Iterator<Item = Result<I>>,
{
    type Item = Result<O>;

    fn next(&mut self) -> Option<Result<O>> {
        let next = self.flight.as_mut()?.next(&*self.work)?;
        Some(next.map(|(output, _permit)| output))
    }
}

impl<In, I, O> Drop for Ahead<In, I, O>
where
    In: Iterator<Item = Result<I>>,
{
    fn drop(&mut self) {
        self.flight = None;
        for worker in self.workers.drain(..) {
            // Workers catch panics, so there is nothing to learn here.
            drop(worker.join());
        }
    }
}

impl<In, I, O> fmt::Debug for Ahead<In, I, O>
where
    In: Iterator<Item = Result<I>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead")
            .field("threads", &self.workers.len())
            .finish_non_exhaustive()
    }
}
