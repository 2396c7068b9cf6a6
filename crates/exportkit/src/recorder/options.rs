//! What there is to choose about a recording.

use std::collections::BTreeMap;
use std::time::Duration;

use export_compress::Options as EncodeOptions;
use export_core::{Error, Limits, Protection, Result};

/// How to record.
#[derive(Debug, Clone)]
pub struct RecordOptions {
    /// How chunks are encoded.
    pub encode: EncodeOptions,
    /// Threads that encode besides those that push; 0 encodes inside of `push`. Default 1.
    pub threads: usize,
    /// What of the rows survives what.
    pub durability: Durability,
    /// A chunk is written when it is this old at the next `push`, however few its rows: so late may a reader of the live file
    /// see a row. Default 1 s.
    pub chunk_age: Duration,
    /// What happens to rows that come faster than they can be written.
    pub on_full: OnFull,
    /// Bytes of rows that may be on their way to the file, chunks being encoded among them; a chunk and a quarter for each
    /// thread and for the one that writes where `None`.
    pub budget_bytes: Option<usize>,
    /// Most bytes that the journal may take; see [`Durability::Flush`]. It needs room for the rows of a chunk and a half of
    /// each stream, for those on their way, and for 1 MiB of each stream at least: a stream that finds none writes each row to the file at
    /// once. No more than the memory that readers take by default (2 GiB), or nobody could read it. Default 256 MiB.
    pub journal_bytes: u64,
    /// Who may open the file.
    pub permissions: Permissions,
    /// How the file is encrypted and sealed. An append needs the keys of what it goes on with. Where rows are encrypted there can
    /// be no journal, which would hold them in the clear: [`Durability::None`] must be asked for. Default not at all.
    pub protection: Protection,
    /// Whether an existing file is replaced. Default no.
    pub overwrite: bool,
    /// Parity, from which [`repair`](crate::repair()) restores damaged frames; where `None`, as much as a recording has that is
    /// gone on with. Holds some 20 MB of frames in memory, see [`Parity`](crate::Parity).
    pub parity: Option<crate::Parity>,
    /// The user's own keys. Those that start with `exportkit:` are not the user's.
    pub entries: BTreeMap<String, String>,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self {
            encode: EncodeOptions::default(),
            threads: 1,
            durability: Durability::default(),
            chunk_age: Duration::from_secs(1),
            on_full: OnFull::default(),
            budget_bytes: None,
            journal_bytes: 256 << 20,
            permissions: Permissions::default(),
            protection: Protection::default(),
            overwrite: false,
            parity: None,
            entries: BTreeMap::new(),
        }
    }
}

impl RecordOptions {
    /// Fails where they contradict one another.
    pub(super) fn check(&self) -> Result<()> {
        if self.on_full == OnFull::Drop && self.threads == 0 {
            return Err(
                Error::usage("rows are dropped only where another thread writes")
                    .with_hint("record with `threads` of 1 or more"),
            );
        }
        let most = Limits::default().memory_bytes;
        if self.journal_bytes > most {
            let text = format!(
                "a journal of {} bytes could not be read: readers take no more than {most}",
                self.journal_bytes
            );
            return Err(Error::usage(text).with_hint("give `journal_bytes` less"));
        }
        if self.on_full == OnFull::Drop && self.durability == Durability::Sync {
            let text = "a push that waits for the disk cannot drop rows so as not to wait";
            return Err(Error::usage(text)
                .with_hint("record with `Durability::Interval`, or with `OnFull::Block`"));
        }
        if self.durability == Durability::Interval(Duration::ZERO) {
            return Err(
                Error::usage("an interval of no time would sync without end").with_hint(
                    "record with `Durability::Sync`, or with an interval of 1 ms or more",
                ),
            );
        }
        if self.protection.encrypt.is_some() && self.durability != Durability::None {
            let text =
                "an encrypted recording has no journal, which would hold its rows in the clear";
            return Err(Error::usage(text)
                .with_hint("record with `Durability::None`, and `sync` what must survive"));
        }
        Ok(())
    }
}

/// What of the rows survives what. Whatever the level, [`sync`](crate::RecordStream::sync) returns once everything pushed so far
/// survives a power loss, and a file that was finished does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Rows survive the end of the process once they are in a chunk that was written: up to a chunk of each stream, and what is
    /// being encoded, is lost when the process is killed. Nothing survives a power loss for certain but what was synced.
    ///
    /// Costs nothing. For rows that can be made again, and where [`flush`](crate::RecordStream::flush) and `sync` are called
    /// by hand.
    None,
    /// Every row whose `push` returned survives the end of the process, however it ends: SIGKILL, `abort`, the system out of
    /// memory, a panic. Rows that are not in a chunk yet are kept in a journal beside the file, which the next one to open the
    /// recording looks into. A power loss takes what was not synced.
    ///
    /// Costs a copy of each row into memory that belongs to a file.
    #[default]
    Flush,
    /// [`Durability::Flush`], and a power loss takes the rows of the last interval at most: a thread makes file and journal
    /// durable each time this long has passed, also when nobody pushes.
    ///
    /// Costs two syncs an interval, besides those who push.
    Interval(Duration),
    /// A `push` returns only once its row survives a power loss.
    ///
    /// Costs a sync a push: from 0.1 ms to 10 ms, as the disk has it. Threads that push at the same time may share one.
    Sync,
}

/// What happens to rows that come faster than they can be encoded and written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFull {
    /// `push` waits: no row is lost, and the program becomes as slow as the disk.
    #[default]
    Block,
    /// `push` never waits for the file: rows for which there is no room are dropped, a batch at a time, and counted. The file says how
    /// many ([`exportkit info`](crate::Info) shows it), and so does [`Recorder::health`](crate::Recorder::health). `flush`, `sync` and `finish` wait as ever.
    ///
    /// Needs a thread besides those that push, which it has however short memory is, and cannot be with [`Durability::Sync`]. With
    /// [`Durability::Interval`] a power loss may bring back rows that were dropped since the last sync.
    Drop,
}

/// Who may open a file that is created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Permissions {
    /// Whoever the process' umask lets.
    #[default]
    Umask,
    /// Its owner alone (mode 0600): for recordings of memory, of databases, of anything that may hold secrets. Where the system
    /// has no modes, as with [`Permissions::Umask`].
    Owner,
}
