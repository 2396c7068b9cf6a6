//! What is measured.

use export_core::Result;

/// A way to write a table to memory and to read it again, on one thread.
pub(crate) trait Contender {
    /// Its name in the report.
    fn name(&self) -> String;

    /// Writes the whole table, in place of what was written before; returns the bytes that takes. Timed.
    fn write(&mut self) -> Result<usize>;

    /// Reads everything that was written, batch by batch. Timed.
    fn read(&self) -> Result<()>;

    /// Fails where what was written does not read back to the bit.
    fn check(&self) -> Result<()>;
}
