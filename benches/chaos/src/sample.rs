//! Files to be damaged, and all that is true of them: where which frame is, which rows are in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail};
use export_benches::Random;
use export_compress::{Compression, Encoder, Encoding, Fixed, Options};
use export_container::layout::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES, Kind as FrameKind};
use export_container::{ChunkRef, Container, FileOptions, FrameHeader, MemoryStorage, Writer};
use export_core::{
    Batch, ChunkEncoder, Codec, EncodedChunk, ExportMetadata, FileId, Limits, Schema, Storage,
    StreamId,
};

use crate::outcome::Size;
use crate::rows::Kind;

/// How long a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// 3 chunks of 24 rows, 2 to 8 KiB: short enough for every bit of every file.
    Short,
    /// 32 chunks, about 64 KiB where the encoding lets it be so long.
    Long,
}

impl Length {
    fn chunks(self) -> u64 {
        match self {
            Self::Short => 3,
            Self::Long => 32,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Long => "long",
        }
    }
}

/// The file that was there before.
pub(crate) const STALE_FILE: FileId = FileId([0xEE; 16]);

/// Rows of a chunk of a short file.
const SHORT_ROWS: usize = 24;
/// What long files come to, as nearly as their rows allow.
const LONG_BYTES: f64 = 65_536.0;

/// One file.
pub(crate) struct Sample {
    /// Kind, encoding, codec and length, such as `text/hex+zstd/long`.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// In the order of the file, which is that of their sequence numbers.
    pub(crate) frames: Vec<Frame>,
    /// In the order of the file.
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) schemas: BTreeMap<String, Arc<Schema>>,
    /// Bytes that mean something: all but padding.
    meant: Vec<bool>,
    /// What the same place held before: a file of the same kind, with other rows and another id.
    pub(crate) stale: Arc<Vec<u8>>,
}

/// A frame of a file.
pub(crate) struct Frame {
    pub(crate) header: FrameHeader,
    /// With its padding.
    pub(crate) range: Range<usize>,
    /// Number of the chunk in [`Sample::chunks`], where it is one.
    pub(crate) chunk: Option<usize>,
}

impl Frame {
    pub(crate) fn kind(&self) -> Option<FrameKind> {
        self.header.known_kind()
    }

    /// Where its header and payload end.
    pub(crate) fn payload_end(&self) -> usize {
        let payload = usize::try_from(self.header.payload_bytes).unwrap_or(usize::MAX);
        self.range
            .start
            .saturating_add(FRAME_HEADER_BYTES)
            .saturating_add(payload)
    }
}

/// A chunk of a file, as it was written.
pub(crate) struct Chunk {
    pub(crate) stream: String,
    pub(crate) reference: ChunkRef,
    pub(crate) encoded: EncodedChunk,
    pub(crate) batch: Batch,
}

impl Chunk {
    pub(crate) fn rows(&self) -> Range<u64> {
        self.reference.first_row..self.reference.end_row()
    }
}

impl Sample {
    /// Whether the file, cut to its first `size` bytes, was finished before more was appended to it.
    pub(crate) fn was_finished_at(&self, size: usize) -> bool {
        let is_end =
            |frame: &Frame| frame.kind() == Some(FrameKind::Tail) && frame.range.end == size;
        size < self.bytes.len() && self.frames.iter().any(is_end)
    }

    /// Whether the byte means something.
    pub(crate) fn means(&self, at: usize) -> bool {
        self.meant.get(at).copied().unwrap_or(false)
    }

    /// Where in `bytes` the header of a frame is; frames and sectors start at multiples of 64.
    pub(crate) fn places_of(&self, frame: usize, bytes: &[u8]) -> impl Iterator<Item = usize> {
        let start = self.frames.get(frame).map(|frame| frame.range.start);
        let header = start.and_then(|at| self.bytes.get(at..at + FRAME_HEADER_BYTES));
        places(header.unwrap_or_default(), bytes)
    }

