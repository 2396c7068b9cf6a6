//! What threads share data with. The test `interleavings` compiles the same sources against another module of this name.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering, fence};
pub(crate) use std::sync::{Arc, Mutex, MutexGuard};
