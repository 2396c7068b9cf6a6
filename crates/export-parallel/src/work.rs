//! One item's way through a worker.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use export_core::{Error, Result};

use crate::sync::channel::{Receiver, Sender, bounded};
use crate::sync::thread;

/// An item to work on and where the answer goes. Whoever made it keeps the other end, so answers need no sorting.
pub(crate) struct Job<I, O> {
    item: I,
    answer: Sender<Result<O>>,
}

impl<I, O> Job<I, O> {
    pub(crate) fn new(item: I) -> (Self, Receiver<Result<O>>) {
        let (answer, receiver) = bounded(1);
        (Self { item, answer }, receiver)
    }

    /// Does the work, unless `go_on` objects.
    pub(crate) fn run(
        self,
        go_on: impl Fn() -> Result<()>,
        work: &(impl Fn(I) -> Result<O> + ?Sized),
    ) {
        let Self { item, answer } = self;
        let result = go_on().and_then(|()| guarded(|| work(item)));
        // Nobody listens once the pipeline has stopped; then nobody misses the answer either.
        drop(answer.send(result));
    }
}

/// Works on jobs until there will be no more.
pub(crate) fn serve<I, O>(
    jobs: &Receiver<Job<I, O>>,
    go_on: impl Fn() -> Result<()>,
    work: &(impl Fn(I) -> Result<O> + ?Sized),
) {
    for job in jobs {
        job.run(&go_on, work);
    }
}

/// A thread that shows up as a worker in debuggers and profilers.
pub(crate) fn builder(name: &str) -> thread::Builder {
    thread::Builder::new().name(format!("xk-{name}"))
}

/// Runs `work`; a panic becomes an error with the panic's message.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the closure borrows is not looked at again by anyone who minds: the error stops the pipeline.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// The error of a worker that ended without an answer, which [`guarded`] leaves no way to.
pub(crate) fn vanished() -> Error {
    Error::worker_panicked("a worker thread ended without an answer")
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Error::worker_panicked(format!("a worker panicked: {text}"))
}
