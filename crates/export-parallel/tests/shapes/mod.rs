//! The three shapes of a pipeline behind one signature, so that every test holds for each.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use export_core::{Cancel, Result};
use export_parallel::{Ahead, Bounds, Budget, Pipeline, ordered_map};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    OrderedMap,
    Ahead,
    Pipeline,
}

pub const SHAPES: [Shape; 3] = [Shape::OrderedMap, Shape::Ahead, Shape::Pipeline];

pub const THREADS: [usize; 5] = [0, 1, 2, 3, 8];

/// An item and its weight.
pub type Item = (u64, usize);

pub type Work = Arc<dyn Fn(Item) -> Result<u64> + Send + Sync>;
pub type Consume = Arc<dyn Fn(u64) -> Result<()> + Send + Sync>;

/// What was consumed, and how it ended.
pub fn run(
    shape: Shape,
    bounds: &Bounds,
    items: Vec<Result<Item>>,
    work: &Work,
    consume: &Consume,
) -> (Vec<u64>, Result<()>) {
    let consumed = Arc::new(Mutex::new(Vec::new()));
    let (work, consume) = (Arc::clone(work), Arc::clone(consume));
    let note = {
        let consumed = Arc::clone(&consumed);
        move |output| {
            consume(output)?;
            consumed.lock().unwrap().push(output);
            Ok(())
        }
    };
    let end = match shape {
        Shape::OrderedMap => ordered_map(bounds, items, |item| item.1, |item| work(item), note),
        Shape::Ahead => Ahead::new(bounds.clone(), items, |item| item.1, move |item| work(item))
            .and_then(|mut ahead| ahead.try_for_each(|output| output.and_then(&note))),
        Shape::Pipeline => push_all(bounds, items, work, note),
    };
    let consumed = consumed.lock().unwrap().clone();
    (consumed, end)
}

fn push_all(
    bounds: &Bounds,
    items: Vec<Result<Item>>,
    work: Work,
    note: impl Fn(u64) -> Result<()> + Send + 'static,
) -> Result<()> {
    let mut pipeline = Pipeline::new(
        bounds.clone(),
        move |item| work(item),
        (),
        move |(), output| note(output),
    )?;
    let mut pushed = Ok(());
    for item in items {
        pushed = item.and_then(|item| pipeline.push(item, item.1));
        if pushed.is_err() {
            break;
        }
    }
    // An earlier item's error comes before that of the input.
    pipeline.finish().and(pushed)
}

pub fn bounds(threads: usize, capacity: usize) -> Bounds {
    Bounds {
        threads,
        budget: Budget::new(capacity),
        cancel: Cancel::new(),
    }
}

/// Items 0, 1, 2, … of weight 1.
pub fn light(count: u64) -> Vec<Result<Item>> {
    (0..count).map(|n| Ok((n, 1))).collect()
}

/// Fails where `test` takes longer than any of these tests could.
pub fn without_deadlock<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = mpsc::channel();
    let runner = thread::spawn(move || done.send(test()));
    match wait.recv_timeout(Duration::from_secs(120)) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("deadlock"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match runner.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(_) => unreachable!("it ended without an answer"),
        },
    }
}

/// A delay that differs from item to item, up to `most` µs.
pub fn delay(n: u64, most: u64) {
    let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    thread::sleep(Duration::from_micros(mixed % most.max(1)));
}

/// Twice the item, after its delay.
pub fn doubling() -> Work {
    Arc::new(|(n, _)| {
        delay(n, 300);
        Ok(2 * n)
    })
}

/// Takes everything.
pub fn accept() -> Consume {
    Arc::new(|_| Ok(()))
}

/// The outputs of items `0..count`.
pub fn doubled(count: u64) -> Vec<u64> {
    (0..count).map(|n| 2 * n).collect()
}
