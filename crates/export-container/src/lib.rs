//! The `.xk` container: frames, streams, index, append and recovery.
//!
//! A [`Writer`] puts [`EncodedChunk`](export_core::EncodedChunk)s of named streams into anything that takes bytes; a
//! [`Container`] finds them again, through the index or without it, and verifies what it returns. [`verify`] looks at every
//! byte, [`repair`] makes a new container from all that is intact. Beneath these, [`FrameWriter`] and [`Scanner`] do no I/O.
//! The format is described in docs/format/v1.md. How values are encoded is not known here.
//!
//! ```
//! use std::sync::Arc;
//! use export_container::{Container, FileOptions, MemoryStorage, Writer};
//! use export_core::marrow::datatypes::{DataType, Field};
//! use export_core::{ChunkDirectory, ColumnDirectory, EncodedChunk, FileId, Limits, Schema};
//!
//! let options = FileOptions { file: FileId(*b"sixteen bytes id"), created_ns: 0 };
//! let storage = Arc::new(MemoryStorage::default());
//! let mut writer = Writer::create(storage.clone(), &options)?;
//! let step = Field { name: "step".into(), data_type: DataType::Null, ..Field::default() };
//! let stream = writer.add_stream("steps", &Schema::new(vec![step])?)?;
//! let directory = ChunkDirectory { rows: 3, columns: vec![ColumnDirectory::default()] };
//! writer.chunk(stream, &EncodedChunk { directory, bytes: Vec::new() })?;
//! writer.finish()?;
//!
//! let container = Container::open(storage, &Limits::default())?;
//! let steps = container.stream("steps").ok_or("no such stream")?;
//! assert_eq!(steps.rows(), 3);
//! let chunk = container.read_chunk(&steps.chunks[0], None)?;
//! assert_eq!(chunk.directory.rows, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod append;
mod catalogue;
mod container;
mod counted;
mod cursor;
mod directory;
mod envelope;
mod fault;
mod findings;
mod frame;
mod frame_writer;
mod gap;
mod given;
mod header;
mod index;
pub mod layout;
mod open;
mod parity;
mod places;
mod read;
mod repair;
mod repetition;
mod scan;
mod seal;
mod seals;
mod sequences;
mod storage;
mod stream;
mod summary;
mod text;
mod unsynced;
mod verify;
mod writer;

pub use container::Container;
pub use counted::Reads;
pub use frame::FrameHeader;
pub use frame_writer::{FileOptions, FrameWriter};
pub use header::{FileHeader, check_header};
pub use index::{ChunkRef, ColumnRef};
pub use parity::{LostGroup, Parity, ParityReport};
pub use repair::{LossReport, LostRows, repair};
pub use scan::{Scanner, Step};
pub use seals::{SealReport, verify_seals};
pub use storage::{
    Extended, FileStorage, MemoryStorage, Patience, Retrying, StorageEnd, is_being_written, lock,
};
pub use stream::Stream;
pub use text::{schema_from_text, schema_to_text};
pub use verify::{Depth, Report, verify};
pub use writer::Writer;
