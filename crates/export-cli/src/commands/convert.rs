//! `exportkit convert`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use exportkit::{
    Compression, Conversion, ConvertOptions, EncodeOptions, Error, FileId, Fixed, Note, Parity,
    Place, Preset, Protection, Result, formats,
};
use serde::Serialize;

use crate::args::{
    Choice, InputArgs, KeyValue, SelectArgs, ValueEncoding, When, codec, encoding, file_id,
    format_names, key, key_value, parity, place, preset,
};
use crate::console::Console;
use crate::exit::Exit;
use crate::json;
use crate::progress::View;
use crate::units::parse_bytes;

/// Options of `convert`.
#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// What to read: a file of any format, or - for standard input
    #[arg(value_name = "IN", value_parser = place(), value_hint = clap::ValueHint::FilePath)]
    input: Place,
    /// What to write: the format is told from the name's ending; - is standard output
    #[arg(value_name = "OUT", value_parser = place(), value_hint = clap::ValueHint::FilePath)]
    output: Place,
    #[command(flatten)]
    write: WriteArgs,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    read: InputArgs,
    /// Whether to show how far the work is; auto does on a terminal
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Everywhere"
    )]
    progress: When,
}

/// How to write the output.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing")]
struct WriteArgs {
    /// Format of the output; by the ending of its name where not given
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    to: Option<String>,
    /// Replace the output if it exists
    #[arg(short, long)]
    force: bool,
    /// What to spend on small .xk files
    #[arg(long, value_name = "NAME", value_parser = preset(), default_value = "balanced")]
    preset: Preset,
    /// The codec of an .xk file's blocks, such as zstd or col=none; chosen by sampling where not given
    #[arg(long, value_name = "[COLUMN=]NAME", value_parser = codec)]
    codec: Vec<Choice<Compression>>,
    /// The encoding of an .xk file's values, such as plain or col=delta; chosen by sampling where not given
    #[arg(long, value_name = "[COLUMN=]NAME", value_parser = encoding)]
    encoding: Vec<Choice<ValueEncoding>>,
    /// Reed-Solomon parity of an .xk file, 1% to 50% of its bytes: about as many of them can be damaged, wherever, and `repair`
    /// restores what they held
    #[arg(long, value_name = "PERCENT", value_parser = parity)]
    parity: Option<Parity>,
    /// Threads that encode, and that read an .xk file; one a core where not given. The output is the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Memory that the process may have; as much as the system lets it where not given. With little, fewer threads work and
    /// then chunks are smaller
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    memory: Option<u64>,
    /// An option of one format only, such as csv.delimiter=; or ndjson.nulls=omit
    #[arg(long = "write", value_name = "KEY=VALUE", value_parser = key_value)]
    options: Vec<KeyValue>,
    /// Encrypt an .xk file with the key in this file (`exportkit keygen` makes one)
    #[arg(long, value_name = "KEYFILE", value_hint = clap::ValueHint::FilePath)]
    encrypt: Option<PathBuf>,
    /// Seal an .xk file with the key in this file, so that `verify --key` tells of any change
    #[arg(long, value_name = "KEYFILE", value_hint = clap::ValueHint::FilePath)]
    seal: Option<PathBuf>,
    /// File id of an .xk file, 32 hexadecimal digits; random where not given
    #[arg(long, value_name = "HEX", value_parser = file_id)]
    file_id: Option<FileId>,
    /// Time of creation to record, in nanoseconds since 1970 UTC; now where not given
    #[arg(long, value_name = "NS", allow_negative_numbers = true)]
    created_ns: Option<i64>,
}

/// What a conversion did, for programs.
#[derive(Serialize)]
struct Document<'a> {
    input: String,
    output: String,
    from: &'a str,
    to: &'a str,
    rows: u64,
    streams: usize,
    bytes_in: u64,
    bytes_out: u64,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
    loss: bool,
    notes: Vec<NoteDocument<'a>>,
}

