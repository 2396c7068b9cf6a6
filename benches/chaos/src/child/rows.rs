//! Rows that tell where they belong, and whether a file holds them.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use exportkit::{Error, ErrorKind, Record, Recording, Result};
use serde::{Deserialize, Serialize};

/// Names of the streams, in the order in which they are written.
pub(crate) const STREAMS: [&str; 3] = ["events", "states", "notes"];

/// A row of a type that the compiler knows.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Event {
    number: u64,
    value: f64,
    text: String,
}

/// A row of a type that it does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    number: u64,
    author: Option<String>,
    places: Vec<u32>,
}

impl Event {
    /// Row `number` of `stream`, with so many bytes of text at least.
    pub(crate) fn new(stream: &str, number: u64, bytes: usize) -> Self {
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self {
            number,
            value: (number as f64).sqrt(),
            text: format!("{stream} {mixed:0bytes$}"),
        }
    }

    fn is_right(&self, stream: &str, number: u64) -> bool {
        let padding = self.text.len().saturating_sub(stream.len() + 1);
        *self == Self::new(stream, number, padding)
    }
}

impl Note {
    /// Row `number` of its stream.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            author: (!number.is_multiple_of(3)).then(|| format!("author {}", number % 17)),
            places: (0..u32::try_from(number % 5).unwrap_or(0)).collect(),
        }
    }
}

/// Rows of a stream that are known to be safe.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    stream: String,
    rows: u64,
}

impl FromStr for Known {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (stream, rows) = text.split_once('=').ok_or("say STREAM=ROWS")?;
        Ok(Self {
            stream: stream.to_owned(),
            rows: rows.parse().map_err(|error| format!("{error}"))?,
        })
    }
}

/// Says a line on standard output, at once.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let mut output = std::io::stdout().lock();
    // Where nobody listens, nothing is promised.
    _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// Looks whether each stream in the file holds its rows from the first on, and no fewer than are known to be safe. Says how
/// many there are.
pub(crate) fn check(path: &Path, known: &[Known]) -> Result<()> {
    let promised = |stream: &str| {
        let rows = known.iter().filter(|known| known.stream == stream);
        rows.map(|known| known.rows).max().unwrap_or(0)
    };
    let recording = match exportkit::open(path) {
        Ok(recording) => recording,
        Err(_) if known.iter().all(|known| known.rows == 0) => return Ok(()),
        Err(error) => return Err(error),
    };
    for info in recording.streams() {
        if !STREAMS.contains(&info.name.as_str()) {
            return Err(Error::data(format!("nobody wrote stream {}", info.name)));
        }
    }
    for stream in STREAMS {
        let rows = match rows_of(&recording, stream) {
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            rows => rows?,
        };
        if rows < promised(stream) {
            let text = format!(
                "{rows} rows are there, {} were acknowledged",
                promised(stream)
            );
            return Err(Error::data(text).in_stream(stream));
        }
        say(format_args!("acknowledged {stream} {rows}"));
    }
    Ok(())
}

/// How many rows a stream has; fails where they are not those that were written.
pub(crate) fn rows_of(recording: &Recording, stream: &str) -> Result<u64> {
    let mut number = 0;
    let mut count = |is_right: bool| {
        if !is_right {
            return Err(Error::data(format!("row {number} is another")).in_stream(stream));
        }
        number += 1;
        Ok(())
    };
    if stream == "notes" {
        for (row, expected) in recording.read::<Note>(stream)?.zip(0..) {
            count(row? == Note::new(expected))?;
        }
    } else {
        for (row, expected) in recording.read_records::<Event>(stream)?.zip(0..) {
            count(row?.is_right(stream, expected))?;
        }
    }
    Ok(number)
}
