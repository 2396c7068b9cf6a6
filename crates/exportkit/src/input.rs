//! Inputs: a path or standard input, decompressed where needed, and the format they are in.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use export_core::{
    Cancel, Confidence, Error, Format, Input, Limits, Note, Progress, ReadOptions, Result, Source,
    StreamBatch, did_you_mean,
};

use crate::formats;
use crate::wait::Waiting;
use crate::xk::{Xk, XkSource};

/// Bytes looked at to tell what an input is.
const HEAD_BYTES: usize = 64 << 10;

/// Where something is read from or written to: a path, or standard input and output (`-`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file.
    Path(PathBuf),
    /// Standard input or output.
    Standard,
}

impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "-" {
            Self::Standard
        } else {
            Self::Path(text.into())
        })
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Standard => f.write_str("-"),
        }
    }
}

/// How to read an input.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Name of the format; told from content and name where `None`.
    pub format: Option<String>,
    /// Names of the streams wanted; all where `None`.
    pub streams: Option<Vec<String>>,
    /// What the format's source needs to know. The name is filled in from the place where it is still the default.
    pub read: ReadOptions,
}

/// An input that is open: its batches, and what it turned out to be.
pub struct Opened {
    /// The batches.
    pub source: Box<dyn Source>,
    /// Name of its format.
    pub format: &'static str,
    /// Name of the compression around it, if any.
    pub compression: Option<&'static str>,
    /// Size as stored, where it is known.
    pub size_bytes: Option<u64>,
}

/// Opens an input of any format. `.gz`, `.zst`, `.lz4` and `.br` are seen through.
///
/// The format is the one named in `options`, else the one whose signature the content has, else by the ending of the name,
/// else the one that can make most sense of the first bytes.
pub fn open_source(place: &Place, options: &OpenOptions) -> Result<Opened> {
    let name = place.to_string();
    open_named(place, &name, options).map_err(|error| error.in_file(name))
}

fn open_named(place: &Place, name: &str, options: &OpenOptions) -> Result<Opened> {
    let named = options.format.as_deref().map(formats::named).transpose()?;
    let mut read = options.read.clone();
    if read.name == ReadOptions::default().name {
        read.name = stream_name(place);
    }
    if let Some(columns) = &read.columns {
        refuse_twice(columns)?;
    }
    let raw = Raw::open(place, &read.progress, &read.cancel)?;
    let size_bytes = raw.size_bytes();
    let (input, head, compression) = raw.decompressed(place, &read.limits)?;
    if head.is_empty() {
        return Err(Error::data("the input is empty").with_hint("nothing can be read from 0 bytes"));
    }
    let format = match named {
        Some(format) => format,
        None => recognise(place, &head, compression).ok_or_else(|| unknown_format(name))?,
    };
    let input = input.into_input(format, head)?;
    let source = match (place, input) {
        (Place::Path(path), Input::File(file)) if format.name() == Xk.name() => {
            Box::new(XkSource::open_file(path, file, &read)?)
        }
        (_, input) => format.open(input, &read)?,
    };
    let source = match &options.streams {
        Some(streams) => Box::new(Selected::new(source, streams.clone())),
        None => source,
    };
    Ok(Opened {
        source,
        format: format.name(),
        compression,
        size_bytes,
    })
}

/// Fails where a column is asked for twice: no format can hold two of a name.
fn refuse_twice(columns: &[String]) -> Result<()> {
    let mut seen = BTreeSet::new();
    match columns.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Error::usage("the column is asked for twice")
            .in_column(name)
            .with_hint("name each column once")),
    }
}

/// The name a stream takes from its file: the file's name up to the first dot.
fn stream_name(place: &Place) -> String {
    let Place::Path(path) = place else {
        return String::from("rows");
    };
    let stem = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    match stem.split('.').find(|part| !part.is_empty()) {
        Some(part) => part.to_owned(),
        None => String::from("rows"),
    }
}

fn recognise(
    place: &Place,
    head: &[u8],
    compression: Option<&'static str>,
) -> Option<&'static dyn Format> {
    let by_content = formats::by_content(head);
    if let Some((format, Confidence::Yes)) = by_content {
        return Some(format);
    }
    let by_name = match place {
        Place::Standard => None,
        Place::Path(path) if compression.is_some() => {
            formats::by_extension(path).or_else(|| formats::by_extension(&path.with_extension("")))
        }
        Place::Path(path) => formats::by_extension(path),
    };
    by_name.or(by_content.map(|(format, _)| format))
}

