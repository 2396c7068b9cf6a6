//! `exportkit du`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use exportkit::{
    ColumnUsage, EncodeOptions, ExplainOptions, Place, Preset, Result, Usage, explain_source,
    field_type_name,
};
use serde::Serialize;

use super::explain;
use super::info::recording;
use crate::args::{InputArgs, place, preset, word_list};
use crate::console::{Console, plain, width};
use crate::exit::Exit;
use crate::table::{self, Cell, Head};
use crate::{json, units};

/// Options of `du`.
#[derive(Debug, Args)]
pub(crate) struct Du {
    /// An .xk file; with --explain a file of any format, or - for standard input
    #[arg(value_name = "FILE", value_parser = place(), value_hint = clap::ValueHint::FilePath)]
    file: Place,
    /// Say for one chunk why its columns are encoded as they are, or would be in an .xk file: what was chosen, what the
    /// runner-up would have cost, and what the values are
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    explained: ExplainArgs,
    #[command(flatten)]
    input: InputArgs,
}

/// What to explain.
#[derive(Debug, Args)]
#[command(next_help_heading = "Explaining")]
struct ExplainArgs {
    /// Only these columns: a,b,c (a comma in a name is typed \,)
    #[arg(long, value_name = "NAMES", value_parser = word_list, requires = "explain")]
    columns: Option<std::vec::Vec<String>>,
    /// Only this stream; may be given more than once
    #[arg(long, value_name = "NAME", requires = "explain")]
    stream: Vec<String>,
    /// The chunk to decode, counted from 0 within its stream; the others are not read
    #[arg(long, value_name = "N", default_value_t = 0, requires = "explain")]
    chunk: u64,
    /// The preset whose choice is explained
    #[arg(long, value_name = "NAME", value_parser = preset(), default_value = "balanced", requires = "explain")]
    preset: Preset,
}

#[derive(Serialize)]
struct Document<'a> {
    file: String,
    size_bytes: u64,
    overhead_bytes: u64,
    streams: Vec<StreamDocument<'a>>,
}

#[derive(Serialize)]
struct StreamDocument<'a> {
    name: &'a str,
    rows: u64,
    chunks: u64,
    stored_bytes: u64,
    columns: Vec<ColumnDocument<'a>>,
}

#[derive(Serialize)]
struct ColumnDocument<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    data_type: String,
    stored_bytes: u64,
    encoded_bytes: u64,
    encodings: Vec<EncodingDocument<'a>>,
}

#[derive(Serialize)]
struct EncodingDocument<'a> {
    name: &'a str,
    stored_bytes: u64,
}

impl Du {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        let file = self.file.to_string();
        if self.explain {
            let explained = self.explained(console);
            explain::show(&explained.map_err(|e| e.in_file(&file))?, console)?;
            return Ok(Exit::Done);
        }
        let path = PathBuf::from(&file);
        let path = match &self.file {
            Place::Path(path) => path,
            Place::Standard => &path,
        };
        let options = self.input.open_options(None, console)?;
        let recording =
            exportkit::open_with(path, options.read.access()).map_err(|e| e.in_file(&file))?;
        let usage = recording.usage().map_err(|e| e.in_file(&file))?;
        if console.json {
            json::print(&document(file, &usage))?;
        } else {
            print(&usage, console)?;
        }
        Ok(Exit::Done)
    }
}

impl Du {
    fn explained(&self, console: &Console) -> Result<explain::Explained> {
        let asked = &self.explained;
        let mut open = self.input.open_options(None, console)?;
        let streams = (!asked.stream.is_empty()).then(|| asked.stream.clone());
        let options = ExplainOptions {
            streams,
            columns: asked.columns.clone(),
            chunk: asked.chunk,
            encode: EncodeOptions::new(asked.preset),
        };
        let (format, chunks) = match recording(&self.file, &open)? {
            Some(recording) => ("xk", recording.explain(&options)?),
            None => {
                open.streams.clone_from(&options.streams);
                let mut opened = exportkit::open_source(&self.file, &open)?;
                let chunk = explain_source(&mut *opened.source, &options)?;
                (opened.format, vec![chunk])
            }
        };
        Ok(explain::Explained {
            file: self.file.to_string(),
            format,
            preset: asked.preset,
            chunks,
        })
    }
}

fn document(file: String, usage: &Usage) -> Document<'_> {
    let streams = usage.streams.iter().map(|stream| StreamDocument {
        name: &stream.name,
        rows: stream.rows,
        chunks: stream.chunks,
        stored_bytes: stream.stored_bytes,
        columns: stream.columns.iter().map(ColumnDocument::new).collect(),
    });
    Document {
        file,
        size_bytes: usage.size_bytes,
        overhead_bytes: usage.overhead_bytes,
        streams: streams.collect(),
    }
}

impl<'a> ColumnDocument<'a> {
    fn new(column: &'a ColumnUsage) -> Self {
        let encodings = column.encodings.iter();
        Self {
            name: &column.field.name,
            data_type: field_type_name(&column.field),
            stored_bytes: column.stored_bytes,
            encoded_bytes: column.encoded_bytes,
            encodings: encodings
                .map(|(name, stored_bytes)| EncodingDocument {
                    name,
                    stored_bytes: *stored_bytes,
                })
                .collect(),
        }
    }
}

fn print(usage: &Usage, console: &Console) -> Result<()> {
    let size_bytes = usage.size_bytes;
    let mut rows = Vec::new();
    for stream in &usage.streams {
        for column in &stream.columns {
            rows.push(cells(&stream.name, column, size_bytes));
        }
    }
    let overhead = (
        usage.overhead_bytes,
        String::from("headers, directories, index, padding"),
    );
    rows.push(line(
        [dim("(overhead)"), dim(""), dim("")],
        overhead,
        size_bytes,
    ));
    let heads = vec![
        Head::text("stream"),
        Head::text("column"),
        Head::text("type"),
        Head::number("stored"),
        Head::number("share"),
        Head::text("encodings"),
    ];
    let mut out = console.stdout();
    table::write(heads, &rows, width(), console.out, &mut out)?;
    let bold = console.out.bold;
    writeln!(out, "{bold}{} in all{bold:#}", units::bytes(size_bytes))?;
    Ok(out.flush()?)
}

fn cells(stream: &str, column: &ColumnUsage, size_bytes: u64) -> Vec<Cell> {
    let data_type = field_type_name(&column.field);
    let names = [stream, &column.field.name, &data_type].map(|name| plain(name).into());
    let encodings = column
        .encodings
        .iter()
        .map(|(name, stored)| match column.encodings.len() {
            1 => name.clone(),
            _ => format!("{name} {}", units::bytes(*stored)),
        });
    let encodings = plain(&encodings.collect::<Vec<_>>().join(", "));
    line(names, (column.stored_bytes, encodings), size_bytes)
}

fn line(names: [Cell; 3], stored: (u64, String), size_bytes: u64) -> Vec<Cell> {
    let (stored_bytes, encodings) = stored;
    let mut cells = Vec::from(names);
    cells.extend([
        units::bytes(stored_bytes).into(),
        units::share(stored_bytes, size_bytes).into(),
        encodings.into(),
    ]);
    cells
}

fn dim(text: &str) -> Cell {
    Cell {
        text: text.to_owned(),
        dim: true,
    }
}
