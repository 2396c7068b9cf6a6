//! Is every byte as it was written?

use std::path::Path;
use std::sync::Arc;

use export_compress::Decoder;
use export_container::{Container, FileStorage, ParityReport, Retrying};
use export_core::{
    Cancel, ChunkDecoder, Error, ErrorKind, Finding, Limits, Note, Position, Progress, Result,
    Severity, Storage, array,
};

use crate::input::open_file;
use crate::journal;

/// How closely to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// Structure: headers, directories, index, order.
    Quick,
    /// Every byte: all checksums, and that padding is zero.
    #[default]
    Checksums,
    /// Every byte, and every chunk decodes to valid values.
    Deep,
}

/// What was looked at and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// Streams.
    pub streams: u64,
    /// Frames with an intact header.
    pub frames: u64,
    /// Chunks in which nothing was found damaged.
    pub chunks: u64,
    /// Rows of these chunks.
    pub rows: u64,
    /// Blocks whose checksums were verified.
    pub blocks: u64,
    /// Length of the file, in bytes.
    pub size_bytes: u64,
    /// Whether the file was finished: it ends with an intact index.
    pub complete: bool,
    /// Rows that are in the journal beside the file only, because its recorder did not finish.
    pub journal_rows: u64,
    /// What of the damage the file's parity makes good, and could still make good; where it has any.
    pub parity: Option<ParityReport>,
}

impl Verification {
    /// Whether no data is damaged or missing.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity < Severity::Damage)
    }
}

/// Looks at an `.xk` file and says what is damaged, and what a journal beside it holds. Damage is not an error: fails only where
/// the file cannot be looked at.
///
/// ```
/// use exportkit::{Cancel, Depth, Limits, Progress, verify};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("points.xk");
/// exportkit::write(&path, &[1_u64, 2, 3])?;
/// let found = verify(&path, Depth::Deep, &Limits::default(), &Progress::new(), &Cancel::new())?;
/// assert!(found.is_sound());
/// assert_eq!((found.rows, found.complete), (3, true));
/// # Ok::<(), exportkit::Error>(())
/// ```
pub fn verify(
    path: impl AsRef<Path>,
    depth: Depth,
    limits: &Limits,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Verification> {
    let path = path.as_ref();
    let look = || -> Result<Verification> {
        let file = open_file(path)?.0;
        let storage: Arc<dyn Storage> =
            Arc::new(Retrying::new(FileStorage::new(file.try_clone()?)));
        let mut found = verify_storage(storage, depth, limits, progress, cancel)?;
        let beside = journal::find(path, file, limits)?;
        if let Some(leftover) = beside.leftover {
            found.journal_rows = leftover.rows.values().sum();
            found.findings.extend(leftover.journal_findings());
        } else {
            found
                .findings
                .extend(beside.notes.into_iter().map(journal_finding));
        }
        Ok(found)
    };
    look().map_err(|error| error.in_file(path.display().to_string()))
}

/// [`verify()`] of a container wherever it is stored.
pub fn verify_storage(
    storage: Arc<dyn Storage>,
    depth: Depth,
    limits: &Limits,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Verification> {
    let size_bytes = storage.size_bytes()?;
    progress.add_total_bytes_in(size_bytes);
    let checksums = match depth {
        Depth::Quick => export_container::Depth::Quick,
        Depth::Checksums | Depth::Deep => export_container::Depth::Checksums,
    };
    let report =
        export_container::verify(Arc::clone(&storage), checksums, limits, progress, cancel)?;
    let mut findings = report.findings;
    if depth == Depth::Deep {
        decode_all(storage, limits, cancel, &mut findings)?;
    }
    Ok(Verification {
        findings,
        streams: report.streams,
        frames: report.frames,
        chunks: report.chunks,
        rows: report.rows,
        blocks: report.blocks,
        size_bytes,
        complete: report.is_finished,
        journal_rows: 0,
        parity: report.parity,
    })
}

/// A journal that has nothing for the file.
fn journal_finding(note: Note) -> Finding {
    Finding {
        severity: if note.loss {
            Severity::Damage
        } else {
            Severity::Note
        },
        check: "journal".into(),
        position: Position::default(),
        text: note.text,
    }
}

/// Decodes every chunk whose bytes are as they were written.
fn decode_all(
    storage: Arc<dyn Storage>,
    limits: &Limits,
    cancel: &Cancel,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let container = Container::open(storage, limits)?;
    for stream in container.streams() {
        for chunk in &stream.chunks {
            cancel.check()?;
            let Ok(schema) = stream.schema_of(chunk) else {
                continue;
            };
            let encoded = match container.read_chunk(chunk, None) {
                Ok(encoded) => encoded,
                // Damage was found already.
                Err(error) if is_damage(&error) => continue,
                Err(error) => return Err(error),
            };
            let decoded = Decoder::new()
                .decode(schema, &encoded, limits)
                .and_then(|batch| {
                    schema
                        .fields
                        .iter()
                        .zip(batch.columns())
                        .try_for_each(|(field, column)| {
                            array::validate(column, limits)
                                .map_err(|error| error.in_column(&field.name))
                        })
                });
            if let Err(error) = decoded {
                let error = error.in_chunk(chunk.number).in_stream(&stream.name);
                findings.push(undecodable(&error.at_offset(chunk.offset)));
            }
        }
    }
    Ok(())
}

fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Truncated)
}

fn undecodable(error: &Error) -> Finding {
    Finding {
        severity: Severity::Damage,
        check: "decode".into(),
        position: Position {
            file: None,
            ..error.position().clone()
        },
        text: format!(
            "the chunk is as it was written and cannot be decoded: {}",
            error.message()
        ),
    }
}
