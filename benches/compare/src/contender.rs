//! What is measured, and how.

use std::time::Duration;

use anyhow::{Context, Result};
use export_benches::clock::{median, timed};

/// A way to write a table to memory and to read it again, on one thread.
pub(crate) trait Contender {
    /// Its name in reports.
    fn name(&self) -> String;

    /// Makes ready what [`Contender::write`] uses up. Not timed.
    fn prepare(&mut self) {}

    /// Writes the whole table, in place of what was written before; returns the bytes that takes. Timed.
    fn write(&mut self) -> Result<usize>;

    /// Reads everything that was written, part by part. Timed.
    fn read(&self) -> Result<()>;

    /// Fails where what was written does not read back to the bit. Not timed.
    fn check(&self) -> Result<()>;
}

/// What one contender took.
pub(crate) struct Taken {
    pub(crate) contender: String,
    pub(crate) stored_bytes: usize,
    pub(crate) write: Duration,
    pub(crate) read: Duration,
}

/// Checks each contender's round trip once, then times them in turns; of each the median.
pub(crate) fn measure(contenders: &mut [Box<dyn Contender + '_>], runs: u32) -> Result<Vec<Taken>> {
    for contender in contenders.iter_mut() {
        contender.prepare();
        let checked = contender.write().and_then(|_| contender.check());
        checked.with_context(|| contender.name())?;
    }
    let mut times = vec![(Vec::new(), Vec::new(), 0); contenders.len()];
    for _ in 0..runs {
        for (contender, (writes, reads, stored)) in contenders.iter_mut().zip(&mut times) {
            contender.prepare();
            let (time, written) = timed(|| contender.write());
            *stored = written.with_context(|| contender.name())?;
            writes.push(time);
            let (time, read) = timed(|| contender.read());
            read.with_context(|| contender.name())?;
            reads.push(time);
        }
    }
    let taken = contenders.iter().zip(times);
    Ok(taken
        .map(|(contender, (writes, reads, stored_bytes))| Taken {
            contender: contender.name(),
            stored_bytes,
            write: median(writes).unwrap_or_default(),
            read: median(reads).unwrap_or_default(),
        })
        .collect())
}
