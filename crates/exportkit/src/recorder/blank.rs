//! A file to record to, open and locked.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use export_container::{FileStorage, Retrying, lock};
use export_core::{Error, FileId, Result, Storage};
use export_journal::{BootId, Journal};

use super::{Durability, Permissions, RecordOptions};
use crate::journal;

/// Where a recording is to be stored.
pub(super) struct Blank {
    pub(super) storage: Arc<dyn Storage>,
    /// For errors.
    pub(super) name: String,
    /// Where it is a file.
    pub(super) path: Option<PathBuf>,
    pub(super) is_new: bool,
    /// Whether the file was made for this.
    pub(super) is_created: bool,
}

/// How to take a file away that was made for nothing.
pub(super) struct Undo {
    path: Option<PathBuf>,
    /// Has the file's lock until then.
    _storage: Arc<dyn Storage>,
}

impl Undo {
    pub(super) fn discard(self) {
        if let Some(path) = self.path {
            discard(&path);
        }
    }
}

impl Blank {
    /// A new file at `path`, whose name is durable.
    pub(super) fn create(path: &Path, options: &RecordOptions) -> Result<Self> {
        let create = || -> Result<(File, bool)> {
            journal::check_promise(options.durability, BootId::read)?;
            let (file, is_created) = create(path, options)?;
            // Only who has the lock may change a file that was there.
            lock(&file)?;
            if let Err(error) = empty(&file, path, options) {
                if is_created {
                    discard(path);
                }
                return Err(error);
            }
            Ok((file, is_created))
        };
        create()
            .map(|(file, is_created)| Self {
                is_created,
                ..Self::of(file, path, options, true)
            })
            .map_err(|error| in_file(error, path))
    }

    /// Takes the file away, where it was made for this.
    pub(super) fn undo(&self) -> Undo {
        Undo {
            path: self.path.clone().filter(|_| self.is_created),
            _storage: Arc::clone(&self.storage),
        }
    }

    /// A file that is there, with the rows that its journal may have; a new one where nothing is in it.
    pub(super) fn open(path: &Path, options: &RecordOptions) -> Result<Self> {
        let open = || -> Result<(File, bool)> {
            journal::check_promise(options.durability, BootId::read)?;
            let file = OpenOptions::new().read(true).write(true).open(path);
            let file = file.map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => Error::not_found(error),
                _ => Error::from(error),
            })?;
            lock(&file)?;
            if file.metadata()?.len() == 0 {
                // Whoever made it was killed before the header.
                empty(&file, path, options)?;
                return Ok((file, true));
            }
            journal::bring_in(
                path,
                &storage(file.try_clone()?),
                &options.encode,
                &options.protection,
            )?;
            Ok((file, false))
        };
        open()
            .map(|(file, is_new)| Self::of(file, path, options, is_new))
            .map_err(|error| in_file(error, path))
    }

    fn of(file: File, path: &Path, options: &RecordOptions, is_new: bool) -> Self {
        Self {
            storage: match options.durability {
                Durability::None => storage(file),
                _ => Arc::new(Retrying::new(FileStorage::growing(file))),
            },
            name: path.display().to_string(),
            path: Some(path.to_owned()),
            is_new,
            is_created: false,
        }
    }

    /// Starts the journal of the recording `file`, where it is to have one, with room for rows: where there can be none, a recording
    /// is not started rather than slow for ever.
    pub(super) fn journal(&self, options: &RecordOptions, file: FileId) -> Result<Option<Journal>> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        if options.durability == Durability::None {
            return Ok(None);
        }
        let journal = export_journal::Options {
            capacity_bytes: options.journal_bytes,
            mode: mode(path)?,
            ..export_journal::Options::default()
        };
        let journal = Journal::create(journal::path_of(path), file.0, &journal);
        let journal = journal.and_then(|journal| match journal.lane("").begin(b"", 0) {
            Ok(_) => Ok(journal),
            Err(error) => {
                // That it cannot be used is what there is to tell.
                drop(journal.remove());
                Err(error)
            }
        });
        journal.map(Some).map_err(|error| {
            let hint = "record with `Durability::None` where there can be no journal";
            match error.hint() {
                Some(_) => error,
                None => error.with_hint(hint),
            }
        })
    }
}

/// Takes a file away that was made for nothing.
fn discard(path: &Path) {
    // It is empty or half a copy: whoever made it reports what went wrong.
    drop(fs::remove_file(path));
}

/// Makes a new recording's file of one that may have been there.
fn empty(file: &File, path: &Path, options: &RecordOptions) -> Result<()> {
    #[cfg(unix)]
    if options.overwrite && options.permissions == Permissions::Owner {
        use std::os::unix::fs::PermissionsExt;
        // One that was there keeps its mode otherwise.
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = options;
    journal::make_way(path, &storage(file.try_clone()?))?;
    file.set_len(0)?;
    crate::output::sync_directory(path)
}

fn storage(file: File) -> Arc<dyn Storage> {
    Arc::new(Retrying::new(FileStorage::new(file)))
}

/// Whoever may read the recording may read its journal.
fn mode(path: &Path) -> Result<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Ok(fs::metadata(path)?.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(0o600)
    }
}

fn in_file(error: Error, path: &Path) -> Error {
    error.in_file(path.display().to_string())
}

/// Opens the file, and says whether it was not there.
fn create(path: &Path, options: &RecordOptions) -> Result<(File, bool)> {
    let mut open = OpenOptions::new();
    open.read(true).write(true);
    #[cfg(unix)]
    if options.permissions == Permissions::Owner {
        use std::os::unix::fs::OpenOptionsExt;
        open.mode(0o600);
    }
    match open.clone().create_new(true).open(path) {
        Ok(file) => Ok((file, true)),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        // Made anew where it is gone by now, or where it is a link to no file.
        Err(_) if options.overwrite => Ok((open.create(true).open(path)?, false)),
        Err(_) => Err(Error::exists("the recording exists already")
            .with_hint("append to it, overwrite it, or give another name")),
    }
}
