//! R5: the power fails, at every write.

mod directory;
mod disk;
mod found;
mod pool;
mod publishing;
mod script;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Result, bail};
use export_benches::Random;
use export_container::MemoryStorage;
use export_core::Storage;

use crate::Arguments;
use crate::outcome::{Outcome, Size};
use crate::traced;
use disk::Disk;
use pool::{CHUNKS, Kind, kinds};
use script::{Ledger, Step, steps, take};

/// How much is tried.
struct Extent {
    /// Recordings, each of chunks of other codecs and encodings.
    recordings: usize,
    /// Power losses for each write of each.
    seeds: u64,
    /// Files that lose power again and again.
    chains: u64,
    /// Power losses for each call of real programs, and how many of them in all.
    programs: (u64, usize),
}

impl Extent {
    fn of(size: Size) -> Self {
        let (recordings, seeds, chains, programs) = match size {
            Size::Quick => (1, 2, 20, (1, 100)),
            Size::Ci => (4, 4, 300, (4, 600)),
            Size::Full => (CHUNKS / 5, 100, 20_000, (100, usize::MAX)),
        };
        Self {
            recordings,
            seeds,
            chains,
            programs,
        }
    }
}

/// Runs the row.
pub(crate) fn row(arguments: &Arguments) -> Result<Vec<Outcome>> {
    let kinds = kinds()?;
    let extent = Extent::of(arguments.size);
    let mut outcome = Outcome {
        subject: String::from("exportkit"),
        injected: String::from(
            "power cut at every write: unsynced sectors dropped, reordered, torn",
        ),
        ..Outcome::default()
    };
    for at in 0..extent.recordings {
        let start = at * CHUNKS / extent.recordings;
        let seed = arguments.seed.wrapping_add(at as u64);
        recording(&kinds, start, seed, extent.seeds, &mut outcome);
        appending(&kinds, start, seed, false, extent.seeds, &mut outcome);
        appending(&kinds, start, seed, true, extent.seeds, &mut outcome);
    }
    for chain in 0..extent.chains {
        let seed = arguments.seed.wrapping_add(chain);
        outcome.take(
            chained(&kinds, seed)
                .err()
                .map(|text| format!("chain of seed {seed}: {text}")),
        );
        outcome.count("chains", 1);
    }
    if traced::strace_is_here() {
        let home = tempfile::tempdir()?;
        let (seeds, most) = extent.programs;
        outcome = publishing::cut_each(home.path(), seeds, most, outcome)?;
    } else {
        bail!(
            "strace is not installed, and R5 needs it to see what programs do (on Debian: apt-get install strace)"
        );
    }
    Ok(vec![outcome])
}

/// A new recording, cut at each of its writes.
fn recording(kinds: &[Kind], start: usize, seed: u64, seeds: u64, outcome: &mut Outcome) {
    let steps = steps(kinds, seed, 35);
    let begin = || File {
        bytes: Vec::new(),
        ledger: Ledger::new(kinds, start),
        unsynced: Vec::new(),
    };
    let case = format!("recording {seed} from chunk {start}");
    every_write(kinds, &steps, begin, &case, seeds, outcome);
}

/// Going on with a file that was finished, or torn.
fn appending(
    kinds: &[Kind],
    start: usize,
    seed: u64,
    torn: bool,
    seeds: u64,
    outcome: &mut Outcome,
) {
    let before = steps(kinds, seed, 21);
    let after = steps(kinds, seed ^ 0xA99E, 21);
    let begin = || {
        let mut ledger = Ledger::new(kinds, start);
        let memory = Arc::new(MemoryStorage::default());
        // Into memory, where nothing fails.
        _ = take(&before, kinds, memory.clone(), false, &mut ledger);
        let mut file = File {
            bytes: memory.to_vec(),
            ledger,
            unsynced: Vec::new(),
        };
        if torn {
            file.tear(Random::new(seed).index(file.bytes.len() / 2));
        }
        file
    };
    let what = if torn { "torn" } else { "finished" };
    let case = format!("append {seed} from chunk {start} to a {what} file");
    every_write(kinds, &after, begin, &case, seeds, outcome);
}

