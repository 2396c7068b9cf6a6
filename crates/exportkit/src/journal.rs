//! The journal beside a recording: rows that its recorder was given and could not put into a chunk.

mod leftover;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use export_compress::{Options as EncodeOptions, Preset};
use export_container::{
    Container, Extended, FileStorage, FrameWriter, Retrying, check_header, is_being_written,
};
use export_core::{
    Access, Error, ErrorKind, Finding, Limits, Note, Position, Protection, Result, Severity,
    Storage,
};
use export_journal::{BootId, Recovered};

pub(crate) use leftover::{Leftover, Purpose};

use crate::Durability;

/// Where the journal of the recording at `path` is, which links to it share.
pub(crate) fn path_of(path: &Path) -> PathBuf {
    let real = fs::canonicalize(path);
    let mut name = real.as_deref().unwrap_or(path).as_os_str().to_owned();
    name.push(".journal");
    PathBuf::from(name)
}

/// Fails where a journal could not keep what `durability` promises. Whoever reads one believes rows without a seal only in the start
/// of the machine that wrote them, so where the system does not tell which `start` that is, they would be lost with the process.
pub(crate) fn check_promise(
    durability: Durability,
    start: impl FnOnce() -> Result<Option<BootId>>,
) -> Result<()> {
    if !matches!(durability, Durability::Flush | Durability::Interval(_)) || start()?.is_some() {
        return Ok(());
    }
    let text =
        "rows would not survive a crash: this system does not tell one of its starts from another";
    Err(Error::unsupported(text).with_hint(
        "record with `Durability::Sync`, or with `Durability::None` and `sync` what must survive",
    ))
}

/// What is beside a recording whose recorder is gone.
#[derive(Debug)]
pub(crate) enum Beside {
    /// Nothing that has rows.
    Nothing,
    /// The rows of its journal.
    Rows(Leftover),
    /// What calls itself its journal and cannot be read as that.
    Unreadable(Error),
    /// The journal of another recording.
    Foreign(Box<Recovered>),
    /// A journal beside an encrypted recording, which has none: whose ever it is, its rows are not the recorder's.
    OfEncrypted,
}

/// Looks at what is beside the recording at `path`, which is in `storage`. Writes nothing.
fn look(
    path: &Path,
    storage: &Arc<dyn Storage>,
    encode: EncodeOptions,
    access: &Access,
    purpose: Purpose<'_>,
) -> Result<Beside> {
    let journal = path_of(path);
    if fs::symlink_metadata(&journal).is_err() {
        return Ok(Beside::Nothing);
    }
    if is_encrypted(storage, access) {
        return Ok(Beside::OfEncrypted);
    }
    let recovered = match export_journal::read(&journal, &access.limits) {
        Ok(recovered) => recovered,
        // It was taken away in the meantime, or never came to hold a row.
        Err(error) if is_not_there(&error) || error.kind() == ErrorKind::Truncated => {
            return Ok(Beside::Nothing);
        }
        Err(error) => return Ok(Beside::Unreadable(error)),
    };
    let container = Container::open(Arc::clone(storage), access)?;
    if container.file_id().0 != recovered.file_id {
        return Ok(Beside::Foreign(Box::new(recovered)));
    }
    Leftover::new(container, &recovered, encode, &access.limits, purpose).map(Beside::Rows)
}

/// Whether the file is encrypted, as far as can be told without its key.
fn is_encrypted(storage: &Arc<dyn Storage>, access: &Access) -> bool {
    match Container::key_of(Arc::clone(storage), access) {
        Ok(Some(_)) => true,
        // There is nothing in it, or nothing in the clear.
        Ok(None) => Container::open(Arc::clone(storage), access)
            .is_ok_and(|container| container.file().is_encrypted()),
        Err(error) => error.kind() == ErrorKind::Key,
    }
}

