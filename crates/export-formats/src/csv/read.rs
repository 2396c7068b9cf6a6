//! Rows to batches.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use export_core::{
    Batch, Error, Input, Limits, Note, OnError, ReadOptions, Result, Schema, Source, StreamBatch,
};

use super::buffer::Window;
use super::column::{Column, Widened};
use super::fault::{Damage, Fault};
use super::infer::NullRule;
use super::kind::Kind;
use super::options::CsvOptions;
use super::sample::{self, Sample};
use super::split::{Cell, Quoting, Split, split_record};
use super::{HEADER_OPTION, NULL_OPTION, names};

/// Rows that are split before their cells are read, column by column.
const BLOCK_ROWS: usize = 1024;
/// Bytes added when the window does not hold a whole record.
const MORE_BYTES: usize = 256 << 10;
/// Most bytes of a batch: positions of text are 32 bits wide.
const MAX_BATCH_BYTES: usize = 1 << 30;

/// A column of the file that is wanted.
struct Wanted {
    /// Its position in the file.
    at: usize,
    name: String,
    header: Option<String>,
    column: Column,
}

/// The rows of a CSV file as batches.
pub(super) struct CsvSource {
    window: Window,
    rows: Rows,
    wanted: Vec<Wanted>,
    nulls: NullRule,
    stream: Arc<str>,
    schema_metadata: BTreeMap<String, String>,
    complete: bool,
    /// The schema of the last batch, kept as long as no column widens.
    schema: Option<Arc<Schema>>,
    notes: Vec<Note>,
    options: ReadOptions,
    yielded: bool,
    ended: bool,
}

impl CsvSource {
    /// Looks at the start of the input; `delimiter` is that of the format, unless an option says otherwise.
    pub(super) fn open(input: Input, options: &ReadOptions, delimiter: Option<u8>) -> Result<Self> {
        let csv = CsvOptions::new(&options.extra)?;
        let input: Box<dyn Read + Send> = match input {
            Input::File(file) => Box::new(file),
            Input::Stream(stream) => stream,
        };
        let mut window = Window::new(input);
        let Sample { delimiter, header, rows_at, kinds, nulls, complete } =
            sample::take(&mut window, &csv, delimiter, &options.limits)?;
        let before = window.bytes().get(..rows_at).unwrap_or_default();
        let rows = Rows {
            delimiter,
            columns: kinds.len(),
            on_error: options.on_error,
            value_bytes: options.limits.value_bytes,
            line: 1 + lines_in(before),
            row: 0,
            cells: Vec::new(),
            numbers: Vec::new(),
            end: rows_at,
            blank: 0,
            damage: Damage::default(),
        };
        window.consume(rows_at);
        let (all_names, mut notes) = names::of_columns(header.as_deref(), kinds.len(), &options.name);
        if csv.header == Some(false) {
            notes.clear();
        }
        let mut schema_metadata = BTreeMap::new();
        if let Some(name) = nulls.name() {
            schema_metadata.insert(NULL_OPTION.to_owned(), name);
        }
        if header.is_none() {
            schema_metadata.insert(HEADER_OPTION.to_owned(), String::from("no"));
        }
        let wanted = wanted(&all_names, header.as_deref(), &kinds, options.columns.as_deref())?;
        Ok(Self {
            window,
            rows,
            wanted,
            nulls,
            stream: options.name.as_str().into(),
            schema_metadata,
            complete,
            schema: None,
            notes,
            options: options.clone(),
            yielded: false,
            ended: false,
        })
    }

    fn read_batch(&mut self) -> Result<Option<StreamBatch>> {
        let (mut rows, mut bytes) = (0, 0);
        let max_rows = self.options.batch_rows.max(1);
        let max_bytes = self.options.batch_bytes.clamp(1, MAX_BATCH_BYTES);
        while rows < max_rows && bytes < max_bytes {
            self.options.cancel.check()?;
            let block = self.rows.split_block(&mut self.window, BLOCK_ROWS.min(max_rows - rows))?;
            if block == 0 {
                break;
            }
            rows += block;
            self.read_cells();
            bytes = self.wanted.iter().map(|wanted| wanted.column.memory_bytes()).sum();
        }
        if rows == 0 && self.yielded {
            return Ok(None);
        }
        self.yielded = true;
        let schema = Arc::clone(self.schema.get_or_insert_with(|| {
            let fields = self.wanted.iter().map(|wanted| {
                wanted.column.kind().field(&wanted.name, wanted.header.as_deref())
            });
            Arc::new(Schema { fields: fields.collect(), metadata: self.schema_metadata.clone() })
        }));
        let columns = self.wanted.iter_mut().map(|wanted| wanted.column.take()).collect();
        let batch = Batch::new(schema, rows, columns)?;
        Ok(Some(StreamBatch { stream: Arc::clone(&self.stream), batch }))
    }

