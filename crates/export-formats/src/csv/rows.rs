//! Records to rows that have one cell a column.

use export_core::{Error, Limits, Note, OnError, ReadOptions, Result};

use super::buffer::Window;
use super::fault::{Damage, Fault};
use super::sample;
use super::split::{Cell, Quoting, Split, split_record};

/// Cells of a block, at about most.
const BLOCK_CELLS: usize = 1 << 20;
/// Bytes added when the window does not hold a whole record.
const MORE_BYTES: usize = 256 << 10;

/// Records to rows that have one cell a column.
pub(super) struct Rows {
    delimiter: u8,
    columns: usize,
    /// Cells that a row may have, faulty rows among them.
    most_cells: usize,
    on_error: OnError,
    record_bytes: u64,
    value_bytes: u64,
    /// Line the window's first byte stands in.
    line: u64,
    /// Rows seen so far, those left out included.
    row: u64,
    /// The block's cells, row by row.
    cells: Vec<Cell>,
    /// Number of each row of the block.
    numbers: Vec<u64>,
    /// Where in the window the block ends.
    end: usize,
    blank: u64,
    /// Cells that rows were filled up with since it was asked.
    filled: u64,
    damage: Damage,
}

impl Rows {
    /// Rows of `columns` cells, the first of which starts at `start` in the window.
    pub(super) fn new(delimiter: u8, columns: usize, start: usize, options: &ReadOptions) -> Self {
        Self {
            delimiter,
            columns,
            most_cells: sample::most_cells(&options.limits),
            on_error: options.on_error,
            record_bytes: sample::record_bytes(&options.limits),
            value_bytes: options.limits.value_bytes,
            line: 1,
            row: 0,
            cells: Vec::new(),
            numbers: Vec::new(),
            end: start,
            blank: 0,
            filled: 0,
            damage: Damage::default(),
        }
    }

    /// The cells of the block's rows in one column.
    pub(super) fn cells_of(&self, column: usize) -> impl Iterator<Item = &Cell> + Clone {
        self.cells
            .chunks_exact(self.columns)
            .filter_map(move |row| row.get(column))
    }

    /// Where in the window the block ends.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Cells that rows were filled up with since the last call.
    pub(super) fn take_filled(&mut self) -> u64 {
        std::mem::take(&mut self.filled)
    }

    /// The number in the file of a row of the block.
    pub(super) fn number(&self, at: usize) -> u64 {
        self.numbers.get(at).copied().unwrap_or_default()
    }

    /// What was not read as it is.
    pub(super) fn notes(&self, stream: &str) -> Vec<Note> {
        let blank = (self.blank > 0).then(|| Note {
            stream: Some(stream.to_owned()),
            column: None,
            text: format!("empty lines were left out ({})", self.blank),
            loss: false,
        });
        self.damage
            .note(stream, self.on_error)
            .into_iter()
            .chain(blank)
            .collect()
    }

    /// Splits up to `max_rows` rows, at least one unless the input is at its end. Returns how many.
    pub(super) fn split_block(&mut self, window: &mut Window, max_rows: usize) -> Result<usize> {
        self.cells.clear();
        self.numbers.clear();
        self.pass(window);
        loop {
            // Where short rows are filled up, cells are many more than bytes.
            while self.numbers.len() < max_rows && self.cells.len() < BLOCK_CELLS {
                let found = split_record(
                    window.bytes(),
                    self.end,
                    self.delimiter,
                    window.at_end(),
                    self.most_cells,
                    &mut self.cells,
                );
                match found {
                    Split::Record { end, malformed } => {
                        self.take_record(window, end, malformed.map(Fault::from))?;
                    }
                    Split::Incomplete => break,
                    Split::TooWide => {
                        let error = sample::too_wide(self.most_cells);
                        return Err(error
                            .at_row(self.row + 1)
                            .at_offset(window.offset_of(self.end)));
                    }
                }
            }
            if !self.numbers.is_empty() || (window.at_end() && self.end >= window.bytes().len()) {
                return Ok(self.numbers.len());
            }
            // Not even one row: only part of a record, or nothing, is left in the window.
            self.pass(window);
            let have = window.bytes().len() - window.start();
            self.check_record_bytes(window.start(), have, window)?;
            // A byte more than a record may have tells that it has too many.
            let most = usize::try_from(self.record_bytes).unwrap_or(usize::MAX);
            let wanted = (have * 2).min(most.saturating_add(1));
            window.fill(wanted.max(have + 1).max(MORE_BYTES))?;
            self.end = window.start();
        }
    }

