//! Storage in files and in memory, and writing at the end of it.

mod end;
mod file;
mod memory;

pub use end::StorageEnd;
pub use file::FileStorage;
pub use memory::MemoryStorage;
