//! What a recorder writes to: the file, the way there, and the account of both.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};

use export_compress::Encoder;
use export_container::{FileOptions, FrameWriter, StorageEnd, Writer};
use export_core::build::BatchBuilder;
use export_core::{
    Batch, Cancel, Error, ExportMetadata, Limits, Note, Result, Schema, StreamBatch,
};
use export_journal::Journal;
use export_parallel::{Answer, Bounds, Budget};

use super::blank::Blank;
use super::health::{Health, JournalHealth, RowCounts, StreamHealth};
use super::lane::RowLane;
use super::ledger::{Account, Ledger};
use super::losses::Losses;
use super::{Durability, OnFull, RecordOptions, Recorded, lock};
use crate::clock;
use crate::pressure::Watch;
use crate::xk::{Counts, Encoded, Written, XkSink, describe, protect};

/// Bytes of chunks that are kept until a sync acknowledges them. With more, the file is synced: so much would have to be
/// written again to another file, and so much memory it takes.
const MOST_UNSYNCED_BYTES: usize = 16 << 20;

/// A file that is being recorded.
pub(super) struct Tape {
    pub(super) options: RecordOptions,
    pub(super) ledger: Arc<Ledger>,
    pub(super) bounds: Bounds,
    encoder: Encoder,
    name: Mutex<String>,
    /// Rows of each stream that the file had when it was opened.
    rows_before: BTreeMap<String, u64>,
    /// Which file it is: one more with each rescue. Changes, as the journal does, while that is locked.
    number: AtomicU64,
    /// `None` where there is none, and once the file is complete.
    journal: Mutex<Option<Journal>>,
    /// `None` once the file is complete.
    way: Mutex<Option<XkSink<StorageEnd>>>,
}

impl Tape {
    pub(super) fn open(blank: Blank, options: RecordOptions) -> Result<Self> {
        let encoder = Encoder::new(options.encode.clone())?;
        Self::with_encoder(blank, options, encoder)
    }

    /// [`Tape::open`] with an encoder for its options.
    pub(super) fn with_encoder(
        blank: Blank,
        options: RecordOptions,
        encoder: Encoder,
    ) -> Result<Self> {
        let mut writer = match blank.is_new {
            true => Writer::create_protected(
                Arc::clone(&blank.storage),
                &FileOptions::new(clock::now_ns())?,
                &options.protection,
            )?,
            false => Writer::append_protected(
                Arc::clone(&blank.storage),
                &Limits::default(),
                &options.protection,
            )?,
        };
        let survives_power = matches!(
            options.durability,
            Durability::Interval(_) | Durability::Sync
        );
        if survives_power {
            // Rows in the journal are worth nothing without a file that they belong to.
            writer.sync()?;
        }
        protect(&mut writer, options.parity)?;
        let file = writer.frames().file().file;
        let before = writer.frames().last_metadata().unwrap_or_default();
        let rows_before = rows(writer.frames());
        let ledger = Arc::new(Ledger::new(Losses::of(&before.entries), survives_power));
        // Without a thread, it is `push` that writes.
        let least_threads = usize::from(options.on_full == OnFull::Drop);
        let watch = Watch::new(options.threads, None).with_threads_at_least(least_threads);
        let means = watch.means();
        let budget = options.budget_bytes.unwrap_or_else(|| {
            // A chunk is handed on once it is full: it is more than full, always.
            let each = means.chunk_bytes() + means.chunk_bytes() / 4;
            each.saturating_mul(means.threads.saturating_add(1))
        });
        let bounds = Bounds {
            threads: means.threads,
            budget: Budget::new(budget),
            cancel: Cancel::new(),
        };
        let sink = sink(
            writer,
            Counts::default(),
            &options,
            encoder.clone(),
            watch,
            &bounds,
            &ledger,
        )?;
        // Last: whatever fails before leaves none.
        let journal = blank.journal(&options, file)?;
        Ok(Self {
            options,
            ledger,
            bounds,
            encoder,
            name: Mutex::new(blank.name),
            rows_before,
            number: AtomicU64::new(0),
            journal: Mutex::new(journal),
            way: Mutex::new(Some(sink)),
        })
    }

    /// The account of a new stream, or `None` where there is one of that name.
    pub(super) fn add_stream(&self, name: &Arc<str>) -> Option<Arc<Account>> {
        let rows = self.rows_before.get(&**name).copied().unwrap_or_default();
        self.ledger.add_stream(name, rows)
    }

