//! Reading chunks, whole or some of their columns.

use std::sync::{Arc, Mutex, PoisonError};

use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::{
    ChunkDirectory, ColumnDirectory, EncodedChunk, Error, ErrorKind, Limits, Result, memory,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::catalogue::parse_chunk;
use crate::container::Container;
use crate::counted::Counted;
use crate::directory::{Directory, extent};
use crate::fault::Fault;
use crate::frame::{FrameHeader, block_range, stored};
use crate::index::ChunkRef;
use crate::layout::FRAME_HEADER_BYTES;
use crate::places::Places;
use crate::storage::MemoryStorage;

/// Where frames are that are not where the index says; known once one was missed.
#[derive(Debug, Default)]
pub(crate) struct Relocated(Mutex<Option<Places>>);

/// The start of a chunk. Of an encrypted one it is all of it, as it was before.
struct Head {
    header: FrameHeader,
    directory: Directory,
    /// The payload, where it was encrypted.
    opened: Option<Vec<u8>>,
}

/// A run of wanted columns that lie next to each other, in the order they are wanted.
struct Run {
    /// Where it starts among the chunk's blocks.
    from: u64,
    /// Where it starts in the bytes that are returned.
    to: u64,
    bytes: u64,
}

impl Container {
    /// Reads a chunk: all of it, or the `columns` wanted, by their places in the schema it was written with. The directory
    /// then lists these columns in this order. Everything that is returned was verified.
    pub fn read_chunk(&self, chunk: &ChunkRef, columns: Option<&[usize]>) -> Result<EncodedChunk> {
        self.anywhere(chunk, |offset| {
            self.read_at(&self.source, chunk, offset, columns)
        })
    }

    /// Reads and verifies a chunk's directory alone: what is where, and how it is encoded.
    pub fn read_directory(&self, chunk: &ChunkRef) -> Result<ChunkDirectory> {
        let Head { directory, .. } =
            self.anywhere(chunk, |offset| self.head_at(&self.source, chunk, offset))?;
        Ok(ChunkDirectory {
            rows: chunk.rows,
            columns: directory.columns,
        })
    }

    /// Reads of a chunk where its frame should be or, where that fails, wherever else its frame is found.
    fn anywhere<T>(&self, chunk: &ChunkRef, read: impl Fn(u64) -> Result<T>) -> Result<T> {
        let error = match read(chunk.offset) {
            Err(error) if error.kind() == ErrorKind::Corrupt => error,
            done => return done.map_err(|error| self.in_chunk(error, chunk)),
        };
        let places = self.places_of(chunk.sequence)?;
        let elsewhere = places.into_iter().filter(|&offset| offset != chunk.offset);
        let found = elsewhere.filter_map(|offset| read(offset).ok()).next();
        found.ok_or_else(|| self.in_chunk(error, chunk))
    }

    fn in_chunk(&self, error: Error, chunk: &ChunkRef) -> Error {
        let named = self
            .stream_by_id(chunk.stream)
            .map(|stream| stream.name.clone());
        let error = error.in_chunk(chunk.number).at_offset(chunk.offset);
        named.into_iter().fold(error, Error::in_stream)
    }

    /// Reads a chunk from its frame, which was restored and has no place in the file.
    pub(crate) fn read_restored(&self, chunk: &ChunkRef, frame: Vec<u8>) -> Result<EncodedChunk> {
        let source = self.source.beside(Arc::new(MemoryStorage::new(frame)));
        self.read_at(&source, chunk, 0, None)
            .map_err(|error| self.in_chunk(error, chunk))
    }

    fn read_at(
        &self,
        source: &Counted,
        chunk: &ChunkRef,
        offset: u64,
        columns: Option<&[usize]>,
    ) -> Result<EncodedChunk> {
        let Head {
            header,
            directory,
            opened,
        } = self.head_at(source, chunk, offset)?;
        let all: Vec<usize>;
        let wanted = match columns {
            Some(columns) => columns,
            None => {
                all = (0..directory.columns.len()).collect();
                &all
            }
        };
        let (columns, runs, bytes) = plan(&directory, wanted)?;
        Limits::check("bytes of a chunk", bytes, self.limits.frame_bytes)?;
        let blocks = offset
            .saturating_add(FRAME_HEADER_BYTES as u64)
            .saturating_add(header.blocks_start());
        // The padding of the last block need not be there.
        let stored = header.payload_bytes.saturating_sub(header.blocks_start());
        let needed = bytes.min(stored);
        if source.at_most(blocks, needed)? < needed {
            return Err(Error::corrupt("the file ends within the chunk"));
        }
        let mut buffer = memory::zeros(usize::try_from(bytes).map_err(Error::limit)?)?;
        for run in runs {
            let part = block_range(run.to, run.bytes).and_then(|range| buffer.get_mut(range));
            let part = part.unwrap_or_default();
            match &opened {
                Some(payload) => {
                    let from = header.blocks_start().saturating_add(run.from);
                    let stored = usize::try_from(from).ok();
                    let stored = stored.and_then(|from| payload.get(from..));
                    part.iter_mut()
                        .zip(stored.unwrap_or_default())
                        .for_each(|(to, &byte)| *to = byte);
                }
                None => {
                    source.read_into(blocks.saturating_add(run.from), part)?;
                }
            }
        }
        for (column, &at) in columns.iter().zip(wanted) {
            check_blocks(column, &buffer).map_err(|(number, fault)| {
                let stored = directory
                    .columns
                    .get(at)
                    .and_then(|column| column.blocks.get(number));
                let error = Error::from(fault)
                    .in_block(number as u64)
                    .at_offset(blocks.saturating_add(stored.map_or(0, |block| block.offset)));
                self.in_column(error, chunk, at)
            })?;
        }
        clear_padding(&columns, &mut buffer);
        let directory = ChunkDirectory {
            rows: chunk.rows,
            columns,
        };
        Ok(EncodedChunk {
            directory,
            bytes: buffer,
        })
    }

    /// Header and directory of `chunk`, whose frame should be at `offset`.
    fn head_at(&self, source: &Counted, chunk: &ChunkRef, offset: u64) -> Result<Head> {
        let head_bytes = u64::from(chunk.directory_bytes).saturating_add(FRAME_HEADER_BYTES as u64);
        Limits::check("bytes of a directory", head_bytes, self.limits.frame_bytes)?;
        let mut head = source.read(offset, head_bytes)?;
        let header = FrameHeader::parse(&head).filter(|header| {
            header.file == self.file.file
                && header.sequence == chunk.sequence
                && header.stream == Some(chunk.stream)
                && u64::from(header.rows) == chunk.rows
                && header.directory_bytes == chunk.directory_bytes
                && header.payload_bytes == chunk.payload_bytes
                && header.is_encrypted() == chunk.is_encrypted
        });
        let Some(header) = header else {
            return Err(Error::corrupt(
                "the chunk's frame is gone or its header is damaged",
            ));
        };
        head.drain(..FRAME_HEADER_BYTES);
        header.check_directory(&head)?;
        let (directory, inner) = parse_chunk(source, &header, head, &self.limits)?;
        let described = directory.first_row == chunk.first_row
            && directory.number == chunk.number
            && directory.schema_version == chunk.schema_version
            && directory.columns.len() == chunk.columns.len();
        if !described {
            return Err(Error::corrupt(
                "the index describes the chunk otherwise than it is",
            ));
        }
        let (header, opened) = match inner {
            Some((header, payload)) => (header, Some(payload)),
            None => (header, None),
        };
        Ok(Head {
            header,
            directory,
            opened,
        })
    }

    /// Where frames with this number are, according to the frames themselves.
    fn places_of(&self, sequence: u64) -> Result<Vec<u64>> {
        let mut relocated = self
            .relocated
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let places = match relocated.take() {
            Some(places) => places,
            None => Places::find(
                &self.source,
                self.file.file,
                self.size_bytes(),
                &self.limits,
            )?,
        };
        let found = places.of(sequence).collect();
        *relocated = Some(places);
        Ok(found)
    }

    fn in_column(&self, error: Error, chunk: &ChunkRef, at: usize) -> Error {
        let stream = self.stream_by_id(chunk.stream);
        let schema = stream.and_then(|stream| stream.schema_of(chunk).ok());
        match schema.and_then(|schema| schema.fields.get(at)) {
            Some(field) => error.in_column(&field.name),
            None => error.in_column(at.to_string()),
        }
    }
}

/// The wanted columns as they will lie, which runs to read for them, and their length in all.
fn plan(directory: &Directory, wanted: &[usize]) -> Result<(Vec<ColumnDirectory>, Vec<Run>, u64)> {
    let starts: Vec<u64> = directory
        .extents()
        .scan(0_u64, |end, bytes| {
            let start = *end;
            *end = end.saturating_add(bytes);
            Some(start)
        })
        .collect();
    let mut columns = Vec::with_capacity(wanted.len());
    let mut runs: Vec<Run> = Vec::new();
    let mut end = 0_u64;
    for &at in wanted {
        let (Some(column), Some(&from)) = (directory.columns.get(at), starts.get(at)) else {
            let text = format!("there is no column {at} among {}", directory.columns.len());
            return Err(Error::new(ErrorKind::Usage, text));
        };
        let mut column = column.clone();
        for block in &mut column.blocks {
            block.offset = block.offset.saturating_sub(from).saturating_add(end);
        }
        let bytes = extent(&column);
        match runs
            .last_mut()
            .filter(|run| run.from.saturating_add(run.bytes) == from)
        {
            Some(run) => run.bytes = run.bytes.saturating_add(bytes),
            None if bytes > 0 => runs.push(Run {
                from,
                to: end,
                bytes,
            }),
            None => {}
        }
        columns.push(column);
        end = end.saturating_add(bytes);
    }
    Ok((columns, runs, end))
}

/// Fails at the first block that is not as it was written, with its number.
fn check_blocks(column: &ColumnDirectory, buffer: &[u8]) -> Result<(), (usize, Fault)> {
    let damaged = column.blocks.iter().position(|block| {
        stored(block, buffer).is_none_or(|stored| xxh3_64(stored) != block.checksum)
    });
    damaged.map_or(Ok(()), |number| Err((number, Fault::Checksum("block"))))
}

/// Zeros what lies between blocks: no checksum covers it, and readers may count on it.
fn clear_padding(columns: &[ColumnDirectory], buffer: &mut [u8]) {
    let mut ends = columns
        .iter()
        .flat_map(|column| &column.blocks)
        .filter_map(|block| {
            let end = block_range(block.offset, block.stored_bytes)?.end;
            Some((end, end.checked_next_multiple_of(BLOCK_ALIGNMENT)?))
        });
    ends.try_for_each(|(end, next)| buffer.get_mut(end..next).map(|padding| padding.fill(0)));
}
