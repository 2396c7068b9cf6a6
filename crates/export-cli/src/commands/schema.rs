//! `exportkit schema`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use clap::Args;
use exportkit::marrow::datatypes::Field;
use exportkit::schema::UNIT_KEY;
use exportkit::{Place, Result, field_type_name};
use serde::Serialize;

use super::info;
use crate::args::{InputArgs, place};
use crate::console::{Console, plain, width};
use crate::exit::Exit;
use crate::json;
use crate::table::{self, Cell, Head};

/// Options of `schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// File of any format, or - for standard input
    #[arg(value_name = "FILE", value_parser = place(), value_hint = clap::ValueHint::FilePath)]
    file: Place,
    #[command(flatten)]
    input: InputArgs,
}

/// The schemas of a file, for programs.
#[derive(Serialize)]
struct Document<'a> {
    streams: Vec<StreamDocument<'a>>,
}

#[derive(Serialize)]
struct StreamDocument<'a> {
    name: &'a str,
    columns: Vec<ColumnDocument<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
}

/// A column, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct ColumnDocument<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    data_type: String,
    nullable: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'a str, &'a str>,
}

impl<'a> ColumnDocument<'a> {
    pub(crate) fn new(field: &'a Field) -> Self {
        let metadata = field
            .metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        Self {
            name: &field.name,
            data_type: field_type_name(field),
            nullable: field.nullable,
            metadata: metadata.collect(),
        }
    }
}

impl Schema {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        let streams = self
            .streams(console)
            .map_err(|e| e.in_file(self.file.to_string()))?;
        if console.json {
            let streams = streams.iter().map(|(name, schema)| StreamDocument {
                name,
                columns: schema.fields.iter().map(ColumnDocument::new).collect(),
                metadata: &schema.metadata,
            });
            json::print(&Document {
                streams: streams.collect(),
            })?;
        } else {
            print(&streams, console)?;
        }
        Ok(Exit::Done)
    }

    /// Name and schema of each stream: from the index of an `.xk` file, else as the first rows have it.
    fn streams(&self, console: &Console) -> Result<Vec<(String, Arc<exportkit::Schema>)>> {
        let options = self.input.open_options(None, console)?;
        if let Some(recording) = info::recording(&self.file, &options)? {
            return Ok(recording
                .streams()
                .into_iter()
                .map(|s| (s.name, s.schema))
                .collect());
        }
        first_schemas(exportkit::open_source(&self.file, &options)?)
    }
}

/// The schemas of the streams whose first batches come before any stream's second.
pub(crate) fn first_schemas(
    mut opened: exportkit::Opened,
) -> Result<Vec<(String, Arc<exportkit::Schema>)>> {
    let mut seen = BTreeSet::new();
    let mut streams = Vec::new();
    while let Some(batch) = opened.source.next_batch()? {
        if !seen.insert(Arc::clone(&batch.stream)) {
            break;
        }
        streams.push((batch.stream.to_string(), Arc::clone(batch.batch.schema())));
    }
    Ok(streams)
}

fn print(streams: &[(String, Arc<exportkit::Schema>)], console: &Console) -> Result<()> {
    let mut out = console.stdout();
    let bold = console.out.bold;
    for (at, (name, schema)) in streams.iter().enumerate() {
        let gap = if at > 0 { "\n" } else { "" };
        writeln!(out, "{gap}{bold}stream {}{bold:#}", plain(name))?;
        let mut rows: Vec<_> = schema.fields.iter().map(cells).collect();
        let mut heads = ["column", "type", "nullable", "unit", "metadata"]
            .map(Head::text)
            .to_vec();
        // Few fields have units and metadata.
        while rows
            .iter()
            .all(|row| row.last().is_some_and(|cell| cell.text.is_empty()))
            && heads.len() > 3
        {
            heads.pop();
            rows.iter_mut().for_each(|row| drop(row.pop()));
        }
        table::write(heads, &rows, width(), console.out, &mut out)?;
    }
    Ok(out.flush()?)
}

fn cells(field: &Field) -> Vec<Cell> {
    let unit = field.metadata.get(UNIT_KEY).map_or("", String::as_str);
    let metadata: BTreeMap<_, _> = field
        .metadata
        .iter()
        .filter(|(key, _)| *key != UNIT_KEY)
        .collect();
    let metadata: Vec<_> = metadata
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    vec![
        plain(&field.name).into(),
        plain(&field_type_name(field)).into(),
        Cell {
            text: String::from(if field.nullable { "yes" } else { "no" }),
            dim: !field.nullable,
        },
        plain(unit).into(),
        plain(&metadata.join(" ")).into(),
    ]
}
