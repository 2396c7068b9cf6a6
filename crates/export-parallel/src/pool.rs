//! Buffers to use again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Byte buffers that were given back, for whoever needs one next. Clones share the buffers.
///
/// A pool saves the page faults of fresh memory, which cost more than filling it. It only ever holds idle buffers, at most
/// `capacity` bytes of them; a buffer in use is the business of a [`crate::Budget`].
#[derive(Debug, Clone)]
pub struct BufferPool {
    capacity: usize,
    idle: Arc<Mutex<Idle>>,
}

#[derive(Debug, Default)]
struct Idle {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl BufferPool {
    /// A pool that keeps up to `capacity` bytes of idle buffers.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            idle: Arc::default(),
        }
    }

    /// An empty buffer with room for `bytes`: the smallest idle one that has it, otherwise a new one.
    #[must_use]
    pub fn take(&self, bytes: usize) -> Vec<u8> {
        let mut idle = self.idle();
        let smallest = idle
            .buffers
            .iter()
            .enumerate()
            .filter(|(_, buffer)| buffer.capacity() >= bytes)
            .min_by_key(|(_, buffer)| buffer.capacity())
            .map(|(at, _)| at);
        let Some(at) = smallest else {
            drop(idle);
            return Vec::with_capacity(bytes);
        };
        let buffer = idle.buffers.swap_remove(at);
        idle.bytes = idle.bytes.saturating_sub(buffer.capacity());
        buffer
    }

    /// Gives a buffer back. Its content is forgotten; where the pool is full, so is the buffer.
    pub fn give(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut idle = self.idle();
        let bytes = idle.bytes.saturating_add(buffer.capacity());
        if buffer.capacity() > 0 && bytes <= self.capacity {
            idle.bytes = bytes;
            idle.buffers.push(buffer);
        }
    }

    /// Bytes of idle buffers.
    #[must_use]
    pub fn idle_bytes(&self) -> usize {
        self.idle().bytes
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        // Nothing panics while it holds the lock, so a poisoned pool is still a whole one.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_in_place() {
        let pool = BufferPool::new(1 << 20);
        let mut buffer = pool.take(100);
        buffer.extend_from_slice(b"secret");
        let (address, capacity) = (buffer.as_ptr(), buffer.capacity());
        pool.give(buffer);
        assert_eq!(pool.idle_bytes(), capacity);
        let again = pool.take(50);
        assert_eq!((again.as_ptr(), again.len()), (address, 0));
        assert_eq!(pool.idle_bytes(), 0);
    }

    #[test]
    fn the_smallest_that_fits_is_taken() {
        let pool = BufferPool::new(1 << 20);
        for bytes in [1000, 10, 100] {
            pool.give(Vec::with_capacity(bytes));
        }
        assert!((50..1000).contains(&pool.take(50).capacity()));
        assert!(pool.take(5000).capacity() >= 5000);
        assert_eq!(pool.take(5).capacity(), 10);
    }

    #[test]
    fn no_more_is_kept_than_asked() {
        let pool = BufferPool::new(100);
        pool.give(Vec::with_capacity(60));
        pool.give(Vec::with_capacity(60));
        pool.give(Vec::with_capacity(101));
        pool.give(Vec::new());
        assert_eq!(pool.idle_bytes(), 60);
    }
}