fn is_not_there(error: &Error) -> bool {
    error
        .io_error()
        .is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// A recording that is read: the file, and the rows of its journal where its recorder is gone.
pub(crate) struct Found {
    pub(crate) storage: Arc<dyn Storage>,
    /// Length of the file alone.
    pub(crate) size_bytes: u64,
    pub(crate) leftover: Option<Leftover>,
    pub(crate) notes: Vec<Note>,
}

/// The recording in `file`, which is at `path`.
pub(crate) fn find(path: &Path, file: File, access: &Access) -> Result<Found> {
    // Whoever is writing has its rows in hand.
    let is_live = is_being_written(&file)?;
    let storage: Arc<dyn Storage> = Arc::new(Retrying::new(FileStorage::new(file)));
    let mut found = Found {
        size_bytes: storage.size_bytes()?,
        storage,
        leftover: None,
        notes: Vec::new(),
    };
    if is_live {
        found.notes.push(note(
            "the file is being recorded: rows that its recorder has not put into a chunk yet are not read"
                .to_owned(),
            false,
        ));
        return Ok(found);
    }
    let encode = EncodeOptions::new(Preset::HighPerformance);
    match look(path, &found.storage, encode, access, Purpose::Read) {
        Ok(Beside::Nothing) => {}
        Ok(Beside::Rows(leftover)) => {
            found.notes = leftover.notes();
            found.size_bytes = leftover.size_bytes;
            found.leftover = Some(leftover);
        }
        Ok(Beside::Unreadable(error)) => found.notes.push(note(
            format!("the journal beside the file cannot be read: {error}"),
            true,
        )),
        Ok(Beside::Foreign(_)) => found.notes.push(note(
            "the journal beside the file is that of another recording".to_owned(),
            false,
        )),
        Ok(Beside::OfEncrypted) => found.notes.push(note(
            "the journal beside the file is ignored: an encrypted recording has none".to_owned(),
            false,
        )),
        // Where that is because of the file, whoever opens it is told so.
        Err(error) => found.notes.push(note(
            format!("the journal beside the file cannot be used: {error}"),
            true,
        )),
    }
    if let Some(leftover) = &mut found.leftover {
        let more = std::mem::take(&mut leftover.more);
        if leftover.has_rows() {
            found.storage = Arc::new(Extended::new(found.storage, found.size_bytes, more));
        }
    }
    Ok(found)
}

/// What [`Found::notes`] say of a journal that has nothing for the file.
pub(crate) fn finding_of(note: Note) -> Finding {
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

fn note(text: String, loss: bool) -> Note {
    Note {
        stream: None,
        column: None,
        text,
        loss,
    }
}

/// Puts the rows of the journal into the recording at `path`, whose lock the caller has, and takes the journal away. Killed at any
/// moment, it can be done again: rows that are in the file are not put there twice. A journal that has or had more than the file can
/// take is set aside, and the file says so.
///
/// Nothing of a journal is sealed as its recorder's own: whoever goes on with a sealed file finds unsealed frames there, and its
/// next seal says that it did.
pub(crate) fn bring_in(
    path: &Path,
    storage: &Arc<dyn Storage>,
    encode: &EncodeOptions,
    protection: &Protection,
) -> Result<()> {
    check_header(&**storage)?;
    let access = Access {
        keys: protection.keys(),
        ..Access::default()
    };
    let purpose = match protection.seal {
        Some(_) => Purpose::CompleteSealed(path),
        None => Purpose::Complete(path),
    };
    match look(path, storage, encode.clone(), &access, purpose)? {
        // It may be there, and never have held a row.
        Beside::Nothing => {}
        Beside::Rows(leftover) => {
            if !leftover.more.is_empty() {
                // Who cannot go on with the file writes nothing to it.
                FrameWriter::after(Container::open(Arc::clone(storage), &access)?, protection)?;
                // No index may be found where the chunks that it lists are not: readers would believe it, and not look for them in
                // the journal.
                let (frames, index) = leftover.more.split_at(leftover.index_at);
                storage.write_at(leftover.size_bytes, frames)?;
                storage.sync()?;
                let index_at = leftover.size_bytes.saturating_add(frames.len() as u64);
                storage.write_at(index_at, index)?;
            }
            // Also where there was nothing to write: whoever wrote it may have been killed before this.
            storage.sync()?;
            if let Some(aside) = leftover.aside {
                return rename(&path_of(path), &aside);
            }
        }
        Beside::Unreadable(error) if error.kind() == ErrorKind::Corrupt => {
            return set_aside(path, "unreadable");
        }
        Beside::Unreadable(error) => return Err(error),
        Beside::Foreign(recovered) => return set_aside(path, &hex(&recovered.file_id)),
        Beside::OfEncrypted => return set_aside(path, "not-encrypted"),
    }
    remove(&path_of(path))
}

/// Makes place for a new recording at `path`, whose lock the caller has: what belongs to the file that is replaced goes with it,
/// what does not is set aside.
pub(crate) fn make_way(path: &Path, storage: &Arc<dyn Storage>) -> Result<()> {
    let journal = path_of(path);
    if fs::symlink_metadata(&journal).is_err() {
        return Ok(());
    }
    let owner = Container::open(Arc::clone(storage), Limits::default());
    let owner = owner.ok().map(|container| container.file_id().0);
    match export_journal::read(&journal, &Limits::default()) {
        Ok(recovered) if Some(recovered.file_id) == owner => remove(&journal),
        Ok(recovered) => set_aside(path, &hex(&recovered.file_id)),
        Err(error) if is_not_there(&error) => Ok(()),
        Err(error) if error.kind() == ErrorKind::Truncated => remove(&journal),
        Err(_) => set_aside(path, "unreadable"),
    }
}

/// Leaves the journal beside `path` to nobody: the file that it belonged to was replaced. It is set aside, since nobody has asked to
/// lose its rows.
pub(crate) fn leave(path: &Path) -> Result<()> {
    let journal = path_of(path);
    if !journal.exists() {
        return Ok(());
    }
    match export_journal::read(&journal, &Limits::default()) {
        Ok(recovered) if recovered.lanes.is_empty() => remove(&journal),
        Ok(recovered) => set_aside(path, &hex(&recovered.file_id)),
        // It may be anybody's.
        Err(_) => Ok(()),
    }
}

fn remove(journal: &Path) -> Result<()> {
    match fs::remove_file(journal) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Renames a journal that is not of the recording at `path`, or not only: its rows are somebody's.
fn set_aside(path: &Path, whose: &str) -> Result<()> {
    rename(&path_of(path), &free_name(path, whose))
}

fn rename(journal: &Path, aside: &Path) -> Result<()> {
    fs::rename(journal, aside)?;
    // Before another journal has its name.
    crate::output::sync_directory(journal)
}

/// A name that no file has, for the journal of the recording at `path`.
fn free_name(path: &Path, whose: &str) -> PathBuf {
    let journal = path_of(path);
    let name = |number| {
        let mut name = journal.clone().into_os_string();
        name.push(match number {
            0 => format!(".{whose}"),
            _ => format!(".{whose}.{number}"),
        });
        PathBuf::from(name)
    };
    let mut number = 0_u64;
    while fs::symlink_metadata(name(number)).is_ok() {
        number += 1;
    }
    name(number)
}

fn hex(id: &[u8; 16]) -> String {
    export_core::FileId(*id).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn without_a_boot_id_nothing_is_promised_that_only_unsealed_rows_could_keep() {
        let start = Some(BootId([1; 16]));
        let interval = Durability::Interval(Duration::from_secs(1));
        for durability in [Durability::Flush, interval] {
            check_promise(durability, || Ok(start)).unwrap();
            let error = check_promise(durability, || Ok(None)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.hint().is_some_and(|hint| hint.contains("Sync")));
        }
        for durability in [Durability::None, Durability::Sync] {
            check_promise(durability, || Ok(None)).unwrap();
        }
    }
}
