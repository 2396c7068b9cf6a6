//! The account of a recording: which rows came, and what has become of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use export_core::{Error, ErrorKind, Result};
use export_journal::{Journal, LaneId};

use super::lock;
use super::losses::Losses;

/// Accounts of all streams, and what concerns all of them.
pub(super) struct Ledger {
    start: Instant,
    streams: Mutex<BTreeMap<Arc<str>, Arc<Account>>>,
    /// What the file said of losses before this recorder went on with it.
    losses_before: Losses,
    /// Whether rows were lost that the file doesn't tell of.
    untold: AtomicBool,
    /// When the last sync that succeeded began, in ns since the start.
    durable_ns: AtomicU64,
    /// Bytes that no sync has acknowledged and that are kept therefore.
    unsynced_bytes: AtomicU64,
    /// Whether rows stay in the journal until they are durable in the file.
    keeps_until_durable: bool,
    /// How often the journal had no room for a row.
    journal_full: AtomicU64,
    is_poisoned: AtomicBool,
    poison: Mutex<Option<Poison>>,
}

/// Why nothing reaches the file any more.
struct Poison {
    /// Until it was reported.
    original: Option<Error>,
    text: String,
}

/// What became of the rows of a stream. Rows are counted from the first that this recorder was given.
#[derive(Default)]
pub(super) struct Account {
    /// Rows that `push` has taken.
    pushed: AtomicU64,
    /// Rows that are in the file.
    written: AtomicU64,
    /// Rows that survive a power loss.
    durable: AtomicU64,
    /// Rows for which there was no room.
    dropped: AtomicU64,
    /// Rows that could not be represented.
    refused: AtomicU64,
    /// When the first row of those not handed on was pushed, in ns since the start; 0 where there is none.
    waiting_since: AtomicU64,
    on_the_way: Mutex<OnTheWay>,
    /// Number that the first row handed on has in the file that is written now, modulo 2⁶⁴: less than 0 where that was another
    /// file.
    base: AtomicU64,
    /// `None` where there is no journal, and from a rescue on until the stream goes on in the new one.
    lane: Mutex<Option<LaneOf>>,
}

/// Where a journal has the rows of a stream.
struct LaneOf {
    journal: Journal,
    lane: LaneId,
    /// As the account's: rows keep the numbers that they have in the journal.
    base: u64,
}

#[derive(Default)]
struct OnTheWay {
    /// Rows handed on so far, dropped ones left out.
    handed: u64,
    /// Of each batch on its way to the file: rows handed on up to its end, and when its first was pushed.
    batches: VecDeque<(u64, u64)>,
}

impl Account {
    /// Counts the rows pushed so far. The pusher alone calls this.
    #[inline]
    pub(super) fn set_pushed(&self, rows: u64) {
        self.pushed.store(rows, Ordering::Release);
    }

    pub(super) fn pushed(&self) -> u64 {
        self.pushed.load(Ordering::Acquire)
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Acquire)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Acquire)
    }

    pub(super) fn set_durable(&self, rows: u64) {
        self.durable.fetch_max(rows, Ordering::AcqRel);
    }

    /// Rows on their way to the file or in it.
    pub(super) fn handed(&self) -> u64 {
        lock(&self.on_the_way).handed
    }

    /// When the oldest row was pushed that is not in the file, in ns since the start.
    fn oldest_ns(&self) -> Option<u64> {
        let on_the_way = lock(&self.on_the_way);
        let first = on_the_way.batches.front().map(|&(_, since)| since);
        first.or_else(|| match self.waiting_since.load(Ordering::Acquire) {
            0 => None,
            since => Some(since),
        })
    }

    /// Whatever was handed on is in a file, and durable.
    fn all_written(&self, rows_in_file: u64) {
        let mut on_the_way = lock(&self.on_the_way);
        let base = rows_in_file.wrapping_sub(on_the_way.handed);
        self.base.store(base, Ordering::Release);
        *lock(&self.lane) = None;
        on_the_way.batches.clear();
        self.written.store(on_the_way.handed, Ordering::Release);
        self.durable.store(on_the_way.handed, Ordering::Release);
    }

    /// The rows go through a lane of `journal`. Returns the number there of the first row handed on, modulo 2⁶⁴.
    pub(super) fn set_lane(&self, journal: &Journal, lane: LaneId) -> u64 {
        let base = self.base.load(Ordering::Acquire);
        *lock(&self.lane) = Some(LaneOf {
            journal: journal.clone(),
            lane,
            base,
        });
        base
    }

    /// Whether the rows are in the journal of the file that is written now.
    fn has_lane(&self) -> bool {
        lock(&self.lane).is_some()
    }

    /// The first `rows` rows handed on are safe in the file.
    fn release(&self, rows: u64) {
        if let Some(LaneOf {
            journal,
            lane,
            base,
        }) = &*lock(&self.lane)
        {
            journal.release(*lane, base.wrapping_add(rows));
        }
    }

    /// Returns how many have.
    fn reached_file(&self, rows: u64) -> u64 {
        let written = self.written.fetch_add(rows, Ordering::AcqRel) + rows;
        let mut on_the_way = lock(&self.on_the_way);
        while on_the_way
            .batches
            .front()
            .is_some_and(|&(end, _)| end <= written)
        {
            on_the_way.batches.pop_front();
        }
        written
    }
}

