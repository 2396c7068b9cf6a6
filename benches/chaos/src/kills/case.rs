//! What is recorded in a case, and how it ends: all of it from the case's seed.

use std::time::Duration;

use export_benches::Random;
use exportkit::{Durability, Record, RecordOptions};
use serde::{Deserialize, Serialize};

use super::PUSHERS;

/// The recording of a case, in its directory.
pub(super) const RECORDING: &str = "run.xk";

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Kill,
    Abort,
    /// A pushing thread panics, and the program exits with the others still at it.
    Panic,
}

impl End {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kill => "killed",
            Self::Abort => "aborted",
            Self::Panic => "panicked",
        }
    }
}

/// One case.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) end: End,
    /// Processes that record, one after the other; the second appends to what the first left.
    pub(super) stages: u64,
    /// Whether rows are to outlive the process before they are acknowledged.
    pub(super) journalled: bool,
    /// Threads that encode.
    threads: usize,
    /// Age at which a chunk is written.
    chunk_age: Duration,
    /// Rows that a thread pushes between two pauses.
    pub(super) burst: u64,
    pub(super) pause: Duration,
    /// One of so many pushes is followed by a sync.
    pub(super) pushes_a_sync: u64,
    /// Row of the first thread at which the process ends by itself.
    pub(super) last: u64,
}

impl Case {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let end = match random.below(10) {
            0 => End::Abort,
            1 => End::Panic,
            _ => End::Kill,
        };
        let ages = [1, 5, 1000];
        Self {
            seed,
            end,
            stages: if random.chance(0.2) { 2 } else { 1 },
            journalled: !random.chance(0.1),
            threads: random.index(3),
            chunk_age: Duration::from_millis(ages.get(random.index(3)).copied().unwrap_or(1)),
            burst: random.between(1, 100),
            pause: Duration::from_micros(random.between(20, 500)),
            pushes_a_sync: random.between(50, 2_000),
            last: random.between(1, 2_000),
        }
    }

    /// How long after it is ready the process of a stage is killed: up to 40 ms, and mostly soon.
    pub(super) fn delay(&self, stage: u64) -> Duration {
        let mut random = Random::new(self.seed ^ (stage + 1) << 40);
        let most = random.between(1_000, 40_000);
        Duration::from_micros(random.below(most))
    }

    pub(super) fn options(&self) -> RecordOptions {
        RecordOptions {
            threads: self.threads,
            chunk_age: self.chunk_age,
            durability: match self.journalled {
                true => Durability::Flush,
                false => Durability::None,
            },
            ..RecordOptions::default()
        }
    }
}

/// Name of the stream of a thread.
pub(super) fn stream(thread: u64) -> String {
    format!("thread {thread}")
}

/// Whether a thread pushes by serde; the others' rows derive `Record`.
pub(super) fn by_serde(thread: u64) -> bool {
    thread >= PUSHERS / 2
}

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
pub(super) struct Row {
    thread: u64,
    /// Stage in the upper half, and in the lower one how many rows of the thread come before.
    pub(super) n: u64,
    level: f64,
    at: Option<i64>,
    text: String,
    tags: Vec<u16>,
    even: bool,
}

/// Number of a row.
pub(super) fn number(stage: u64, row: u64) -> u64 {
    stage << 32 | row
}

impl Row {
    /// Row `n` of a thread, the same each time.
    pub(super) fn new(seed: u64, thread: u64, n: u64) -> Self {
        let mut random = Random::new(seed ^ thread << 56 ^ n);
        let length = match random.below(1_000) {
            // More than the others of a chunk together.
            0 => random.index(100_000),
            1..100 => random.index(300),
            _ => random.index(20),
        };
        let letters = ['a', 'e', 'n', ' ', 'ß', '→', '9'];
        let text = (0..length).filter_map(|_| letters.get(random.index(letters.len())));
        let text = text.collect();
        let tags = (0..random.below(4)).map(|_| random.below(1 << 16));
        Self {
            thread,
            n,
            text,
            tags: tags.filter_map(|tag| u16::try_from(tag).ok()).collect(),
            level: random.normal(),
            at: random.chance(0.7).then(|| random.bits().cast_signed()),
            even: n.is_multiple_of(2),
        }
    }
}
