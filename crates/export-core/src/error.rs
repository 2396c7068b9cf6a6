//! The error of every exportkit crate: what went wrong, where, and what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::io;

/// A result with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong. Callers branch on this, not on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused a read, write or file operation.
    Io,
    /// Bytes are not as they were written: a checksum or an invariant failed.
    Corrupt,
    /// The input ends in the middle of something.
    Truncated,
    /// The input is well-formed but is not what this reader can read (an unknown id, type or feature).
    Unsupported,
    /// The input was written by a newer major version of its format.
    Version,
    /// A limit of [`crate::Limits`] would be exceeded.
    Limit,
    /// There is not enough memory.
    Memory,
    /// A schema is invalid, or two schemas do not fit each other.
    Schema,
    /// The content of a row cannot be represented (ragged CSV row, malformed JSON, invalid UTF-8).
    Data,
    /// The caller asked for something that makes no sense.
    Usage,
    /// The output exists already.
    Exists,
    /// The named file, stream or column is not there.
    NotFound,
    /// The file is encrypted or sealed with a key that was not given.
    Key,
    /// The work was cancelled.
    Cancelled,
    /// A worker thread panicked.
    WorkerPanicked,
    /// Somebody else is writing the file.
    Busy,
}

/// Where in the input or output an error happened. Every part is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// File name as the user gave it.
    pub file: Option<String>,
    /// Stream name.
    pub stream: Option<String>,
    /// Chunk, counted from 0 within its stream.
    pub chunk: Option<u64>,
    /// Column name; nested fields joined with dots.
    pub column: Option<String>,
    /// Block, counted from 0 within its column of the chunk.
    pub block: Option<u64>,
    /// Row, counted from 1 as a person would, without the header row.
    pub row: Option<u64>,
    /// Line of a text file, counted from 1.
    pub line: Option<u64>,
    /// Byte offset in the (decompressed, for `.gz` and the like) file.
    pub offset: Option<u64>,
}

/// An error that knows what, where and what to do next. One word wide.
///
/// `Display` prints the cause and the position on one line, without the hint; [`Error::hint`] has that.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    cause: Box<dyn StdError + Send + Sync>,
    position: Position,
    hint: Option<String>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident),* $(,)?) => {
        impl Error {
            $($(#[$doc])*
            pub fn $name(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
                Self::new(ErrorKind::$kind, cause)
            })*
        }
    };
}

constructors! {
    /// An error of kind [`ErrorKind::Corrupt`].
    corrupt => Corrupt,
    /// An error of kind [`ErrorKind::Truncated`].
    truncated => Truncated,
    /// An error of kind [`ErrorKind::Unsupported`].
    unsupported => Unsupported,
    /// An error of kind [`ErrorKind::Version`].
    version => Version,
    /// An error of kind [`ErrorKind::Limit`].
    limit => Limit,
    /// An error of kind [`ErrorKind::Schema`].
    schema => Schema,
    /// An error of kind [`ErrorKind::Data`].
    data => Data,
    /// An error of kind [`ErrorKind::Usage`].
    usage => Usage,
    /// An error of kind [`ErrorKind::Exists`].
    exists => Exists,
    /// An error of kind [`ErrorKind::NotFound`].
    not_found => NotFound,
    /// An error of kind [`ErrorKind::WorkerPanicked`].
    worker_panicked => WorkerPanicked,
    /// An error of kind [`ErrorKind::Busy`].
    busy => Busy,
}

