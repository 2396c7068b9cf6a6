//! Containers whose lengths, counts and links lie: each field that announces something, announcing as much as it can.

use anyhow::Result;
use export_container::layout::{self, Kind};

use super::Bomb;
use super::craft::{FILE, Frame, checksum, container, field, header, piece, put_tail, started};
use export_compress::Encoding;
use export_core::marrow::datatypes::DataType;
use export_core::{Role, StreamId};

pub(super) fn bombs() -> Result<Vec<Bomb>> {
    let mut bombs = Vec::new();
    bombs.extend(headers()?);
    bombs.extend(directories()?);
    bombs.extend(indexes()?);
    bombs.extend(texts()?);
    bombs.extend(crowds()?);
    bombs.extend(overlaps());
    Ok(bombs)
}

fn bomb(name: &str, bytes: Vec<u8>) -> Bomb {
    Bomb::new(name, "xk", bytes)
}

/// A file with one stream of numbers, and the sequence of the frame that comes next.
fn opened() -> Result<(Vec<u8>, u64)> {
    let (writer, _) = started(vec![field(DataType::UInt64)])?;
    Ok((writer.output().to_vec(), 1))
}

fn headers() -> Result<Vec<Bomb>> {
    let mut bombs = Vec::new();
    for (name, kind, said) in [
        ("a chunk of 2^62 bytes", Kind::Chunk, 1 << 62),
        (
            "a chunk of 255 MiB that is not there",
            Kind::Chunk,
            255 << 20,
        ),
        (
            "a stream frame of 16 MiB that is not there",
            Kind::Stream,
            16 << 20,
        ),
        ("a stream frame of a gigabyte", Kind::Stream, 1 << 30),
        ("a metadata frame of a gigabyte", Kind::Metadata, 1 << 30),
        (
            "an index of a gigabyte that is not there",
            Kind::Index,
            1 << 30,
        ),
    ] {
        let (mut bytes, sequence) = opened()?;
        let mut frame = Frame::new(sequence, kind, vec![0; 24]).of_stream(0);
        frame.said_bytes = Some(said);
        frame.put(&mut bytes);
        // A frame that ends after the file is one that is being written.
        bombs.push(bomb(&format!("header: {name}"), bytes).read_as_it_is());
    }
    // A directory as long as its field can say, in a payload that is longer still.
    let (mut bytes, sequence) = opened()?;
    let mut frame = Frame::new(sequence, Kind::Chunk, vec![0; 24]).of_stream(0);
    frame.said_bytes = Some(200 << 20);
    let mut head = frame.header();
    head.directory_bytes = 200 << 20;
    bytes.extend(head.to_bytes());
    bytes.resize(bytes.len() + 4096, 0);
    bombs.push(bomb("header: a directory of 200 MiB that is not there", bytes).read_as_it_is());
    Ok(bombs)
}

/// The start of a chunk's directory: first row, number, schema version, columns.
fn directory_head(columns: u32) -> Vec<u8> {
    let mut head = vec![0; 20];
    head.extend(columns.to_le_bytes());
    head
}

fn directories() -> Result<Vec<Bomb>> {
    let mut bombs = Vec::new();
    let mut add = |name: &str, rows: u32, payload: Vec<u8>| -> Result<()> {
        let (mut bytes, sequence) = opened()?;
        let mut frame = Frame::new(sequence, Kind::Chunk, payload).of_stream(0);
        frame.rows = rows;
        frame.put(&mut bytes);
        // What another frame follows is no frame that is being written.
        Frame::new(sequence + 1, Kind::Stream, stream_json(""))
            .of_stream(1)
            .put(&mut bytes);
        bombs.push(bomb(&format!("directory: {name}"), bytes));
        Ok(())
    };
    add("2^32 rows", u32::MAX, directory_head(1))?;
    add("2^32 columns", 1, directory_head(u32::MAX))?;
    add(
        "65,536 columns that are not there",
        1,
        directory_head(1 << 16),
    )?;
    // A column without bounds (nulls, flags) and as many blocks as can be said.
    let blocks = [directory_head(1), vec![0; 5], vec![0xFF; 2]].concat();
    add("65,535 blocks that are not there", 1, blocks)?;
    // Bounds that are longer than there are bytes.
    let bounds = [directory_head(1), vec![0, 0, 0, 0, 0x33], vec![0xFF; 1]].concat();
    add("a bound of 255 bytes", 1, bounds)?;
    Ok(bombs)
}

/// What an index says before its streams (v1.md, "Index").
struct Index {
    previous: [u64; 3],
    entries: u64,
    streams: u32,
    metadata: u32,
    rest: Vec<u8>,
}

impl Index {
    fn new() -> Self {
        Self {
            previous: [0; 3],
            entries: 0,
            streams: 0,
            metadata: 0,
            rest: Vec::new(),
        }
    }

