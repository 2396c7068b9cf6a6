//! Record structured data at memory speed, never lose it, open it anywhere.
//!
//! - [`write()`] and [`read()`]: all rows of a file at once.
//! - [`Recorder`]: rows one by one, for hours, into streams of one file that survives a crash.
//! - [`Record`]: derive it, and [`write_records`], [`read_records`] and [`Recorder::records`] are the same, but quicker.
//! - [`open()`]: what is in an `.xk` file; its batches; its rows as your types.
//! - [`convert()`]: any format to any format; [`open_source`]: batches out of any format; [`formats`]: which there are.
//! - [`explain()`]: how columns are encoded, and why.
//! - [`verify()`] and [`repair()`]: is every byte as it was written, and all that is.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, PartialEq, Debug)]
//! struct Step { step: u64, voltage: f64, spikes: Vec<u16> }
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("run.xk");
//! let mut steps = exportkit::Recorder::create(&path)?.stream::<Step>("steps")?;
//! steps.push(&Step { step: 1, voltage: -65.0, spikes: vec![3, 17] })?;
//! steps.finish()?;
//!
//! let rows: Vec<Step> = exportkit::open(&path)?.read("steps")?.collect::<Result<_, _>>()?;
//! assert_eq!(rows[0].spikes, [3, 17]);
//! # Ok::<(), exportkit::Error>(())
//! ```
//!
//! This crate composes the others and owns little else. Whoever needs one layer depends on that crate alone.

mod batches;
mod clock;
mod conditions;
mod convert;
mod explain;
pub mod formats;
mod input;
mod journal;
mod output;
mod pace;
mod pressure;
mod recorder;
mod recording;
mod repair;
mod rows;
mod type_name;
mod usage;
mod verify;
mod wait;
mod xk;

pub use export_compress::{
    Candidate, Compression, Encoding, Fallback, Fixed, Options as EncodeOptions, Preset, Versus,
    role_name,
};
pub use export_core::record::{FromRecord, Record};
pub use export_core::{
    Access, Batch, Bound, Cancel, Error, ErrorKind, ExportMetadata, FileId, Finding, Format, KeyId,
    Keys, Limit, Limits, Note, OnError, Position, Progress, Protection, ReadOptions, Result, Role,
    Schema, Secret, Severity, Sink, Source, StreamBatch, Summary, WriteOptions, array,
    did_you_mean, marrow, record, schema, value, widen,
};
#[cfg(feature = "crypt")]
pub use export_crypt::Key;
#[cfg(feature = "derive")]
pub use export_derive::Record;
#[cfg(feature = "arrow")]
pub use export_formats::arrow;
pub use export_formats::text;
pub use {export_stats as stats, export_validate as checks};

pub use batches::{BatchOptions, Batches, Rows};
pub use conditions::Condition;
pub use convert::{Conversion, ConvertOptions, container_sink, convert, export};
pub use explain::{
    BlockExplanation, ChunkExplanation, ColumnExplanation, ExplainOptions, NodeExplanation, Stored,
    explain, explain_source,
};
pub use input::{OpenOptions, Opened, Place, open_source};
pub use output::Output;
pub use recorder::{
    Durability, Health, JournalHealth, OnFull, Permissions, RecordOptions, RecordStream, Recorded,
    Recorder, RowCounts, StreamHealth,
};
pub use recording::{Info, Recording, StreamInfo, open, open_storage, open_with};
pub use repair::{LossReport, LostGroup, LostRows, Parity, ParityReport, repair};
pub use rows::{read, read_records, write, write_records, write_records_with, write_with};
pub use type_name::{data_type_name, field_type_name};
pub use usage::{ColumnUsage, StreamUsage, Usage};
pub use verify::{Depth, SealReport, Verification, verify, verify_storage};
pub use wait::StandardOutput;

/// Program and version, as recorded in what it writes.
pub const TOOL: &str = concat!("exportkit ", env!("CARGO_PKG_VERSION"));

/// The README's program is a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So are the guide's.
#[cfg(all(doctest, feature = "crypt"))]
#[doc = include_str!("../../../docs/guide/secrecy.md")]
struct Secrecy;

/// So are the guide's.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/library.md")]
struct Guide;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/durability.md")]
struct Durable;