/// Takes `steps` on a file as `begin` gives it, once for each write, during which the power fails, `seeds` times.
fn every_write(
    kinds: &[Kind],
    steps: &[Step],
    begin: impl Fn() -> File,
    case: &str,
    seeds: u64,
    outcome: &mut Outcome,
) {
    for dies_at in 0.. {
        let mut before = begin();
        let goes_on = !before.bytes.is_empty();
        let disk = Arc::new(Disk::new(std::mem::take(&mut before.bytes), Some(dies_at)));
        let whole = match take(steps, kinds, disk.clone(), goes_on, &mut before.ledger) {
            Ok(whole) => whole,
            Err(text) => return outcome.take(Some(format!("{case}, write {dies_at}: {text}"))),
        };
        for seed in 0..seeds {
            let mut random = Random::new(seed ^ dies_at.rotate_left(32));
            let failure = before
                .restarted(&disk, &mut random)
                .and_then(|found| found.go_on(kinds, random.bits()));
            let failure = failure.err();
            outcome
                .take(failure.map(|text| format!("{case}, write {dies_at}, seed {seed}: {text}")));
        }
        outcome.count("writes", 1);
        if whole {
            break;
        }
    }
}

/// Several rounds of going on with a file, each of which ends in a power loss.
fn chained(kinds: &[Kind], seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut file = File {
        bytes: Vec::new(),
        ledger: Ledger::new(kinds, random.index(CHUNKS)),
        unsynced: Vec::new(),
    };
    for round in 0..random.between(2, 6) {
        let chunks = random.index(16) + 1;
        let steps = steps(kinds, seed ^ round.rotate_left(40), chunks);
        let dies_at = random.below(3 * chunks as u64 + 4);
        let disk = Arc::new(Disk::new(std::mem::take(&mut file.bytes), Some(dies_at)));
        let goes_on = disk.size_bytes().is_ok_and(|size| size > 0);
        take(&steps, kinds, disk.clone(), goes_on, &mut file.ledger)
            .map_err(|text| format!("round {round}: {text}"))?;
        file = file
            .restarted(&disk, &mut random)
            .map_err(|text| format!("round {round}, write {dies_at}: {text}"))?;
        if file.is_lost() {
            // Not even its start was synced: whoever records starts again.
            file.bytes.clear();
            file.unsynced.clear();
        }
    }
    file.go_on(kinds, random.bits())
}

/// A file after a power loss.
struct File {
    bytes: Vec<u8>,
    ledger: Ledger,
    /// Bytes that were not synced at a power loss.
    unsynced: Vec<Range<usize>>,
}

impl File {
    /// Cuts the file `bytes` before its end.
    fn tear(&mut self, bytes: usize) {
        self.bytes.truncate(self.bytes.len() - bytes);
        self.ledger.acknowledged.clear();
        self.unsynced.push(0..self.bytes.len());
        if let Ok(found) = found::look(&self.bytes, &self.ledger, &self.unsynced) {
            self.ledger.acknowledged = found;
        }
    }

    /// The file as it is found once the power is back, if it keeps what was promised.
    fn restarted(&self, disk: &Disk, random: &mut Random) -> Result<Self, String> {
        let durable = disk.durable();
        let bytes = disk.after_power_loss(random);
        let mut unsynced = self.unsynced.clone();
        unsynced.push(durable.len()..bytes.len());
        let mut found = Self {
            bytes,
            ledger: self.ledger.clone(),
            unsynced,
        };
        found.check(&durable)?;
        Ok(found)
    }

    /// Checks what is there. What is there once must be there from then on.
    fn check(&mut self, durable: &[u8]) -> Result<(), String> {
        if !self.bytes.starts_with(durable) {
            return Err(String::from(
                "bytes that were synced are not what they were",
            ));
        }
        self.ledger.acknowledged = found::look(&self.bytes, &self.ledger, &self.unsynced)?;
        Ok(())
    }

    /// Whether nothing tells what the file is.
    fn is_lost(&self) -> bool {
        let storage = Arc::new(MemoryStorage::new(self.bytes.clone()));
        export_container::Container::open(storage, export_core::Limits::default()).is_err()
    }

    fn go_on(mut self, kinds: &[Kind], seed: u64) -> Result<(), String> {
        let before = if self.is_lost() {
            Vec::new()
        } else {
            self.bytes
        };
        let memory = Arc::new(MemoryStorage::new(before.clone()));
        let steps = steps(kinds, seed, 9);
        let goes_on = !before.is_empty();
        take(&steps, kinds, memory.clone(), goes_on, &mut self.ledger)
            .map_err(|text| format!("the next append fails: {text}"))?;
        self.bytes = memory.to_vec();
        let all: BTreeSet<usize> = self.ledger.acknowledged.clone();
        self.check(&before)
            .map_err(|text| format!("after the next append: {text}"))?;
        match self.ledger.acknowledged.is_superset(&all) {
            true => Ok(()),
            false => Err(String::from("the next append lost chunks")),
        }
    }
}
