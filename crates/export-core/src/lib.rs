//! The vocabulary of exportkit and the seams between its crates.
//!
//! A [`Batch`] is rows of one stream as columns, in Arrow layout, over [`marrow`]. A [`Source`] yields batches, a [`Sink`]
//! takes them, a [`Format`] makes both for a kind of file. A [`ChunkEncoder`] turns a batch into an [`EncodedChunk`], which
//! the container stores. This crate does no I/O of its own, starts no threads and knows no sibling.
//!
//! ```
//! use std::sync::Arc;
//! use export_core::marrow::array::{Array, PrimitiveArray};
//! use export_core::marrow::datatypes::{DataType, Field};
//! use export_core::{Batch, Schema};
//!
//! let step = Field { name: "step".into(), data_type: DataType::UInt32, ..Field::default() };
//! let schema = Arc::new(Schema::new(vec![step])?);
//! let values = Array::UInt32(PrimitiveArray { validity: None, values: vec![1, 2, 3] });
//! let batch = Batch::new(schema, 3, vec![values])?;
//! assert_eq!(batch.slice(1, 2)?.rows(), 2);
//! # Ok::<(), export_core::Error>(())
//! ```

pub mod array;
mod batch;
pub mod build;
mod check;
pub mod chunk;
mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod flow;
mod id;
pub mod image;
#[cfg(feature = "json")]
pub mod json;
mod likeness;
mod limits;
pub mod memory;
mod metadata;
mod progress;
pub mod record;
#[cfg(feature = "serde")]
pub mod rows;
pub mod schema;
mod secret;
mod storage;
mod tally;
pub mod text;
pub mod value;
pub mod widen;

pub use marrow;

pub use batch::Batch;
pub use check::{Check, Finding, Severity};
pub use chunk::{
    Block, Bound, ChunkDecoder, ChunkDirectory, ChunkEncoder, ColumnDirectory, EncodedChunk, Role,
    Summary,
};
pub use codec::Codec;
pub use error::{Error, ErrorKind, Position, Result};
pub use flow::{
    Confidence, Format, Input, OnError, ReadOptions, Sink, SinkSummary, Source, StreamBatch,
    WriteOptions,
};
pub use id::{CodecId, EncodingId, FileId, StreamId};
pub use likeness::did_you_mean;
pub use limits::{Limit, Limits};
pub use metadata::{ExportMetadata, Note};
pub use progress::{Cancel, Progress};
pub use schema::Schema;
pub use secret::{Access, Cipher, KeyId, Keys, Mac, Protection, Secret};
pub use storage::Storage;
pub use tally::Tally;
