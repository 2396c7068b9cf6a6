//! A recorder with three streams that syncs now and then.

use exportkit::{Durability, ErrorKind, RecordOptions, Recorder, Result};

use super::Recording;
use super::rows::{Event, Note, STREAMS, rows_of, say};

/// Records rows of each stream, after those that are there where it goes on.
pub(crate) fn record(recording: &Recording, goes_on: bool) -> Result<()> {
    let path = &recording.path;
    let options = RecordOptions {
        threads: recording.threads,
        durability: match recording.journal {
            true => Durability::Flush,
            false => Durability::None,
        },
        ..RecordOptions::default()
    };
    let mut start = [0; 3];
    let recorder = if goes_on {
        let found = exportkit::open(path)?;
        for (start, stream) in start.iter_mut().zip(STREAMS) {
            // A stream of which nothing was written yet is begun.
            *start = match rows_of(&found, stream) {
                Err(error) if error.kind() == ErrorKind::NotFound => 0,
                rows => rows?,
            };
        }
        Recorder::append_with(path, options)?
    } else {
        Recorder::create_with(path, options)?
    };
    let [first, second, third] = STREAMS;
    let mut events = recorder.records::<Event>(first)?;
    let mut states = recorder.records::<Event>(second)?;
    let mut notes = recorder.stream::<Note>(third)?;
    let [event, state, note] = start;
    let taken = |stream: &str, rows: u64| {
        if recording.journal {
            say(format_args!("taken {stream} {rows}"));
        }
    };
    for row in 0..recording.rows {
        events.push(&Event::new(first, event + row, recording.text))?;
        taken(first, event + row + 1);
        states.push(&Event::new(second, state + row, recording.text))?;
        taken(second, state + row + 1);
        notes.push(&Note::new(note + row))?;
        taken(third, note + row + 1);
        let rows = row + 1;
        if rows % recording.sync == 0 {
            events.sync()?;
            say(format_args!("acknowledged {first} {}", event + rows));
            states.sync()?;
            say(format_args!("acknowledged {second} {}", state + rows));
            notes.sync()?;
            say(format_args!("acknowledged {third} {}", note + rows));
        }
    }
    events.finish()?;
    states.finish()?;
    notes.finish()?;
    recorder.finish()?;
    for (stream, start) in STREAMS.into_iter().zip(start) {
        say(format_args!(
            "acknowledged {stream} {}",
            start + recording.rows
        ));
    }
    Ok(())
}
