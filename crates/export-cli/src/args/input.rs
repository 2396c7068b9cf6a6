//! Options about what is read, shared by the commands that read any format.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use exportkit::{
    Access, Error, Key, Keys, Limit, Limits, OnError, OpenOptions, Progress, ReadOptions, Result,
    Secret,
};

use super::values::{KeyValue, format_names, key_value, word_list};
use crate::console::Console;
use crate::units::parse_bytes;

/// How to read the input.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct InputArgs {
    /// Format of the input; told from content and name where not given
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(crate) from: Option<String>,
    /// CSV: what separates cells, such as ';' or tab; told from content where not given
    #[arg(long, value_name = "CHAR")]
    pub(crate) delimiter: Option<String>,
    /// CSV: the first line is data; columns are called column1, column2, …
    #[arg(long)]
    pub(crate) no_header: bool,
    /// CSV: the text that stands for a missing value, such as NA or ''
    #[arg(long, value_name = "TEXT")]
    pub(crate) null: Option<String>,
    /// An option of one format only, such as csv.delimiter=;
    #[arg(long = "read", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) read: Vec<KeyValue>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// The keys of what is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct KeyArgs {
    /// The key file of an encrypted or sealed .xk file; may be given more than once
    #[arg(long = "key", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
}

/// Which rows and columns are wanted, and what happens to bad ones.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Selecting")]
pub(crate) struct SelectArgs {
    /// Only these columns, in this order: a,b,c (a comma in a name is typed \,)
    #[arg(long, value_name = "NAMES", value_parser = word_list)]
    pub(crate) columns: Option<std::vec::Vec<String>>,
    /// Only this stream; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub(crate) stream: Vec<String>,
    /// What to do with a row that cannot be represented
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    pub(crate) on_error: OnErrorArg,
}

/// What to do with a row that cannot be represented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnErrorArg {
    /// Stop and name the row
    Fail,
    /// Leave the row out and count it
    Skip,
    /// Keep the row, with null where it cannot be represented, and count it
    Null,
}

/// Bounds on what an input may cost; the defaults are safe for input that nobody trusts.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Deepest nesting of values and types [default: 64]
    #[arg(long, value_name = "N")]
    pub(crate) max_depth: Option<u32>,
    /// Most columns of a stream, nested ones counted [default: 65536]
    #[arg(long, value_name = "N")]
    pub(crate) max_columns: Option<u32>,
    /// Longest text or binary value [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) max_value: Option<u64>,
    /// Most bytes one chunk of an .xk file may decode to [default: 512MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) max_chunk: Option<u64>,
    /// Any limit by name, such as ratio=5000 or memory=256MiB; may be given more than once. The names: memory, decoded, ratio,
    /// ratio-floor, frame, rows, chunk, frames, streams, schemas, columns, keys, depth, value, record, metadata, index, window
    #[arg(long, value_name = "NAME=VALUE", value_parser = limit)]
    pub(crate) limit: Vec<LimitValue>,
}

/// A limit and what it is set to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitValue {
    limit: &'static Limit,
    value: u64,
}

/// `NAME=VALUE`, where bytes may have a unit.
fn limit(text: &str) -> Result<LimitValue, String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("a limit is written NAME=VALUE, such as columns=1000")?;
    let told = |error: Error| match error.hint() {
        Some(hint) => format!("{error}: {hint}"),
        None => error.to_string(),
    };
    let limit = Limits::named(name).map_err(told)?;
    let value = match limit.in_bytes {
        true => parse_bytes(value)?,
        false => value
            .parse()
            .map_err(|_| format!("{value:?} is no number"))?,
    };
    limit.set(&mut Limits::default(), value).map_err(told)?;
    Ok(LimitValue { limit, value })
}

impl KeyArgs {
    pub(crate) fn keys(&self) -> Result<Keys> {
        self.files.iter().map(|file| key(file)).collect()
    }

    pub(crate) fn access(&self, limits: &LimitArgs) -> Result<Access> {
        Ok(Access {
            limits: limits.limits(),
            keys: self.keys()?,
        })
    }
}

/// The key in a file.
pub(crate) fn key(file: &Path) -> Result<Arc<dyn Secret>> {
    Ok(Arc::new(Key::read(file)?))
}

impl LimitArgs {
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.depth = self.max_depth.unwrap_or(limits.depth);
        limits.columns = self.max_columns.unwrap_or(limits.columns);
        limits.value_bytes = self.max_value.unwrap_or(limits.value_bytes);
        limits.chunk_decoded_bytes = self.max_chunk.unwrap_or(limits.chunk_decoded_bytes);
        for LimitValue { limit, value } in &self.limit {
            // It was found to fit when it was read.
            drop(limit.set(&mut limits, *value));
        }
        limits
    }
}

impl InputArgs {
    /// How the library is to open the input.
    pub(crate) fn open_options(
        &self,
        select: Option<&SelectArgs>,
        console: &Console,
    ) -> Result<OpenOptions> {
        let mut read = ReadOptions {
            limits: self.limits.limits(),
            keys: self.keys.keys()?,
            cancel: console.cancel.clone(),
            progress: Progress::new(),
            ..ReadOptions::default()
        };
        read.extra = self
            .read
            .iter()
            .map(|o| (o.key.clone(), o.value.clone()))
            .collect();
        for (key, value) in self.csv() {
            read.extra.insert(key.to_owned(), value);
        }
        let mut streams = None;
        if let Some(select) = select {
            read.columns.clone_from(&select.columns);
            read.on_error = match select.on_error {
                OnErrorArg::Fail => OnError::Fail,
                OnErrorArg::Skip => OnError::Skip,
                OnErrorArg::Null => OnError::Null,
            };
            streams = (!select.stream.is_empty()).then(|| select.stream.clone());
        }
        Ok(OpenOptions {
            format: self.from.clone(),
            streams,
            read,
        })
    }

    /// The options that have a name of their own, as the CSV format calls them.
    pub(crate) fn csv(&self) -> impl Iterator<Item = (&'static str, String)> {
        let header = self.no_header.then(|| String::from("no"));
        [
            ("csv.delimiter", self.delimiter.clone()),
            ("csv.header", header),
            ("csv.null", self.null.clone()),
        ]
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| (key, value)))
    }
}
