//! `exportkit info`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};

use clap::Args;
use exportkit::marrow::datatypes::TimeUnit;
use exportkit::value::Value;
use exportkit::{ExportMetadata, OpenOptions, Place, Recording, Result, formats, text};
use serde::Serialize;

use super::schema::first_schemas;
use super::verify::{FindingDocument, sentence};
use crate::args::{InputArgs, place};
use crate::console::{Console, plain, width};
use crate::exit::Exit;
use crate::table::{self, Cell, Head};
use crate::{json, units};

/// Bytes at the start of a file that tell its format.
const HEAD_BYTES: u64 = 4096;

/// Options of `info`.
#[derive(Debug, Args)]
pub(crate) struct Info {
    /// File of any format, or - for standard input
    #[arg(value_name = "FILE", value_parser = place(), value_hint = clap::ValueHint::FilePath)]
    file: Place,
    #[command(flatten)]
    input: InputArgs,
}

/// What is in a file. Parts that are not known without reading all of it are left out.
#[derive(Default, Serialize)]
struct Document {
    file: String,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    compression: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<ContainerDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    metadata: BTreeMap<String, String>,
    streams: Vec<StreamDocument>,
}

/// What only an `.xk` file says of itself.
#[derive(Serialize)]
struct ContainerDocument {
    version: String,
    file_id: String,
    created: String,
    created_ns: i64,
    complete: bool,
    /// Rows of each stream that are in the journal beside the file, and counted with those in it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    journal_rows: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_with: Option<String>,
    sealed: bool,
    findings: Vec<FindingDocument>,
    #[serde(skip)]
    found: Vec<String>,
    #[serde(skip)]
    journal: Vec<String>,
}

#[derive(Serialize)]
struct StreamDocument {
    name: String,
    columns: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunks: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_bytes: Option<u64>,
    /// Rows that were dropped or refused when the stream was recorded, where any were.
    #[serde(skip_serializing_if = "is_zero")]
    dropped_rows: u64,
    #[serde(skip_serializing_if = "is_zero")]
    refused_rows: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Info {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        let document = self
            .document(console)
            .map_err(|e| e.in_file(self.file.to_string()))?;
        if console.json {
            json::print(&document)?;
        } else {
            document.print(console)?;
        }
        Ok(Exit::Done)
    }

    fn document(&self, console: &Console) -> Result<Document> {
        let options = self.input.open_options(None, console)?;
        let file = self.file.to_string();
        if let Some(recording) = recording(&self.file, &options)? {
            return Ok(Document {
                file,
                ..of_recording(recording.info())
            });
        }
        let opened = exportkit::open_source(&self.file, &options)?;
        let (format, compression, size_bytes) =
            (opened.format, opened.compression, opened.size_bytes);
        let streams = first_schemas(opened)?
            .into_iter()
            .map(|(name, schema)| StreamDocument {
                name,
                columns: schema.fields.len(),
                rows: None,
                chunks: None,
                stored_bytes: None,
                dropped_rows: 0,
                refused_rows: 0,
            });
        let streams = streams.collect();
        Ok(Document {
            file,
            format,
            compression,
            size_bytes,
            streams,
            ..Document::default()
        })
    }
}

/// The input as an `.xk` file, where it is one and can be read from anywhere: not standard input, not a pipe with a name.
pub(crate) fn recording(input: &Place, options: &OpenOptions) -> Result<Option<Recording>> {
    let Place::Path(path) = input else {
        return Ok(None);
    };
    if !path.is_file() {
        return Ok(None);
    }
    let format = match &options.format {
        Some(name) => Some(formats::named(name)?),
        None => {
            let mut head = Vec::new();
            File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
            let by_content = formats::by_content(&head).map(|(format, _)| format);
            by_content.or_else(|| formats::by_extension(path))
        }
    };
    if format.is_none_or(|format| format.name() != "xk") {
        return Ok(None);
    }
    exportkit::open_with(path, options.read.access()).map(Some)
}

fn of_recording(info: exportkit::Info) -> Document {
    let (major, minor) = info.version;
    let streams = info.streams.into_iter().map(|stream| StreamDocument {
        name: stream.name,
        columns: stream.schema.fields.len(),
        rows: Some(stream.rows),
        chunks: Some(stream.chunks),
        stored_bytes: Some(stream.stored_bytes),
        dropped_rows: stream.dropped_rows,
        refused_rows: stream.refused_rows,
    });
    let ExportMetadata {
        tool,
        source,
        entries,
        ..
    } = info.metadata.unwrap_or_default();
    Document {
        format: "xk",
        size_bytes: Some(info.size_bytes),
        container: Some(ContainerDocument {
            version: format!("{major}.{minor}"),
            file_id: info.file_id.to_string(),
            created: time(info.created_ns),
            created_ns: info.created_ns,
            complete: info.complete,
            journal_rows: info.journal_rows,
            journal: info
                .journal_notes
                .into_iter()
                .map(|note| note.text)
                .collect(),
            encrypted_with: info.encrypted_with.map(|key| key.to_string()),
            sealed: info.sealed,
            found: info.findings.iter().map(sentence).collect(),
            findings: info.findings.iter().map(FindingDocument::new).collect(),
        }),
        tool: (!tool.is_empty()).then_some(tool),
        source,
        metadata: entries,
        streams: streams.collect(),
        ..Document::default()
    }
}

