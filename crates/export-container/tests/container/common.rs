//! Small containers with made-up chunks, the same for every run.

use std::sync::Arc;

use export_container::{Container, FileOptions, FrameWriter, MemoryStorage};
use export_core::marrow::datatypes::{DataType, Field};
use export_core::{
    Access, Block, Bound, ChunkDirectory, CodecId, ColumnDirectory, EncodedChunk, EncodingId,
    ExportMetadata, FileId, Limits, Protection, Role, Schema, Secret, StreamId, Summary,
};
use export_crypt::Key;
use xxhash_rust::xxh3::xxh3_64;

/// Random enough, and the same everywhere (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

pub(crate) fn field(name: &str, data_type: DataType) -> Field {
    Field {
        name: name.into(),
        data_type,
        nullable: true,
        ..Field::default()
    }
}

pub(crate) fn schema(columns: usize) -> Schema {
    Schema::new(
        (0..columns)
            .map(|at| field(&format!("c{at}"), DataType::Int64))
            .collect(),
    )
    .unwrap()
}

/// A chunk of made-up blocks, up to `longest` bytes each.
pub(crate) fn chunk(
    columns: usize,
    rows: u64,
    longest: usize,
    random: &mut Random,
) -> EncodedChunk {
    let mut bytes = Vec::new();
    let columns = (0..columns)
        .map(|at| {
            let roles = [Role::Validity, Role::Values];
            let blocks = roles[random.below(2)..]
                .iter()
                .map(|&role| {
                    bytes.resize(bytes.len().next_multiple_of(64), 0);
                    let length = random.below(longest + 1);
                    let stored = random.bytes(length);
                    let offset = bytes.len() as u64;
                    bytes.extend(&stored);
                    let parameter_count = random.below(4);
                    Block {
                        node: 0,
                        role,
                        encoding: EncodingId(random.below(7) as u16),
                        codec: CodecId(random.below(5) as u16),
                        parameters: random.bytes(parameter_count),
                        values: rows,
                        offset,
                        stored_bytes: length as u64,
                        encoded_bytes: random.next() % 1000,
                        checksum: xxh3_64(&stored),
                    }
                })
                .collect();
            let bounds = [
                None,
                Some(Bound::Int(random.next().into())),
                Some(Bound::Float(0.5)),
                Some(Bound::Bytes(b"some text".to_vec())),
            ];
            let summary = Summary {
                nulls: random.next() % (rows + 1),
                has_nan: at % 3 == 1,
                min: bounds[random.below(4)].clone(),
                max: bounds[random.below(4)].clone(),
            };
            ColumnDirectory { summary, blocks }
        })
        .collect();
    EncodedChunk {
        directory: ChunkDirectory { rows, columns },
        bytes,
    }
}

pub(crate) fn options() -> FileOptions {
    FileOptions {
        file: FileId(*b"\x01\x02test file id\x03\x04"),
        created_ns: 1_763_000_000_123_456_789,
    }
}

pub(crate) fn metadata() -> ExportMetadata {
    ExportMetadata {
        tool: "exportkit 0.1.0".into(),
        created_ns: 5,
        source: Some("a.csv".into()),
        rows: 1,
        chunks: 2,
        entries: [("who".to_owned(), "me".to_owned())].into(),
    }
}

/// What was written: chunks by stream, in order.
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    pub(crate) chunks: Vec<(StreamId, EncodedChunk)>,
    /// Where each frame starts.
    pub(crate) frames: Vec<usize>,
}

/// Two streams of 3 and 2 columns, `chunks` chunks in turn.
pub(crate) fn write(seed: u64, chunks: usize, longest: usize, finish: bool) -> Written {
    write_as(options().file, seed, chunks, longest, finish)
}

pub(crate) fn write_as(
    file: FileId,
    seed: u64,
    chunks: usize,
    longest: usize,
    finish: bool,
) -> Written {
    let none = Protection::default();
    write_protected(file, seed, chunks, longest, finish, &none)
}

/// The key of a number.
pub(crate) fn key(number: u8) -> Arc<dyn Secret> {
    Arc::new(Key::from_bytes([number; 32]))
}

pub(crate) fn encrypted() -> Protection {
    Protection {
        encrypt: Some(key(1)),
        seal: None,
    }
}