    fn payload(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(layout::MAJOR.to_le_bytes());
        out.extend(layout::MINOR.to_le_bytes());
        out.extend([0; 4 + 8 + 6 + 10]);
        self.previous
            .iter()
            .chain([&self.entries])
            .for_each(|field| out.extend(field.to_le_bytes()));
        out.extend(self.streams.to_le_bytes());
        out.extend(self.metadata.to_le_bytes());
        out.extend([0; 8]);
        out.extend(&self.rest);
        out
    }
}

/// A file that ends in an index of these payloads, each linked to by the tail or by the next.
fn indexed(indexes: &[Index]) -> Result<Vec<u8>> {
    let (mut bytes, mut sequence) = opened()?;
    let mut last = (0, 0);
    for index in indexes {
        let offset = bytes.len() as u64;
        Frame::new(sequence, Kind::Index, index.payload()).put(&mut bytes);
        last = (offset, bytes.len() as u64 - offset);
        sequence += 1;
    }
    put_tail(sequence, last.0, last.1, &mut bytes);
    Ok(bytes)
}

fn indexes() -> Result<Vec<Bomb>> {
    let mut bombs = Vec::new();
    for (name, index) in [
        (
            "2^60 entries",
            Index {
                entries: 1 << 60,
                ..Index::new()
            },
        ),
        (
            "sixteen million entries that are not there",
            Index {
                entries: 16 << 20,
                ..Index::new()
            },
        ),
        (
            "2^32 streams",
            Index {
                streams: u32::MAX,
                ..Index::new()
            },
        ),
        (
            "65,536 streams that are not there",
            Index {
                streams: 1 << 16,
                ..Index::new()
            },
        ),
        (
            "metadata of 4 GiB",
            Index {
                metadata: u32::MAX,
                ..Index::new()
            },
        ),
        (
            "a stream frame of 4 GiB",
            Index {
                streams: 1,
                rest: vec![0xFF; 8],
                ..Index::new()
            },
        ),
        // An entry whose last fields are columns, kind and flags.
        (
            "an entry of 2^32 columns",
            Index {
                entries: 1,
                rest: [&[0; 56][..], &[0xFF; 4], &[2, 0, 1, 0]].concat(),
                ..Index::new()
            },
        ),
    ] {
        bombs.push(bomb(&format!("index: {name}"), indexed(&[index])?));
    }
    for (name, previous) in [
        ("a link to itself", [320, 192, 1]),
        ("a link to what comes after", [1 << 20, 192, 1]),
        ("a link to 2^62 bytes", [64, 1 << 62, 0]),
        ("a link to a gigabyte that is not there", [64, 1 << 30, 0]),
    ] {
        let index = Index {
            previous,
            ..Index::new()
        };
        // Where links lead nowhere, frames tell what there is.
        bombs.push(bomb(&format!("index: {name}"), indexed(&[index])?).read_as_it_is());
    }
    for (name, offset, length) in [
        ("2^62 bytes", 64, 1 << 62),
        (
            "a gigabyte before the file starts",
            u64::MAX - (1 << 30),
            1 << 30,
        ),
    ] {
        let (mut bytes, sequence) = opened()?;
        put_tail(sequence, offset, length, &mut bytes);
        bombs.push(bomb(&format!("tail: an index of {name}"), bytes).read_as_it_is());
    }
    Ok(bombs)
}

