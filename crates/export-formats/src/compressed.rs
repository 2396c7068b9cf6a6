//! Text formats inside `.gz`, `.zst`, `.lz4` (frames) and `.br`.
//!
//! Everything streams: memory does not grow with the data, whatever its ratio, and what comes out of how little is bounded.
//! Checksums are written where the kind has them and checked where they are there; brotli has none. Files of several members or
//! frames are read to their end.

mod reader;
mod window;
mod writer;

use std::path::Path;

pub use reader::{wrap_reader, wrap_reader_within};
pub use writer::Compressor;

/// A kind of compressed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// `.gz`: deflate with a CRC-32.
    Gzip,
    /// `.zst`: Zstandard frames with an XXH64 of 32 bits. Windows over the limit, 128 MiB by default, are refused.
    Zstd,
    /// `.lz4`: LZ4 frames with an XXH32.
    Lz4,
    /// `.br`: Brotli, which has neither a signature nor a checksum.
    Brotli,
}

impl Compression {
    const ALL: [Self; 4] = [Self::Gzip, Self::Zstd, Self::Lz4, Self::Brotli];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Brotli => "brotli",
        }
    }

    /// The ending of its files' names, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
            Self::Lz4 => "lz4",
            Self::Brotli => "br",
        }
    }

    /// The kind whose files' names end like `path`.
    #[must_use]
    pub fn from_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|kind| kind.extension() == extension)
    }

    /// The kind whose signature `head` starts with. Never [`Compression::Brotli`].
    #[must_use]
    pub fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            // A skippable frame: both zstd and lz4 have those; in practice it is zstd's seekable format.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            _ => None,
        }
    }
}
