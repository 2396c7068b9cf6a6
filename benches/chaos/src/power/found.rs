//! What is found in a file once the power is back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use export_container::{Container, Depth, MemoryStorage, verify};
use export_core::{Cancel, Limits, Progress, Severity};

use super::pool::mark;
use super::script::Ledger;

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
    let known: HashMap<u64, usize> = ledger
        .written
        .iter()
        .enumerate()
        .map(|(at, written)| (written.mark, at))
        .collect();
    let may_be_damaged = |offset: Option<u64>| {
        offset
            .and_then(|at| usize::try_from(at).ok())
            .is_none_or(|at| {
                unsynced
                    .iter()
                    .any(|range| (range.start..=range.end).contains(&at))
            })
    };
    let mut found = BTreeSet::new();
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for chunk in container.chunks() {
        let stream = container
            .stream_by_id(chunk.stream)
            .ok_or("a chunk of no stream")?;
        let name = stream.name.as_str();
        let read = match container.read_chunk(chunk, None) {
            Ok(read) => read,
            Err(_) if may_be_damaged(Some(chunk.offset)) => continue,
            Err(error) => return Err(format!("a chunk that was synced is not read: {error}")),
        };
        let at = known
            .get(&mark(&read))
            .ok_or_else(|| format!("nobody wrote chunk {} of {name}", chunk.number))?;
        let written = ledger.written.get(*at).ok_or("the ledger is short")?;
        // A chunk whose schema is lost is named, not read.
        if let Ok(schema) = stream.schema_of(chunk) {
            let columns = schema.fields.iter().map(|field| &field.name);
            if written.stream != name || !columns.eq(&written.columns) {
                return Err(format!(
                    "chunk {} of {name} is another's: {written:?}",
                    chunk.number
                ));
            }
        } else if !may_be_damaged(Some(chunk.offset)) {
            return Err(format!(
                "chunk {} of {name} has lost its schema",
                chunk.number
            ));
        }
        if last.insert(name, *at).is_some_and(|before| before >= *at) {
            return Err(format!("chunk {} of {name} is out of order", chunk.number));
        }
        if !found.insert(*at) {
            return Err(format!("chunk {} of {name} is there twice", chunk.number));
        }
    }
    if let Some(at) = ledger.acknowledged.difference(&found).next() {
        let written = ledger.written.get(*at);
        return Err(format!(
            "acknowledged, but not there: number {at}, {written:?}"
        ));
    }
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
        f.severity >= Severity::Damage && !is_loss && !may_be_damaged(f.position.offset)
    });
    match damage {
        None => Ok(found),
        Some(finding) => Err(format!(
            "damage where all was synced: {} at {}",
            finding.text, finding.position
        )),
    }
}