    /// Which file it is: one more with each rescue.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// A lane of the journal, where there is one, for the rows of a stream, and which file that belongs to.
    pub(super) fn lane(&self, name: &str, account: &Account) -> (Option<RowLane>, u64) {
        loop {
            let (journal, number) = {
                let journal = lock(&self.journal);
                (journal.clone(), self.number())
            };
            let Some(journal) = journal else {
                return (None, number);
            };
            // Not locked, since this may wait while the journal's file grows.
            let lane = journal.lane(name);
            let _journal = lock(&self.journal);
            if self.number() == number {
                let base = account.set_lane(&journal, lane.id());
                return (Some(RowLane::new(lane, base)), number);
            }
        }
    }

    /// Returns once all rows in the journal of file `number` survive a power loss, and lets `say` say so. False where that file is no
    /// longer written: its journal was left with it. A failure is the ledger's to tell.
    pub(super) fn seal(&self, number: u64, say: impl FnOnce()) -> bool {
        let journal = {
            let journal = lock(&self.journal);
            if self.number() != number {
                return false;
            }
            journal.clone()
        };
        let sealed = journal.map_or(Ok(()), |journal| journal.seal().map(drop));
        // Locked, so that a rescue comes before or after.
        let _journal = lock(&self.journal);
        if self.number() != number {
            return false;
        }
        match sealed {
            Err(error) => self.ledger.poison(error),
            // What is dropped may be among rows that were sealed.
            Ok(()) if self.options.on_full == OnFull::Block => say(),
            Ok(()) => {}
        }
        true
    }

    /// Makes everything pushed so far durable, where it is: in the journal, or in the file. What fails is left to whoever pushes next.
    pub(super) fn tick(&self) {
        let ledger = Arc::clone(&self.ledger);
        let call = move |written: &mut Written<StorageEnd>| {
            sync(written, &ledger);
            Ok(())
        };
        let started = if lock(&self.journal).is_some() {
            // First the journal: a row that moves to the file in between is in both, or in the file that is synced next.
            let number = self.number();
            let pushed = self.ledger.pushed();
            let say = || {
                for (account, rows) in pushed {
                    account.set_durable(rows);
                }
            };
            if !self.seal(number, say) || self.ledger.is_poisoned() {
                return;
            }
            self.with_sink(|sink| sink.start_call(call))
        } else {
            self.with_sink(|sink| sink.start_flush(call))
        };
        if let Err(error) = started.and_then(Answer::wait) {
            self.ledger.poison(error);
        }
    }

    pub(super) fn in_file(&self, error: Error) -> Error {
        error.in_file(lock(&self.name).clone())
    }

    /// Hands rows on. Where they need not be waited for (`wait` false) and there is no room now, they stay where they are,
    /// and the answer is `false`.
    pub(super) fn hand_on<B: BatchBuilder>(
        &self,
        stream: &Arc<str>,
        account: &Account,
        rows: &mut B,
        wait: bool,
    ) -> Result<bool> {
        self.ledger.check()?;
        let mut way = match self.way.try_lock() {
            Ok(way) => way,
            Err(TryLockError::Poisoned(way)) => way.into_inner(),
            Err(TryLockError::WouldBlock) if !wait => return Ok(false),
            Err(TryLockError::WouldBlock) => lock(&self.way),
        };
        let sink = way.as_mut().ok_or_else(complete_already)?;
        if !wait && !sink.has_room(stream, rows.memory_bytes()) {
            return Ok(false);
        }
        let batch = rows.take_batch()?;
        self.gather(sink, stream, account, batch)?;
        drop(way);
        // Without threads, it has been tried to write it.
        self.ledger.check()?;
        Ok(true)
    }

    fn gather(
        &self,
        sink: &mut XkSink<StorageEnd>,
        stream: &Arc<str>,
        account: &Account,
        batch: Batch,
    ) -> Result<()> {
        self.ledger.handed_on(account, batch.rows() as u64);
        sink.gather(StreamBatch {
            stream: Arc::clone(stream),
            batch,
        })
    }

    pub(super) fn health(&self) -> Health {
        let budget = &self.bounds.budget;
        let accounts = self.ledger.accounts();
        let streams = accounts.iter().map(|(name, account)| StreamHealth {
            name: name.to_string(),
            rows: RowCounts::of(account),
        });
        let streams: Vec<_> = streams.collect();
        let mut rows = RowCounts::default();
        streams.iter().for_each(|stream| rows.add(&stream.rows));
        Health {
            rows,
            lag: self.ledger.oldest(),
            since_durable: self.ledger.since_durable(),
            queued_chunks: budget.permits() as u64,
            most_queued_chunks: self.bounds.in_flight() as u64,
            budget_in_use_bytes: budget.in_use() as u64,
            budget_bytes: budget.capacity() as u64,
            unsynced_bytes: self.ledger.unsynced_bytes(),
            journal: lock(&self.journal).as_ref().map(|journal| {
                let usage = journal.usage();
                JournalHealth {
                    in_use_bytes: usage.bytes,
                    file_bytes: usage.file_bytes,
                    most_bytes: usage.capacity_bytes,
                    times_full: self.ledger.times_full(),
                }
            }),
            failure: self.ledger.failure(),
            streams,
        }
    }

