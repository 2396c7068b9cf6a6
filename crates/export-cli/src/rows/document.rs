//! One JSON document of all rows, written as they come: the lines of NDJSON become the elements of an array.

use std::io::{self, Write};
use std::sync::Arc;

use exportkit::{Error, Result, Schema, Sink, StreamBatch, WriteOptions, formats};
use serde::Serialize;

use crate::commands::schema::ColumnDocument;
use crate::console::Console;
use crate::failure::ErrorDocument;

/// `{"streams":[{"name":…,"rows":[…],"columns":[…]},…]}` on standard output.
///
/// The columns come last: their types may widen while rows are read. A stream whose rows come in turn with another's has an
/// entry a turn.
pub(crate) struct Document<'a> {
    console: &'a Console,
    started: bool,
    stream: Option<Stream>,
}

struct Stream {
    name: Arc<str>,
    schema: Arc<Schema>,
    rows: Box<dyn Sink>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(console: &'a Console) -> Self {
        Self {
            console,
            started: false,
            stream: None,
        }
    }

    pub(crate) fn console(&self) -> &'a Console {
        self.console
    }

    pub(crate) fn write(&mut self, batch: StreamBatch) -> Result<()> {
        if self
            .stream
            .as_ref()
            .is_some_and(|stream| stream.name != batch.stream)
        {
            self.close_stream()?;
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let opening = if self.started { "," } else { "{\"streams\":[" };
                let name = serde_json::to_string(&*batch.stream).map_err(io::Error::from)?;
                write!(io::stdout(), "{opening}{{\"name\":{name},\"rows\":[")?;
                self.started = true;
                let rows = elements_on_stdout()?;
                let schema = Arc::clone(batch.batch.schema());
                self.stream.insert(Stream {
                    name: Arc::clone(&batch.stream),
                    schema,
                    rows,
                })
            }
        };
        stream.schema = Arc::clone(batch.batch.schema());
        stream.rows.write(batch)
    }

    fn close_stream(&mut self) -> Result<()> {
        let Some(stream) = self.stream.take() else {
            return Ok(());
        };
        stream.rows.finish(&exportkit::ExportMetadata::default())?;
        let columns: Vec<_> = stream
            .schema
            .fields
            .iter()
            .map(ColumnDocument::new)
            .collect();
        Ok(write!(
            io::stdout(),
            "],\"columns\":{}}}",
            to_json(&columns)?
        )?)
    }

    /// Closes the document.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.close_stream()?;
        let end = if self.started {
            "]}"
        } else {
            "{\"streams\":[]}"
        };
        let mut out = io::stdout();
        writeln!(out, "{end}")?;
        Ok(out.flush()?)
    }

    /// Whether nothing was written so far.
    pub(crate) fn is_empty(&self) -> bool {
        !self.started
    }

    /// Closes a document that has begun and cannot be completed.
    pub(crate) fn fail(mut self, error: &Error) -> Result<()> {
        self.close_stream()?;
        let mut out = io::stdout();
        writeln!(
            out,
            "],\"error\":{}}}",
            to_json(&ErrorDocument::new(error))?
        )?;
        Ok(out.flush()?)
    }
}

fn to_json(document: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(document).map_err(io::Error::from)?)
}

fn elements_on_stdout() -> Result<Box<dyn Sink>> {
    let elements = Elements {
        out: io::stdout(),
        line_ended: false,
    };
    formats::named("ndjson")?.create(Box::new(elements), &WriteOptions::default())
}

/// Turns lines into elements: a line's end becomes a comma as soon as there is another line.
struct Elements<W> {
    out: W,
    line_ended: bool,
}

impl<W: Write> Write for Elements<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (at, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            self.line_ended |= at > 0;
            if !line.is_empty() {
                if std::mem::take(&mut self.line_ended) {
                    self.out.write_all(b",\n")?;
                }
                self.out.write_all(line)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_elements_however_they_are_cut() {
        let lines = b"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";
        for size in 1..=lines.len() {
            let mut elements = Elements {
                out: Vec::new(),
                line_ended: false,
            };
            for part in lines.chunks(size) {
                elements.write_all(part).unwrap();
            }
            assert_eq!(elements.out, b"{\"a\":1},\n{\"a\":2},\n{\"a\":3}");
        }
    }
}