impl Ledger {
    pub(super) fn new(losses_before: Losses, keeps_until_durable: bool) -> Self {
        Self {
            start: Instant::now(),
            streams: Mutex::default(),
            losses_before,
            untold: AtomicBool::new(false),
            durable_ns: AtomicU64::new(0),
            unsynced_bytes: AtomicU64::new(0),
            keeps_until_durable,
            journal_full: AtomicU64::new(0),
            is_poisoned: AtomicBool::new(false),
            poison: Mutex::default(),
        }
    }

    /// Nanoseconds since the start, and never 0.
    pub(super) fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos())
            .unwrap_or(u64::MAX)
            .max(1)
    }

    /// The account of a new stream, of which the file has `rows` rows, or `None` where there is one of that name.
    pub(super) fn add_stream(&self, name: &Arc<str>, rows: u64) -> Option<Arc<Account>> {
        let mut streams = lock(&self.streams);
        if streams.contains_key(name) {
            return None;
        }
        let account = Arc::<Account>::default();
        account.base.store(rows, Ordering::Release);
        streams.insert(Arc::clone(name), Arc::clone(&account));
        Some(account)
    }

    pub(super) fn accounts(&self) -> Vec<(Arc<str>, Arc<Account>)> {
        let streams = lock(&self.streams);
        streams
            .iter()
            .map(|(name, account)| (Arc::clone(name), Arc::clone(account)))
            .collect()
    }

    fn account(&self, stream: &str) -> Option<Arc<Account>> {
        lock(&self.streams).get(stream).map(Arc::clone)
    }

    /// The first of the rows that a stream holds back was pushed.
    pub(super) fn waits(&self, account: &Account) {
        account
            .waiting_since
            .store(self.now_ns(), Ordering::Release);
    }

    /// `rows` rows are on their way.
    pub(super) fn handed_on(&self, account: &Account, rows: u64) {
        let since = account.waiting_since.swap(0, Ordering::AcqRel);
        if rows > 0 {
            let mut on_the_way = lock(&account.on_the_way);
            on_the_way.handed += rows;
            let end = on_the_way.handed;
            on_the_way.batches.push_back((end, since));
        }
    }

    /// There was no room for `rows` rows.
    pub(super) fn dropped(&self, account: &Account, rows: u64) {
        account.waiting_since.store(0, Ordering::Release);
        account.dropped.fetch_add(rows, Ordering::AcqRel);
        self.untold.store(true, Ordering::Release);
    }

    /// A row could not be represented.
    pub(super) fn refused(&self, account: &Account) {
        account.refused.fetch_add(1, Ordering::AcqRel);
        self.untold.store(true, Ordering::Release);
    }

    pub(super) fn reached_file(&self, stream: &str, rows: u64) {
        if let Some(account) = self.account(stream) {
            let written = account.reached_file(rows);
            if !self.keeps_until_durable {
                account.release(written);
            }
        }
    }

    /// The file is durable as far as it was when this was `reached`, by a sync that began at `since_ns`.
    pub(super) fn file_is_durable(&self, reached: Vec<(Arc<Account>, u64)>, since_ns: u64) {
        for (account, rows) in reached {
            account.set_durable(rows);
            account.release(rows);
        }
        self.synced(since_ns);
    }

    /// There was no room in the journal for a row.
    pub(super) fn journal_was_full(&self) {
        self.journal_full.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn times_full(&self) -> u64 {
        self.journal_full.load(Ordering::Acquire)
    }

    /// How far each stream has come: what a sync that starts now will make durable.
    pub(super) fn written(&self) -> Vec<(Arc<Account>, u64)> {
        let accounts = self.accounts().into_iter();
        accounts
            .map(|(_, account)| {
                let written = account.written();
                (account, written)
            })
            .collect()
    }

    /// How many rows of each stream `push` has taken, those left out that were dropped. Streams are left out whose rows are in the
    /// journal of a file that was rescued.
    pub(super) fn pushed(&self) -> Vec<(Arc<Account>, u64)> {
        let accounts = self.accounts().into_iter();
        accounts
            .filter(|(_, account)| account.has_lane())
            .map(|(_, account)| {
                let pushed = account.pushed().saturating_sub(account.dropped());
                (account, pushed)
            })
            .collect()
    }

    /// A sync that began at `since_ns` has succeeded.
    fn synced(&self, since_ns: u64) {
        self.durable_ns.fetch_max(since_ns, Ordering::AcqRel);
    }

    pub(super) fn since_durable(&self) -> Duration {
        let last = self.durable_ns.load(Ordering::Acquire);
        Duration::from_nanos(self.now_ns().saturating_sub(last))
    }

    /// Age of the oldest row that is not in the file.
    pub(super) fn oldest(&self) -> Option<Duration> {
        let accounts = self.accounts();
        let oldest = accounts
            .iter()
            .filter_map(|(_, account)| account.oldest_ns())
            .min()?;
        Some(Duration::from_nanos(self.now_ns().saturating_sub(oldest)))
    }

    pub(super) fn set_unsynced_bytes(&self, bytes: usize) {
        self.unsynced_bytes.store(bytes as u64, Ordering::Release);
    }

    pub(super) fn unsynced_bytes(&self) -> u64 {
        self.unsynced_bytes.load(Ordering::Acquire)
    }

    /// What the file has to tell of losses, where that is news.
    pub(super) fn take_untold(&self) -> Option<Losses> {
        self.untold
            .swap(false, Ordering::AcqRel)
            .then(|| self.losses())
    }

    /// All losses that the file has to tell of.
    pub(super) fn losses(&self) -> Losses {
        let mut losses = self.losses_before.clone();
        for (name, account) in self.accounts() {
            losses.add(&name, account.dropped(), account.refused());
        }
        losses
    }

    /// Nothing reaches the file any more.
    pub(super) fn poison(&self, error: Error) {
        let mut poison = lock(&self.poison);
        poison.get_or_insert_with(|| Poison {
            text: error.to_string(),
            original: Some(error),
        });
        self.is_poisoned.store(true, Ordering::Release);
    }

    /// Fails where nothing reaches the file any more: with the error that was its cause at first, with its text from then on.
    pub(super) fn check(&self) -> Result<()> {
        if !self.is_poisoned() {
            return Ok(());
        }
        match &mut *lock(&self.poison) {
            None => Ok(()),
            Some(poison) => {
                let text = format!(
                    "nothing more is written to this file, because of an earlier failure: {}",
                    poison.text
                );
                let error = poison.original.take();
                Err(error
                    .unwrap_or_else(|| Error::new(ErrorKind::Io, text))
                    .with_hint(
                        "`rescue` writes what is not acknowledged to a new file and goes on there",
                    ))
            }
        }
    }

    /// Whether nothing reaches the file any more. Leaves the error to who [checks](Ledger::check).
    pub(super) fn is_poisoned(&self) -> bool {
        self.is_poisoned.load(Ordering::Acquire)
    }

    pub(super) fn failure(&self) -> Option<String> {
        lock(&self.poison)
            .as_ref()
            .map(|poison| poison.text.clone())
    }

    /// There is a new file, which has everything that was handed on and was not durable.
    pub(super) fn rescued(&self, rows_in_file: &BTreeMap<String, u64>) {
        for (name, account) in self.accounts() {
            account.all_written(rows_in_file.get(&*name).copied().unwrap_or_default());
        }
        self.synced(self.now_ns());
        self.set_unsynced_bytes(0);
        *lock(&self.poison) = None;
        self.is_poisoned.store(false, Ordering::Release);
    }
}
