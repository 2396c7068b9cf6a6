//! Items pushed in, outputs consumed in order.

use std::fmt;

use export_core::{Cancel, Error, ErrorKind, Result};

use crate::failure::Failure;
use crate::flight::not_started;
use crate::sync::Arc;
use crate::sync::channel::{Receiver, Sender, bounded};
use crate::sync::thread::JoinHandle;
use crate::work::{Job, builder, guarded, serve, vanished};
use crate::{Bounds, Permit};

type Work<I, O> = Arc<dyn Fn(I) -> Result<O> + Send + Sync>;
type Consume<C, O> = Box<dyn FnMut(&mut C, O) -> Result<()> + Send>;
type Call<C> = Box<dyn FnOnce(&mut C, &Failure) + Send>;

/// A long-lived pipeline for recorders and sinks: items are pushed in, worked on by any worker, and their outputs consumed
/// one at a time in the order they were pushed, on a thread of its own, so that whoever pushes never waits for storage until
/// the budget is used up. With no worker threads, `push` does everything before it returns.
///
/// The consumer is a state `C` (say, a writer) and a function that gives it an output. After the first error nothing more is
/// consumed; `push`, [`Pipeline::call`] and [`Pipeline::finish`] report it.
///
/// ```
/// use export_core::Cancel;
/// use export_parallel::{Bounds, Budget, Pipeline};
///
/// let bounds = Bounds { threads: 2, budget: Budget::new(1 << 20), cancel: Cancel::new() };
/// let mut squares = Pipeline::new(bounds, |n: u64| Ok(n * n), Vec::new(), |all, square| {
///     all.push(square);
///     Ok(())
/// })?;
/// for n in 1..=3 {
///     squares.push(n, size_of::<u64>())?;
/// }
/// assert_eq!(squares.call(|all| Ok(all.len()))?, 3);
/// assert_eq!(squares.finish()?, [1, 4, 9]);
/// # Ok::<(), export_core::Error>(())
/// ```
pub struct Pipeline<I, O, C> {
    bounds: Bounds,
    failure: Arc<Failure>,
    stage: Stage<I, O, C>,
}

enum Stage<I, O, C> {
    Inline(Work<I, O>, Consumer<O, C>),
    Threads(Threads<I, O, C>),
}

impl<I, O, C> Pipeline<I, O, C>
where
    I: Send + 'static,
    O: Send + 'static,
    C: Send + 'static,
{
    /// Starts `bounds.threads` workers and, unless that is 0, a thread for the consumer.
    pub fn new(
        bounds: Bounds,
        work: impl Fn(I) -> Result<O> + Send + Sync + 'static,
        state: C,
        consume: impl FnMut(&mut C, O) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        bounds.check()?;
        let work: Work<I, O> = Arc::new(work);
        let consumer = Consumer {
            state,
            consume: Box::new(consume),
        };
        let failure = Arc::new(Failure::default());
        let stage = match bounds.threads {
            0 => Stage::Inline(work, consumer),
            _ => Stage::Threads(Threads::start(&bounds, &work, consumer, &failure)?),
        };
        Ok(Self {
            bounds,
            failure,
            stage,
        })
    }

    /// Hands in the next item, which costs `bytes` of the budget until its output was consumed. Blocks while the budget or
    /// the queue is full.
    ///
    /// Fails with an error of this or an earlier item, as soon as that is known, and where the cancel flag is raised. After
    /// an error, neither this item nor any later one reaches the consumer.
    pub fn push(&mut self, item: I, bytes: usize) -> Result<()> {
        let Self {
            bounds,
            failure,
            stage,
        } = self;
        let go_on = || {
            failure.check()?;
            bounds.cancel.check()
        };
        let permit = bounds.budget.acquire_while(bytes, go_on)?;
        match stage {
            Stage::Threads(threads) => threads.push(item, permit),
            Stage::Inline(work, consumer) => {
                let done = guarded(|| work(item)).and_then(|output| consumer.take(output));
                drop(permit);
                done.or_else(|error| {
                    failure.set(error);
                    failure.check()
                })
            }
        }
    }

    /// Waits until everything pushed so far was consumed, then lets `call` at the consumer's state, on the consumer's
    /// thread, and returns what it returned: this is how a writer is flushed or synced.
    ///
    /// Fails with the error of an earlier item, or with that of `call`, which does not stop the pipeline unless it is a panic.
    pub fn call<R: Send + 'static>(
        &mut self,
        call: impl FnOnce(&mut C) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.start_call(call)?.wait()
    }

    /// [`Pipeline::call`] that is waited for later, so that others may push in the meantime. Waits for a place in the queue
    /// only; without worker threads, for everything.
    pub fn start_call<R: Send + 'static>(
        &mut self,
        call: impl FnOnce(&mut C) -> Result<R> + Send + 'static,
    ) -> Result<Answer<R>> {
        self.failure.check()?;
        let (answer, receiver) = bounded(1);
        let call = move |state: &mut C, failure: &Failure| {
            let result = guarded(|| call(state));
            if let Err(error) = &result
                && error.kind() == ErrorKind::WorkerPanicked
            {
                failure.set(Error::worker_panicked(error.message()));
            }
            drop(answer.send(result));
        };
        match &mut self.stage {
            Stage::Inline(_, consumer) => call(&mut consumer.state, &self.failure),
            Stage::Threads(threads) => threads.send(Entry::Call(Box::new(call)))?,
        }
        Ok(Answer {
            receiver,
            failure: Arc::clone(&self.failure),
        })
    }

    /// Whether `items` items of `bytes` in all can be pushed now without waiting for others. Without worker threads there is
    /// nobody to wait for.
    #[must_use]
    pub fn has_room(&self, items: usize, bytes: usize) -> bool {
        match &self.stage {
            Stage::Inline(..) => true,
            Stage::Threads(threads) => {
                // One place less: the entry that the consumer has taken may still have its job in the queue.
                let places = threads.waiting() + items < self.bounds.in_flight();
                // Memory is only given back in the meantime: whoever could take it has the pipeline, and that is the caller.
                places && self.bounds.budget.try_acquire(bytes).is_some()
            }
        }
    }

    /// Waits until everything was consumed, ends the threads and returns the consumer's state, or the first error.
    pub fn finish(self) -> Result<C> {
        let state = match self.stage {
            Stage::Inline(_, consumer) => consumer.state,
            Stage::Threads(mut threads) => threads.close().ok_or_else(vanished)?,
        };
        self.failure.check().map(|()| state)
    }
}