fn stream_json(fields: &str) -> Vec<u8> {
    let facts = r#"{"major":1,"minor":0,"flags":0,"created_ns":0,"release":[0,1,0]}"#;
    format!(r#"{{"stream":"t","file":{facts},"versions":[{{"fields":[{fields}]}}]}}"#).into_bytes()
}

/// A file with a frame of JSON.
fn with_json(kind: Kind, json: Vec<u8>) -> Result<Vec<u8>> {
    let (mut bytes, sequence) = opened()?;
    let frame = Frame::new(sequence, kind, json);
    match kind {
        Kind::Stream => frame.of_stream(1).put(&mut bytes),
        _ => frame.put(&mut bytes),
    }
    Ok(bytes)
}

fn texts() -> Result<Vec<Bomb>> {
    let many = r#"{"name":"","type":"null"},"#.repeat(600_000);
    let many = many.trim_end_matches(',');
    let keys = r#""":"","#.repeat(2_000_000);
    let keys = keys.trim_end_matches(',');
    let nested = |levels: usize| {
        let open = r#"{"name":"c","type":"list","children":["#.repeat(levels);
        let close = "]}".repeat(levels);
        format!(r#"{open}{{"name":"c","type":"null"}}{close}"#)
    };
    let wide = format!(r#"{{"name":"c","type":"struct","children":[{many}]}}"#);
    let with_keys = format!(r#"{{"name":"c","type":"null","metadata":{{{keys}}}}}"#);
    let metadata =
        format!(r#"{{"tool":"","created_ns":0,"rows":0,"chunks":0,"entries":{{{keys}}}}}"#);
    [
        ("stream: 600,000 columns", Kind::Stream, stream_json(many)),
        (
            "stream: 600,000 columns in a struct",
            Kind::Stream,
            stream_json(&wide),
        ),
        (
            "stream: two million keys in a column's metadata",
            Kind::Stream,
            stream_json(&with_keys),
        ),
        (
            "stream: types 61 levels deep",
            Kind::Stream,
            stream_json(&nested(61)),
        ),
        (
            "stream: types 100,000 levels deep",
            Kind::Stream,
            stream_json(&nested(100_000)),
        ),
        (
            "stream: JSON a million levels deep",
            Kind::Stream,
            vec![b'['; 1_000_000],
        ),
        (
            "metadata: JSON a million levels deep",
            Kind::Metadata,
            vec![b'['; 1_000_000],
        ),
        (
            "metadata: two million keys",
            Kind::Metadata,
            metadata.into_bytes(),
        ),
    ]
    .into_iter()
    .map(|(name, kind, json)| Ok(bomb(name, with_json(kind, json)?)))
    .collect::<Result<_>>()
}

/// Many small things rather than a large one.
fn crowds() -> Result<Vec<Bomb>> {
    let mut bombs = Vec::new();
    // Headers side by side, each of a frame that goes on to the end of the file, over all that follow.
    let count = 16_384_u64;
    let mut bytes = header();
    for number in 0..count {
        let mut frame = Frame::new(number * 2, Kind::Metadata, Vec::new());
        frame.said_bytes = Some((count - number - 1) * layout::FRAME_HEADER_BYTES as u64);
        bytes.extend(frame.header().to_bytes());
    }
    bombs.push(bomb("frames: 16,384 of them, one in the other", bytes));

    let (mut bytes, mut sequence) = opened()?;
    for stream in 1..70_000 {
        let json = format!(
            r#"{{"stream":"{stream}","file":{{"major":1,"minor":0,"flags":0,"created_ns":0,"release":[0,1,0]}},"versions":[{{"fields":[]}}]}}"#
        );
        Frame::new(sequence, Kind::Stream, json.into_bytes())
            .of_stream(stream)
            .put(&mut bytes);
        sequence += 1;
    }
    bombs.push(bomb("streams: 70,000 of them", bytes));

    // Chunks of streams that come at the end, if ever: each new stream must not be looked for among all chunks.
    let (mut bytes, mut sequence) = opened()?;
    for stream in 1..20_000 {
        let mut frame = Frame::new(sequence, Kind::Chunk, directory_head(0)).of_stream(stream);
        // No blocks follow: the payload ends where they would start.
        frame.said_bytes = Some(64);
        frame.payload.resize(24, 0);
        let mut head = frame.header();
        head.directory_bytes = 24;
        head.directory_checksum = checksum(sequence, &frame.payload);
        bytes.extend(head.to_bytes());
        bytes.extend(&frame.payload);
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        sequence += 1;
    }
    bombs.push(bomb("chunks: 20,000 without a stream", bytes));

    // A frame of the one kind that may be anything, from a later release.
    let (mut bytes, sequence) = opened()?;
    let mut frame = Frame::new(sequence, Kind::Chunk, vec![0; 64]);
    frame.kind = 0x7777;
    frame.stream = Some(StreamId(0));
    frame.put(&mut bytes);
    bombs.push(bomb("frames: a critical one that nobody knows", bytes));

    // The same chunk in two places: the file's own id, the same number.
    let once = container(
        DataType::UInt8,
        1,
        vec![piece((0, Role::Values), Encoding::Plain, 1, [], [7])],
    )?;
    debug_assert!(once.windows(16).any(|window| window == FILE.0));
    let mut twice = once.clone();
    for _ in 0..2000 {
        twice.extend(once.get(64..).unwrap_or_default());
    }
    bombs.push(bomb("frames: the same ones two thousand times", twice).read_as_it_is());
    Ok(bombs)
}

/// Headers of frames that are longer than the file, and of which much would be read to know what they were.
fn overlaps() -> Vec<Bomb> {
    let count = 16_384_u32;
    let said = u64::from(count) * 256;
    let mut bytes = header();
    for number in 0..u64::from(count) {
        let mut frame = Frame::new(number, Kind::Chunk, Vec::new()).of_stream(0);
        frame.said_bytes = Some(said);
        let mut head = frame.header();
        head.directory_bytes = count * 32;
        bytes.extend(head.to_bytes());
    }
    let chunks = bomb("frames: 16,384 torn chunks with long directories", bytes);

    // A descriptor (v1.md, "Parity") with as many frames and shards as it can have.
    let mut descriptor = vec![0; 24];
    for counted in [1 << 16, 64, 1 << 15, 1 << 15] {
        descriptor.extend(u32::to_le_bytes(counted));
    }
    descriptor.extend([1, 0, 10, 0, 0, 0, 0, 0]);
    descriptor.resize(64, 0);
    let mut bytes = header();
    for number in 0..u64::from(count) {
        let mut frame = Frame::new(number, Kind::Parity, Vec::new());
        frame.said_bytes = Some(said);
        bytes.extend(frame.header().to_bytes());
        bytes.extend(&descriptor);
    }
    let parity = bomb(
        "frames: 16,384 torn parity frames with long descriptors",
        bytes,
    );
    // A torn frame is one that is being written.
    vec![chunks.read_as_it_is(), parity.read_as_it_is()]
}