    /// Consumes the window up to the end of the last block.
    fn pass(&mut self, window: &mut Window) {
        let passed = window
            .bytes()
            .get(window.start()..self.end)
            .unwrap_or_default();
        self.line += lines_in(passed);
        window.consume(self.end);
    }

    /// Fails where the next row, which starts at `start` in the window, has too many bytes.
    fn check_record_bytes(&self, start: usize, bytes: usize, window: &Window) -> Result<()> {
        Limits::check("bytes of one row", bytes as u64, self.record_bytes).map_err(|error| {
            let passed = window.bytes().get(window.start()..start);
            error
                .at_row(self.row + 1)
                .at_line(self.line + lines_in(passed.unwrap_or_default()))
                .at_offset(window.offset_of(start))
                .with_hint("perhaps a quote is not closed in this row")
        })
    }

    /// Judges the record that was split last, from `self.end` to `end`, and keeps, mends or drops its cells.
    fn take_record(&mut self, window: &mut Window, end: usize, fault: Option<Fault>) -> Result<()> {
        let first = self.numbers.len() * self.columns;
        let start = std::mem::replace(&mut self.end, end);
        self.check_record_bytes(start, end - start, window)?;
        let cells = self.cells.get(first..).unwrap_or_default();
        if self.columns > 1 && sample::is_blank(cells, window.bytes()) {
            self.blank += 1;
            self.cells.truncate(first);
            return Ok(());
        }
        self.row += 1;
        let found = cells.len();
        if (end - start) as u64 > self.value_bytes {
            let longest = cells
                .iter()
                .map(|cell| cell.raw(window.bytes()).len())
                .max();
            let longest = longest.unwrap_or(0) as u64;
            Limits::check("bytes of a value", longest, self.value_bytes)
                .map_err(|error| error.at_row(self.row).at_offset(window.offset_of(start)))?;
        }
        let mut fault = fault;
        if end > window.utf8_to() {
            let cells = self.cells.get_mut(first..).unwrap_or_default();
            if hide_invalid(cells, window.bytes()) {
                fault.get_or_insert(Fault::NotUtf8);
            }
            window.check_utf8(end);
        }
        if found != self.columns {
            fault.get_or_insert(Fault::Ragged {
                expected: self.columns,
                found,
            });
        }
        let Some(fault) = fault else {
            self.numbers.push(self.row);
            return Ok(());
        };
        match self.on_error {
            OnError::Fail => return Err(self.error(fault, first, start, window)),
            OnError::Skip => self.cells.truncate(first),
            OnError::Null => {
                self.filled += self.columns.saturating_sub(found) as u64;
                self.cells.resize(first + self.columns, Cell::MISSING);
                self.numbers.push(self.row);
            }
        }
        self.damage.add(self.row, fault);
        Ok(())
    }

    /// The error of a row whose cells start at `first` and whose bytes start at `start`.
    fn error(&self, fault: Fault, first: usize, start: usize, window: &Window) -> Error {
        let cells = self.cells.get(first..).unwrap_or_default();
        let bad = cells
            .iter()
            .position(|cell| cell.quoting == Quoting::Unreadable);
        let at = bad.and_then(|at| cells.get(at)).map_or(start, Cell::start);
        let before = window.bytes().get(window.start()..at).unwrap_or_default();
        let error = fault
            .into_error()
            .at_row(self.row)
            .at_line(self.line + lines_in(before))
            .at_offset(window.offset_of(at));
        match bad {
            Some(at) => error.in_column((at + 1).to_string()),
            None => error,
        }
    }
}

/// Makes cells that are not UTF-8 unreadable. Returns whether there were any.
fn hide_invalid(cells: &mut [Cell], bytes: &[u8]) -> bool {
    let mut any = false;
    for cell in cells {
        if std::str::from_utf8(cell.raw(bytes)).is_err() {
            cell.quoting = Quoting::Unreadable;
            any = true;
        }
    }
    any
}

fn lines_in(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte == b'\n')).sum()
}
