//! The index and the tail (v1.md, "Index" and "Tail").

use export_core::{FileId, Limits, StreamId, Summary};

use crate::cursor::Cursor;
use crate::directory::Directory;
use crate::fault::{Fault, within};
use crate::frame::FrameHeader;
use crate::header::FileHeader;
use crate::layout::{
    ALIGNMENT, FRAME_CRITICAL, FRAME_ENCRYPTED, INDEX_ENTRY_BYTES, Kind, NO_STREAM,
};
use crate::summary;

const NAME: &str = "index";
const SHORTEST_COLUMN_BYTES: usize = summary::SHORTEST_BYTES + 4;

/// Where an index frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// Offset of the frame in the file.
    pub(crate) offset: u64,
    /// Length of the frame with its padding.
    pub(crate) frame_bytes: u64,
    /// Sequence of the frame.
    pub(crate) sequence: u64,
}

/// One column of a chunk, as the index knows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnRef {
    /// Bytes its blocks take in the file, padding included; a multiple of 64.
    pub stored_bytes: u64,
    /// What is known of its values.
    pub summary: Summary,
}

/// One chunk of a container: where it is and what is known of it without reading it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChunkRef {
    /// Its stream.
    pub stream: StreamId,
    /// Its number in the stream, from 0.
    pub number: u64,
    /// Its place among the file's frames.
    pub sequence: u64,
    /// Where its frame starts in the file.
    pub offset: u64,
    /// Length of its payload.
    pub payload_bytes: u64,
    /// Length of its directory.
    pub directory_bytes: u32,
    /// Whether its payload is encrypted: then it is read whole, whatever is wanted of it.
    pub is_encrypted: bool,
    /// Number of rows.
    pub rows: u64,
    /// Number of its first row in the stream, from 0.
    pub first_row: u64,
    /// Which of the stream's schemas it was written with, from 0.
    pub schema_version: u32,
    /// One entry a column of that schema.
    pub columns: Vec<ColumnRef>,
}

impl ChunkRef {
    /// What header and directory of the chunk at `offset` say.
    pub(crate) fn new(offset: u64, header: &FrameHeader, directory: Directory) -> Option<Self> {
        let extents: Vec<u64> = directory.extents().collect();
        let columns = directory.columns.into_iter().zip(extents);
        Some(Self {
            stream: header.stream?,
            number: directory.number,
            sequence: header.sequence,
            offset,
            payload_bytes: header.payload_bytes,
            directory_bytes: header.directory_bytes,
            is_encrypted: header.is_encrypted(),
            rows: header.rows.into(),
            first_row: directory.first_row,
            schema_version: directory.schema_version,
            columns: columns
                .map(|(column, stored_bytes)| ColumnRef {
                    stored_bytes,
                    summary: column.summary,
                })
                .collect(),
        })
    }

    /// Memory that it takes, at about most.
    pub(crate) fn memory_bytes(&self) -> u64 {
        entry_memory(self.columns.len() as u64)
    }

    /// Number of the row after its last.
    #[must_use]
    pub fn end_row(&self) -> u64 {
        self.first_row.saturating_add(self.rows)
    }

