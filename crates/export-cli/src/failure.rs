//! Errors as users and programs see them.

use exportkit::{Error, ErrorKind, Limits, Position, Result};
use serde::Serialize;

use crate::console::{Console, plain};
use crate::exit::Exit;
use crate::{json, signals};

/// Tells the user what went wrong, where, and what to do next. Returns how to exit.
///
/// A closed pipe is not an error: whoever read our output has what they wanted.
pub(crate) fn report(console: &Console, error: &Error) -> Exit {
    if error.is_closed_pipe() {
        return Exit::Done;
    }
    print(console, error);
    if console.json {
        // Where standard output is what failed, there is nothing left to say.
        _ = json::print(&Document {
            error: ErrorDocument::new(error),
        });
    }
    exit(error)
}

/// How to exit with a verdict that was printed, or could not be: a closed pipe does not change it.
pub(crate) fn after_printing(printed: Result<()>, verdict: Exit) -> Result<Exit> {
    match printed {
        Err(error) if !error.is_closed_pipe() => Err(error),
        _ => Ok(verdict),
    }
}

/// How to exit after `error`.
pub(crate) fn exit(error: &Error) -> Exit {
    match error.kind() {
        ErrorKind::Cancelled => Exit::Signal(signals::received()),
        ErrorKind::Usage => Exit::Usage,
        _ => Exit::No,
    }
}

/// Prints `error` for people, on standard error.
pub(crate) fn print(console: &Console, error: &Error) {
    let (bad, bold) = (console.err.bad, console.err.bold);
    if error.kind() == ErrorKind::Cancelled {
        return console.say("interrupted");
    }
    console.say(&format!("{bad}error:{bad:#} {}", plain(&error.message())));
    if *error.position() != Position::default() {
        console.say(&format!(
            "  {bold}where:{bold:#} {}",
            plain(&error.position().to_string())
        ));
    }
    if let Some(hint) = error.hint() {
        console.say(&format!("  {bold}help:{bold:#} {}", plain(hint)));
        if hint == Limits::HINT {
            console.say("        with --limit NAME=VALUE, whose names --help lists");
        }
    }
}

/// The JSON document of a command that failed.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    pub(crate) error: ErrorDocument<'a>,
}

/// An error, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorDocument<'a> {
    /// What kind of thing went wrong; programs branch on this.
    pub(crate) kind: &'static str,
    /// What went wrong, in words.
    pub(crate) message: String,
    /// Where.
    pub(crate) position: PositionDocument,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<&'a str>,
}

impl<'a> ErrorDocument<'a> {
    pub(crate) fn new(error: &'a Error) -> Self {
        Self {
            kind: kind_name(error.kind()),
            message: error.message(),
            position: PositionDocument::new(error.position()),
            hint: error.hint(),
        }
    }
}

/// A position; parts that are not known are left out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PositionDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

impl PositionDocument {
    pub(crate) fn new(position: &Position) -> Self {
        let Position {
            file,
            stream,
            chunk,
            column,
            block,
            row,
            line,
            offset,
        } = position.clone();
        Self {
            file,
            stream,
            chunk,
            column,
            block,
            row,
            line,
            offset,
        }
    }
}

fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Io => "io",
        ErrorKind::Corrupt => "corrupt",
        ErrorKind::Truncated => "truncated",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Version => "version",
        ErrorKind::Limit => "limit",
        ErrorKind::Memory => "memory",
        ErrorKind::Schema => "schema",
        ErrorKind::Data => "data",
        ErrorKind::Usage => "usage",
        ErrorKind::Exists => "exists",
        ErrorKind::NotFound => "not-found",
        ErrorKind::Key => "key",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::WorkerPanicked => "worker-panicked",
        ErrorKind::Busy => "busy",
        _ => "other",
    }
}
