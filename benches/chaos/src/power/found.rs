//! What is found in a file once the power is back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use export_container::{ChunkRef, Container, Depth, MemoryStorage, Stream, verify};
use export_core::{Cancel, Limits, Progress, Severity};

use super::pool::mark;
use super::script::{Ledger, Written};

/// Looks at all of a file that lost power. Returns which of the chunks of `ledger` are there, or what is wrong: a chunk that
/// nobody wrote or that is there twice or out of order, one that was acknowledged and is not there, damage other than in
/// `unsynced` bytes.
pub(super) fn look(
    bytes: &[u8],
    ledger: &Ledger,
    unsynced: &[Range<usize>],
) -> Result<BTreeSet<usize>, String> {
    let storage = Arc::new(MemoryStorage::new(bytes.to_vec()));
    let container = match Container::open(storage.clone(), Limits::default()) {
        Ok(container) => container,
        Err(_) if ledger.acknowledged.is_empty() => return Ok(BTreeSet::new()),
        Err(error) => return Err(format!("it does not open: {error}")),
    };
    let found = chunks(&container, ledger, unsynced)?;
    if let Some(at) = ledger.acknowledged.difference(&found).next() {
        let written = ledger.written.get(*at);
        return Err(format!(
            "acknowledged, but not there: number {at}, {written:?}"
        ));
    }
    look_for_damage(storage, unsynced)?;
    Ok(found)
}

/// Whether what is at `offset`, or nobody knows where, was not synced.
fn may_be_damaged(unsynced: &[Range<usize>], offset: Option<u64>) -> bool {
    offset
        .and_then(|at| usize::try_from(at).ok())
        .is_none_or(|at| {
            unsynced
                .iter()
                .any(|range| (range.start..=range.end).contains(&at))
        })
}

/// Which of the chunks of `ledger` are there, each once and in order.
fn chunks(
    container: &Container,
    ledger: &Ledger,
    unsynced: &[Range<usize>],
) -> Result<BTreeSet<usize>, String> {
    let written = ledger.written.iter().enumerate();
    let known: HashMap<u64, usize> = written.map(|(at, written)| (written.mark, at)).collect();
    let mut found = BTreeSet::new();
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for chunk in container.chunks() {
        let stream = container
            .stream_by_id(chunk.stream)
            .ok_or("a chunk of no stream")?;
        let name = stream.name.as_str();
        let may_be_damaged = may_be_damaged(unsynced, Some(chunk.offset));
        let read = match container.read_chunk(chunk, None) {
            Ok(read) => read,
            Err(_) if may_be_damaged => continue,
            Err(error) => return Err(format!("a chunk that was synced is not read: {error}")),
        };
        let at = *known
            .get(&mark(&read))
            .ok_or_else(|| format!("nobody wrote chunk {} of {name}", chunk.number))?;
        let written = ledger.written.get(at).ok_or("the ledger is short")?;
        check_stream(stream, chunk, written, may_be_damaged)?;
        if last.insert(name, at).is_some_and(|before| before >= at) {
            return Err(format!("chunk {} of {name} is out of order", chunk.number));
        }
        if !found.insert(at) {
            return Err(format!("chunk {} of {name} is there twice", chunk.number));
        }
    }
    Ok(found)
}

/// Fails where a chunk is not of the stream and the schema that it was written with.
fn check_stream(
    stream: &Stream,
    chunk: &ChunkRef,
    written: &Written,
    may_be_damaged: bool,
) -> Result<(), String> {
    let (name, number) = (&stream.name, chunk.number);
    // A chunk whose schema is lost is named, not read.
    if let Ok(schema) = stream.schema_of(chunk) {
        let columns = schema.fields.iter().map(|field| &field.name);
        if written.stream != *name || !columns.eq(&written.columns) {
            return Err(format!(
                "chunk {number} of {name} is another's: {written:?}"
            ));
        }
    } else if !may_be_damaged {
        return Err(format!("chunk {number} of {name} has lost its schema"));
    }
    Ok(())
}

/// Fails where what was synced is damaged.
fn look_for_damage(storage: Arc<MemoryStorage>, unsynced: &[Range<usize>]) -> Result<(), String> {
    let looked = verify(
        storage,
        Depth::Checksums,
        Limits::default(),
        &Progress::new(),
        &Cancel::new(),
    );
    let report = looked.map_err(|error| format!("it cannot be verified: {error}"))?;
    let damage = report.findings.iter().find(|f| {
        // Rows that are missing are told of where the next chunk is.
        let is_loss = f.check == "rows" && !unsynced.is_empty();
        f.severity >= Severity::Damage && !is_loss && !may_be_damaged(unsynced, f.position.offset)
    });
    match damage {
        None => Ok(()),
        Some(finding) => Err(format!(
            "damage where all was synced: {} at {}",
            finding.text, finding.position
        )),
    }
}
