//! What threads share, wait at and are made by. The test `interleavings` compiles the same sources against another module of
//! this name.

pub(crate) use crossbeam::channel;
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard};
pub(crate) use std::thread;
