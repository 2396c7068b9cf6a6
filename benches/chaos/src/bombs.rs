//! R9: small files that would become huge, deep or endless. Each is refused before it has taken memory or time.
//!
//! Every bomb is made the same each time. Time is reported and never asserted; memory is what was allocated through Rust
//! while the file was read, the buffers of the C library of Zstandard left out.

mod chunks;
mod craft;
mod frames;
mod parquet;
mod text;
mod thrift;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use export_benches::clock::thread_time;
use exportkit::{OnError, OpenOptions, Place, ReadOptions, open_source};

use crate::Arguments;
use crate::outcome::Outcome;

/// Most memory that a bomb may take before it is refused.
const MOST_BYTES: u64 = 64_000_000;
/// How quickly it is to be refused, in processor time.
const DUE: Duration = Duration::from_millis(100);

/// A file that is not what it seems.
pub(crate) struct Bomb {
    /// What it is made of, and how.
    pub(crate) name: String,
    /// The ending of its name.
    pub(crate) ending: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// Whether bad rows are kept as rows of nulls.
    pub(crate) fill: bool,
    /// Whether it is in form like an honest file: then it is read, in little memory.
    pub(crate) is_read: bool,
}

impl Bomb {
    fn new(name: impl Into<String>, ending: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            ending,
            bytes,
            fill: false,
            is_read: false,
        }
    }

    fn read_as_it_is(mut self) -> Self {
        self.is_read = true;
        self
    }
}

/// All bombs, by kind.
pub(crate) fn all() -> Result<Vec<Bomb>> {
    let mut bombs = chunks::bombs()?;
    bombs.extend(frames::bombs()?);
    bombs.extend(text::bombs()?);
    bombs.extend(parquet::bombs());
    Ok(bombs)
}

/// What became of a bomb.
pub(crate) struct Defused {
    /// Why it was refused, or how many rows it gave.
    pub(crate) end: Result<u64, exportkit::Error>,
    /// Processor time.
    pub(crate) elapsed: Duration,
    pub(crate) peak_bytes: u64,
}

impl Defused {
    /// What was not as it should be.
    fn failure(&self, bomb: &Bomb) -> Option<String> {
        let wrong = match &self.end {
            Ok(rows) if !bomb.is_read => Some(format!("{rows} rows were read")),
            _ if self.peak_bytes > MOST_BYTES => Some(format!("{} bytes", self.peak_bytes)),
            _ => None,
        };
        wrong.map(|wrong| format!("{}: {wrong}", bomb.name))
    }
}

/// Reads a bomb to its end or its refusal, on this thread.
pub(crate) fn defuse(bomb: &Bomb) -> Result<Defused> {
    let mut file = tempfile::Builder::new()
        .suffix(&format!(".{}", bomb.ending))
        .tempfile()?;
    file.write_all(&bomb.bytes)?;
    let place = Place::from(file.path());
    let options = OpenOptions {
        read: ReadOptions {
            threads: Some(1),
            on_error: if bomb.fill {
                OnError::Null
            } else {
                OnError::Fail
            },
            ..ReadOptions::default()
        },
        ..OpenOptions::default()
    };
    let mut end = Ok(0);
    let (elapsed, counted) =
        thread_time(|| allocation_counter::measure(|| end = read(&place, &options)));
    Ok(Defused {
        end,
        elapsed,
        peak_bytes: counted.bytes_max,
    })
}

fn read(place: &Place, options: &OpenOptions) -> Result<u64, exportkit::Error> {
    let mut source = open_source(place, options)?.source;
    let mut rows = 0;
    while let Some(batch) = source.next_batch()? {
        rows += batch.batch.rows() as u64;
    }
    Ok(rows)
}

/// Row R9 of the scoreboard. The bombs are listed on standard error.
pub(crate) fn row(_: &Arguments) -> Result<Vec<Outcome>> {
    let mut outcome = Outcome {
        subject: String::from("exportkit"),
        injected: String::from("bombs: small files that would become huge, deep or endless"),
        ..Outcome::default()
    };
    let (mut slow, mut most) = (0, 0);
    for bomb in all()? {
        let defused = defuse(&bomb)?;
        let end = match &defused.end {
            Ok(rows) => format!("{rows} rows"),
            Err(error) => error.to_string(),
        };
        eprintln!(
            "{:60} {:>9} B in {:>8.2} ms {:>10} B peak  {end}",
            bomb.name,
            bomb.bytes.len(),
            defused.elapsed.as_secs_f64() * 1e3,
            defused.peak_bytes,
        );
        slow += u64::from(defused.elapsed > DUE);
        most = most.max(defused.peak_bytes);
        outcome.take(defused.failure(&bomb));
    }
    outcome.count("over 100 ms", slow);
    outcome.count("most bytes", most);
    Ok(vec![outcome])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Far more than any takes, on any machine: only what never ends is caught.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn bombs_are_refused_in_little_memory() {
        let bombs = all().unwrap();
        assert!(bombs.len() >= 50, "{} bombs", bombs.len());
        let mut failures = Vec::new();
        for bomb in &bombs {
            let defused = defuse(bomb).unwrap();
            failures.extend(defused.failure(bomb));
            assert!(defused.elapsed < PATIENCE, "{}", bomb.name);
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }
}
