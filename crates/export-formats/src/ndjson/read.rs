//! Lines to batches.

use std::io::Read;
use std::sync::Arc;

use export_core::build::{Nullability, RowBuilder};
use export_core::{
    Cancel, Error, ErrorKind, Input, Note, OnError, ReadOptions, Result, Source, StreamBatch, Tally,
};

use super::lines::{Line, Lines};
use super::options;
use super::parse::Parser;

/// How many rows, and how many bytes of lines, may pass before the size of the batch is looked at again.
const UNMEASURED_ROWS: usize = 16;
const UNMEASURED_BYTES: usize = 64 << 10;

/// What a cell costs, as if it were a number.
const CELL_BYTES: u64 = 8;

pub(super) struct NdjsonSource {
    stream: Arc<str>,
    lines: Lines<Box<dyn Read + Send>>,
    parser: Parser,
    rows: RowBuilder,
    on_error: OnError,
    batch_rows: usize,
    batch_bytes: usize,
    cancel: Cancel,
    /// Rows read, those left out counted.
    row: u64,
    faulty: Faulty,
    state: State,
    tally: Tally,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No batch was given yet.
    Fresh,
    Given,
    /// All was given, or reading failed.
    Over,
}

/// Rows that could not be represented.
#[derive(Default)]
struct Faulty {
    count: u64,
    first: Option<Error>,
}

impl NdjsonSource {
    pub(super) fn new(input: Input, options: &ReadOptions) -> Result<Self> {
        options::nulls(&options.extra)?;
        let input: Box<dyn Read + Send> = match input {
            Input::File(file) => Box::new(file),
            Input::Stream(stream) => stream,
        };
        let mut rows = RowBuilder::with(&options.limits, Nullability::Always);
        for name in options.columns.iter().flatten() {
            rows.declare(name)?;
        }
        Ok(Self {
            stream: options.name.as_str().into(),
            lines: Lines::new(
                input,
                options.limits.record_bytes.min(options.limits.memory_bytes),
            ),
            parser: Parser::new(&options.limits, options.columns.as_deref()),
            rows,
            on_error: options.on_error,
            batch_rows: options.batch_rows.max(1),
            batch_bytes: options.batch_bytes,
            cancel: options.cancel.clone(),
            row: 0,
            faulty: Faulty::default(),
            state: State::Fresh,
            tally: Tally::new(&options.limits),
        })
    }

    /// Reads rows until the batch is full; whether there may be more.
    fn fill(&mut self) -> Result<bool> {
        let (mut unmeasured_rows, mut unmeasured_bytes) = (0, 0);
        while self.rows.rows() < self.batch_rows {
            self.cancel.check()?;
            let Some(line) = self.lines.next()? else {
                return Ok(false);
            };
            self.row += 1;
            unmeasured_rows += 1;
            unmeasured_bytes += line.bytes.len();
            let result = match self.on_error {
                OnError::Fail => self.parser.row(&line, &mut self.rows),
                // Types learnt from half a row would stay: look at it whole first.
                OnError::Skip | OnError::Null => {
                    add_checked(&mut self.parser, &line, &mut self.rows)
                }
            };
            if let Err(error) = result {
                self.faulty
                    .take(error.at_row(self.row), self.on_error, &mut self.rows)?;
            }
            if unmeasured_rows >= UNMEASURED_ROWS || unmeasured_bytes >= UNMEASURED_BYTES {
                let bytes = self.rows.memory_bytes();
                let cost = (bytes as u64).max(self.cells_bytes());
                // Each row has all keys that any row before it had.
                let error = |error: Error| {
                    error.at_row(self.row).with_hint(
                        "rows have ever new keys, each a column: raise the limit if that is what you want",
                    )
                };
                self.tally
                    .check_ratio(cost, self.lines.offset())
                    .map_err(error)?;
                if bytes >= self.batch_bytes {
                    break;
                }
                (unmeasured_rows, unmeasured_bytes) = (0, 0);
            }
        }
        Ok(true)
    }

    /// What the cells of the batch cost, those without a value included: a column of nulls takes no memory, and time.
    fn cells_bytes(&self) -> u64 {
        let cells = (self.rows.rows() as u64).saturating_mul(self.rows.columns() as u64);
        cells.saturating_mul(CELL_BYTES)
    }

    fn read_batch(&mut self) -> Result<Option<StreamBatch>> {
        let more = self.fill()?;
        if !more {
            if let Some(name) = self.parser.missing().filter(|_| self.row > 0) {
                return Err(Error::not_found(format!("no row has a column {name:?}")));
            }
            if self.rows.rows() == 0 && self.state == State::Given {
                self.state = State::Over;
                return Ok(None);
            }
        }
        self.state = if more { State::Given } else { State::Over };
        let cells_bytes = self.cells_bytes();
        let batch = self.rows.take_batch()?;
        self.tally
            .add(cells_bytes.saturating_sub(batch.memory_bytes() as u64));
        self.tally.take_text(&batch, self.lines.offset())?;
        Ok(Some(StreamBatch {
            stream: Arc::clone(&self.stream),
            batch,
        }))
    }
}

fn add_checked(parser: &mut Parser, line: &Line<'_>, rows: &mut RowBuilder) -> Result<()> {
    parser.check(line)?;
    parser.row(line, rows)
}

impl Faulty {
    /// Does what is to be done with a row that failed.
    fn take(&mut self, error: Error, on_error: OnError, rows: &mut RowBuilder) -> Result<()> {
        use ErrorKind::{Data, Limit, Truncated};
        let is_rows_own = matches!(error.kind(), Data | Limit | Truncated);
        if on_error == OnError::Fail || !is_rows_own {
            return Err(error);
        }
        rows.rollback();
        if on_error == OnError::Null {
            rows.end_row();
        }
        self.count += 1;
        self.first.get_or_insert(error);
        Ok(())
    }

    fn note(&self, on_error: OnError) -> Option<Note> {
        let first = self.first.as_ref()?;
        let what = if on_error == OnError::Null {
            "kept as rows of nulls"
        } else {
            "left out"
        };
        Some(Note {
            stream: None,
            column: None,
            text: format!("{} faulty rows were {what}; the first: {first}", self.count),
            loss: true,
        })
    }
}

impl Source for NdjsonSource {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        if self.state == State::Over {
            return Ok(None);
        }
        self.read_batch().inspect_err(|_| self.state = State::Over)
    }

    fn may_widen(&self) -> bool {
        true
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.rows.notes();
        notes.extend(self.faulty.note(self.on_error));
        for note in &mut notes {
            note.stream = Some(self.stream.to_string());
        }
        notes
    }
}
