//! Encodings and codecs, the choice among them, and chunks made of them.
//!
//! [`Encoder`] turns a [`Batch`](export_core::Batch) into an [`EncodedChunk`](export_core::EncodedChunk): every column is
//! flattened to nodes, every node to blocks, and every block is encoded ([`Encoding`]) and compressed ([`Compression`]) as is
//! best for its values under a [`Preset`], or as [`Options`] fix it. [`Decoder`] turns chunks back, believing nothing.
//! docs/format/encodings.md specifies what blocks hold, byte by byte. This crate knows neither files nor frames.
//!
//! ```
//! use export_compress::{Compression, Encoder, Encoding, Fixed, Options, Preset};
//!
//! let fixed = Fixed { codec: Some(Compression::Zstd { level: 9 }), ..Fixed::default() };
//! let mut options = Options::new(Preset::MemoryEfficient);
//! options.columns.insert("message".into(), fixed);
//! let encoder = Encoder::new(options)?;
//! # Ok::<(), export_core::Error>(())
//! ```

mod bits;
mod block;
mod choice;
mod codec;
mod decode;
mod defect;
mod dictionary;
mod encode;
mod encoding;
mod named;
mod nodes;
mod options;
mod runs;
mod summary;
mod text;
mod view;
mod word;

pub use choice::{Candidate, Choices, Explanation, Versus};
pub use codec::{Compression, Fallback};
pub use decode::Decoder;
pub use defect::role_name;
pub use encode::Encoder;
pub use encoding::Encoding;
pub use named::NamedColumns;
pub use options::{Fixed, Options, Preset};

use export_core::{Codec, CodecId, EncodingId};

/// The name of an encoding in reports; `unknown` for ids that this version does not know.
#[must_use]
pub fn encoding_name(id: EncodingId) -> &'static str {
    Encoding::from_id(id).map_or("unknown", Encoding::name)
}

/// The name of a codec in reports; `unknown` for ids that this version does not know.
#[must_use]
pub fn codec_name(id: CodecId) -> &'static str {
    Compression::from_id(id).map_or("unknown", |codec| codec.name())
}

/// The codec called `name` at its usual level, if there is one.
#[must_use]
pub fn codec_by_name(name: &str) -> Option<Compression> {
    Compression::ALL
        .into_iter()
        .find(|codec| codec.name() == name)
}
