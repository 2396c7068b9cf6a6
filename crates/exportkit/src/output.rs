//! Outputs that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use export_container::{is_being_written, lock};
use export_core::{Error, ErrorKind, Progress, Result};
use tempfile::NamedTempFile;

use crate::input::Place;

/// What recordings begin with.
const RECORDING: &[u8; 4] = b"\x89XKC";

/// A file being written beside its final name. Dropped before [`Output::publish`], it leaves nothing behind.
///
/// Devices, pipes and the like have no "beside": they are written directly.
#[derive(Debug)]
pub struct Output {
    target: PathBuf,
    name: String,
    overwrite: bool,
    body: Body,
    /// The recording that is replaced, whose lock keeps recorders away until then.
    _replaced: Option<File>,
}

#[derive(Debug)]
enum Body {
    Temporary(NamedTempFile),
    Direct(File),
}

impl Output {
    /// Starts an output that will be called `path`. Fails where that exists, unless `overwrite`, and where it is being recorded.
    pub fn create(path: &Path, overwrite: bool) -> Result<Self> {
        let name = path.display().to_string();
        let existing = match fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::from(error).in_file(name)),
        };
        if let Some(metadata) = &existing {
            if metadata.is_dir() {
                return Err(Error::usage("the output is a directory")
                    .in_file(&name)
                    .with_hint("give the name of a file in it"));
            }
            if !metadata.is_file() {
                let file = OpenOptions::new().write(true).open(path);
                let file = file.map_err(|error| Error::from(error).in_file(&name))?;
                return Ok(Self {
                    target: path.to_owned(),
                    name,
                    overwrite,
                    body: Body::Direct(file),
                    _replaced: None,
                });
            }
            if !overwrite {
                return Err(already_there(&name));
            }
        }
        // A link is followed: what it points at is replaced, not the link.
        let target = if existing.is_some() {
            fs::canonicalize(path).map_err(|error| Error::from(error).in_file(&name))?
        } else {
            path.to_owned()
        };
        refuse_live_journal(&target).map_err(|error| error.in_file(&name))?;
        let replaced = match existing {
            Some(_) => lock_recording(&target).map_err(|error| in_use(error).in_file(&name))?,
            None => None,
        };
        let temporary = temporary_beside(&target, existing.as_ref())
            .map_err(|error| cannot_create(error, &target).in_file(&name))?;
        Ok(Self {
            target,
            name,
            overwrite,
            body: Body::Temporary(temporary),
            _replaced: replaced,
        })
    }

    /// A second handle on the bytes, for a writer that wants to own one.
    pub fn writer(&self) -> Result<Box<dyn Write + Send>> {
        let file = match &self.body {
            Body::Temporary(temporary) => temporary.as_file().try_clone(),
            Body::Direct(file) => file.try_clone(),
        };
        Ok(Box::new(
            file.map_err(|error| Error::from(error).in_file(&self.name))?,
        ))
    }

    /// Makes the bytes durable and gives them their name. Returns how many bytes there are, where that can be told.
    pub fn publish(self) -> Result<u64> {
        let name = self.name;
        let publish = || -> Result<u64> {
            let temporary = match self.body {
                Body::Direct(_) => return Ok(0),
                Body::Temporary(temporary) => temporary,
            };
            temporary.as_file().sync_all()?;
            let size = temporary.as_file().metadata()?.len();
            if self.overwrite {
                temporary
                    .persist(&self.target)
                    .map_err(|error| error.error)?;
            } else {
                temporary
                    .persist_noclobber(&self.target)
                    .map_err(|error| match error.error {
                        error if error.kind() == io::ErrorKind::AlreadyExists => {
                            already_there(&name)
                        }
                        error => Error::from(error),
                    })?;
            }
            sync_directory(&self.target)?;
            // Only now: before, its rows were those of the file that was there.
            crate::journal::leave(&self.target)?;
            Ok(size)
        };
        publish().map_err(|error| error.in_file(&name))
    }
}

/// Fails where `path` is the journal of a recording that is going on.
fn refuse_live_journal(path: &Path) -> Result<()> {
    if path
        .extension()
        .is_none_or(|extension| extension != "journal")
    {
        return Ok(());
    }
    let recording = path.with_extension("");
    // Nobody may ever write to the other end of a pipe.
    if !fs::metadata(&recording).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(());
    }
    match File::open(recording) {
        Ok(recording) if is_being_written(&recording)? => {
            let error = Error::new(
                ErrorKind::Busy,
                "this is the journal of a recording that is being written",
            );
            Err(in_use(error))
        }
        _ => Ok(()),
    }
}

