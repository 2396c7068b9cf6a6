//! Decompressors that say when the data ends early, and where it is damaged.

use std::io::{self, BufRead, BufReader, Read};

use export_core::{Error, ErrorKind, Limits, Result};
use flate2::bufread::MultiGzDecoder;

use super::{Compression, window};

/// Bytes read from the input at a time.
const BUFFER_BYTES: usize = 128 << 10;
/// Bytes that the decoder of Brotli takes at a time. What it took counts as used, so this is small.
const BROTLI_BYTES: usize = 8 << 10;

/// [`wrap_reader_within`] the default limits.
pub fn wrap_reader(kind: Compression, input: Box<dyn Read + Send>) -> Result<Box<dyn Read + Send>> {
    wrap_reader_within(kind, input, &Limits::default())
}

/// The decompressed bytes of `input`. Its window, the bytes that come out in all and those that come out of how few are
/// bounded by `limits`.
///
/// Damage, early ends and limits come out of `read` as [`io::Error`]s that hold an [`Error`] of kind [`ErrorKind::Corrupt`],
/// [`ErrorKind::Truncated`] or [`ErrorKind::Limit`], with the offset in the decompressed data that was reached.
pub fn wrap_reader_within(
    kind: Compression,
    input: Box<dyn Read + Send>,
    limits: &Limits,
) -> Result<Box<dyn Read + Send>> {
    let mut input = Watched::new(BufReader::with_capacity(BUFFER_BYTES, input));
    if window::declared(kind, input.fill_buf()?).is_some_and(|bytes| bytes > limits.window_bytes) {
        return Err(needs_memory(kind));
    }
    let decoder = match kind {
        Compression::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(input))),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(input)?;
            decoder.window_log_max(window::log(limits))?;
            Decoder::Zstd(decoder)
        }
        Compression::Lz4 => Decoder::Lz4 {
            frames: Box::new(lz4_flex::frame::FrameDecoder::new(input)),
            frame_from: 0,
        },
        // The decoder has a buffer of its own.
        Compression::Brotli => {
            Decoder::Brotli(Box::new(brotli::Decompressor::new(input, BROTLI_BYTES)))
        }
    };
    Ok(Box::new(Decompressed {
        kind,
        decoder,
        limits: limits.clone(),
        bytes: 0,
        failed: false,
    }))
}

fn needs_memory(kind: Compression) -> Error {
    Error::limit(format!(
        "the {} data takes too much memory to decompress",
        kind.name()
    ))
    .with_hint("decompress it first, with the tool of that name, if you trust it")
}

type Input = Watched<BufReader<Box<dyn Read + Send>>>;

/// An input that remembers how much was read, and whether its end was met.
struct Watched<R> {
    input: R,
    bytes: u64,
    ended: bool,
}

impl<R> Watched<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            bytes: 0,
            ended: false,
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.bytes += read as u64;
        self.ended |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.input.fill_buf()?;
        self.ended |= buffer.is_empty();
        Ok(buffer)
    }

    fn consume(&mut self, count: usize) {
        self.bytes += count as u64;
        self.input.consume(count);
    }
}

enum Decoder {
    Gzip(Box<MultiGzDecoder<Input>>),
    Zstd(zstd::Decoder<'static, Input>),
    Lz4 {
        frames: Box<lz4_flex::frame::FrameDecoder<Input>>,
        /// Where in the compressed bytes the current frame starts.
        frame_from: u64,
    },
    Brotli(Box<brotli::Decompressor<Input>>),
}

impl Decoder {
    /// Compressed bytes that were used so far.
    fn used(&self) -> u64 {
        match self {
            Self::Gzip(decoder) => decoder.get_ref().bytes,
            Self::Zstd(decoder) => decoder.get_ref().bytes,
            Self::Lz4 { frames, .. } => frames.get_ref().bytes,
            Self::Brotli(decoder) => decoder.get_ref().bytes,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Lz4 { frames, frame_from } => loop {
                let read = frames.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                // Zero stands for the end of a frame, and for an end of the input between two of its blocks.
                let input = frames.get_ref();
                match (input.ended, input.bytes == *frame_from) {
                    (true, true) => return Ok(0),
                    (true, false) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    (false, _) => *frame_from = input.bytes,
                }
            },
            Self::Brotli(decoder) => match decoder.read(buffer) {
                // Asked again, it says whether something follows.
                Ok(0) if !buffer.is_empty() => decoder.read(buffer),
                Err(_) if decoder.get_ref().ended => Err(io::ErrorKind::UnexpectedEof.into()),
                result => result,
            },
        }
    }
}

struct Decompressed {
    kind: Compression,
    decoder: Decoder,
    limits: Limits,
    bytes: u64,
    failed: bool,
}

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Ok(0);
        }
        match self.decoder.read(buffer) {
            Ok(read) => {
                self.bytes += read as u64;
                match self.check() {
                    Ok(()) => Ok(read),
                    Err(error) => {
                        self.failed = true;
                        Err(io::Error::other(error.at_offset(self.bytes)))
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failed = true;
                Err(self.explain(error))
            }
        }
    }
}

impl Decompressed {
    /// Fails where too much came out.
    fn check(&self) -> Result<()> {
        let what = "decompressed bytes";
        Limits::check(what, self.bytes, self.limits.decoded_bytes)?;
        if self.bytes <= self.limits.ratio_floor_bytes {
            return Ok(());
        }
        self.limits
            .check_ratio(what, self.bytes, self.decoder.used())
    }

    fn explain(&self, error: io::Error) -> io::Error {
        let name = self.kind.name();
        let from_below = error.raw_os_error().is_some()
            || error.get_ref().is_some_and(|inner| inner.is::<Error>());
        if from_below {
            return error;
        }
        // libzstd's errors are known by their text alone.
        let window = self.kind == Compression::Zstd && error.to_string().contains("memory");
        let error = if window {
            needs_memory(self.kind)
        } else if error.kind() == io::ErrorKind::UnexpectedEof {
            Error::truncated(format!("the {name} data ends early")).with_hint("get the file again")
        } else {
            Error::new(
                ErrorKind::Corrupt,
                format!("the {name} data is damaged: {error}"),
            )
            .with_hint("get the file again")
        };
        io::Error::other(error.at_offset(self.bytes))
    }
}