fn unknown_format(name: &str) -> Error {
    let names: Vec<_> = formats::all().iter().map(|format| format.name()).collect();
    Error::unsupported("cannot tell what format this is")
        .in_file(name)
        .with_hint(format!(
            "name it with --from; formats are {}",
            names.join(", ")
        ))
}

/// An input before its format is known.
enum Raw {
    File {
        file: File,
        size_bytes: u64,
        progress: Progress,
    },
    Stream(Box<dyn Read + Send>),
}

impl Raw {
    fn open(place: &Place, progress: &Progress, cancel: &Cancel) -> Result<Self> {
        let counted = |inner| {
            Box::new(Counted {
                inner,
                progress: progress.clone(),
            })
        };
        let Place::Path(path) = place else {
            return Ok(Self::Stream(counted(Waiting::stdin(cancel.clone())?)));
        };
        let (file, metadata) = open_file(path)?;
        if metadata.is_file() {
            progress.add_total_bytes_in(metadata.len());
            return Ok(Self::File {
                file,
                size_bytes: metadata.len(),
                progress: progress.clone(),
            });
        }
        Ok(Self::Stream(counted(Waiting::new(file, cancel.clone()))))
    }

    fn size_bytes(&self) -> Option<u64> {
        match self {
            Self::File { size_bytes, .. } => Some(*size_bytes),
            Self::Stream(_) => None,
        }
    }

    /// Sees through one layer of compression. Returns the input, its first bytes (already taken from a stream), and the
    /// compression's name.
    fn decompressed(
        mut self,
        place: &Place,
        limits: &Limits,
    ) -> Result<(Self, Vec<u8>, Option<&'static str>)> {
        let head = self.take_head()?;
        let Some((name, kind)) = compression_of(place, &head) else {
            return Ok((self, head, None));
        };
        let plain = decompress(kind, self.into_stream(head), limits)?;
        let mut plain = Self::Stream(plain);
        let head = plain.take_head()?;
        Ok((plain, head, Some(name)))
    }

    fn take_head(&mut self) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        match self {
            Self::File { file, .. } => {
                (&*file).take(HEAD_BYTES as u64).read_to_end(&mut head)?;
                file.seek(SeekFrom::Start(0))?;
            }
            Self::Stream(stream) => {
                stream.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
            }
        }
        Ok(head)
    }

    fn into_stream(self, head: Vec<u8>) -> Box<dyn Read + Send> {
        match self {
            Self::File { file, progress, .. } => Box::new(Counted {
                inner: file,
                progress,
            }),
            Self::Stream(rest) => Box::new(Cursor::new(head).chain(rest)),
        }
    }

    fn into_input(self, format: &dyn Format, head: Vec<u8>) -> Result<Input> {
        match self {
            Self::File { file, .. } if format.reads_anywhere() => Ok(Input::File(file)),
            raw if format.reads_anywhere() => stored(raw.into_stream(head)).map(Input::File),
            raw => Ok(Input::Stream(raw.into_stream(head))),
        }
    }
}

/// A pipe's bytes as a file without a name, for formats that read back and forth.
pub(crate) fn stored(mut stream: Box<dyn Read + Send>) -> Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut stream, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Opens a file, or says why it cannot be read.
pub(crate) fn open_file(path: &Path) -> Result<(File, fs::Metadata)> {
    if path == Path::new("-") {
        return Err(Error::usage("standard input cannot be read back and forth")
            .with_hint("give the name of a file"));
    }
    let metadata = fs::metadata(path).map_err(|error| not_readable(error, path))?;
    if metadata.is_dir() {
        return Err(Error::usage("the input is a directory").with_hint("give one file of it"));
    }
    Ok((open_at_once(path, &metadata)?, metadata))
}

