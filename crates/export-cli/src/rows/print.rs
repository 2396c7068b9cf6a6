//! Rows on standard output, batch by batch.

use std::io::{self, Write};
use std::sync::Arc;

use exportkit::{Batch, Error, ExportMetadata, Result, Sink, StreamBatch, WriteOptions, formats};

use super::document::Document;
use super::{RowFormat, shown};
use crate::console::{Console, plain, width};
use crate::exit::Exit;
use crate::failure;
use crate::table::Layout;

/// Rows that a table's columns are measured by; those after them are cut to fit.
const MEASURED: usize = 1000;

/// Prints rows of one or more streams.
pub(crate) enum Printer<'a> {
    /// As tables.
    Tables(Tables<'a>),
    /// As lines of a text format.
    Lines(Lines),
    /// As one JSON document.
    Document(Document<'a>),
}

impl<'a> Printer<'a> {
    pub(crate) fn new(console: &'a Console, format: RowFormat) -> Self {
        match format {
            _ if console.json => Self::Document(Document::new(console)),
            RowFormat::Table => Self::Tables(Tables {
                console,
                stream: None,
                layout: None,
            }),
            RowFormat::Ndjson => Self::Lines(Lines::new("ndjson")),
            RowFormat::Csv => Self::Lines(Lines::new("csv")),
        }
    }

    pub(crate) fn print(&mut self, batch: StreamBatch) -> Result<()> {
        match self {
            Self::Tables(tables) => tables.print(&batch),
            Self::Lines(lines) => lines.print(batch),
            Self::Document(document) => document.write(batch),
        }
    }

    /// Shows what was printed so far; more may follow.
    pub(crate) fn flush(&mut self) -> Result<()> {
        match self {
            Self::Lines(lines) => lines.close(),
            Self::Tables(_) | Self::Document(_) => Ok(io::stdout().flush()?),
        }
    }

    /// Ends the output: completely, or, after an error, as well as can be. Returns how to exit.
    pub(crate) fn finish(self, result: Result<()>, exit: Exit) -> Result<Exit> {
        match (self, result) {
            (Self::Tables(tables), result) => {
                tables.remark_left_out();
                result?;
            }
            (Self::Lines(mut lines), result) => {
                // What came before an error is good.
                let closed = lines.close();
                result.and(closed)?;
            }
            (Self::Document(document), Ok(())) => document.finish()?,
            (Self::Document(document), Err(error)) => {
                if document.is_empty() || error.is_closed_pipe() {
                    return Err(error);
                }
                failure::print(document.console(), &error);
                document.fail(&error)?;
                return Ok(failure::exit(&error));
            }
        }
        Ok(exit)
    }
}

/// A table a stream.
pub(crate) struct Tables<'a> {
    console: &'a Console,
    stream: Option<Arc<str>>,
    layout: Option<Layout>,
}

impl Tables<'_> {
    fn print(&mut self, batch: &StreamBatch) -> Result<()> {
        let (paint, rows) = (self.console.out, &batch.batch);
        let mut out = self.console.stdout();
        // A stream that gained columns starts a new table.
        let goes_on = self.stream.as_ref() == Some(&batch.stream)
            && self
                .layout
                .as_ref()
                .is_some_and(|layout| layout.columns() == rows.columns().len());
        if !goes_on {
            self.remark_left_out();
            self.layout = None;
            if self.stream.is_some() {
                let (name, bold) = (plain(&batch.stream), paint.bold);
                writeln!(out, "\n{bold}{name}{bold:#}")?;
            }
            self.stream = Some(Arc::clone(&batch.stream));
        }
        let layout = match &self.layout {
            Some(layout) => layout,
            None => {
                let layout = measure(rows);
                layout.write_head(paint, &mut out)?;
                self.layout.insert(layout)
            }
        };
        for row in 0..rows.rows() {
            self.console.cancel.check()?;
            layout.write_row(&shown::cells(rows, row), paint, &mut out)?;
        }
        Ok(out.flush()?)
    }

    fn remark_left_out(&self) {
        let Some(layout) = &self.layout else { return };
        if layout.left_out().len() > 0 {
            let names: Vec<_> = layout.left_out().collect();
            let (count, names) = (names.len(), names.join(", "));
            self.console
                .remark(&format!("{count} more columns (see --columns): {names}"));
        }
    }
}

fn measure(batch: &Batch) -> Layout {
    let rows: Vec<_> = (0..batch.rows().min(MEASURED))
        .map(|row| shown::cells(batch, row))
        .collect();
    Layout::new(shown::heads(batch), &rows, width())
}

/// Lines of a text format, for one stream.
pub(crate) struct Lines {
    format: &'static str,
    sink: Option<Box<dyn Sink>>,
    stream: Option<Arc<str>>,
    /// Whether a sink was closed before: the next one goes on where it ended.
    begun: bool,
}

impl Lines {
    fn new(format: &'static str) -> Self {
        Self {
            format,
            sink: None,
            stream: None,
            begun: false,
        }
    }

    fn print(&mut self, batch: StreamBatch) -> Result<()> {
        match &self.stream {
            Some(stream) if *stream != batch.stream => {
                return Err(Error::usage(format!(
                    "there are several streams and {} holds one",
                    self.format
                ))
                .with_hint(format!(
                    "choose one with --stream: {}, {}, …",
                    plain(stream),
                    plain(&batch.stream)
                )));
            }
            _ => self.stream = Some(Arc::clone(&batch.stream)),
        }
        let sink = match &mut self.sink {
            Some(sink) => sink,
            None => self.sink.insert(self.open()?),
        };
        sink.write(batch)
    }

    fn open(&self) -> Result<Box<dyn Sink>> {
        let mut options = WriteOptions {
            name: String::from("-"),
            ..WriteOptions::default()
        };
        if self.begun {
            options
                .extra
                .insert(String::from("csv.header"), String::from("no"));
        }
        formats::named(self.format)?.create(Box::new(io::stdout()), &options)
    }

    fn close(&mut self) -> Result<()> {
        match self.sink.take() {
            None => Ok(()),
            Some(sink) => {
                self.begun = true;
                sink.finish(&ExportMetadata::default()).map(drop)
            }
        }
    }
}
