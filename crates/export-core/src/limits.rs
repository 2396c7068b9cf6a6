//! What a reader may spend on an input before it gives up.

use crate::{Error, Result};

/// Bounds that every reader checks **before** it allocates or recurses. The defaults are safe for hostile input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest payload of one frame, in bytes. Default 256 MiB.
    pub frame_bytes: u64,
    /// Most rows in one chunk. Default 16 Mi.
    pub chunk_rows: u64,
    /// Most bytes one chunk may decode to. Default 512 MiB.
    pub chunk_decoded_bytes: u64,
    /// Most frames in one file. Default 16 Mi.
    pub frames: u64,
    /// Most streams in one file. Default 65,536.
    pub streams: u32,
    /// Most columns of one stream, nested fields counted. Default 65,536.
    pub columns: u32,
    /// Deepest nesting of types or JSON values. Default 64.
    pub depth: u32,
    /// Longest text or binary value, in bytes. Default 64 MiB.
    pub value_bytes: u64,
    /// Most bytes of a schema or metadata frame. Default 16 MiB.
    pub metadata_bytes: u64,
    /// Most bytes an index may take. Default 1 GiB.
    pub index_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 256 << 20,
            chunk_rows: 16 << 20,
            chunk_decoded_bytes: 512 << 20,
            frames: 16 << 20,
            streams: 1 << 16,
            columns: 1 << 16,
            depth: 64,
            value_bytes: 64 << 20,
            metadata_bytes: 16 << 20,
            index_bytes: 1 << 30,
        }
    }
}

impl Limits {
    /// Fails with [`crate::ErrorKind::Limit`] where `asked` is more than `allowed`; `what` names the limit.
    pub fn check(what: &str, asked: u64, allowed: u64) -> Result<()> {
        if asked <= allowed {
            return Ok(());
        }
        Err(
            Error::limit(format!("{what}: {asked} is over the limit of {allowed}"))
                .with_hint("raise the limit only if you trust the input"),
        )
    }
}
