//! The codecs, one file each, and the choice of one with its level.

#[cfg(feature = "brotli")]
mod brotli;
mod fallback;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
mod none;
#[cfg(feature = "zstd")]
mod zstd;

use std::fmt;
use std::str::FromStr;

use export_core::{Codec, CodecId, Error, Result};

use crate::defect::Defect;
pub(crate) use fallback::Codecs;
pub use fallback::Fallback;

/// A codec and how hard it tries. Each is a [`Codec`]; the level is not stored and means nothing to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Bytes as they are: free, and plain blocks can be used in place.
    None,
    /// LZ4: fastest to read, saves where bytes repeat.
    Lz4,
    /// Zstandard: repeats and entropy at hundreds of MB/s; level -7 to 22.
    Zstd {
        /// 1 is fast, 3 usual, 9 and above slow.
        level: i32,
    },
    /// DEFLATE, for readers that have nothing else; level 0 to 9.
    Gzip {
        /// 6 is usual.
        level: u32,
    },
    /// Brotli: small for text, slow to write at high quality; 0 to 11.
    Brotli {
        /// 5 is usual.
        quality: u32,
    },
}

impl Compression {
    /// Every codec at its usual level, by id.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Lz4,
        Self::Zstd { level: 3 },
        Self::Gzip { level: 6 },
        Self::Brotli { quality: 5 },
    ];

    /// The codec stored as `id`, at its usual level. Fails on ids this version does not know, naming the id.
    pub fn from_id(id: CodecId) -> Result<Self> {
        Ok(Self::find(id)?)
    }

    pub(crate) fn find(id: CodecId) -> Result<Self, Defect> {
        let known = Self::ALL.into_iter().find(|codec| codec.id() == id);
        known.ok_or(Defect::Unknown {
            what: "codec",
            id: id.0.into(),
        })
    }

    /// Whether this build can read and write it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::None => true,
            Self::Lz4 => cfg!(feature = "lz4"),
            Self::Zstd { .. } => cfg!(feature = "zstd"),
            Self::Gzip { .. } => cfg!(feature = "gzip"),
            Self::Brotli { .. } => cfg!(feature = "brotli"),
        }
    }

    pub(crate) fn squeeze(self, input: &[u8], output: &mut Vec<u8>) -> Result<(), Defect> {
        match self {
            Self::None => {
                none::compress(input, output);
                Ok(())
            }
            #[cfg(feature = "lz4")]
            Self::Lz4 => lz4::compress(input, output),
            #[cfg(feature = "zstd")]
            Self::Zstd { level } => zstd::compress(input, level, output),
            #[cfg(feature = "gzip")]
            Self::Gzip { level } => gzip::compress(input, level, output),
            #[cfg(feature = "brotli")]
            Self::Brotli { quality } => brotli::compress(input, quality, output),
            #[allow(
                unreachable_patterns,
                reason = "reached where a codec's feature is off"
            )]
            _ => Err(self.absent()),
        }
    }

    /// Fills `output`, or fails.
    pub(crate) fn expand(self, input: &[u8], output: &mut [u8]) -> Result<(), Defect> {
        match self {
            Self::None => none::decompress(input, output),
            #[cfg(feature = "lz4")]
            Self::Lz4 => lz4::decompress(input, output),
            #[cfg(feature = "zstd")]
            Self::Zstd { .. } => zstd::decompress(input, output),
            #[cfg(feature = "gzip")]
            Self::Gzip { .. } => gzip::decompress(input, output),
            #[cfg(feature = "brotli")]
            Self::Brotli { .. } => brotli::decompress(input, output),
            #[allow(
                unreachable_patterns,
                reason = "reached where a codec's feature is off"
            )]
            _ => Err(self.absent()),
        }
    }

    #[allow(dead_code, reason = "needed where a codec's feature is off")]
    fn absent(self) -> Defect {
        Defect::Absent {
            what: self.name(),
            feature: self.name(),
        }
    }
}

impl Codec for Compression {
    fn id(&self) -> CodecId {
        CodecId(match self {
            Self::None => 0,
            Self::Lz4 => 1,
            Self::Zstd { .. } => 2,
            Self::Gzip { .. } => 3,
            Self::Brotli { .. } => 4,
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd { .. } => "zstd",
            Self::Gzip { .. } => "gzip",
            Self::Brotli { .. } => "brotli",
        }
    }

    fn compress(&self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        Ok(self.squeeze(input, output)?)
    }

    fn decompress(&self, input: &[u8], decoded_bytes: usize, output: &mut Vec<u8>) -> Result<()> {
        let start = output.len();
        let short = || Error::limit(format!("no memory for {decoded_bytes} decoded bytes"));
        let end = start.checked_add(decoded_bytes).ok_or_else(short)?;
        output
            .try_reserve_exact(decoded_bytes)
            .map_err(|_| short())?;
        output.resize(end, 0);
        let room = output.get_mut(start..).unwrap_or_default();
        if let Err(defect) = self.expand(input, room) {
            output.truncate(start);
            return Err(defect.into());
        }
        Ok(())
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None | Self::Lz4 => f.write_str(self.name()),
            Self::Zstd { level } => write!(f, "zstd:{level}"),
            Self::Gzip { level } => write!(f, "gzip:{level}"),
            Self::Brotli { quality } => write!(f, "brotli:{quality}"),
        }
    }
}