/// An instant as RFC 3339 has it.
fn time(ns: i64) -> String {
    let mut out = Vec::new();
    text::write_value(
        &Value::Timestamp(ns, TimeUnit::Nanosecond, Some("UTC")),
        None,
        &mut out,
    );
    String::from_utf8_lossy(&out).into_owned()
}

impl Document {
    fn print(&self, console: &Console) -> Result<()> {
        let mut out = console.stdout();
        let bold = console.out.bold;
        for (name, value) in self.facts() {
            writeln!(out, "{bold}{name:<11}{bold:#} {}", plain(&value))?;
        }
        let heads = vec![
            Head::text("stream"),
            Head::number("columns"),
            Head::number("rows"),
            Head::number("chunks"),
            Head::number("stored"),
        ];
        writeln!(out)?;
        let rows: Vec<_> = self.streams.iter().map(StreamDocument::cells).collect();
        table::write(heads, &rows, width(), console.out, &mut out)?;
        Ok(out.flush()?)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("file", self.file.clone())];
        let compression = self
            .compression
            .map(|name| format!(", compressed with {name}"));
        facts.push((
            "format",
            format!("{}{}", self.format, compression.unwrap_or_default()),
        ));
        if let Some(size) = self.size_bytes {
            facts.push(("size", format!("{} ({size} bytes)", units::bytes(size))));
        }
        if let Some(container) = &self.container {
            let state = match container.complete {
                true => "complete: an index ends the file",
                false => "open: no index at the end (being written, or cut off)",
            };
            facts.extend([
                ("version", container.version.clone()),
                ("file id", container.file_id.clone()),
                ("created", container.created.clone()),
                ("state", state.to_owned()),
            ]);
            facts.extend(
                container
                    .journal
                    .iter()
                    .map(|text| ("journal", text.clone())),
            );
            let key = container.encrypted_with.iter();
            facts.extend(key.map(|key| ("encrypted", format!("with key {key}"))));
            if container.sealed {
                let text = "yes; `exportkit verify --key FILE` looks at the seals";
                facts.push(("sealed", text.to_owned()));
            }
            facts.extend(container.found.iter().map(|found| ("found", found.clone())));
        }
        facts.extend(self.tool.iter().map(|tool| ("written by", tool.clone())));
        facts.extend(self.source.iter().map(|source| ("source", source.clone())));
        facts.extend(
            self.streams
                .iter()
                .filter_map(StreamDocument::lost)
                .map(|lost| ("lost", lost)),
        );
        facts.extend(
            self.metadata
                .iter()
                .filter(|(key, _)| !is_told_as_lost(key))
                .map(|(key, value)| ("metadata", format!("{key}={value}"))),
        );
        facts
    }
}

/// Whether [`StreamDocument::lost`] says what the entry of metadata does.
fn is_told_as_lost(key: &str) -> bool {
    key.starts_with("exportkit:dropped.") || key.starts_with("exportkit:refused.")
}

impl StreamDocument {
    /// Rows that were never written, in words.
    fn lost(&self) -> Option<String> {
        let count = |count, what| (count > 0).then(|| format!("{count} rows {what}"));
        let lost: Vec<_> = [
            count(
                self.dropped_rows,
                "dropped when it was recorded: there was no room",
            ),
            count(
                self.refused_rows,
                "refused when it was recorded: they cannot be represented",
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!lost.is_empty()).then(|| format!("stream {}: {}", self.name, lost.join("; ")))
    }

    fn cells(&self) -> Vec<Cell> {
        let number = |count: Option<u64>| match count {
            Some(count) => Cell::from(count.to_string()),
            None => Cell {
                text: String::from("?"),
                dim: true,
            },
        };
        let stored = match self.stored_bytes {
            Some(stored) => Cell::from(units::bytes(stored)),
            None => number(None),
        };
        let columns = Cell::from(self.columns.to_string());
        vec![
            plain(&self.name).into(),
            columns,
            number(self.rows),
            number(self.chunks),
            stored,
        ]
    }
}
