//! What can be wrong with a row.

use export_core::{Error, Note, OnError};
use thiserror::Error;

use super::split::Malformed;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Fault {
    #[error("the row has {found} cells where there are {expected} columns")]
    Ragged { expected: usize, found: usize },
    #[error("text follows the closing quote of a cell")]
    AfterQuote,
    #[error("a quoted cell is not closed before the end of the input")]
    Unclosed,
    #[error("a cell is not UTF-8")]
    NotUtf8,
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::AfterQuote => Self::AfterQuote,
            Malformed::Unclosed => Self::Unclosed,
        }
    }
}

impl Fault {
    pub(super) fn into_error(self) -> Error {
        let hint = match self {
            Self::Ragged { .. } => {
                "leave such rows out with --on-error skip, or fill them with nulls with --on-error null"
            }
            Self::AfterQuote => "write a quote inside of a quoted cell as two quotes",
            Self::Unclosed => "close the quote, or leave the row out with --on-error skip",
            Self::NotUtf8 => "convert the file first, with iconv -f latin1 -t utf-8 perhaps",
        };
        match self {
            Self::Unclosed => Error::truncated(self),
            _ => Error::data(self),
        }
        .with_hint(hint)
    }
}

/// Rows that were not read as they are.
#[derive(Debug, Default)]
pub(super) struct Damage {
    rows: u64,
    first: Option<(u64, Fault)>,
}

impl Damage {
    pub(super) fn add(&mut self, row: u64, fault: Fault) {
        self.rows += 1;
        self.first.get_or_insert((row, fault));
    }

    pub(super) fn note(&self, stream: &str, on_error: OnError) -> Option<Note> {
        let (row, fault) = self.first?;
        let done = match on_error {
            OnError::Null => "have nulls in place of what could not be read",
            _ => "were left out",
        };
        let text = match self.rows {
            1 => format!("row {row} was damaged ({fault}): such rows {done}"),
            rows => format!("{rows} damaged rows {done}, the first of them row {row} ({fault})"),
        };
        Some(Note {
            stream: Some(stream.to_owned()),
            column: None,
            text,
            loss: true,
        })
    }
}
