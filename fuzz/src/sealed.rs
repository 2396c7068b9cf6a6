//! Checksums made right: without this, every changed byte of a container would end at the first of them.

use std::ops::Range;
use std::sync::Arc;

use export_container::layout::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES, SIGNATURE};
use export_container::{ChunkRef, Container, FrameHeader, MemoryStorage};
use export_core::{FileId, StreamId};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::limits;

/// Most frames that are made right.
const FRAMES: u64 = 1_000;

/// `bytes` as a container whose checksums hold: the header's, those of its frames, which are numbered anew, and of their blocks.
/// What else the bytes say stays, but for lengths beyond the end.
#[must_use]
pub fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some(file) = seal_header(&mut bytes) else {
        return bytes;
    };
    let mut at = FILE_HEADER_BYTES;
    for sequence in 0..FRAMES {
        match seal_frame(&mut bytes, at, file, sequence) {
            Some(next) => at = next,
            None => break,
        }
    }
    seal_blocks(&mut bytes);
    bytes
}

fn seal_header(bytes: &mut [u8]) -> Option<FileId> {
    let header: &mut [u8; FILE_HEADER_BYTES] = bytes.first_chunk_mut()?;
    let (checked, checksum) = header.split_last_chunk_mut::<8>()?;
    checked
        .first_chunk_mut()
        .map(|signature| *signature = SIGNATURE)?;
    *checksum = xxh3_64(checked).to_le_bytes();
    checked.get(16..)?.first_chunk().map(|file| FileId(*file))
}

/// Returns where the next frame starts.
fn seal_frame(bytes: &mut [u8], at: usize, file: FileId, sequence: u64) -> Option<usize> {
    let raw: [u8; FRAME_HEADER_BYTES] = *bytes.get(at..)?.first_chunk()?;
    let payload_at = at.checked_add(FRAME_HEADER_BYTES)?;
    let room = bytes.len().saturating_sub(payload_at) as u64;
    let payload_bytes = long(&raw, 24)?.min(room);
    let stream = word(&raw, 32)?;
    let directory_bytes = u64::from(word(&raw, 40)?).min(payload_bytes);
    let header = FrameHeader {
        file,
        sequence,
        payload_bytes,
        stream: (stream != u32::MAX).then_some(StreamId(stream)),
        rows: word(&raw, 36)?,
        directory_bytes: u32::try_from(directory_bytes).ok()?,
        kind: short(&raw, 44)?,
        flags: short(&raw, 46)?,
        directory_checksum: 0,
    };
    write_header(bytes, at, &header)?;
    usize::try_from(header.frame_bytes()).ok()?.checked_add(at)
}

/// Writes `header`, whose payload is there, with the checksums that belong to it.
fn write_header(bytes: &mut [u8], at: usize, header: &FrameHeader) -> Option<()> {
    let directory = range(
        at.checked_add(FRAME_HEADER_BYTES)?,
        header.directory_bytes.into(),
    )?;
    let mut place = header.file.0.to_vec();
    place.extend(header.sequence.to_le_bytes());
    let directory_checksum = xxh3_64_with_seed(bytes.get(directory)?, xxh3_64(&place));
    let header = FrameHeader {
        directory_checksum,
        ..*header
    };
    *bytes.get_mut(at..)?.first_chunk_mut()? = header.to_bytes();
    Some(())
}

/// Blocks are found as a reader finds them, now that directories are believed.
fn seal_blocks(bytes: &mut [u8]) {
    let storage = Arc::new(MemoryStorage::new(bytes.to_vec()));
    let Ok(container) = Container::recover(storage, limits()) else {
        return;
    };
    for chunk in container.chunks() {
        let Ok(directory) = container.read_directory(chunk) else {
            continue;
        };
        for block in directory.columns.iter().flat_map(|column| &column.blocks) {
            let stored = chunk_bytes(bytes, chunk).and_then(|blocks| {
                blocks.get(range(
                    usize::try_from(block.offset).ok()?,
                    block.stored_bytes,
                )?)
            });
            let checksum = xxh3_64(stored.unwrap_or_default());
            if checksum != block.checksum {
                replace_checksum(bytes, chunk, block.checksum, checksum);
            }
        }
    }
}

/// A checksum in a directory is told by its value: 64 bits are hardly there twice.
fn replace_checksum(bytes: &mut [u8], chunk: &ChunkRef, wrong: u64, right: u64) -> Option<()> {
    let at = usize::try_from(chunk.offset).ok()?;
    let directory = range(
        at.checked_add(FRAME_HEADER_BYTES)?,
        chunk.directory_bytes.into(),
    )?;
    let directory = bytes.get_mut(directory)?;
    let place = directory
        .windows(8)
        .position(|window| window == wrong.to_le_bytes())?;
    *directory.get_mut(place..)?.first_chunk_mut()? = right.to_le_bytes();
    let raw = bytes.get(at..)?.first_chunk::<FRAME_HEADER_BYTES>()?;
    let header = FrameHeader::parse(raw)?;
    write_header(bytes, at, &header)
}

/// The blocks of a chunk.
pub(crate) fn chunk_bytes<'a>(bytes: &'a [u8], chunk: &ChunkRef) -> Option<&'a [u8]> {
    let payload = usize::try_from(chunk.offset)
        .ok()?
        .checked_add(FRAME_HEADER_BYTES)?;
    let payload = bytes.get(range(payload, chunk.payload_bytes)?)?;
    let blocks = u64::from(chunk.directory_bytes).next_multiple_of(64);
    payload.get(usize::try_from(blocks).ok()?..)
}

fn range(start: usize, bytes: u64) -> Option<Range<usize>> {
    Some(start..start.checked_add(usize::try_from(bytes).ok()?)?)
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|bytes| u64::from_le_bytes(*bytes))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|bytes| u32::from_le_bytes(*bytes))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|bytes| u16::from_le_bytes(*bytes))
}