impl Error {
    /// An error of the given kind. `cause` is a typed error (preferred) or a message.
    pub fn new(kind: ErrorKind, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Box::new(Inner {
            kind,
            cause: cause.into(),
            position: Position::default(),
            hint: None,
        }))
    }

    /// The error of work that was cancelled.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled")
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where it happened.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.0.position
    }

    /// What the user can do next, if anything is known to help.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What went wrong, without position and hint.
    #[must_use]
    pub fn message(&self) -> String {
        self.0.cause.to_string()
    }

    /// The operating system's error, where one is the cause.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(&*self.0.cause);
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<io::Error>() {
                return Some(io);
            }
            cause = error.source();
        }
        None
    }

    /// True where the reader of our output went away (a closed pipe), which is not a failure.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        self.io_error()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Whether the same request may succeed when it is made again: it was interrupted, would have had to wait, took too long, or
    /// the network broke down. What a full or broken disk, a missing right or a wrong request says is not transient.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        use io::ErrorKind as Of;
        self.io_error().is_some_and(|error| {
            matches!(
                error.kind(),
                Of::Interrupted
                    | Of::WouldBlock
                    | Of::TimedOut
                    | Of::ConnectionReset
                    | Of::ConnectionAborted
                    | Of::NetworkDown
                    | Of::NetworkUnreachable
                    | Of::HostUnreachable
            )
        })
    }

    /// Names the file, unless a deeper layer has.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.0.position.file.get_or_insert_with(|| file.into());
        self
    }

    /// Names the stream, unless a deeper layer has.
    #[must_use]
    pub fn in_stream(mut self, stream: impl Into<String>) -> Self {
        self.0.position.stream.get_or_insert_with(|| stream.into());
        self
    }

    /// Names the chunk (from 0 within its stream), unless a deeper layer has.
    #[must_use]
    pub fn in_chunk(mut self, chunk: u64) -> Self {
        self.0.position.chunk.get_or_insert(chunk);
        self
    }

    /// Puts a column, or a parent of the column already named, in front.
    #[must_use]
    pub fn in_column(mut self, column: impl AsRef<str>) -> Self {
        let column = column.as_ref();
        self.0.position.column = Some(match self.0.position.column.take() {
            Some(inner) => format!("{column}.{inner}"),
            None => column.to_owned(),
        });
        self
    }

    /// Names the block (from 0 within its column), unless a deeper layer has.
    #[must_use]
    pub fn in_block(mut self, block: u64) -> Self {
        self.0.position.block.get_or_insert(block);
        self
    }

    /// Names the row (from 1, without the header), unless a deeper layer has.
    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.0.position.row.get_or_insert(row);
        self
    }

    /// Names the line (from 1), unless a deeper layer has.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.0.position.line.get_or_insert(line);
        self
    }

    /// Names the byte offset, unless a deeper layer has.
    #[must_use]
    pub fn at_offset(mut self, offset: u64) -> Self {
        self.0.position.offset.get_or_insert(offset);
        self
    }

    /// Moves the byte offset: it was counted from `start` of the input.
    #[must_use]
    pub fn offset_from(mut self, start: u64) -> Self {
        let offset = self.0.position.offset.get_or_insert(0);
        *offset = offset.saturating_add(start);
        self
    }

    /// Says what to do next. The last one wins.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        // An `Error` that travelled through `io::Read` or `io::Write` comes back whole.
        match error.downcast::<Error>() {
            Ok(inner) => inner,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::new(ErrorKind::Truncated, error)
            }
            Err(error) => Self::new(ErrorKind::Io, error),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut part = |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| {
            let result = write!(f, "{separator}{name} {value}");
            separator = ", ";
            result
        };
        if let Some(v) = &self.file {
            part(f, "file", v)?;
        }
        if let Some(v) = &self.stream {
            part(f, "stream", v)?;
        }
        if let Some(v) = &self.chunk {
            part(f, "chunk", v)?;
        }
        if let Some(v) = &self.column {
            part(f, "column", v)?;
        }
        if let Some(v) = &self.block {
            part(f, "block", v)?;
        }
        if let Some(v) = &self.row {
            part(f, "row", v)?;
        }
        if let Some(v) = &self.line {
            part(f, "line", v)?;
        }
        if let Some(v) = &self.offset {
            part(f, "byte", v)?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.cause)?;
        if self.0.position != Position::default() {
            write!(f, " ({})", self.0.position)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("cause", &self.0.cause)
            .field("position", &self.0.position)
            .field("hint", &self.0.hint)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_transient_and_nothing_else() {
        for (kind, transient) in [
            (io::ErrorKind::Interrupted, true),
            (io::ErrorKind::WouldBlock, true),
            (io::ErrorKind::TimedOut, true),
            (io::ErrorKind::ConnectionReset, true),
            (io::ErrorKind::StorageFull, false),
            (io::ErrorKind::PermissionDenied, false),
            (io::ErrorKind::BrokenPipe, false),
        ] {
            assert_eq!(
                Error::from(io::Error::from(kind)).is_transient(),
                transient,
                "{kind}"
            );
        }
        assert!(!Error::data("EAGAIN").is_transient());
        // Also where the system's error is deeper down.
        let inner = Error::from(io::Error::from(io::ErrorKind::TimedOut)).at_offset(7);
        assert!(Error::from(io::Error::new(io::ErrorKind::TimedOut, inner)).is_transient());
    }
}
