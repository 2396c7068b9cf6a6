//! The .xk container: frames, streams, index, append and recovery.

mod append;
mod catalogue;
mod container;
mod counted;
mod cursor;
mod directory;
mod fault;
mod frame;
mod frame_writer;
mod header;
mod index;
pub mod layout;
mod open;
mod read;
mod repair;
mod repetition;
mod scan;
mod sequences;
mod storage;
mod summary;
mod text;
mod verify;
mod writer;

pub use catalogue::Stream;
pub use container::Container;
pub use counted::Reads;
pub use frame::FrameHeader;
pub use frame_writer::{FileOptions, FrameWriter};
pub use header::FileHeader;
pub use index::{ChunkRef, ColumnRef};
pub use repair::{LossReport, LostRows, repair};
pub use scan::{Scanner, Step};
pub use storage::{FileStorage, MemoryStorage, StorageEnd};
pub use verify::{Depth, Report, verify};
pub use writer::Writer;
