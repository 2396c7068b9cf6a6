//! What a recorder does to a container, step by step, and what it was promised.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use export_benches::Random;
use export_container::{FileOptions, StorageEnd, Writer};
use export_core::{ExportMetadata, FileId, Limits, Storage};

use super::pool::{Kind, growing, grown, mark};

/// Name of the stream whose schema grows.
const GROWING: &str = "growing";

/// One call on a writer.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The next chunk of a kind of stream, which is added first where it is new.
    Chunk(usize),
    /// A column of this name for the growing stream.
    Widen(String),
    /// A chunk of the growing stream.
    Grown,
    Metadata,
    Sync,
    Finish,
}

/// A chunk that was handed to a writer.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) mark: u64,
    pub(super) stream: String,
    /// Names of its columns.
    pub(super) columns: Vec<String>,
}

/// All that was handed to writers of a file, and what of it was acknowledged.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    pub(super) written: Vec<Written>,
    /// Places in `written` of what must be found.
    pub(super) acknowledged: BTreeSet<usize>,
    /// Of each kind, the next chunk.
    next: Vec<usize>,
    /// Chunks before the file was last opened: those that a power loss took stay lost.
    earlier: usize,
}

impl Ledger {
    /// Nothing written; chunks are taken from `start` on.
    pub(super) fn new(kinds: &[Kind], start: usize) -> Self {
        Self {
            next: vec![start; kinds.len()],
            ..Self::default()
        }
    }
}

/// Steps of a recording of about `chunks` chunks, the same for the same seed. It ends with all of it acknowledged.
pub(super) fn steps(kinds: &[Kind], seed: u64, chunks: usize) -> Vec<Step> {
    let mut random = Random::new(seed);
    let mut steps = vec![Step::Widen(format!("column {seed}"))];
    for at in 0..chunks {
        steps.push(match at % (kinds.len() + 1) {
            kind if kind < kinds.len() => Step::Chunk(kind),
            _ => Step::Grown,
        });
        if random.chance(0.15) {
            steps.push(Step::Sync);
        }
        if at == chunks / 2 {
            steps.push(Step::Widen(format!("column {seed}, too")));
            steps.push(Step::Metadata);
        }
        if at == chunks * 2 / 3 && random.chance(0.5) {
            steps.push(Step::Finish);
        }
    }
    steps.extend([Step::Metadata, Step::Finish, Step::Sync]);
    steps
}

/// Starts a file in `storage`, or goes on with it, and takes `steps` until one fails. Returns whether all were taken.
pub(super) fn take(
    steps: &[Step],
    kinds: &[Kind],
    storage: Arc<dyn Storage>,
    goes_on: bool,
    ledger: &mut Ledger,
) -> Result<bool, String> {
    ledger.earlier = ledger.written.len();
    let begun = if goes_on {
        Writer::append(storage, &Limits::default())
    } else {
        let file = FileId(*b"sixteen bytes id");
        Writer::create(
            storage,
            &FileOptions {
                file,
                created_ns: 7,
            },
        )
    };
    let power = |error: export_core::Error| match error.message().as_str() {
        "the power is off" => Ok(false),
        _ => Err(format!("{error}")),
    };
    let mut writer = match begun {
        Ok(writer) => writer,
        Err(error) => return power(error),
    };
    for step in steps {
        if let Err(error) = one(step, kinds, &mut writer, ledger) {
            return match error.downcast::<export_core::Error>() {
                Ok(error) => power(error),
                Err(error) => Err(format!("{error:#}")),
            };
        }
    }
    Ok(true)
}

fn one(
    step: &Step,
    kinds: &[Kind],
    writer: &mut Writer<StorageEnd>,
    ledger: &mut Ledger,
) -> Result<()> {
    match step {
        Step::Chunk(kind) => {
            let (Some(kind), Some(next)) = (kinds.get(*kind), ledger.next.get_mut(*kind)) else {
                return Ok(());
            };
            let stream = match writer.frames().stream(kind.name) {
                Some(stream) => stream,
                None => writer.add_stream(kind.name, &kind.schema)?,
            };
            let chunk = kind.chunk(*next)?;
            *next += 1;
            // Once the writer has it, it may be found.
            ledger.written.push(Written {
                mark: mark(chunk),
                stream: kind.name.to_owned(),
                columns: names(&kind.schema),
            });
            writer.chunk(stream, chunk)?;
        }
        Step::Widen(column) => {
            let known = writer.frames().stream(GROWING);
            let mut columns = known
                .and_then(|stream| writer.frames().schema(stream))
                .map(names)
                .unwrap_or_default();
            columns.push(column.clone());
            let schema = growing(&columns)?;
            match known {
                Some(stream) => writer.widen_stream(stream, &schema)?,
                None => _ = writer.add_stream(GROWING, &schema)?,
            }
        }
        Step::Grown => {
            let frames = writer.frames();
            let Some(stream) = frames.stream(GROWING) else {
                return Ok(());
            };
            let schema = Arc::new(frames.schema(stream).cloned().unwrap_or_default());
            let chunk = grown(&schema, ledger.written.len() as u64)?;
            ledger.written.push(Written {
                mark: mark(&chunk),
                stream: GROWING.to_owned(),
                columns: names(&schema),
            });
            writer.chunk(stream, &chunk)?;
        }
        Step::Metadata => {
            let (rows, chunks) = writer.frames().totals();
            writer.metadata(&ExportMetadata {
                tool: String::from("chaos"),
                rows,
                chunks,
                ..ExportMetadata::default()
            })?;
        }
        Step::Finish => writer.finish()?,
        Step::Sync => {
            writer.sync()?;
            ledger
                .acknowledged
                .extend(ledger.earlier..ledger.written.len());
        }
    }
    Ok(())
}

fn names(schema: &export_core::Schema) -> Vec<String> {
    schema
        .fields
        .iter()
        .map(|field| field.name.clone())
        .collect()
}
