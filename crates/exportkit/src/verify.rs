//! Is every byte as it was written?

use std::path::Path;
use std::sync::Arc;

use export_compress::Decoder;
use export_container::{Container, FileStorage, ParityReport, Report, Retrying, verify_seals};
use export_core::{
    Access, Cancel, ChunkDecoder, Error, ErrorKind, Finding, Position, Progress, Result, Severity,
    Storage, array,
};

use crate::input::open_regular;
use crate::journal;

pub use export_container::SealReport;

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
    /// How many of these no checksum covers: the recorder ended before it had computed one.
    pub journal_unsealed_rows: u64,
    /// What of the damage the file's parity makes good, and could still make good; where it has any.
    pub parity: Option<ParityReport>,
    /// Whether the file is encrypted.
    pub encrypted: bool,
    /// Encrypted frames of which only the checksums were verified, for want of a key.
    pub closed_frames: u64,
    /// Whether the file says that it is sealed.
    pub sealed: bool,
    /// What the seals say, where there was a key to ask them. Their findings are among the others.
    pub seals: Option<SealReport>,
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
/// Of an encrypted file the checksums can be verified without a key. With keys every frame is decrypted as well, and seals are
/// computed anew: a file without any, or with seals of another key, is not sound then, unless it is encrypted and says, in a frame
/// that was decrypted, that it was begun without. Nor is one whose journal has rows, which no seal covers.
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
    access: impl Into<Access>,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Verification> {
    let access = access.into();
    let path = path.as_ref();
    let look = || -> Result<Verification> {
        let file = open_regular(path)?;
        let storage: Arc<dyn Storage> =
            Arc::new(Retrying::new(FileStorage::new(file.try_clone()?)));
        let beside = journal::find(path, file, &access)?;
        let mut found = verify_storage(storage, depth, access, progress, cancel)?;
        if let Some(leftover) = beside.leftover {
            found.journal_rows = leftover.rows.values().sum();
            found.journal_unsealed_rows = leftover.unsealed_rows;
            let asks_seals = found.seals.is_some();
            found.findings.extend(leftover.journal_findings(asks_seals));
        } else {
            found
                .findings
                .extend(beside.notes.into_iter().map(journal::finding_of));
        }
        Ok(found)
    };
    look().map_err(|error| error.in_file(path.display().to_string()))
}

/// [`verify()`] of a container wherever it is stored.
pub fn verify_storage(
    storage: Arc<dyn Storage>,
    depth: Depth,
    access: impl Into<Access>,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Verification> {
    let access = access.into();
    let size_bytes = storage.size_bytes()?;
    progress.add_total_bytes_in(size_bytes);
    let checksums = match depth {
        Depth::Quick => export_container::Depth::Quick,
        Depth::Checksums | Depth::Deep => export_container::Depth::Checksums,
    };
    let look = |access: &Access| {
        let storage = Arc::clone(&storage);
        export_container::verify(storage, checksums, access, progress, cancel)
    };
    let report = look(&access);
    let mut seals = None;
    if !access.keys.is_empty() {
        progress.add_total_bytes_in(size_bytes);
        seals = Some(verify_seals(
            Arc::clone(&storage),
            &access,
            progress,
            cancel,
        ));
    }
    let report = match (report, &seals) {
        // A key of the seals alone: the rest is looked at as by who has none.
        (Err(error), Some(Ok(seals))) if error.kind() == ErrorKind::Key && seals.seals > 0 => {
            look(&Access::from(&access.limits))?
        }
        (report, _) => report?,
    };
    let mut findings = report.findings.clone();
    let seals = match seals {
        Some(seals) => look_at_seals(seals, &report, &mut findings)?,
        None => None,
    };
    if depth == Depth::Deep {
        if report.closed_frames > 0 {
            let text = "the file is encrypted: without its key no value can be decoded";
            let error = Error::new(ErrorKind::Key, text);
            return Err(error.with_hint("give its key with --key, or verify the checksums alone"));
        }
        decode_all(storage, &access, cancel, &mut findings)?;
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
        journal_unsealed_rows: 0,
        parity: report.parity,
        encrypted: report.is_encrypted,
        closed_frames: report.closed_frames,
        sealed: report.is_sealed,
        seals,
    })
}

/// What the seals say. A file that the keys have opened need not be sealed, as what it says of itself is encrypted. That has to
/// have been read: of a file that was cut to its header nothing is left but what anybody can change.
fn look_at_seals(
    look: Result<SealReport>,
    report: &Report,
    findings: &mut Vec<Finding>,
) -> Result<Option<SealReport>> {
    let is_opened = report.is_encrypted && report.closed_frames == 0 && report.is_vouched;
    match look {
        Ok(seals) if is_opened && !report.is_sealed && seals.seals == 0 => Ok(None),
        Ok(seals) => {
            findings.extend(seals.findings.iter().cloned());
            Ok(Some(seals))
        }
        Err(error) if is_opened && error.kind() == ErrorKind::Key => {
            findings.push(seals_not_looked_at(&error, report.is_sealed));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// There are seals, and no key for them. They may be what somebody put in the place of others that told of a change, unless the
/// file never had any to begin with.
fn seals_not_looked_at(error: &Error, is_sealed: bool) -> Finding {
    let (severity, then) = if is_sealed {
        (
            Severity::Damage,
            "; without their key nobody can tell whether anything was changed or cut off",
        )
    } else {
        (Severity::Warning, "")
    };
    Finding {
        severity,
        check: "seal".into(),
        position: Position::default(),
        text: format!("the seals were not looked at: {}{then}", error.message()),
    }
}

/// Decodes every chunk whose bytes are as they were written.
fn decode_all(
    storage: Arc<dyn Storage>,
    access: &Access,
    cancel: &Cancel,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let limits = &access.limits;
    let container = Container::open(storage, access)?;
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