pub(crate) fn sealed() -> Protection {
    Protection {
        encrypt: None,
        seal: Some(key(2)),
    }
}

pub(crate) fn access(protection: &Protection) -> Access {
    Access {
        limits: Limits::default(),
        keys: protection.keys(),
    }
}

/// [`write`] of a file that is protected.
pub(crate) fn write_protected(
    file: FileId,
    seed: u64,
    chunks: usize,
    longest: usize,
    finish: bool,
    protection: &Protection,
) -> Written {
    let writer = FrameWriter::protected(&FileOptions { file, ..options() }, protection);
    write_to(writer, seed, chunks, longest, finish)
}

/// [`write_protected`] with parity of so many percent.
#[cfg(feature = "parity")]
pub(crate) fn write_protected_with_parity(
    percent: u8,
    seed: u64,
    protection: &Protection,
) -> Written {
    let mut writer = FrameWriter::protected(&options(), protection);
    let share = export_container::Parity::percent(percent).unwrap();
    writer.set_parity(Some(share)).unwrap();
    write_to(writer, seed, 40, 60, true)
}

/// [`write`] with parity of so many percent.
#[cfg(feature = "parity")]
pub(crate) fn write_with_parity(
    percent: u8,
    seed: u64,
    chunks: usize,
    longest: usize,
    finish: bool,
) -> Written {
    let mut writer = FrameWriter::new(&options());
    let share = export_container::Parity::percent(percent).unwrap();
    writer.set_parity(Some(share)).unwrap();
    write_to(writer, seed, chunks, longest, finish)
}

fn write_to(
    mut writer: FrameWriter,
    seed: u64,
    chunks: usize,
    longest: usize,
    finish: bool,
) -> Written {
    let mut random = Random(seed);
    let streams = [
        writer.add_stream("events", &schema(3)),
        writer.add_stream("states", &schema(2)),
    ];
    let streams = streams.map(Result::unwrap);
    let mut written = Vec::new();
    for at in 0..chunks {
        let which = usize::from(at % 3 == 2);
        let rows = 1 + random.next() % 50;
        let chunk = chunk(3 - which, rows, longest, &mut random);
        writer.chunk(streams[which], &chunk).unwrap();
        written.push((streams[which], chunk));
    }
    writer.metadata(&metadata()).unwrap();
    if finish {
        writer.finish().unwrap();
    }
    let bytes = writer.output().to_vec();
    Written {
        frames: frames(&bytes),
        bytes,
        chunks: written,
    }
}

/// Where the frames of an intact file start.
pub(crate) fn frames(bytes: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 64;
    while at < bytes.len() {
        starts.push(at);
        let header = export_container::FrameHeader::parse(&bytes[at..at + 64]).unwrap();
        at += header.frame_bytes() as usize;
    }
    starts
}

pub(crate) fn storage(bytes: &[u8]) -> Arc<MemoryStorage> {
    Arc::new(MemoryStorage::new(bytes.to_vec()))
}

pub(crate) fn open(bytes: &[u8]) -> Container {
    Container::open(storage(bytes), Limits::default()).unwrap()
}

/// Whether a chunk that was read is the one that was written, wherever its blocks lie.
pub(crate) fn same(read: &EncodedChunk, written: &EncodedChunk) -> bool {
    let contents = |chunk: &EncodedChunk| {
        let columns = chunk.directory.columns.iter().map(|column| {
            let blocks = column.blocks.iter().map(|block| {
                let at = block.offset as usize;
                let stored = chunk.bytes[at..at + block.stored_bytes as usize].to_vec();
                (
                    Block {
                        offset: 0,
                        ..block.clone()
                    },
                    stored,
                )
            });
            (column.summary.clone(), blocks.collect::<Vec<_>>())
        });
        (chunk.directory.rows, columns.collect::<Vec<_>>())
    };
    contents(read) == contents(written)
}

/// Reads every chunk that can be read: stream, number and content.
pub(crate) fn read_all(container: &Container) -> Vec<(StreamId, u64, EncodedChunk)> {
    let chunks = container.chunks();
    let read = |chunk: &&export_container::ChunkRef| {
        Some((
            chunk.stream,
            chunk.number,
            container.read_chunk(chunk, None).ok()?,
        ))
    };
    chunks.iter().filter_map(read).collect()
}