    fn with_sink<R>(&self, act: impl FnOnce(&mut XkSink<StorageEnd>) -> Result<R>) -> Result<R> {
        let mut way = lock(&self.way);
        act(way.as_mut().ok_or_else(complete_already)?)
    }

    /// Fails where rows of `schema` do not fit the stream that the file had when it was opened: none of them is to come into the journal.
    pub(super) fn check_fits(&self, stream: &str, schema: &Schema) -> Result<()> {
        self.with_sink(|sink| sink.check_fits(stream, schema))
            .map_err(|error| self.in_file(error.in_stream(stream)))
    }

    /// Sends off what was handed on, without waiting for it.
    pub(super) fn send_off(&self) -> Result<()> {
        self.with_sink(XkSink::flush)
    }

    /// Returns once what was handed on is in the file. Others may hand on more in the meantime.
    pub(super) fn flush(&self) -> Result<Recorded> {
        let flushed = self.with_sink(|sink| sink.start_flush(|written| Ok(written.counts())))?;
        let counts = flushed.wait()?;
        self.ledger.check()?;
        Ok(counts.into())
    }

    /// [`Tape::flush`], and returns once all of the file survives a power loss.
    pub(super) fn sync(&self) -> Result<()> {
        let ledger = Arc::clone(&self.ledger);
        let sync = move |written: &mut Written<StorageEnd>| {
            sync(written, &ledger);
            Ok(())
        };
        let synced = self.with_sink(|sink| sink.start_flush(sync))?;
        synced.wait()?;
        self.ledger.check()
    }

    /// Writes what no sync has acknowledged to a new file, and goes on there. Rows of `blank` survive a power loss then.
    pub(super) fn rescue(&self, blank: Blank) -> Result<Recorded> {
        let mut way = lock(&self.way);
        let old = way.as_mut().ok_or_else(complete_already)?;
        if self.ledger.failure().is_none() {
            return Err(
                Error::usage("nothing has failed: all rows are on their way to the file")
                    .with_hint("go on, or `sync`"),
            );
        }
        let file = FileOptions::new(clock::now_ns())?;
        let protection = &self.options.protection;
        let mut writer = Writer::create_protected(Arc::clone(&blank.storage), &file, protection)?;
        protect(&mut writer, self.options.parity)?;
        let about = metadata(&self.options.entries, self.ledger.losses());
        let replay = move |written: &mut Written<StorageEnd>| {
            written.writer().replay_unsynced(&mut writer)?;
            let entries = rescued(written.writer());
            describe(
                &mut writer,
                &ExportMetadata {
                    entries: about.entries.into_iter().chain(entries).collect(),
                    ..about
                },
            )?;
            writer.sync()?;
            Ok(writer)
        };
        let writer = old.start_flush(replay)?.wait()?;
        let (all_rows, chunks) = writer.frames().totals();
        let counts = Counts {
            rows: all_rows,
            chunks,
        };
        let rows_in_file = rows(writer.frames());
        let watch =
            Watch::new(self.bounds.threads, None).with_threads_at_least(self.bounds.threads);
        let new = sink(
            writer,
            counts,
            &self.options,
            self.encoder.clone(),
            watch,
            &self.bounds,
            &self.ledger,
        )?;
        let journal = blank.journal(&self.options, file.file)?;
        *way = Some(new);
        *lock(&self.name) = blank.name;
        let mut current = lock(&self.journal);
        // That of the file that failed stays beside it.
        *current = journal;
        // Before the number, at which streams go on: they hand their rows on then.
        self.ledger.rescued(&rows_in_file);
        self.number.fetch_add(1, Ordering::AcqRel);
        drop(current);
        Ok(counts.into())
    }

    /// That rows went past the journal, if they did.
    fn journal_note(&self) -> Option<Note> {
        let times = self.ledger.times_full();
        (times > 0).then(|| Note {
            stream: None,
            column: None,
            text: format!(
                "the journal had no room for {times} rows: each made its stream go to the file at once; `journal_bytes` gives it more"
            ),
            loss: false,
        })
    }