    /// Appends the index entry. Counts fit their fields: the chunk was written, or read.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.offset.to_le_bytes());
        out.extend(self.sequence.to_le_bytes());
        out.extend(self.payload_bytes.to_le_bytes());
        out.extend(self.first_row.to_le_bytes());
        out.extend(self.number.to_le_bytes());
        out.extend(self.stream.0.to_le_bytes());
        out.extend(u32::try_from(self.rows).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(self.directory_bytes.to_le_bytes());
        out.extend(self.schema_version.to_le_bytes());
        out.extend(
            u32::try_from(self.columns.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        out.extend(Kind::Chunk.number().to_le_bytes());
        let encrypted = if self.is_encrypted {
            FRAME_ENCRYPTED
        } else {
            0
        };
        out.extend((FRAME_CRITICAL | encrypted).to_le_bytes());
        for column in &self.columns {
            let units = u32::try_from(column.stored_bytes / ALIGNMENT).unwrap_or(u32::MAX);
            out.extend(units.to_le_bytes());
            summary::put(&column.summary, out);
        }
    }
}

/// The parts of an index's payload.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Index<'a> {
    /// The file's header.
    pub(crate) file: FileHeader,
    /// The index that covers what this one does not.
    pub(crate) previous: Option<Link>,
    /// Number and stream frame payload of every stream.
    pub(crate) streams: Vec<(StreamId, &'a [u8])>,
    /// Payload of the last metadata frame.
    pub(crate) metadata: Option<&'a [u8]>,
    /// Number of entries.
    pub(crate) entry_count: u64,
    /// The entries, as stored.
    pub(crate) entries: &'a [u8],
}

impl<'a> Index<'a> {
    /// The payload. Fails where a part is longer than its field can say.
    pub(crate) fn to_payload(&self) -> Result<Vec<u8>, Fault> {
        let length = |bytes: usize| {
            u32::try_from(bytes).map_err(|_| Fault::Range {
                structure: NAME,
                field: "length",
                found: bytes as u64,
            })
        };
        let FileHeader {
            major,
            minor,
            flags,
            created_ns,
            release,
            ..
        } = self.file;
        let mut out = Vec::with_capacity(self.entries.len() + 4096);
        out.extend(major.to_le_bytes());
        out.extend(minor.to_le_bytes());
        out.extend(flags.to_le_bytes());
        out.extend(created_ns.to_le_bytes());
        release
            .iter()
            .for_each(|part| out.extend(part.to_le_bytes()));
        out.extend([0; 10]);
        let none = Link {
            offset: 0,
            frame_bytes: 0,
            sequence: 0,
        };
        let Link {
            offset,
            frame_bytes,
            sequence,
        } = self.previous.unwrap_or(none);
        [offset, frame_bytes, sequence, self.entry_count]
            .iter()
            .for_each(|field| out.extend(field.to_le_bytes()));
        out.extend(length(self.streams.len())?.to_le_bytes());
        out.extend(length(self.metadata.map_or(0, <[u8]>::len))?.to_le_bytes());
        out.extend([0; 8]);
        for (stream, json) in &self.streams {
            out.extend(stream.0.to_le_bytes());
            out.extend(length(json.len())?.to_le_bytes());
            out.extend(*json);
        }
        out.extend(self.metadata.unwrap_or_default());
        out.extend(self.entries);
        Ok(out)
    }

    /// Takes a payload apart, whose checksum was verified. Entries are not looked at yet.
    pub(crate) fn parse(payload: &'a [u8], file: FileId, limits: &Limits) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(NAME, payload);
        let (major, minor) = (cursor.u16()?, cursor.u16()?);
        let (flags, created_ns) = (cursor.u32()?, cursor.i64()?);
        let release = [cursor.u16()?, cursor.u16()?, cursor.u16()?];
        cursor.zeros(10)?;
        let (offset, frame_bytes, sequence) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        let entry_count = cursor.u64()?;
        let (stream_count, metadata_bytes) = (cursor.u32()?, cursor.u32()?);
        cursor.zeros(8)?;
        within("frames", entry_count, limits.frames)?;
        within("streams", stream_count.into(), limits.streams.into())?;
        let mut streams = Vec::with_capacity(cursor.capacity(stream_count.into(), 8));
        for _ in 0..stream_count {
            let stream = StreamId(cursor.u32()?);
            let length = cursor.u32()?;
            within(
                "bytes of a stream frame",
                length.into(),
                limits.metadata_bytes,
            )?;
            streams.push((stream, cursor.slice(length as usize)?));
        }
        within(
            "bytes of metadata",
            metadata_bytes.into(),
            limits.metadata_bytes,
        )?;
        let metadata = cursor.slice(metadata_bytes as usize)?;
        let entries = cursor.rest();
        Ok(Self {
            file: FileHeader {
                major,
                minor,
                flags,
                file,
                created_ns,
                release,
            },
            previous: Some(Link {
                offset,
                frame_bytes,
                sequence,
            })
            .filter(|link| link.offset != 0),
            streams,
            metadata: Some(metadata).filter(|json| !json.is_empty()),
            entry_count,
            entries,
        })
    }

    /// The chunks of an index whose frame has the number `sequence`. Fails where an entry cannot be true, or needs a later release.
    /// `memory` is what the chunks of all indexes take together.
    pub(crate) fn chunks(
        &self,
        sequence: u64,
        limits: &Limits,
        memory: &mut u64,
    ) -> Result<Vec<ChunkRef>, Fault> {
        let mut cursor = Cursor::new(NAME, self.entries);
        let mut chunks = Vec::with_capacity(cursor.capacity(self.entry_count, INDEX_ENTRY_BYTES));
        for _ in 0..self.entry_count {
            chunks.extend(take_entry(&mut cursor, sequence, limits, memory)?);
        }
        cursor.end()?;
        match chunks
            .windows(2)
            .find(|pair| matches!(pair, [a, b] if a.sequence >= b.sequence))
        {
            None => Ok(chunks),
            Some(_) => Err(Fault::Range {
                structure: NAME,
                field: "order of entries",
                found: 0,
            }),
        }
    }
}

/// Memory that a chunk of so many columns takes in the list of them, its bounds of text left out.
fn entry_memory(columns: u64) -> u64 {
    let each = size_of::<ColumnRef>() as u64;
    columns
        .saturating_mul(each)
        .saturating_add(size_of::<ChunkRef>() as u64)
}

/// Reads an entry; `None` where it is of a kind that this release may skip.
fn take_entry(
    cursor: &mut Cursor<'_>,
    index_sequence: u64,
    limits: &Limits,
    memory: &mut u64,
) -> Result<Option<ChunkRef>, Fault> {
    let (offset, sequence, payload_bytes) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
    let (first_row, number) = (cursor.u64()?, cursor.u64()?);
    let (stream, rows) = (cursor.u32()?, cursor.u32()?);
    let (directory_bytes, schema_version) = (cursor.u32()?, cursor.u32()?);
    let column_count = cursor.u32()?;
    let (kind, flags) = (cursor.u16()?, cursor.u16()?);
    within("columns", column_count.into(), limits.columns.into())?;
    let rows = u64::from(rows);
    let capacity = cursor.capacity(column_count.into(), SHORTEST_COLUMN_BYTES);
    *memory = memory.saturating_add(entry_memory(capacity as u64));
    within("memory of the index", *memory, limits.memory_bytes)?;
    let mut columns = Vec::with_capacity(capacity);
    for _ in 0..column_count {
        let stored_bytes = u64::from(cursor.u32()?) * ALIGNMENT;
        columns.push(ColumnRef {
            stored_bytes,
            summary: summary::take(cursor, rows)?,
        });
    }
    let is_encrypted = flags & FRAME_ENCRYPTED != 0;
    if kind != Kind::Chunk.number() || flags & !FRAME_ENCRYPTED != FRAME_CRITICAL {
        let refused = flags & FRAME_CRITICAL != 0;
        return if refused {
            Err(cursor.unknown("critical frame kind", kind.into()))
        } else {
            Ok(None)
        };
    }
    // An index that was moved is still right about what was written, so its own place says nothing here.
    if offset
        .checked_add(payload_bytes)
        .is_none_or(|end| end > i64::MAX as u64)
        || offset == 0
    {
        return Err(cursor.out_of_range("chunk offset", offset));
    }
    if sequence >= index_sequence {
        return Err(cursor.out_of_range("chunk sequence", sequence));
    }
    if u64::from(directory_bytes) > payload_bytes {
        return Err(cursor.out_of_range("directory length", directory_bytes.into()));
    }
    if first_row.checked_add(rows).is_none() || stream == NO_STREAM {
        return Err(cursor.out_of_range("first row", first_row));
    }
    let stream = StreamId(stream);
    Ok(Some(ChunkRef {
        stream,
        number,
        sequence,
        offset,
        payload_bytes,
        directory_bytes,
        is_encrypted,
        rows,
        first_row,
        schema_version,
        columns,
    }))
}

/// The payload of a tail.
pub(crate) fn tail_to_payload(index: Link) -> Vec<u8> {
    [index.offset.to_le_bytes(), index.frame_bytes.to_le_bytes()].concat()
}

/// The index that a tail points to; it is the frame before.
pub(crate) fn tail_from_payload(payload: &[u8], sequence: u64) -> Result<Link, Fault> {
    let mut cursor = Cursor::new("tail", payload);
    let link = Link {
        offset: cursor.u64()?,
        frame_bytes: cursor.u64()?,
        sequence: sequence
            .checked_sub(1)
            .ok_or_else(|| cursor.out_of_range("sequence", sequence))?,
    };
    cursor.end()?;
    Ok(link)
}