    /// How many of `bytes` are intact frames of the file that was there before.
    pub(crate) fn stale_bytes(&self, bytes: &[u8]) -> usize {
        let (mut rest, mut found) = (self.stale.get(FILE_HEADER_BYTES..), 0);
        while let Some((frame, after)) = rest.and_then(split_frame) {
            let header = frame.get(..FRAME_HEADER_BYTES).unwrap_or_default();
            let intact =
                places(header, bytes).filter(|at| bytes.get(*at..*at + frame.len()) == Some(frame));
            found += intact.count() * frame.len();
            rest = Some(after);
        }
        found
    }

    /// Number of the chunk that starts at `row` of `stream`.
    pub(crate) fn chunk_at(&self, stream: &str, row: u64) -> Option<usize> {
        self.chunks
            .iter()
            .position(|chunk| chunk.reference.first_row == row && chunk.stream == stream)
    }

    /// The chunk of a frame with this sequence number.
    pub(crate) fn chunk_of(&self, sequence: u64) -> Option<usize> {
        let frame = self.frames.get(usize::try_from(sequence).ok()?)?;
        frame.chunk
    }
}

fn places(header: &[u8], bytes: &[u8]) -> impl Iterator<Item = usize> {
    let here = bytes.chunks(FRAME_HEADER_BYTES).enumerate();
    here.filter(move |(_, here)| *here == header)
        .map(|(at, _)| at * FRAME_HEADER_BYTES)
}

/// The frame that `bytes` start with, padding included, and what follows it.
fn split_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let header = FrameHeader::parse(bytes.get(..FRAME_HEADER_BYTES)?)?;
    bytes.split_at_checked(usize::try_from(header.frame_bytes()).ok()?)
}

/// The way a file's blocks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// This encoding wherever it applies.
    Encoding(Encoding),
    /// Codes into a dictionary wherever there are values.
    Dictionary,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Encoding(encoding) => encoding.name(),
            Self::Dictionary => "dictionary",
        }
    }

    fn fixed(self, codec: Compression) -> Fixed {
        let (encoding, dictionary) = match self {
            Self::Encoding(encoding) => (Some(encoding), false),
            Self::Dictionary => (None, true),
        };
        Fixed {
            encoding,
            codec: Some(codec),
            dictionary: Some(dictionary),
        }
    }
}

/// [`made`] once for all rows of a run.
pub(crate) fn samples(length: Length, size: Size, only: Option<&str>) -> Result<&'static [Sample]> {
    static SHORT: OnceLock<Vec<Sample>> = OnceLock::new();
    static LONG: OnceLock<Vec<Sample>> = OnceLock::new();
    let kept = match length {
        Length::Short => &SHORT,
        Length::Long => &LONG,
    };
    if let Some(samples) = kept.get() {
        return Ok(samples);
    }
    let made = made(length, size, only)?;
    Ok(kept.get_or_init(|| made))
}

