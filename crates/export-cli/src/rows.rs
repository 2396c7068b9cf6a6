//! Printing rows: as tables for people, as NDJSON, CSV or one JSON document for programs.

mod document;
mod kept;
mod print;
mod recorded;
mod reservoir;
mod shown;

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use exportkit::{ConvertOptions, OpenOptions, Place, Recording, Result, Source};

use crate::args::{InputArgs, SelectArgs, place};
use crate::commands::info::recording;
use crate::console::Console;
use crate::exit::Exit;

pub(crate) use kept::Kept;
pub(crate) use print::Printer;
pub(crate) use recorded::Recorded;
pub(crate) use reservoir::Reservoir;

use recorded::damage;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// Columns side by side, fitted to the terminal
    Table,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
}

/// What to print rows of, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct RowsArgs {
    /// File of any format, or - for standard input
    #[arg(value_name = "FILE", value_parser = place(), value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: Place,
    /// How rows are printed [default: table on a terminal, ndjson elsewhere]
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    pub(crate) format: Option<RowFormat>,
    /// Threads that read an .xk file; one a core where not given
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

impl RowsArgs {
    /// How rows are printed.
    pub(crate) fn format(&self) -> RowFormat {
        let terminal = io::stdout().is_terminal();
        self.format.unwrap_or(if terminal {
            RowFormat::Table
        } else {
            RowFormat::Ndjson
        })
    }

    /// How the library is to open the input.
    pub(crate) fn open_options(&self, console: &Console) -> Result<OpenOptions> {
        let mut options = self.input.open_options(Some(&self.select), console)?;
        options.read.threads = self.threads;
        Ok(options)
    }

    /// Prints the rows that `keep` keeps of each stream, which starts at row `first_row` (from 0) where rows before it can
    /// be skipped.
    pub(crate) fn print_kept(
        &self,
        console: &Console,
        first_row: impl Fn(&Recording, &str) -> Result<u64>,
        keep: impl Fn(&mut dyn Source) -> Result<Kept>,
    ) -> Result<Exit> {
        self.print_from(console, first_row, |source, printer| {
            let kept = keep(source).map_err(|error| self.in_input(error))?;
            kept.into_batches()
                .try_for_each(|batch| printer.print(batch?))
        })
    }

    /// Prints all rows of the input.
    pub(crate) fn print_all(&self, console: &Console) -> Result<Exit> {
        match self.format() {
            RowFormat::Ndjson if !console.json => return self.convert_all("ndjson", console),
            RowFormat::Csv if !console.json => return self.convert_all("csv", console),
            _ => {}
        }
        self.print_from(console, from_start, |source, printer| {
            while let Some(batch) = source.next_batch().map_err(|error| self.in_input(error))? {
                console.cancel.check()?;
                printer.print(batch)?;
            }
            Ok(())
        })
    }

    fn convert_all(&self, format: &str, console: &Console) -> Result<Exit> {
        let options = ConvertOptions {
            open: self.open_options(console)?,
            to: Some(format.to_owned()),
            ..ConvertOptions::default()
        };
        let done = exportkit::convert(&self.file, &Place::Standard, &options)?;
        console.notes(&done.notes);
        Ok(if done.has_loss() {
            Exit::Loss
        } else {
            Exit::Done
        })
    }

    /// Prints what `print` takes of each stream, which starts at the row that `first_row` says where it can be skipped to.
    fn print_from(
        &self,
        console: &Console,
        first_row: impl Fn(&Recording, &str) -> Result<u64>,
        print: impl Fn(&mut dyn Source, &mut Printer<'_>) -> Result<()>,
    ) -> Result<Exit> {
        let options = self.open_options(console)?;
        let mut printer = Printer::new(console, self.format());
        let mut notes = Vec::new();
        let mut each = |source: &mut dyn Source| {
            let printed = print(source, &mut printer);
            notes.extend(source.notes());
            printed
        };
        let result = match recording(&self.file, &options)? {
            None => each(&mut *exportkit::open_source(&self.file, &options)?.source),
            Some(file) => {
                let damage = damage(&file, options.read.on_error);
                let damage = damage.map_err(|error| self.in_input(error))?;
                let result = self.streams(&file).into_iter().try_for_each(|stream| {
                    let first_row = first_row(&file, &stream)?;
                    each(&mut Recorded::new(
                        &file,
                        &stream,
                        first_row,
                        &options.read,
                    )?)
                });
                notes.extend(damage);
                result
            }
        };
        console.notes(&notes);
        let exit = if notes.iter().any(|note| note.loss) {
            Exit::Loss
        } else {
            Exit::Done
        };
        printer.finish(result, exit)
    }

    /// The streams wanted, or all there are.
    fn streams(&self, file: &Recording) -> Vec<String> {
        if self.select.stream.is_empty() {
            return file
                .streams()
                .into_iter()
                .map(|stream| stream.name)
                .collect();
        }
        self.select.stream.clone()
    }

    /// Names the input in an error that came up while it was read.
    pub(crate) fn in_input(&self, error: exportkit::Error) -> exportkit::Error {
        error.in_file(self.file.to_string())
    }
}

/// Where reading starts that skips nothing.
pub(crate) fn from_start(_: &Recording, _: &str) -> Result<u64> {
    Ok(0)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::ops::Range;
    use std::sync::Arc;

    use exportkit::marrow::array::{Array, PrimitiveArray};
    use exportkit::marrow::datatypes::{DataType, Field};
    use exportkit::{Batch, Schema, StreamBatch};

    /// A batch of one column that counts.
    pub(crate) fn stream_batch(stream: &str, rows: Range<i64>) -> StreamBatch {
        let field = Field {
            name: String::from("n"),
            data_type: DataType::Int64,
            ..Field::default()
        };
        let schema = Arc::new(Schema::new(vec![field]).unwrap());
        let values: Vec<i64> = rows.collect();
        let (count, validity) = (values.len(), None);
        let column = Array::Int64(PrimitiveArray { validity, values });
        let batch = Batch::new(schema, count, vec![column]).unwrap();
        StreamBatch {
            stream: Arc::from(stream),
            batch,
        }
    }

    /// The numbers of such a batch.
    pub(crate) fn numbers(batch: &Batch) -> Vec<i64> {
        match &batch.columns()[0] {
            Array::Int64(array) => array.values.clone(),
            other => panic!("{other:?}"),
        }
    }
}
