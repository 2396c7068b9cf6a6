//! Storage in files and in memory, and writing at the end of it.

mod end;
mod extended;
mod file;
mod lock;
mod memory;
mod reserve;
mod retrying;

pub use end::StorageEnd;
pub use extended::Extended;
pub use file::FileStorage;
pub use lock::{is_being_written, lock};
pub use memory::MemoryStorage;
pub use retrying::{Patience, Retrying};
