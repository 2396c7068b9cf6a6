//! The journal beside a recording: rows that its recorder was given and could not put into a chunk.

mod leftover;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use export_compress::{Options as EncodeOptions, Preset};
use export_container::{
    Container, Extended, FileStorage, Retrying, check_header, is_being_written,
};
use export_core::{Access, Error, ErrorKind, Limits, Note, Protection, Result, Storage};
use export_journal::Recovered;

pub(crate) use leftover::Leftover;

/// Where the journal of the recording at `path` is, which links to it share.
pub(crate) fn path_of(path: &Path) -> PathBuf {
    let real = fs::canonicalize(path);
    let mut name = real.as_deref().unwrap_or(path).as_os_str().to_owned();
    name.push(".journal");
    PathBuf::from(name)
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
}

/// Looks at what is beside the recording at `path`, which is in `storage`. Writes nothing. What is to be written is protected as is
/// told; who only looks has nothing to tell.
fn look(
    path: &Path,
    storage: &Arc<dyn Storage>,
    encode: EncodeOptions,
    access: &Access,
    protection: Option<&Protection>,
) -> Result<Beside> {
    let journal = path_of(path);
    if !journal.exists() {
        return Ok(Beside::Nothing);
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
    Leftover::new(container, recovered, encode, &access.limits, protection).map(Beside::Rows)
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
        return Ok(found);
    }
    let encode = EncodeOptions::new(Preset::HighPerformance);
    match look(path, &found.storage, encode, access, None) {
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

fn note(text: String, loss: bool) -> Note {
    Note {
        stream: None,
        column: None,
        text,
        loss,
    }
}

/// Puts the rows of the journal into the recording at `path`, whose lock the caller has, and takes the journal away. Killed at any
/// moment, it can be done again: rows that are in the file are not put there twice.
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
    match look(path, storage, encode.clone(), &access, Some(protection))? {
        Beside::Nothing => {}
        Beside::Rows(leftover) => {
            if leftover.has_rows() {
                storage.write_at(leftover.size_bytes, &leftover.more)?;
            }
            // Also where there was nothing to write: whoever wrote it may have been killed before this.
            storage.sync()?;
            if leftover.is_still_needed() {
                return set_aside(path, "rows-between-chunks");
            }
        }
        Beside::Unreadable(error) if error.kind() == ErrorKind::Corrupt => {
            return set_aside(path, "unreadable");
        }
        Beside::Unreadable(error) => return Err(error),
        Beside::Foreign(recovered) => return set_aside(path, &hex(&recovered.file_id)),
    }
    remove(&path_of(path))
}

/// Makes place for a new recording at `path`, whose lock the caller has: what belongs to the file that is replaced goes with it,
/// what does not is set aside.
pub(crate) fn make_way(path: &Path, storage: &Arc<dyn Storage>) -> Result<()> {
    let journal = path_of(path);
    if !journal.exists() {
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

/// Renames a journal that is not of the recording at `path`: its rows are somebody's.
fn set_aside(path: &Path, whose: &str) -> Result<()> {
    let journal = path_of(path);
    for number in 0_u32.. {
        let mut name = journal.clone().into_os_string();
        name.push(match number {
            0 => format!(".{whose}"),
            _ => format!(".{whose}.{number}"),
        });
        let aside = PathBuf::from(name);
        if !aside.exists() {
            fs::rename(&journal, aside)?;
            break;
        }
    }
    Ok(())
}

fn hex(id: &[u8; 16]) -> String {
    export_core::FileId(*id).to_string()
}