#[derive(Serialize)]
struct NoteDocument<'a> {
    stream: Option<&'a str>,
    column: Option<&'a str>,
    text: &'a str,
    loss: bool,
}

impl WriteArgs {
    fn encode_options(&self) -> EncodeOptions {
        let mut options = EncodeOptions::new(self.preset);
        // What is fixed for all columns holds for those, too, that have something else fixed.
        for global in [true, false] {
            for choice in self
                .codec
                .iter()
                .filter(|choice| choice.column.is_none() == global)
            {
                fixed(&mut options, choice.column.as_ref()).codec = Some(choice.value);
            }
            for choice in self
                .encoding
                .iter()
                .filter(|choice| choice.column.is_none() == global)
            {
                let fixed = fixed(&mut options, choice.column.as_ref());
                match choice.value {
                    ValueEncoding::Dictionary => fixed.dictionary = Some(true),
                    ValueEncoding::Fixed(encoding) => fixed.encoding = Some(encoding),
                }
            }
        }
        options
    }
}

fn fixed<'a>(options: &'a mut EncodeOptions, column: Option<&String>) -> &'a mut Fixed {
    match column {
        None => &mut options.fixed,
        Some(column) => options
            .columns
            .entry(column.clone())
            .or_insert(options.fixed),
    }
}

impl Convert {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        if console.json && self.output == Place::Standard {
            return Err(
                Error::usage("with --json, standard output is taken by the result")
                    .with_hint("give OUT a file name"),
            );
        }
        let options = self.options(console)?;
        let view = View::start(console, self.progress, &options.open.read.progress);
        let result = exportkit::convert(&self.input, &self.output, &options);
        drop(view);
        let done = result?;
        if console.json {
            json::print(&self.document(&done))?;
        } else {
            console.notes(&done.notes);
            console.remark(&done.to_string());
        }
        Ok(if done.has_loss() {
            Exit::Loss
        } else {
            Exit::Done
        })
    }

    fn options(&self, console: &Console) -> Result<ConvertOptions> {
        let write = &self.write;
        let mut extra = BTreeMap::new();
        if !self.input_is_csv() {
            extra.extend(self.read.csv().map(|(key, value)| (key.to_owned(), value)));
        }
        extra.extend(
            write
                .options
                .iter()
                .map(|o| (o.key.clone(), o.value.clone())),
        );
        let key_in = |file: &Option<PathBuf>| file.as_deref().map(key).transpose();
        Ok(ConvertOptions {
            open: self.read.open_options(Some(&self.select), console)?,
            to: write.to.clone(),
            overwrite: write.force,
            encode: write.encode_options(),
            threads: write.threads,
            memory_bytes: write.memory,
            extra,
            file_id: write.file_id,
            created_ns: write.created_ns,
            parity: write.parity,
            protection: Protection {
                encrypt: key_in(&write.encrypt)?,
                seal: key_in(&write.seal)?,
            },
        })
    }

    /// Whether the options about CSV describe the input: it is CSV, or nobody knows yet what it is.
    fn input_is_csv(&self) -> bool {
        let by_name = || match &self.input {
            Place::Standard => None,
            Place::Path(path) => formats::by_name(path).map(|format| format.name()),
        };
        let name = self.read.from.as_deref().or_else(by_name);
        name.is_none_or(|name| matches!(name, "csv" | "tsv"))
    }

    fn document<'a>(&self, done: &'a Conversion) -> Document<'a> {
        let note = |note: &'a Note| NoteDocument {
            stream: note.stream.as_deref(),
            column: note.column.as_deref(),
            text: &note.text,
            loss: note.loss,
        };
        Document {
            input: self.input.to_string(),
            output: self.output.to_string(),
            from: done.from,
            to: done.to,
            rows: done.rows,
            streams: done.streams,
            bytes_in: done.bytes_in,
            bytes_out: done.bytes_out,
            seconds: done.elapsed.as_secs_f64(),
            peak_memory_bytes: done.peak_memory_bytes,
            loss: done.has_loss(),
            notes: done.notes.iter().map(note).collect(),
        }
    }
}
