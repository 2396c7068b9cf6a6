//! The items between an input and its consumer.

use std::collections::VecDeque;
use std::iter::Fuse;

use export_core::{Error, Result};

use crate::sync::channel::{Receiver, Sender, TryRecvError, bounded};
use crate::work::{Job, vanished};
use crate::{Bounds, Permit};

/// The items between an input and its consumer, both of which live on one thread.
///
/// That thread reads ahead until the bounds say stop, then takes the oldest item's answer. Where the answer isn't there yet,
/// the thread works on a queued item itself rather than sleep, so with no workers at all it does everything.
///
/// It cannot block for good: items get their permits in order, so the oldest item always has its own, and the memory it
/// waits for otherwise is held by others, who don't wait for it.
pub(crate) struct Flight<In, W, I, O> {
    bounds: Bounds,
    input: Fuse<In>,
    weight: W,
    jobs: Sender<Job<I, O>>,
    queue: Receiver<Job<I, O>>,
    /// Oldest first.
    slots: VecDeque<Slot<O>>,
    /// What the input yielded and was not yet sent off: an item without a permit, or the input's error.
    in_hand: Option<Result<I>>,
    stopped: bool,
}

struct Slot<O> {
    answer: Receiver<Result<O>>,
    permit: Permit,
}

impl<In, W, I, O> Flight<In, W, I, O>
where
    In: Iterator<Item = Result<I>>,
    W: Fn(&I) -> usize,
{
    pub(crate) fn new(bounds: Bounds, input: In, weight: W) -> Self {
        // As many places as items in flight, so sending never blocks.
        let (jobs, queue) = bounded(bounds.in_flight());
        Self {
            bounds,
            input: input.fuse(),
            weight,
            jobs,
            queue,
            slots: VecDeque::new(),
            in_hand: None,
            stopped: false,
        }
    }

    /// Where workers get their jobs. It closes when the flight is dropped.
    pub(crate) fn queue(&self) -> Receiver<Job<I, O>> {
        self.queue.clone()
    }

    /// The next output in order. After an error, `None`.
    pub(crate) fn next(
        &mut self,
        work: &(impl Fn(I) -> Result<O> + ?Sized),
    ) -> Option<Result<(O, Permit)>> {
        if self.stopped {
            return None;
        }
        let next = self.read_ahead().and_then(|()| self.land(work)).transpose();
        if !matches!(next, Some(Ok(_))) {
            self.stop();
        }
        next
    }

    /// Sends off one item at least, and more until the oldest is done, if the bounds allow.
    fn read_ahead(&mut self) -> Result<()> {
        self.bounds.cancel.check()?;
        while self.slots.len() < self.most_in_flight() {
            match self.in_hand.take().or_else(|| self.input.next()) {
                None => break,
                Some(Err(error)) => {
                    // Items before it come first, and one of them may fail itself.
                    self.in_hand = Some(Err(error));
                    break;
                }
                Some(Ok(item)) => match self.permit((self.weight)(&item))? {
                    Some(permit) => self.send_off(item, permit)?,
                    None => {
                        self.in_hand = Some(Ok(item));
                        break;
                    }
                },
            }
            if self
                .slots
                .front()
                .is_some_and(|oldest| !oldest.answer.is_empty())
            {
                break;
            }
            self.bounds.cancel.check()?;
        }
        Ok(())
    }

    /// Reading ahead of nobody only costs memory.
    fn most_in_flight(&self) -> usize {
        if self.bounds.threads == 0 {
            1
        } else {
            self.bounds.in_flight()
        }
    }

    /// Memory for the next item; `None` where items in flight must free some first.
    fn permit(&self, bytes: usize) -> Result<Option<Permit>> {
        match self.bounds.budget.try_acquire(bytes) {
            None if self.slots.is_empty() => self
                .bounds
                .budget
                .acquire(bytes, &self.bounds.cancel)
                .map(Some),
            permit => Ok(permit),
        }
    }

    fn send_off(&mut self, item: I, permit: Permit) -> Result<()> {
        let (job, answer) = Job::new(item);
        self.jobs.send(job).map_err(|_| vanished())?;
        self.slots.push_back(Slot { answer, permit });
        Ok(())
    }

    /// Takes the oldest item's answer, or the input's error if no item is left.
    fn land(&mut self, work: &(impl Fn(I) -> Result<O> + ?Sized)) -> Result<Option<(O, Permit)>> {
        let Some(oldest) = self.slots.pop_front() else {
            return match self.in_hand.take() {
                Some(Err(error)) => Err(error),
                _ => Ok(None),
            };
        };
        let output = self.wait(&oldest.answer, work)?;
        Ok(Some((output, oldest.permit)))
    }

    fn wait(
        &self,
        answer: &Receiver<Result<O>>,
        work: &(impl Fn(I) -> Result<O> + ?Sized),
    ) -> Result<O> {
        loop {
            match answer.try_recv() {
                Ok(result) => return result,
                Err(TryRecvError::Disconnected) => return Err(vanished()),
                Err(TryRecvError::Empty) => {}
            }
            match self.queue.try_recv() {
                Ok(job) => job.run(|| self.bounds.cancel.check(), work),
                // A worker has it and is about to answer.
                Err(_) => return answer.recv().unwrap_or_else(|_| Err(vanished())),
            }
        }
    }
}

impl<In, W, I, O> Flight<In, W, I, O> {
    /// Forgets all items, so that workers end with those that they are at.
    fn stop(&mut self) {
        self.stopped = true;
        self.in_hand = None;
        while self.queue.try_recv().is_ok() {}
        self.slots.clear();
    }
}

impl<In, W, I, O> Drop for Flight<In, W, I, O> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The error of a thread that could not be started.
pub(crate) fn not_started(error: std::io::Error) -> Error {
    Error::from(error).with_hint("use fewer threads")
}