impl<I, O, C> fmt::Debug for Pipeline<I, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("bounds", &self.bounds)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// What a call will return, once everything before it was consumed.
#[must_use = "an error of the call shows here"]
pub struct Answer<R> {
    receiver: Receiver<Result<R>>,
    failure: Arc<Failure>,
}

impl<R> Answer<R> {
    /// Waits for it. Fails with the error of an earlier item, or with that of the call.
    pub fn wait(self) -> Result<R> {
        match self.receiver.recv() {
            Ok(result) => result,
            // Dropped unanswered, because an item before it failed.
            Err(_) => self.failure.check().and_then(|()| Err(vanished())),
        }
    }
}

impl<R> fmt::Debug for Answer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

struct Consumer<O, C> {
    state: C,
    consume: Consume<C, O>,
}

impl<O, C> Consumer<O, C> {
    fn take(&mut self, output: O) -> Result<()> {
        guarded(|| (self.consume)(&mut self.state, output))
    }

    /// Takes entries until there will be no more. After an error it only empties the queue, so that nobody stays blocked on
    /// a place in it or on memory.
    fn run(mut self, entries: &Receiver<Entry<O, C>>, failure: &Failure, cancel: &Cancel) -> C {
        for entry in entries {
            if failure.is_set() {
                continue;
            }
            match entry {
                Entry::Call(call) => call(&mut self.state, failure),
                Entry::Output(answer, permit) => {
                    let output = answer.recv().unwrap_or_else(|_| Err(vanished()));
                    let done = output.and_then(|output| {
                        cancel.check()?;
                        self.take(output)
                    });
                    drop(permit);
                    if let Err(error) = done {
                        failure.set(error);
                    }
                }
            }
        }
        self.state
    }
}

/// What the consumer gets, in order.
enum Entry<O, C> {
    /// The answer of a job, and the memory it holds until it was consumed.
    Output(Receiver<Result<O>>, Permit),
    Call(Call<C>),
}

/// The threads and the ways to them. Dropped, it lets them finish what was pushed and waits for them.
struct Threads<I, O, C> {
    /// `None` once closed, like `entries`.
    jobs: Option<Sender<Job<I, O>>>,
    entries: Option<Sender<Entry<O, C>>>,
    workers: Vec<JoinHandle<()>>,
    consumer: Option<JoinHandle<C>>,
}

impl<I, O, C> Threads<I, O, C>
where
    I: Send + 'static,
    O: Send + 'static,
    C: Send + 'static,
{
    fn start(
        bounds: &Bounds,
        work: &Work<I, O>,
        consumer: Consumer<O, C>,
        failure: &Arc<Failure>,
    ) -> Result<Self> {
        let (jobs, queue) = bounded(bounds.in_flight());
        let (entries, outputs) = bounded(bounds.in_flight());
        let mut threads = Self {
            jobs: Some(jobs),
            entries: Some(entries),
            workers: Vec::new(),
            consumer: None,
        };
        for _ in 0..bounds.threads {
            let (queue, cancel) = (Receiver::clone(&queue), bounds.cancel.clone());
            let (work, failure) = (Arc::clone(work), Arc::clone(failure));
            let go_on = move || {
                cancel.check()?;
                // Nobody will look at the answer.
                if failure.is_set() {
                    Err(Error::cancelled())
                } else {
                    Ok(())
                }
            };
            let worker = builder("worker").spawn(move || serve(&queue, go_on, &*work));
            threads.workers.push(worker.map_err(not_started)?);
        }
        let (cancel, failure) = (bounds.cancel.clone(), Arc::clone(failure));
        let run = move || consumer.run(&outputs, &failure, &cancel);
        threads.consumer = Some(builder("consumer").spawn(run).map_err(not_started)?);
        Ok(threads)
    }

    fn push(&self, item: I, permit: Permit) -> Result<()> {
        let (job, answer) = Job::new(item);
        self.send(Entry::Output(answer, permit))?;
        let jobs = self.jobs.as_ref().ok_or_else(vanished)?;
        jobs.send(job).map_err(|_| vanished())
    }

    /// Entries that nobody has taken from the queue.
    fn waiting(&self) -> usize {
        self.entries.as_ref().map_or(0, Sender::len)
    }

    fn send(&self, entry: Entry<O, C>) -> Result<()> {
        let entries = self.entries.as_ref().ok_or_else(vanished)?;
        entries.send(entry).map_err(|_| vanished())
    }
}

impl<I, O, C> Threads<I, O, C> {
    /// Lets the threads finish what was pushed, waits for them and returns the consumer's state.
    fn close(&mut self) -> Option<C> {
        self.jobs = None;
        self.entries = None;
        for worker in self.workers.drain(..) {
            // Workers catch panics, so there is nothing to learn here.
            drop(worker.join());
        }
        self.consumer
            .take()
            .and_then(|consumer| consumer.join().ok())
    }
}

impl<I, O, C> Drop for Threads<I, O, C> {
    fn drop(&mut self) {
        drop(self.close());
    }
}
