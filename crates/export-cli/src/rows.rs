//! Printing rows: as tables for people, as NDJSON, CSV or one JSON document for programs.

mod document;
mod kept;
mod print;
mod reservoir;
mod shown;

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use exportkit::{ConvertOptions, OpenOptions, Opened, Place, Result, Source};

use crate::args::{InputArgs, SelectArgs, place};
use crate::commands::info::recording;
use crate::console::Console;
use crate::exit::Exit;

pub(crate) use kept::Kept;
pub(crate) use print::Printer;
pub(crate) use reservoir::Reservoir;

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
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

impl RowsArgs {
    /// How rows are printed.
    pub(crate) fn format(&self) -> RowFormat {
        let terminal = io::stdout().is_terminal();
        self.format.unwrap_or(if terminal { RowFormat::Table } else { RowFormat::Ndjson })
    }

    /// How the library is to open the input.
    pub(crate) fn open_options(&self, console: &Console) -> OpenOptions {
        self.input.open_options(Some(&self.select), console)
    }

    /// Prints the rows that `keep` keeps of the input, stream by stream where it can be read so.
    pub(crate) fn print_kept(
        &self,
        console: &Console,
        keep: impl Fn(&mut dyn Source) -> Result<Kept>,
    ) -> Result<Exit> {
        self.print(console, |source, printer| {
            let kept = keep(source).map_err(|error| self.in_input(error))?;
            kept.into_batches().try_for_each(|batch| printer.print(batch?))
        })
    }

    /// Prints all rows of the input.
    pub(crate) fn print_all(&self, console: &Console) -> Result<Exit> {
        match self.format() {
            RowFormat::Ndjson if !console.json => return self.convert_all("ndjson", console),
            RowFormat::Csv if !console.json => return self.convert_all("csv", console),
            _ => {}
        }
        self.print(console, |source, printer| {
            while let Some(batch) = source.next_batch().map_err(|error| self.in_input(error))? {
                console.cancel.check()?;
                printer.print(batch)?;
            }
            Ok(())
        })
    }

    fn convert_all(&self, format: &str, console: &Console) -> Result<Exit> {
        let options = ConvertOptions {
            open: self.open_options(console),
            to: Some(format.to_owned()),
            ..ConvertOptions::default()
        };
        let done = exportkit::convert(&self.file, &Place::Standard, &options)?;
        console.notes(&done.notes);
        Ok(if done.has_loss() { Exit::Loss } else { Exit::Done })
    }

    fn print(
        &self,
        console: &Console,
        print: impl Fn(&mut dyn Source, &mut Printer<'_>) -> Result<()>,
    ) -> Result<Exit> {
        let mut printer = Printer::new(console, self.format());
        let mut notes = Vec::new();
        let mut result = Ok(());
        for opened in self.sources(console)? {
            result = opened.and_then(|mut opened| {
                let result = print(&mut *opened.source, &mut printer);
                notes.extend(opened.source.notes());
                result
            });
            if result.is_err() {
                break;
            }
        }
        console.notes(&notes);
        let exit = if notes.iter().any(|note| note.loss) { Exit::Loss } else { Exit::Done };
        printer.finish(result, exit)
    }

    /// The input; an `.xk` file stream by stream, each opened on its own.
    fn sources(&self, console: &Console) -> Result<impl Iterator<Item = Result<Opened>>> {
        let options = self.open_options(console);
        let streams: Vec<Option<Vec<String>>> = match &options.streams {
            None => match recording(&self.file, &options)? {
                Some(file) => file.streams().into_iter().map(|s| Some(vec![s.name])).collect(),
                None => vec![None],
            },
            Some(names) => names.iter().map(|name| Some(vec![name.clone()])).collect(),
        };
        // Standard input comes once.
        let streams = if self.file == Place::Standard { vec![options.streams.clone()] } else { streams };
        Ok(streams.into_iter().map(move |streams| {
            exportkit::open_source(&self.file, &OpenOptions { streams, ..options.clone() })
        }))
    }

    /// Names the input in an error that came up while it was read.
    pub(crate) fn in_input(&self, error: exportkit::Error) -> exportkit::Error {
        error.in_file(self.file.to_string())
    }
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
        let field =
            Field { name: String::from("n"), data_type: DataType::Int64, ..Field::default() };
        let schema = Arc::new(Schema::new(vec![field]).unwrap());
        let values: Vec<i64> = rows.collect();
        let (count, validity) = (values.len(), None);
        let column = Array::Int64(PrimitiveArray { validity, values });
        let batch = Batch::new(schema, count, vec![column]).unwrap();
        StreamBatch { stream: Arc::from(stream), batch }
    }

    /// The numbers of such a batch.
    pub(crate) fn numbers(batch: &Batch) -> Vec<i64> {
        match &batch.columns()[0] {
            Array::Int64(array) => array.values.clone(),
            other => panic!("{other:?}"),
        }
    }
}