/// The recording at `path`, locked; `None` where it is another file.
fn lock_recording(path: &Path) -> Result<Option<File>> {
    // What cannot be read can be replaced all the same.
    let Ok(mut file) = File::open(path) else {
        return Ok(None);
    };
    let mut start = [0; RECORDING.len()];
    if file.read_exact(&mut start).is_err() || start != *RECORDING {
        return Ok(None);
    }
    lock(&file)?;
    Ok(Some(file))
}

fn in_use(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Busy => error.with_hint("wait until that has finished, or give another name"),
        _ => error,
    }
}

fn already_there(name: &str) -> Error {
    Error::exists("the output exists already")
        .in_file(name)
        .with_hint("overwrite it with --force (-f)")
}

fn cannot_create(error: io::Error, target: &Path) -> Error {
    let missing = error.kind() == io::ErrorKind::NotFound;
    let error = Error::from(error);
    match target.parent() {
        Some(parent) if missing => {
            error.with_hint(format!("create the directory {} first", parent.display()))
        }
        _ => error,
    }
}

pub(crate) fn directory_of(target: &Path) -> &Path {
    target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn temporary_beside(target: &Path, existing: Option<&fs::Metadata>) -> io::Result<NamedTempFile> {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(target.file_name().unwrap_or_default());
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::PermissionsExt;
        existing.map_or_else(
            || fs::Permissions::from_mode(0o666),
            fs::Metadata::permissions,
        )
    };
    #[cfg(unix)]
    builder.permissions(permissions);
    #[cfg(not(unix))]
    let _ = existing;
    builder.tempfile_in(directory_of(target))
}

/// Makes the entry of `target` in its directory durable.
pub(crate) fn sync_directory(target: &Path) -> Result<()> {
    #[cfg(unix)]
    File::open(directory_of(target))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = target;
    Ok(())
}

/// Counts the bytes that pass on their way to a writer as [`Progress::bytes_out`].
pub(crate) struct Counted<W> {
    pub(crate) inner: W,
    pub(crate) progress: Progress,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Compressors take an interruption for a failure.
        let written = loop {
            match self.inner.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => break written?,
            }
        };
        self.progress.add_bytes_out(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The way out of a conversion: through a compressor, where the output's name asks for one.
///
/// The sink owns a writer; what the compressor still holds when the sink is done is written by [`Exit::finish`].
pub(crate) struct Exit(Arc<Mutex<Option<Way>>>);

enum Way {
    Plain(Counted<Box<dyn Write + Send>>),
    #[cfg(feature = "compressed")]
    Compressed(Box<export_formats::compressed::Compressor<Counted<Box<dyn Write + Send>>>>),
}

impl Exit {
    pub(crate) fn new(place: &Place, writer: Counted<Box<dyn Write + Send>>) -> Result<Self> {
        #[cfg(feature = "compressed")]
        if let Place::Path(path) = place
            && let Some(kind) = export_formats::compressed::Compression::from_path(path)
        {
            let compressor = export_formats::compressed::Compressor::new(kind, writer)?;
            let way = Way::Compressed(Box::new(compressor));
            return Ok(Self(Arc::new(Mutex::new(Some(way)))));
        }
        #[cfg(not(feature = "compressed"))]
        let _ = place;
        Ok(Self(Arc::new(Mutex::new(Some(Way::Plain(writer))))))
    }

    pub(crate) fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(Self(Arc::clone(&self.0)))
    }

    pub(crate) fn finish(&self) -> Result<()> {
        let way = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match way {
            Some(Way::Plain(mut writer)) => Ok(writer.flush()?),
            #[cfg(feature = "compressed")]
            Some(Way::Compressed(compressor)) => Ok(compressor.finish()?.flush()?),
            None => Ok(()),
        }
    }
}

impl Write for Exit {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Way::Plain(writer)) => writer.write(bytes),
            #[cfg(feature = "compressed")]
            Some(Way::Compressed(compressor)) => compressor.write(bytes),
            None => Err(io::Error::other("the output is closed")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Way::Plain(writer)) => writer.flush(),
            #[cfg(feature = "compressed")]
            Some(Way::Compressed(compressor)) => compressor.flush(),
            None => Ok(()),
        }
    }
}
