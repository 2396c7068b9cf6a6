//! The frames that wait for their group's parity while a container is written.

use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::{Error, FileId, Result, memory};
use xxhash_rust::xxh3::xxh3_64;

use super::{Parity, code};
use crate::layout::{ALIGNMENT, pad};
use crate::parity::descriptor::Descriptor;

/// A group is full once it has as many bytes, if its parity then makes good for its longest frame.
const FULL_BYTES: usize = 16 << 20;
/// A group has no more bytes, unless its last frame alone is longer than that of all before.
const MOST_BYTES: usize = 64 << 20;
/// Most frames of a group: the descriptor lists them all.
const MOST_FRAMES: usize = 4096;
/// Fewest and most data shards of a group that has the bytes for them.
const SHARDS: (usize, usize) = (32, 1024);
/// Bytes of a group for each of its parity frames, of which there are 2 to 8.
const BYTES_PER_PART: usize = 256 << 10;

/// A group that is not full.
#[derive(Debug, Clone)]
pub(crate) struct Collected {
    pub(crate) share: Parity,
    first: u64,
    offset: u64,
    bytes: Vec<u8>,
    lengths: Vec<u32>,
    longest: usize,
}

impl Collected {
    pub(crate) fn new(share: Parity) -> Self {
        Self {
            share,
            first: 0,
            offset: 0,
            bytes: Vec::new(),
            lengths: Vec::new(),
            longest: 0,
        }
    }

    /// Bytes of memory that are held.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.lengths.capacity() * size_of::<u32>()
    }

    /// Takes memory for another frame. What fails later does so before anything is known of the frame.
    pub(crate) fn reserve(&mut self, frame_bytes: usize) -> Result<()> {
        if self.bytes.capacity() - self.bytes.len() < frame_bytes {
            // By steps, not by doubling: a group is as long as it may be most of the time.
            memory::reserve_exact(&mut self.bytes, frame_bytes.max(FULL_BYTES / 16))?;
        }
        Ok(())
    }

    /// Takes a copy of a frame, padding included.
    pub(crate) fn take(&mut self, sequence: u64, offset: u64, frame: &[u8]) -> Result<()> {
        let units = frame.len() / BLOCK_ALIGNMENT;
        let units = u32::try_from(units).map_err(Error::limit)?;
        if self.lengths.is_empty() {
            (self.first, self.offset) = (sequence, offset);
        }
        self.bytes.extend_from_slice(frame);
        self.lengths.push(units);
        self.longest = self.longest.max(frame.len());
        Ok(())
    }

    /// Whether it is time for the group's parity.
    pub(crate) fn is_full(&self) -> bool {
        let parity = self.bytes.len() * usize::from(self.share.as_percent()) / 100;
        let enough = self.bytes.len() >= FULL_BYTES && parity >= self.longest;
        let most = self.bytes.len() + self.longest > MOST_BYTES;
        enough || most || self.lengths.len() >= MOST_FRAMES
    }

    /// The payloads of the group's parity frames; the next group starts empty. Where that fails, it can be tried again.
    pub(crate) fn close(&mut self, file: FileId) -> Result<Vec<Vec<u8>>> {
        if self.lengths.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = self.bytes.len();
        let wanted = (bytes.isqrt() / 4).clamp(SHARDS.0, SHARDS.1);
        let shard_bytes = bytes.div_ceil(wanted).next_multiple_of(BLOCK_ALIGNMENT);
        let data_shards = bytes.div_ceil(shard_bytes);
        // One more than the share: bytes that are lost in a row seldom start where a shard does.
        let recovery = (data_shards * usize::from(self.share.as_percent())).div_ceil(100) + 1;
        let padded = data_shards * shard_bytes;
        memory::reserve_exact(&mut self.bytes, padded - bytes)?;
        self.bytes.resize(padded, 0);
        let made = code::encode(&self.bytes, data_shards, shard_bytes, recovery);
        let made = made.inspect_err(|_| self.bytes.truncate(bytes))?;
        let parts = (bytes / BYTES_PER_PART).clamp(2, 8).min(recovery);
        let each = recovery.div_ceil(parts);
        let shards = self.bytes.chunks_exact(shard_bytes);
        let descriptor = Descriptor {
            first: self.first,
            offset: self.offset,
            share: self.share,
            shard_bytes: shard_bytes as u64,
            data_shards,
            // As many as are needed, where all but the last carry the same number of shards.
            parts: recovery.div_ceil(each) as u64,
            lengths: std::mem::take(&mut self.lengths),
            checksums: shards
                .chain(made.chunks_exact(shard_bytes))
                .map(xxh3_64)
                .collect(),
        };
        self.bytes.clear();
        self.longest = 0;
        let mut head = Vec::new();
        descriptor.put(file, &mut head)?;
        pad(&mut head);
        debug_assert_eq!(head.len() as u64 % ALIGNMENT, 0);
        let payloads = made.chunks(each * shard_bytes).map(|shards| {
            let mut payload = Vec::with_capacity(head.len() + shards.len());
            payload.extend_from_slice(&head);
            payload.extend_from_slice(shards);
            payload
        });
        Ok(payloads.collect())
    }
}