    /// Reads the cells of the block that was split last.
    fn read_cells(&mut self) {
        let mut widened = Vec::new();
        for wanted in &mut self.wanted {
            let cells = self.rows.cells.chunks_exact(self.rows.columns);
            let cells = cells.filter_map(|row| row.get(wanted.at));
            wanted.column.extend(self.window.bytes(), cells, &self.nulls, &mut widened);
            for Widened { at, from, to } in widened.drain(..) {
                self.schema = None;
                // The first value of a column that had none widens nothing that anyone saw.
                if from == Kind::Null {
                    continue;
                }
                let row = self.rows.numbers.get(at).copied().unwrap_or_default();
                self.notes.push(Note {
                    stream: Some(self.stream.to_string()),
                    column: Some(wanted.name.clone()),
                    text: format!("was widened from {from} to {to} at row {row}"),
                    loss: false,
                });
            }
        }
    }
}

impl Source for CsvSource {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        if self.ended {
            return Ok(None);
        }
        let batch = self.read_batch();
        self.ended = !matches!(batch, Ok(Some(_)));
        batch.map_err(|error| error.in_stream(self.stream.as_ref()))
    }

    fn may_widen(&self) -> bool {
        !self.complete
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.notes.clone();
        notes.extend(self.rows.damage.note(&self.stream, self.options.on_error));
        if self.rows.blank > 0 {
            notes.push(Note {
                stream: Some(self.stream.to_string()),
                column: None,
                text: format!("empty lines were left out ({})", self.rows.blank),
                loss: false,
            });
        }
        notes
    }
}

/// Records to rows that have one cell a column.
struct Rows {
    delimiter: u8,
    columns: usize,
    on_error: OnError,
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
    damage: Damage,
}

impl Rows {
    /// Splits up to `max_rows` rows, at least one unless the input is at its end. Returns how many.
    fn split_block(&mut self, window: &mut Window, max_rows: usize) -> Result<usize> {
        self.cells.clear();
        self.numbers.clear();
        self.pass(window);
        loop {
            while self.numbers.len() < max_rows {
                let found = split_record(
                    window.bytes(),
                    self.end,
                    self.delimiter,
                    window.at_end(),
                    &mut self.cells,
                );
                let Split::Record { end, malformed } = found else { break };
                self.take_record(window, end, malformed.map(Fault::from))?;
            }
            if !self.numbers.is_empty() || (window.at_end() && self.end >= window.bytes().len()) {
                return Ok(self.numbers.len());
            }
            // Not even one row: only part of a record, or nothing, is left in the window.
            self.pass(window);
            let have = window.bytes().len() - window.start();
            self.check_record_bytes(have, window)?;
            window.fill((have * 2).max(MORE_BYTES))?;
            self.end = window.start();
        }
    }

    /// Consumes the window up to the end of the last block.
    fn pass(&mut self, window: &mut Window) {
        let passed = window.bytes().get(window.start()..self.end).unwrap_or_default();
        self.line += lines_in(passed);
        window.consume(self.end);
    }

    fn check_record_bytes(&self, have: usize, window: &Window) -> Result<()> {
        Limits::check("bytes of one row", have as u64, self.value_bytes).map_err(|error| {
            error
                .at_row(self.row + 1)
                .at_line(self.line)
                .at_offset(window.offset_of(window.start()))
                .with_hint("perhaps a quote is not closed in this row")
        })
    }

    /// Judges the record that was split last, from `self.end` to `end`, and keeps, mends or drops its cells.
    fn take_record(&mut self, window: &mut Window, end: usize, fault: Option<Fault>) -> Result<()> {
        let first = self.numbers.len() * self.columns;
        let start = std::mem::replace(&mut self.end, end);
        let cells = self.cells.get(first..).unwrap_or_default();
        if self.columns > 1 && sample::is_blank(cells, window.bytes()) {
            self.blank += 1;
            self.cells.truncate(first);
            return Ok(());
        }
        self.row += 1;
        let found = cells.len();
        let mut fault = fault;
        if end > window.utf8_to() {
            let cells = self.cells.get_mut(first..).unwrap_or_default();
            if hide_invalid(cells, window.bytes()) {
                fault.get_or_insert(Fault::NotUtf8);
            }
            window.check_utf8(end);
        }
        if found != self.columns {
            fault.get_or_insert(Fault::Ragged { expected: self.columns, found });
        }
        let Some(fault) = fault else {
            self.numbers.push(self.row);
            return Ok(());
        };
        match self.on_error {
            OnError::Fail => return Err(self.error(fault, first, start, window)),
            OnError::Skip => self.cells.truncate(first),
            OnError::Null => {
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
        let bad = cells.iter().position(|cell| cell.quoting == Quoting::Unreadable);
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

/// The columns asked for, in the order asked for; all where none are.
fn wanted(
    names: &[String],
    header: Option<&[String]>,
    kinds: &[Kind],
    columns: Option<&[String]>,
) -> Result<Vec<Wanted>> {
    let positions: Vec<usize> = match columns {
        None => (0..names.len()).collect(),
        Some(columns) => columns
            .iter()
            .map(|column| {
                names.iter().position(|name| name == column).ok_or_else(|| {
                    Error::not_found("there is no such column")
                        .in_column(column)
                        .with_hint(format!("columns are {}", names.join(", ")))
                })
            })
            .collect::<Result<_>>()?,
    };
    let column = |at: usize| {
        Some(Wanted {
            at,
            name: names.get(at)?.clone(),
            header: header.and_then(|header| header.get(at)).cloned(),
            column: Column::new(*kinds.get(at)?),
        })
    };
    Ok(positions.into_iter().filter_map(column).collect())
}
