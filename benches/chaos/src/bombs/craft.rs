//! Containers put together by hand, whose checksums are right and whose content is not.

use anyhow::Result;
use export_compress::{Compression, Encoding};
use export_container::{FileOptions, FrameHeader, FrameWriter, layout};
use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::marrow::datatypes::{DataType, Field};
use export_core::{
    Block, ChunkDirectory, Codec, ColumnDirectory, EncodedChunk, FileId, Role, Schema, StreamId,
    Summary,
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The file that all of them say they are.
pub(super) const FILE: FileId = FileId(*b"a file of a bomb");

/// A block that says what it likes.
pub(super) struct Piece {
    pub(super) node: u16,
    pub(super) role: Role,
    pub(super) encoding: Encoding,
    pub(super) codec: Compression,
    pub(super) parameters: Vec<u8>,
    pub(super) values: u64,
    pub(super) encoded_bytes: u64,
    pub(super) stored: Vec<u8>,
}

/// A block of `values` values in an encoding that takes these parameters and bytes.
pub(super) fn piece(
    (node, role): (u16, Role),
    encoding: Encoding,
    values: u64,
    parameters: impl Into<Vec<u8>>,
    stored: impl Into<Vec<u8>>,
) -> Piece {
    let stored = stored.into();
    Piece {
        node,
        role,
        encoding,
        codec: Compression::None,
        parameters: parameters.into(),
        values,
        encoded_bytes: stored.len() as u64,
        stored,
    }
}

/// A block whose codec is said to make `encoded_bytes` bytes of what is stored.
pub(super) fn squeezed(mut piece: Piece, codec: Compression, encoded_bytes: u64) -> Result<Piece> {
    let mut stored = Vec::new();
    codec.compress(&piece.stored, &mut stored)?;
    piece.codec = codec;
    piece.encoded_bytes = encoded_bytes;
    piece.stored = stored;
    Ok(piece)
}

pub(super) fn field(data_type: DataType) -> Field {
    Field {
        name: "c".into(),
        data_type,
        nullable: false,
        metadata: Default::default(),
    }
}

/// A writer with a stream of these fields.
pub(super) fn started(fields: Vec<Field>) -> Result<(FrameWriter, StreamId)> {
    let mut writer = FrameWriter::new(&FileOptions {
        file: FILE,
        created_ns: 0,
    });
    let stream = writer.add_stream("s", &Schema::new(fields)?)?;
    Ok((writer, stream))
}

/// A whole file of one column with one chunk.
pub(super) fn container(data_type: DataType, rows: u64, pieces: Vec<Piece>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut blocks = Vec::new();
    for piece in pieces {
        bytes.resize(bytes.len().next_multiple_of(BLOCK_ALIGNMENT), 0);
        blocks.push(Block {
            node: piece.node,
            role: piece.role,
            encoding: piece.encoding.id(),
            codec: piece.codec.id(),
            parameters: piece.parameters,
            values: piece.values,
            offset: bytes.len() as u64,
            stored_bytes: piece.stored.len() as u64,
            encoded_bytes: piece.encoded_bytes,
            checksum: xxh3_64(&piece.stored),
        });
        bytes.extend(piece.stored);
    }
    let column = ColumnDirectory {
        summary: Summary::default(),
        blocks,
    };
    let chunk = EncodedChunk {
        directory: ChunkDirectory {
            rows,
            columns: vec![column],
        },
        bytes,
    };
    let (mut writer, stream) = started(vec![field(data_type)])?;
    writer.chunk(stream, &chunk)?;
    writer.finish()?;
    Ok(writer.output().to_vec())
}

/// A frame that says what it likes. Its directory is all of its payload.
pub(super) struct Frame {
    pub(super) sequence: u64,
    pub(super) kind: u16,
    pub(super) stream: Option<StreamId>,
    pub(super) rows: u32,
    pub(super) payload: Vec<u8>,
    /// What the header says of the payload's length, where that is not so.
    pub(super) said_bytes: Option<u64>,
}

impl Frame {
    pub(super) fn new(sequence: u64, kind: layout::Kind, payload: Vec<u8>) -> Self {
        Self {
            sequence,
            kind: kind.number(),
            stream: None,
            rows: 0,
            payload,
            said_bytes: None,
        }
    }

    pub(super) fn of_stream(mut self, stream: u32) -> Self {
        self.stream = Some(StreamId(stream));
        self
    }

    pub(super) fn header(&self) -> FrameHeader {
        let length = self.payload.len() as u64;
        FrameHeader {
            file: FILE,
            sequence: self.sequence,
            payload_bytes: self.said_bytes.unwrap_or(length),
            stream: self.stream,
            rows: self.rows,
            directory_bytes: u32::try_from(length).unwrap_or(u32::MAX),
            kind: self.kind,
            flags: u16::from(self.stream.is_some()),
            directory_checksum: checksum(self.sequence, &self.payload),
        }
    }

    /// Appends header, payload and padding.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.header().to_bytes());
        out.extend(&self.payload);
        out.resize(out.len().next_multiple_of(BLOCK_ALIGNMENT), 0);
    }
}

/// The checksum of a payload's start, bound to its place (v1.md, "Frames").
pub(super) fn checksum(sequence: u64, directory: &[u8]) -> u64 {
    let place = [&FILE.0[..], &sequence.to_le_bytes()].concat();
    xxh3_64_with_seed(directory, xxh3_64(&place))
}

/// The header of a file, without frames.
pub(super) fn header() -> Vec<u8> {
    let options = FileOptions {
        file: FILE,
        created_ns: 0,
    };
    FrameWriter::new(&options).output().to_vec()
}

/// A tail that points to an index of `bytes` bytes at `offset`.
pub(super) fn put_tail(sequence: u64, offset: u64, bytes: u64, out: &mut Vec<u8>) {
    let payload = [offset.to_le_bytes(), bytes.to_le_bytes()].concat();
    Frame::new(sequence, layout::Kind::Tail, payload).put(out);
}