impl FromStr for Compression {
    type Err = Error;

    /// A codec's name, with a level after a colon if it has levels: `zstd`, `zstd:9`.
    fn from_str(text: &str) -> Result<Self> {
        let unknown = || {
            Error::usage(format!("{text:?} is no codec"))
                .with_hint("known are none, lz4, zstd, gzip and brotli; zstd:9 sets a level")
        };
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level)),
            None => (text, None),
        };
        let codec = Self::ALL
            .into_iter()
            .find(|c| c.name() == name)
            .ok_or_else(unknown)?;
        let Some(level) = level else { return Ok(codec) };
        let level: i32 = level.parse().map_err(|_| unknown())?;
        match (codec, u32::try_from(level)) {
            (Self::Zstd { .. }, _) if (-7..=22).contains(&level) => Ok(Self::Zstd { level }),
            (Self::Gzip { .. }, Ok(level @ 0..=9)) => Ok(Self::Gzip { level }),
            (Self::Brotli { .. }, Ok(quality @ 0..=11)) => Ok(Self::Brotli { quality }),
            _ => Err(unknown()),
        }
    }
}

/// Room for `bytes` more, or the error of a system that has none.
#[allow(dead_code, reason = "every user of it sits behind a feature")]
fn reserve(codec: &'static str, output: &mut Vec<u8>, bytes: usize) -> Result<(), Defect> {
    output.try_reserve(bytes).map_err(|e| failed(codec, e))
}

/// A codec's own error.
#[allow(dead_code, reason = "every user of it sits behind a feature")]
fn failed(
    codec: &'static str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Defect {
    Defect::Codec {
        codec,
        cause: cause.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Vec<Vec<u8>> {
        let noise = (0u32..5000)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        vec![
            vec![],
            vec![7],
            vec![0; 100_000],
            b"abcabcabcabc".repeat(100),
            noise,
        ]
    }

    #[test]
    fn round_trips_and_exact_lengths() {
        for codec in Compression::ALL.into_iter().filter(|c| c.is_available()) {
            for input in inputs() {
                let mut stored = vec![1, 2];
                codec.compress(&input, &mut stored).unwrap();
                let mut output = vec![9];
                codec
                    .decompress(&stored[2..], input.len(), &mut output)
                    .unwrap();
                assert_eq!((output[0], &output[1..]), (9, &input[..]), "{codec}");
                // One byte more or less is an error, and nothing stays behind.
                assert!(
                    codec
                        .decompress(&stored[2..], input.len() + 1, &mut output)
                        .is_err()
                );
                if let Some(less) = input.len().checked_sub(1) {
                    assert!(
                        codec.decompress(&stored[2..], less, &mut output).is_err(),
                        "{codec}"
                    );
                }
                assert_eq!(output.len(), input.len() + 1);
            }
        }
    }

    #[test]
    fn damaged_bytes_do_not_panic() {
        let input = b"to be or not to be, that is the question ".repeat(20);
        for codec in Compression::ALL.into_iter().filter(|c| c.is_available()) {
            let mut stored = Vec::new();
            codec.compress(&input, &mut stored).unwrap();
            for cut in 0..stored.len() {
                let mut output = Vec::new();
                let result = codec.decompress(&stored[..cut], input.len(), &mut output);
                // DEFLATE and Brotli may hold the last output before the last byte.
                assert!(result.is_err() || output == input, "{codec} cut at {cut}");
            }
            for bit in 0..stored.len() * 8 {
                let mut damaged = stored.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                let mut output = Vec::new();
                if codec.decompress(&damaged, input.len(), &mut output).is_ok() {
                    assert_eq!(output.len(), input.len());
                }
            }
        }
    }

    #[test]
    fn names_and_levels() {
        for codec in Compression::ALL {
            assert_eq!(Compression::from_id(codec.id()).unwrap(), codec);
            assert_eq!(codec.to_string().parse::<Compression>().unwrap(), codec);
        }
        assert!("zstd:99".parse::<Compression>().is_err());
        assert!("lz4:1".parse::<Compression>().is_err());
        let error = Compression::from_id(CodecId(77)).unwrap_err();
        assert_eq!(error.kind(), export_core::ErrorKind::Unsupported);
        assert!(error.to_string().contains("77"));
    }
}