/// Opens a named pipe without a wait for its writer, which nobody could interrupt: who reads it waits for the first bytes.
#[cfg(target_os = "linux")]
fn open_at_once(path: &Path, metadata: &fs::Metadata) -> io::Result<File> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    let mut options = fs::OpenOptions::new();
    options.read(true);
    if metadata.file_type().is_fifo() {
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

/// Elsewhere a pipe that nobody has written to yet looks like one at its end, so its writer is waited for.
#[cfg(not(target_os = "linux"))]
fn open_at_once(path: &Path, _: &fs::Metadata) -> io::Result<File> {
    File::open(path)
}

/// Opens a file to be read back and forth.
pub(crate) fn open_regular(path: &Path) -> Result<File> {
    let is_other = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    if is_other {
        return Err(Error::usage(
            "the input is a pipe or a device, which cannot be read back and forth",
        )
        .with_hint("copy what comes out of it to a file first"));
    }
    Ok(open_file(path)?.0)
}

fn not_readable(error: io::Error, path: &Path) -> Error {
    let missing = error.kind() == io::ErrorKind::NotFound;
    let error = if missing {
        Error::not_found("there is no such file")
    } else {
        Error::from(error)
    };
    if !missing {
        return error;
    }
    let (Some(wrong), Some(parent)) = (path.file_name().and_then(|n| n.to_str()), path.parent())
    else {
        return error;
    };
    let parent = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    let names: Vec<String> = fs::read_dir(parent)
        .map(|entries| {
            entries
                .flatten()
                .filter_map(|e| e.file_name().into_string().ok())
                .collect()
        })
        .unwrap_or_default();
    match did_you_mean(wrong, names.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean {:?}?", parent.join(near))),
        None => error.with_hint("check the path"),
    }
}

#[cfg(feature = "compressed")]
use export_formats::compressed::Compression;

#[cfg(feature = "compressed")]
fn compression_of(place: &Place, head: &[u8]) -> Option<(&'static str, Compression)> {
    let by_name = match place {
        Place::Path(path) => Compression::from_path(path),
        Place::Standard => None,
    };
    // Brotli has no signature; the others must have theirs, whatever the file is called.
    let kind = Compression::detect(head).or(by_name.filter(|kind| *kind == Compression::Brotli))?;
    Some((kind.name(), kind))
}

#[cfg(feature = "compressed")]
fn decompress(
    kind: Compression,
    stream: Box<dyn Read + Send>,
    limits: &Limits,
) -> Result<Box<dyn Read + Send>> {
    export_formats::compressed::wrap_reader_within(kind, stream, limits)
}

#[cfg(not(feature = "compressed"))]
fn compression_of(_place: &Place, _head: &[u8]) -> Option<(&'static str, Infallible)> {
    None
}

#[cfg(not(feature = "compressed"))]
fn decompress(
    kind: Infallible,
    _stream: Box<dyn Read + Send>,
    _limits: &Limits,
) -> Result<Box<dyn Read + Send>> {
    match kind {}
}

/// Counts the bytes read as [`Progress::bytes_in`].
struct Counted<R> {
    inner: R,
    progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.add_bytes_in(read as u64);
        Ok(read)
    }
}

/// Only some streams of a source.
struct Selected {
    source: Box<dyn Source>,
    wanted: Vec<String>,
    seen: BTreeSet<Arc<str>>,
}

impl Selected {
    fn new(source: Box<dyn Source>, wanted: Vec<String>) -> Self {
        Self {
            source,
            wanted,
            seen: BTreeSet::new(),
        }
    }

    /// Fails where a wanted stream never came.
    fn check_complete(&self) -> Result<()> {
        match self
            .wanted
            .iter()
            .find(|name| !self.seen.contains(name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(Error::no_such(
                "stream",
                name,
                self.seen.iter().map(|name| &**name),
            )),
        }
    }
}

impl Source for Selected {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        while let Some(batch) = self.source.next_batch()? {
            if !self.seen.contains(&batch.stream) {
                self.seen.insert(Arc::clone(&batch.stream));
            }
            if self.wanted.iter().any(|name| **name == *batch.stream) {
                return Ok(Some(batch));
            }
        }
        self.check_complete()?;
        Ok(None)
    }

    fn may_widen(&self) -> bool {
        self.source.may_widen()
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        self.source.metadata()
    }

    fn notes(&self) -> Vec<Note> {
        self.source.notes()
    }
}
