//! Rows that outlive the process that recorded them.
//!
//! A row that was committed to a [`Journal`] is in memory that a file backs, and that memory is not the process's own: after
//! SIGKILL, `abort`, a panic or the kernel's killing for want of memory, [`read`] finds every row whose
//! [`commit`](Lane::commit) returned. A commit is one store besides putting the row's bytes where they belong. What rows are
//! is not known here: they are bytes, put one after the other by whoever can tell them apart again.
//!
//! ```
//! use export_core::Limits;
//! use export_journal::{Journal, Options, Room};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("run.xk.journal");
//! let journal = Journal::create(&path, *b"id of the run.xk", &Options::default())?;
//! let mut lane = journal.lane("queries");
//! assert_eq!(lane.begin(b"rows are a length and text", 0)?, Room::Ready);
//! for row in [&b"\x06SELECT"[..], b"\x06INSERT"] {
//!     if lane.space().len() < row.len() && lane.grow(row.len())? == Room::Full {
//!         break; // wait for rows to be released, or drop this one
//!     }
//!     lane.space()[..row.len()].copy_from_slice(row);
//!     lane.commit(row.len())?; // from here on it outlives the process
//! }
//! journal.seal()?; // from here on both outlive the machine's power
//!
//! // Killed here, somebody else finds:
//! let recovered = export_journal::read(&path, &Limits::default())?;
//! let run = &recovered.lanes[0].runs[0];
//! assert_eq!((run.first_row, run.rows), (0, 2));
//! assert_eq!(&run.bytes[..], b"\x06SELECT\x06INSERT");
//!
//! // Not killed, once they are in the main file:
//! journal.release(lane.id(), 2);
//! journal.remove()?;
//! # Ok::<(), export_core::Error>(())
//! ```
//!
//! The file is described in `docs/format/journal.md`.

mod backing;
mod boot;
mod file;
mod journal;
mod lane;
pub mod layout;
#[cfg(test)]
mod memory;
mod order;
mod pool;
mod recover;
mod recovered;
mod region;
mod scan;
mod segment;
mod sync;
#[cfg(test)]
mod tests;

pub use boot::BootId;
pub use journal::{Journal, LaneId, Options, Sealed};
pub use lane::{Lane, Mark, Room};
pub use layout::FileId;
pub use pool::Usage;
pub use recover::{read, read_at_boot, read_bytes};
pub use recovered::{Cause, Loss, Recovered, RecoveredLane, RecoveredRun};
