//! Decompressors that say when the data ends early, and where it is damaged.

use std::io::{self, BufRead, BufReader, Read};

use export_core::{Error, ErrorKind, Result};
use flate2::bufread::MultiGzDecoder;

use super::Compression;

/// Bytes read from the input at a time.
const BUFFER_BYTES: usize = 128 << 10;
/// The window that the zstd tool itself takes without being told to take more.
const WINDOW_LOG_MAX: u32 = 27;

/// The decompressed bytes of `input`.
///
/// Damage and early ends come out of `read` as [`io::Error`]s that hold an [`Error`] of kind [`ErrorKind::Corrupt`] or
/// [`ErrorKind::Truncated`], with the offset in the decompressed data that was reached.
pub fn wrap_reader(kind: Compression, input: Box<dyn Read + Send>) -> Result<Box<dyn Read + Send>> {
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let decoder = match kind {
        Compression::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(input))),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(input)?;
            decoder.window_log_max(WINDOW_LOG_MAX)?;
            Decoder::Zstd(decoder)
        }
        Compression::Lz4 => {
            let frames = lz4_flex::frame::FrameDecoder::new(Watched::new(input));
            Decoder::Lz4 {
                frames: Box::new(frames),
                frame_from: 0,
            }
        }
        Compression::Brotli => {
            // Brotli's "large window" extension would have the decoder keep up to 1 GiB.
            if input
                .fill_buf()?
                .first()
                .is_some_and(|byte| byte & 0x7f == 0x11)
            {
                return Err(needs_memory(kind));
            }
            // The decoder has a buffer of its own.
            Decoder::Brotli(Box::new(brotli::Decompressor::new(
                Watched::new(input),
                BUFFER_BYTES,
            )))
        }
    };
    Ok(Box::new(Decompressed {
        kind,
        decoder,
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

type Input = BufReader<Box<dyn Read + Send>>;

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

enum Decoder {
    Gzip(Box<MultiGzDecoder<Input>>),
    Zstd(zstd::Decoder<'static, Input>),
    Lz4 {
        frames: Box<lz4_flex::frame::FrameDecoder<Watched<Input>>>,
        /// Where in the compressed bytes the current frame starts.
        frame_from: u64,
    },
    Brotli(Box<brotli::Decompressor<Watched<Input>>>),
}

impl Decoder {
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
                Ok(read)
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