/// Files of a length: one for each codec, encoding that has a block in it, and kind of stream. Those that `only` is a part of the
/// name of, where it is given; in quick runs one in 23, in CI one in 4.
fn made(length: Length, size: Size, only: Option<&str>) -> Result<Vec<Sample>> {
    let ways = Encoding::ALL.map(Way::Encoding).into_iter();
    let ways: Vec<Way> = ways.chain([Way::Dictionary]).collect();
    let (mut samples, mut number) = (Vec::new(), 0_u64);
    for kind in Kind::ALL {
        let mut stale = None;
        for codec in Compression::ALL {
            for &way in &ways {
                number += 1;
                let name = format!(
                    "{}/{}+{}/{}",
                    kind.name(),
                    way.name(),
                    codec.name(),
                    length.name()
                );
                let wanted = match only {
                    Some(part) => name.contains(part),
                    None => match size {
                        Size::Quick => number % 23 == 1,
                        Size::Ci => number % 4 == 1,
                        Size::Full => true,
                    },
                };
                if !wanted {
                    continue;
                }
                let options = Options {
                    fixed: way.fixed(codec),
                    ..Options::default()
                };
                let id = number.to_le_bytes();
                let mut random = Random::new(number);
                let mut file_id = [0x5A; 16];
                file_id
                    .iter_mut()
                    .zip(random.bits().to_le_bytes())
                    .for_each(|(to, byte)| *to = byte);
                file_id
                    .iter_mut()
                    .rev()
                    .zip(id)
                    .for_each(|(to, byte)| *to = byte);
                let (bytes, batches) = file(kind, &options, length, file_id, number)?;
                let before = match &stale {
                    Some(before) => Arc::clone(before),
                    None => Arc::new(file(kind, &Options::default(), length, STALE_FILE.0, 99)?.0),
                };
                stale = Some(Arc::clone(&before));
                let sample = described(name, bytes, batches, before)?;
                if let Way::Encoding(encoding) = way {
                    let pair = (encoding.id(), codec.id());
                    let blocks = sample
                        .chunks
                        .iter()
                        .flat_map(|chunk| &chunk.encoded.directory.columns);
                    let mut blocks = blocks.flat_map(|column| &column.blocks);
                    if !blocks.any(|block| (block.encoding, block.codec) == pair) {
                        continue;
                    }
                }
                samples.push(sample);
            }
        }
    }
    Ok(samples)
}

/// Encodings with codecs that no file of a full run has a block of. A short file has too few values for some.
pub(crate) fn missing() -> Result<Vec<String>> {
    let mut seen = BTreeSet::new();
    for length in [Length::Short, Length::Long] {
        let chunks = samples(length, Size::Full, None)?
            .iter()
            .flat_map(|sample| &sample.chunks);
        let columns = chunks.flat_map(|chunk| &chunk.encoded.directory.columns);
        let blocks = columns.flat_map(|column| &column.blocks);
        seen.extend(blocks.map(|block| (block.encoding, block.codec)));
    }
    let codecs = Compression::ALL.into_iter();
    let pairs = codecs.flat_map(|codec| Encoding::ALL.map(|encoding| (encoding, codec)));
    let missing = pairs.filter(|(encoding, codec)| !seen.contains(&(encoding.id(), codec.id())));
    Ok(missing
        .map(|(encoding, codec)| format!("{}+{}", encoding.name(), codec.name()))
        .collect())
}

type Written = (Vec<u8>, Vec<(&'static str, Batch)>);

/// A file of a length: long ones are tried with two numbers of rows, which tell what a row costs.
fn file(kind: Kind, options: &Options, length: Length, id: [u8; 16], seed: u64) -> Result<Written> {
    let write = |options, rows| write(kind, options, length.chunks(), rows, id, seed);
    if length == Length::Short {
        return write(options, SHORT_ROWS);
    }
    let mut quicker = options.clone();
    if matches!(quicker.fixed.codec, Some(Compression::Brotli { .. })) {
        // It takes milliseconds for a block, and this is but an estimate.
        quicker.fixed.codec = Some(Compression::Zstd { level: 3 });
    }
    let (few, many) = (32_u32, 160);
    let tried = [
        write(&quicker, few as usize)?,
        write(&quicker, many as usize)?,
    ];
    let [short, long] = tried.map(|(bytes, _)| bytes.len() as f64);
    let row_bytes = ((long - short) / f64::from(many - few)).max(1.0);
    let rows = f64::from(few) + (LONG_BYTES - short) / row_bytes;
    // Fewer floats than that are not tried as decimals.
    let fewest = if kind == Kind::Floats { 64.0 } else { 8.0 };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is clamped"
    )]
    write(options, rows.clamp(fewest, 2048.0) as usize)
}