    /// Completes the file.
    pub(super) fn complete(&self) -> Result<Recorded> {
        if lock(&self.way).is_none() {
            return Ok(Recorded::default());
        }
        if self.options.durability != Durability::None {
            // First what the index lists: after a power loss, readers would believe one that is there without it.
            self.sync()?;
        }
        let Some(sink) = lock(&self.way).take() else {
            return Ok(Recorded::default());
        };
        self.ledger.check()?;
        let mut notes = Vec::new();
        let about = metadata(&self.options.entries, self.ledger.losses());
        let (counts, mut writer) = sink.close(&about, &mut notes)?;
        writer.sync()?;
        // Before the writer gives back the lock: until then nobody else has looked at it.
        let journal = lock(&self.journal).take();
        if let Some(journal) = journal {
            journal.remove()?;
        }
        drop(writer);
        notes.extend(self.journal_note());
        Ok(Recorded {
            notes,
            ..counts.into()
        })
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn complete_already() -> Error {
    Error::usage("the recording is complete already")
}

fn sink(
    mut writer: Writer<StorageEnd>,
    counts: Counts,
    options: &RecordOptions,
    encoder: Encoder,
    watch: Watch,
    bounds: &Bounds,
    ledger: &Arc<Ledger>,
) -> Result<XkSink<StorageEnd>> {
    writer.keep_unsynced();
    let trusts_writes = options.durability == Durability::None;
    let (ledger, entries) = (Arc::clone(ledger), options.entries.clone());
    let take = move |written: &mut Written<StorageEnd>, encoded| {
        take(written, encoded, &ledger, &entries)?;
        if trusts_writes && written.writer().poison().is_none() {
            written.writer().forget_unsynced();
            ledger.set_unsynced_bytes(0);
        }
        Ok(())
    };
    XkSink::with(writer, encoder, watch, bounds.clone(), counts, take)
}

/// Takes a chunk to the file. A file that can no longer be written stops nothing here: its chunks are kept, and the ledger tells
/// whoever hands rows on.
fn take(
    written: &mut Written<StorageEnd>,
    encoded: Encoded,
    ledger: &Ledger,
    entries: &BTreeMap<String, String>,
) -> Result<()> {
    if let Some(losses) = ledger.take_untold() {
        let told = written.describe(&metadata(entries, losses));
        or_poisoned(told, written, ledger)?;
    }
    let (stream, rows) = (Arc::clone(&encoded.stream), encoded.rows());
    let taken = written.take(encoded);
    if or_poisoned(taken, written, ledger)? {
        ledger.reached_file(&stream, rows);
    }
    let unsynced = written.writer().unsynced_bytes();
    ledger.set_unsynced_bytes(unsynced);
    if unsynced > MOST_UNSYNCED_BYTES && written.writer().poison().is_none() {
        sync(written, ledger);
    }
    Ok(())
}

/// Whether it was done: not so where the writer is poisoned, which the ledger then knows of. Other errors stay errors.
fn or_poisoned(
    done: Result<()>,
    written: &mut Written<StorageEnd>,
    ledger: &Ledger,
) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if written.writer().poison().is_some() => {
            ledger.poison(error);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Makes all of the file durable, or poisons it.
fn sync(written: &mut Written<StorageEnd>, ledger: &Ledger) {
    let (since, reached) = (ledger.now_ns(), ledger.written());
    match written.writer().sync() {
        Ok(()) => ledger.file_is_durable(reached, since),
        Err(error) => ledger.poison(error),
    }
    ledger.set_unsynced_bytes(written.writer().unsynced_bytes());
}

/// Rows of each stream.
fn rows(frames: &FrameWriter) -> BTreeMap<String, u64> {
    let rows = frames
        .streams()
        .filter_map(|id| Some((frames.stream_name(id)?.to_owned(), frames.rows(id)?)));
    rows.collect()
}

/// What a file says of the one whose rows it was saved from: which that is, and the number that the first row of each stream would
/// have had there.
fn rescued(from: &Writer<StorageEnd>) -> BTreeMap<String, String> {
    let frames = from.frames();
    let streams = frames.streams().filter_map(|id| {
        let first = frames.rows(id)?.saturating_sub(from.unsynced_rows(id));
        Some((
            format!("exportkit:first_row.{}", frames.stream_name(id)?),
            first.to_string(),
        ))
    });
    let id = (
        "exportkit:rescued_from".to_owned(),
        frames.file().file.to_string(),
    );
    streams.chain([id]).collect()
}

/// What a recording says about itself: the user's words, and what was lost.
fn metadata(entries: &BTreeMap<String, String>, losses: Losses) -> ExportMetadata {
    let mut entries = entries.clone();
    entries.extend(losses.entries());
    ExportMetadata {
        tool: crate::TOOL.to_owned(),
        created_ns: clock::now_ns(),
        entries,
        ..ExportMetadata::default()
    }
}
