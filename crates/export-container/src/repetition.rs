//! When stream frames are written again, so that the loss of one loses nothing.

/// Most chunks between two repetitions.
const MOST_CHUNKS: u64 = 64;
/// Least bytes of chunks for one byte of repetition.
const LEAST_SHARE: u64 = 8;

/// All stream frames are repeated before a chunk once 4, then 16 and always 64 chunks went by since the last time, and these
/// were 8 times as long as the repetition is.
#[derive(Debug, Clone)]
pub(crate) struct Repetition {
    chunks: u64,
    bytes: u64,
    interval: u64,
}

impl Default for Repetition {
    fn default() -> Self {
        Self {
            chunks: 0,
            bytes: 0,
            interval: 1,
        }
    }
}

impl Repetition {
    /// Whether it is time, as the stream frames' payloads have `stream_bytes`.
    pub(crate) fn is_due(&self, stream_bytes: usize) -> bool {
        let share = (stream_bytes as u64).saturating_mul(LEAST_SHARE);
        self.chunks >= self.interval && self.bytes >= share
    }

    /// A chunk of `bytes` was written.
    pub(crate) fn chunk(&mut self, bytes: usize) {
        self.chunks += 1;
        self.bytes += bytes as u64;
    }

    /// The stream frames were repeated.
    pub(crate) fn done(&mut self) {
        let interval = (self.interval * 4).min(MOST_CHUNKS);
        *self = Self {
            chunks: 0,
            bytes: 0,
            interval,
        };
    }
}
