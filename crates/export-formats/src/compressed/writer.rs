//! Compressors that report every failed write.

use std::io::{self, Write};

use export_core::Result;
use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};

use super::Compression;

const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;
const BROTLI_QUALITY: u32 = 5;
const BROTLI_LOG_WINDOW: u32 = 22;
const BUFFER_BYTES: usize = 64 << 10;

/// A writer whose bytes arrive compressed. The same bytes, written in the same pieces, give the same output.
///
/// Nothing is complete before [`Compressor::finish`].
pub struct Compressor<W: Write>(Encoder<W>);

enum Encoder<W: Write> {
    Gzip(GzEncoder<W>),
    Zstd(zstd::Encoder<'static, W>),
    Lz4(Box<FrameEncoder<W>>),
    Brotli(Box<brotli::CompressorWriter<Remembering<W>>>),
}

impl<W: Write> Compressor<W> {
    /// Starts compressing to `output`, with checksums where the kind has them.
    pub fn new(kind: Compression, output: W) -> Result<Self> {
        Ok(Self(match kind {
            Compression::Gzip => {
                Encoder::Gzip(GzEncoder::new(output, flate2::Compression::new(GZIP_LEVEL)))
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(output, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(encoder)
            }
            Compression::Lz4 => {
                let info = FrameInfo::new()
                    .block_size(BlockSize::Max256KB)
                    .content_checksum(true);
                Encoder::Lz4(Box::new(FrameEncoder::with_frame_info(info, output)))
            }
            Compression::Brotli => {
                let output = Remembering {
                    output,
                    error: None,
                };
                Encoder::Brotli(Box::new(brotli::CompressorWriter::new(
                    output,
                    BUFFER_BYTES,
                    BROTLI_QUALITY,
                    BROTLI_LOG_WINDOW,
                )))
            }
        }))
    }

    /// Writes what is left, and the end. Returns the output, which is not flushed.
    pub fn finish(self) -> Result<W> {
        match self.0 {
            Encoder::Gzip(encoder) => Ok(encoder.finish()?),
            Encoder::Zstd(encoder) => Ok(encoder.finish()?),
            Encoder::Lz4(encoder) => Ok(encoder.finish().map_err(io::Error::from)?),
            Encoder::Brotli(encoder) => {
                let Remembering { output, error } = encoder.into_inner();
                match error {
                    Some(error) => Err(error.into()),
                    None => Ok(output),
                }
            }
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Encoder::Gzip(encoder) => encoder.write(bytes),
            Encoder::Zstd(encoder) => encoder.write(bytes),
            Encoder::Lz4(encoder) => encoder.write(bytes),
            Encoder::Brotli(encoder) => {
                let written = encoder.write(bytes)?;
                encoder.get_mut().check()?;
                Ok(written)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Encoder::Gzip(encoder) => encoder.flush(),
            Encoder::Zstd(encoder) => encoder.flush(),
            Encoder::Lz4(encoder) => encoder.flush(),
            Encoder::Brotli(encoder) => {
                encoder.flush()?;
                encoder.get_mut().check()
            }
        }
    }
}

/// An output that keeps its first error and takes everything after it: brotli's encoder ignores errors of its last write, and
/// panics where a write fails twice.
struct Remembering<W> {
    output: W,
    error: Option<io::Error>,
}

impl<W> Remembering<W> {
    /// Fails once a write has, for good.
    fn check(&mut self) -> io::Result<()> {
        match &self.error {
            None => Ok(()),
            Some(error) => {
                // Errors cannot be cloned: the first one goes out, what stays is of its kind.
                let kind = error.kind();
                let stays = error
                    .raw_os_error()
                    .map_or_else(|| kind.into(), io::Error::from_raw_os_error);
                Err(self.error.replace(stays).unwrap_or_else(|| kind.into()))
            }
        }
    }
}

impl<W: Write> Write for Remembering<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.error.is_none()
            && let Err(error) = self.output.write_all(bytes)
        {
            self.error = Some(error);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.error.is_none()
            && let Err(error) = self.output.flush()
        {
            self.error = Some(error);
        }
        Ok(())
    }
}
