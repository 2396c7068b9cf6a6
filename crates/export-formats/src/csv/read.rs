//! Rows to batches.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use export_core::{
    Batch, Error, Input, Note, ReadOptions, Result, Schema, Source, StreamBatch, Tally,
};

use super::buffer::Window;
use super::column::{Column, Widened};
use super::infer::NullRule;
use super::kind::Kind;
use super::options::CsvOptions;
use super::rows::Rows;
use super::sample::{self, Sample};
use super::{HEADER_OPTION, NULL_OPTION, names};

/// Rows that are split before their cells are read, column by column.
const BLOCK_ROWS: usize = 1024;
/// What a cell costs that a row lacks and is filled up with, as if it had been read.
const FILLED_BYTES: u64 = 8;
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
    tally: Tally,
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
        let Sample {
            delimiter,
            header,
            rows_at,
            kinds,
            nulls,
            complete,
        } = sample::take(&mut window, &csv, delimiter, &options.limits)?;
        let rows = Rows::new(delimiter, kinds.len(), rows_at, options);
        let (all_names, mut notes) =
            names::of_columns(header.as_deref(), kinds.len(), &options.name);
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
        let wanted = wanted(
            &all_names,
            header.as_deref(),
            &kinds,
            options.columns.as_deref(),
        )?;
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
            tally: Tally::new(&options.limits),
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
            let block = self
                .rows
                .split_block(&mut self.window, BLOCK_ROWS.min(max_rows - rows))?;
            if block == 0 {
                break;
            }
            rows += block;
            self.read_cells();
            bytes = self
                .wanted
                .iter()
                .map(|wanted| wanted.column.memory_bytes())
                .sum();
            self.tally
                .add(self.rows.take_filled().saturating_mul(FILLED_BYTES));
            self.tally.check_ratio(bytes as u64, self.taken())?;
        }
        if rows == 0 && self.yielded {
            return Ok(None);
        }
        self.yielded = true;
        let schema = Arc::clone(self.schema.get_or_insert_with(|| {
            let fields = self.wanted.iter().map(|wanted| {
                wanted
                    .column
                    .kind()
                    .field(&wanted.name, wanted.header.as_deref())
            });
            Arc::new(Schema {
                fields: fields.collect(),
                metadata: self.schema_metadata.clone(),
            })
        }));
        let columns = self
            .wanted
            .iter_mut()
            .map(|wanted| wanted.column.take())
            .collect();
        let batch = Batch::new(schema, rows, columns)?;
        self.tally.take_text(&batch, self.taken())?;
        Ok(Some(StreamBatch {
            stream: Arc::clone(&self.stream),
            batch,
        }))
    }

    /// Bytes of the file up to the end of the last row.
    fn taken(&self) -> u64 {
        self.window.offset_of(self.rows.end())
    }

    /// Reads the cells of the block that was split last.
    fn read_cells(&mut self) {
        let mut widened = Vec::new();
        for wanted in &mut self.wanted {
            let cells = self.rows.cells_of(wanted.at);
            wanted
                .column
                .extend(self.window.bytes(), cells, &self.nulls, &mut widened);
            for Widened { at, from, to } in widened.drain(..) {
                self.schema = None;
                // The first value of a column that had none widens nothing that anyone saw.
                if from == Kind::Null {
                    continue;
                }
                let row = self.rows.number(at);
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
        notes.extend(self.rows.notes(&self.stream));
        notes
    }
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
                    Error::no_such("column", column, names.iter().map(String::as_str))
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