fn write(
    kind: Kind,
    options: &Options,
    chunks: u64,
    rows: usize,
    id: [u8; 16],
    seed: u64,
) -> Result<Written> {
    let encoder = Encoder::new(options.clone())?;
    let storage = Arc::new(MemoryStorage::default());
    let limits = Limits::default();
    let start = FileOptions {
        file: FileId(id),
        created_ns: 1,
    };
    let mut writer = Writer::create(storage.clone(), &start)?;
    let mut batches = Vec::new();
    let mut streams: BTreeMap<&str, StreamId> = BTreeMap::new();
    for number in 0..chunks {
        if kind == Kind::Mixed && number == chunks / 2 {
            writer.finish()?;
            writer = Writer::append(storage.clone(), &limits)?;
        }
        let (name, batch) = kind.batch(number, rows, seed)?;
        let stream = match streams.get(name) {
            Some(stream) => *stream,
            None => writer.add_stream(name, batch.schema())?,
        };
        streams.insert(name, stream);
        if writer.frames().schema(stream) != Some(batch.schema()) {
            bail!("chunk {number} of {name} has a schema of its own");
        }
        writer.chunk(stream, &encoder.encode(&batch)?)?;
        batches.push((name, batch));
    }
    writer.metadata(&ExportMetadata {
        tool: "chaos".into(),
        ..ExportMetadata::default()
    })?;
    writer.finish()?;
    Ok((storage.to_vec(), batches))
}

/// Finds out by its headers what a file is made of.
fn described(
    name: String,
    bytes: Vec<u8>,
    batches: Vec<(&'static str, Batch)>,
    stale: Arc<Vec<u8>>,
) -> Result<Sample> {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(bytes.clone()));
    let container = Container::open(storage, Limits::default())?;
    let references = container.chunks();
    let mut meant = vec![false; bytes.len()];
    mean(&mut meant, 0..FILE_HEADER_BYTES);
    let mut frames: Vec<Frame> = Vec::new();
    let mut chunks = Vec::new();
    let mut at = FILE_HEADER_BYTES;
    let mut batches = batches.into_iter();
    while at < bytes.len() {
        let header = bytes
            .get(at..)
            .and_then(|rest| FrameHeader::parse(rest.get(..FRAME_HEADER_BYTES)?));
        let header = header.with_context(|| format!("{name} has no frame at byte {at}"))?;
        let end = at + usize::try_from(header.frame_bytes())?;
        let is_chunk = header.known_kind() == Some(FrameKind::Chunk);
        frames.push(Frame {
            header,
            range: at..end,
            chunk: is_chunk.then_some(chunks.len()),
        });
        if is_chunk {
            let reference = references
                .get(chunks.len())
                .context("a chunk is not listed")?;
            let (stream, batch) = batches.next().context("there is a chunk too many")?;
            let encoded = container.read_chunk(reference, None)?;
            let directory = at + FRAME_HEADER_BYTES;
            mean(
                &mut meant,
                at..directory + reference.directory_bytes as usize,
            );
            let blocks = directory + (reference.directory_bytes as usize).next_multiple_of(64);
            for block in encoded
                .directory
                .columns
                .iter()
                .flat_map(|column| &column.blocks)
            {
                let start = blocks + usize::try_from(block.offset)?;
                mean(
                    &mut meant,
                    start..start + usize::try_from(block.stored_bytes)?,
                );
            }
            chunks.push(Chunk {
                stream: stream.to_owned(),
                reference: (*reference).clone(),
                encoded,
                batch,
            });
        } else if let Some(frame) = frames.last() {
            mean(&mut meant, at..frame.payload_end());
        }
        at = end;
    }
    let schemas = chunks
        .iter()
        .map(|chunk: &Chunk| (chunk.stream.clone(), Arc::clone(chunk.batch.schema())));
    Ok(Sample {
        name,
        schemas: schemas.collect(),
        frames,
        chunks,
        meant,
        stale,
        bytes,
    })
}

fn mean(meant: &mut [bool], range: Range<usize>) {
    meant.get_mut(range).unwrap_or_default().fill(true);
}
