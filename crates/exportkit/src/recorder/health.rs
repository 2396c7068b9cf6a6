//! How a recording is doing.

use std::time::Duration;

use super::ledger::Account;

/// How a recording is doing, at one moment. Getting it takes microseconds and waits for nobody who writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// What became of the rows of all streams together.
    pub rows: RowCounts,
    /// Age of the oldest row that is not in the file: grows while the disk or the encoders cannot keep up, or while a slow
    /// stream gathers a chunk.
    pub lag: Option<Duration>,
    /// Time since the last sync that succeeded, by hand or by [`crate::Durability::Interval`]; since the start where there was none.
    pub since_durable: Duration,
    /// Chunks being encoded or written.
    pub queued_chunks: u64,
    /// Most chunks that can be.
    pub most_queued_chunks: u64,
    /// Bytes of the rows in these chunks.
    pub budget_in_use_bytes: u64,
    /// Most bytes that these may have.
    pub budget_bytes: u64,
    /// Bytes of chunks that are kept in memory because no sync has acknowledged them.
    pub unsynced_bytes: u64,
    /// How much of the journal is used, where there is one.
    pub journal: Option<JournalHealth>,
    /// Why nothing is written any more, if so.
    pub failure: Option<String>,
    /// Each stream, by name.
    pub streams: Vec<StreamHealth>,
}

/// How much of a recording's journal is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalHealth {
    /// Bytes of it that hold rows, or wait for some.
    pub in_use_bytes: u64,
    /// Its length.
    pub file_bytes: u64,
    /// Most that it may come to.
    pub most_bytes: u64,
    /// How often it had no room for a row, which was written to the file before `push` returned instead.
    pub times_full: u64,
}

/// How a stream of a recording is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamHealth {
    /// Its name.
    pub name: String,
    /// What became of its rows.
    pub rows: RowCounts,
}

/// What became of the rows that a recorder was given since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowCounts {
    /// Taken by `push`.
    pub pushed: u64,
    /// In the file.
    pub written: u64,
    /// Known to survive a power loss, in the file or in the journal.
    pub durable: u64,
    /// Of those taken by `push`: dropped because there was no room ([`crate::OnFull::Drop`]).
    pub dropped: u64,
    /// Refused by `push`, because they cannot be represented.
    pub refused: u64,
}

impl RowCounts {
    pub(super) fn of(account: &Account) -> Self {
        let (durable, written) = (account.durable(), account.written());
        Self {
            durable,
            written,
            dropped: account.dropped(),
            refused: account.refused(),
            // Last, so that it is no less than the others.
            pushed: account.pushed(),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.pushed += other.pushed;
        self.written += other.written;
        self.durable += other.durable;
        self.dropped += other.dropped;
        self.refused += other.refused;
    }
}
