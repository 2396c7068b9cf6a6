//! What a preset weighs and considers.

use crate::codec::Compression;
use crate::encoding::Encoding;
use crate::options::Preset;

/// What a preset weighs and considers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tariff {
    /// Bytes that a nanosecond is worth.
    bytes_per_ns: f64,
    /// Tried behind the encodings, besides none.
    pub(crate) codec: Compression,
    /// pco's level, and the least bytes a value that the other candidates must leave it to beat.
    pub(crate) pco: Option<(usize, f64)>,
    /// Runs of consecutive values that make a sample.
    pub(crate) runs: usize,
    /// Whether codecs are tried behind more than the likeliest encodings.
    pub(crate) thorough: bool,
}

impl Tariff {
    pub(crate) fn of(preset: Preset) -> Self {
        match preset {
            Preset::HighPerformance => Self {
                bytes_per_ns: 0.2,
                codec: Compression::Lz4,
                pco: None,
                runs: 2,
                thorough: false,
            },
            Preset::Balanced => Self {
                bytes_per_ns: 0.028,
                codec: Compression::Zstd { level: 1 },
                pco: Some((4, 1.0)),
                runs: 2,
                thorough: false,
            },
            Preset::MemoryEfficient => Self {
                bytes_per_ns: 0.0005,
                codec: Compression::Zstd { level: 9 },
                pco: Some((8, 0.0)),
                runs: 48,
                thorough: true,
            },
        }
    }

    /// What spending `ns` on each of `count` values costs, in bytes.
    pub(crate) fn time(&self, ns: f64, count: usize) -> f64 {
        self.bytes_per_ns * ns * float(count)
    }
}

/// Nanoseconds a value of `width` bytes, written and read once. Measured once, on one machine: their ratios matter, not
/// their size.
pub(crate) fn encoding_ns(encoding: Encoding, width: usize) -> f64 {
    match encoding {
        Encoding::Plain => 0.1 * float(width),
        Encoding::Constant => 0.1,
        Encoding::RunLength => 1.5,
        Encoding::BitPacked => 2.0,
        Encoding::Delta => 2.5,
        Encoding::LanePacked => 0.7,
        Encoding::LaneDelta => 1.2,
        Encoding::ByteShuffle => 0.4 * float(width),
        Encoding::Pco => 20.0,
        Encoding::Entropy => 11.0,
        // Packed; some more where its integers are entropy-coded.
        Encoding::Decimal => 3.0,
        // Its elements are another block's.
        Encoding::FlatGap => 0.0,
        // A value of data is a byte.
        Encoding::Fsst => 2.0,
        Encoding::Prefix => 1.5,
        Encoding::Template => 5.0,
        Encoding::Hex => 0.5,
    }
}

/// Nanoseconds a byte that goes into the codec.
pub(crate) fn codec_ns(codec: Compression) -> f64 {
    match codec {
        Compression::None => 0.0,
        Compression::Lz4 => 2.0,
        Compression::Zstd { level } => 3.5 + 1.5 * f64::from(level.max(0)),
        Compression::Gzip { .. } => 20.0,
        Compression::Brotli { .. } => 15.0,
    }
}

pub(crate) fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
