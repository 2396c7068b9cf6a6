//! General compressors of bytes.

use crate::{CodecId, Result};

/// A general compressor of bytes.
pub trait Codec: Send + Sync {
    /// Its number in the registry.
    fn id(&self) -> CodecId;

    /// Its name in options and reports, such as `zstd`.
    fn name(&self) -> &'static str;

    /// Appends the compressed form of `input` to `output`. Deterministic.
    fn compress(&self, input: &[u8], output: &mut Vec<u8>) -> Result<()>;

    /// Appends exactly `decoded_bytes` bytes to `output`, or fails. Allocates no more than that, plus a constant; the caller
    /// has checked `decoded_bytes` against its limits.
    fn decompress(&self, input: &[u8], decoded_bytes: usize, output: &mut Vec<u8>) -> Result<()>;
}
