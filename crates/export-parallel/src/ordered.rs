//! An input run to its end.

use export_core::Result;

use crate::Bounds;
use crate::flight::{Flight, not_started};
use crate::sync::thread;
use crate::work::{builder, serve};

/// Works on all items of `input` on `bounds.threads` workers and the caller's own thread, and hands the outputs to
/// `consume` in the order of the items.
///
/// `input` and `consume` run on the caller's thread. `weight` is what an item costs of the budget, in bytes, from when it was
/// read until its output was consumed; one item that was just read, and has to wait for memory, is not yet counted.
///
/// Fails with the first error in the order of the items, whether it is the input's, the work's or the consumer's; outputs of
/// all items before it were consumed by then, and none after it. A panic of `work` is such an error
/// ([`export_core::ErrorKind::WorkerPanicked`]); one of `input` or `consume` goes on to the caller. The cancel flag is looked
/// at between items ([`export_core::ErrorKind::Cancelled`]). All threads have ended when this returns.
pub fn ordered_map<I, O>(
    bounds: &Bounds,
    input: impl IntoIterator<Item = Result<I>>,
    weight: impl Fn(&I) -> usize,
    work: impl Fn(I) -> Result<O> + Sync,
    mut consume: impl FnMut(O) -> Result<()>,
) -> Result<()>
where
    I: Send,
    O: Send,
{
    let work = &work;
    thread::scope(|scope| {
        // Owned by this closure: however it ends, the workers' queue closes before the scope waits for them.
        let mut flight = Flight::new(bounds.clone(), input.into_iter(), weight);
        for _ in 0..bounds.threads {
            let queue = flight.queue();
            builder("worker")
                .spawn_scoped(scope, move || serve(&queue, || bounds.cancel.check(), work))
                .map_err(not_started)?;
        }
        while let Some(next) = flight.next(work) {
            let (output, permit) = next?;
            consume(output)?;
            drop(permit);
        }
        Ok(())
    })
}
