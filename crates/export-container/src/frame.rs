//! Frame headers and what they promise of their payloads (v1.md, "Frames").

use export_core::{Block, FileId, Limits, StreamId};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::cursor::Cursor;
use crate::directory::Directory;
use crate::fault::{Fault, within};
use crate::layout::{
    ALIGNMENT, FRAME_CRITICAL, FRAME_ENCRYPTED, FRAME_HEADER_BYTES, Kind, MAJOR, NO_STREAM, aligned,
};

const CHECKED_BYTES: usize = FRAME_HEADER_BYTES - 8;

/// The header of a frame. What it says was checked; whether the payload is intact was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// The file it belongs to; also what a reader looks for to find its way back after damage.
    pub file: FileId,
    /// Its place in the file, counted from 0.
    pub sequence: u64,
    /// Length of the payload, without padding.
    pub payload_bytes: u64,
    /// The stream it belongs to, if to one.
    pub stream: Option<StreamId>,
    /// Rows of a chunk; 0 for other kinds.
    pub rows: u32,
    /// Length of the payload's start that `directory_checksum` covers: a chunk's directory, all of any other payload.
    pub directory_bytes: u32,
    /// What it is; see [`Kind`].
    pub kind: u16,
    /// Bit 0: critical; bit 1: encrypted. Others are of later versions.
    pub flags: u16,
    /// XXH3-64 of the payload's start, seeded with file and sequence.
    pub directory_checksum: u64,
}

impl FrameHeader {
    /// The header in `bytes`, or `None` where they are not one that was written.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes).ok()
    }

    fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("frame header", bytes);
        let checked = cursor.slice(CHECKED_BYTES)?;
        if cursor.u64()? != xxh3_64_with_seed(checked, MAJOR.into()) {
            return Err(Fault::Checksum("frame header"));
        }
        let mut cursor = Cursor::new("frame header", checked);
        let header = Self {
            file: FileId(cursor.array()?),
            sequence: cursor.u64()?,
            payload_bytes: cursor.u64()?,
            stream: Some(cursor.u32()?)
                .filter(|&stream| stream != NO_STREAM)
                .map(StreamId),
            rows: cursor.u32()?,
            directory_bytes: cursor.u32()?,
            kind: cursor.u16()?,
            flags: cursor.u16()?,
            directory_checksum: cursor.u64()?,
        };
        if header.payload_bytes > i64::MAX as u64 {
            return Err(cursor.out_of_range("payload length", header.payload_bytes));
        }
        if u64::from(header.directory_bytes) > header.payload_bytes {
            return Err(cursor.out_of_range("directory length", header.directory_bytes.into()));
        }
        Ok(header)
    }

    /// As stored.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; FRAME_HEADER_BYTES] {
        let mut fields = Vec::with_capacity(FRAME_HEADER_BYTES);
        fields.extend(self.file.0);
        fields.extend(self.sequence.to_le_bytes());
        fields.extend(self.payload_bytes.to_le_bytes());
        fields.extend(
            self.stream
                .map_or(NO_STREAM, |stream| stream.0)
                .to_le_bytes(),
        );
        fields.extend(self.rows.to_le_bytes());
        fields.extend(self.directory_bytes.to_le_bytes());
        fields.extend(self.kind.to_le_bytes());
        fields.extend(self.flags.to_le_bytes());
        fields.extend(self.directory_checksum.to_le_bytes());
        fields.extend(xxh3_64_with_seed(&fields, MAJOR.into()).to_le_bytes());
        let mut bytes = [0; FRAME_HEADER_BYTES];
        bytes.copy_from_slice(&fields);
        bytes
    }

    /// Its kind, where this release knows it, flags included.
    #[must_use]
    pub fn known_kind(&self) -> Option<Kind> {
        Kind::from_number(self.kind).filter(|kind| match self.flags & !FRAME_CRITICAL {
            0 => true,
            FRAME_ENCRYPTED => kind.is_secret(),
            _ => false,
        })
    }

    /// Whether the payload is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.flags & FRAME_ENCRYPTED != 0
    }

    /// Whether a reader that does not know the kind must refuse the file.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.flags & FRAME_CRITICAL != 0
    }

    /// Length of header and payload. Cannot overflow: the payload's length was bounded.
    pub(crate) fn whole_bytes(&self) -> u64 {
        self.payload_bytes.saturating_add(FRAME_HEADER_BYTES as u64)
    }

    /// Length of header, payload and padding.
    #[must_use]
    pub fn frame_bytes(&self) -> u64 {
        aligned(self.whole_bytes()).unwrap_or(u64::MAX)
    }

    /// Where a chunk's blocks start in its payload.
    pub(crate) fn blocks_start(&self) -> u64 {
        u64::from(self.directory_bytes).next_multiple_of(ALIGNMENT)
    }

    /// Longest payload that `limits` allow a frame of this kind.
    pub(crate) fn payload_limit(&self, limits: &Limits) -> u64 {
        match self.known_kind() {
            Some(Kind::Stream | Kind::Metadata | Kind::Seal | Kind::Gap) => limits.metadata_bytes,
            Some(Kind::Index) => limits.index_bytes,
            _ => limits.frame_bytes,
        }
    }

    /// Fails where the payload is longer than `limits` allow.
    pub(crate) fn check_limit(&self, limits: &Limits) -> Result<(), Fault> {
        within(
            "bytes of a frame",
            self.payload_bytes,
            self.payload_limit(limits),
        )
    }

    /// Fails where `directory`, the payload's start, is not as it was written.
    pub(crate) fn check_directory(&self, directory: &[u8]) -> Result<(), Fault> {
        let matches = directory.len() as u64 == u64::from(self.directory_bytes)
            && directory_checksum(self.file, self.sequence, directory) == self.directory_checksum;
        if matches {
            Ok(())
        } else {
            Err(Fault::Checksum("directory"))
        }
    }

    /// Fails where any byte of `payload` that means something is not as it was written.
    pub(crate) fn check_payload(&self, payload: &[u8], limits: &Limits) -> Result<(), Fault> {
        let directory = payload
            .get(..self.directory_bytes as usize)
            .ok_or(Fault::Short("payload"))?;
        self.check_directory(directory)?;
        if self.known_kind() != Some(Kind::Chunk) || self.is_encrypted() {
            let whole = u64::from(self.directory_bytes) == self.payload_bytes;
            return if whole {
                Ok(())
            } else {
                Err(Fault::Excess("directory"))
            };
        }
        let directory = Directory::parse(directory, self, limits)?;
        let blocks = usize::try_from(self.blocks_start())
            .ok()
            .and_then(|start| payload.get(start..))
            .unwrap_or_default();
        directory
            .columns
            .iter()
            .flat_map(|column| &column.blocks)
            .try_for_each(|block| {
                let stored = stored(block, blocks).ok_or(Fault::Short("payload"))?;
                if xxh3_64(stored) == block.checksum {
                    Ok(())
                } else {
                    Err(Fault::Checksum("block"))
                }
            })
    }
}

/// The stored bytes of `block` among those of its chunk's blocks.
pub(crate) fn stored<'a>(block: &Block, blocks: &'a [u8]) -> Option<&'a [u8]> {
    if block.stored_bytes == 0 {
        // It lies nowhere: the next aligned offset may be past the end.
        return Some(&[]);
    }
    blocks.get(block_range(block.offset, block.stored_bytes)?)
}

/// The bytes of a block as a range of indices, where they can be.
pub(crate) fn block_range(offset: u64, bytes: u64) -> Option<std::ops::Range<usize>> {
    let end = offset.checked_add(bytes)?;
    Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)
}

/// The checksum of a payload's start, bound to its file and its place in it.
pub(crate) fn directory_checksum(file: FileId, sequence: u64, directory: &[u8]) -> u64 {
    let mut place = [0; 24];
    let (id, number) = place.split_at_mut(16);
    id.copy_from_slice(&file.0);
    number.copy_from_slice(&sequence.to_le_bytes());
    xxh3_64_with_seed(directory, xxh3_64(&place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> FrameHeader {
        FrameHeader {
            file: FileId(*b"0123456789abcdef"),
            sequence: 9,
            payload_bytes: 100,
            stream: Some(StreamId(3)),
            rows: 12,
            directory_bytes: 70,
            kind: 2,
            flags: 1,
            directory_checksum: 0x1234_5678_9ABC_DEF0,
        }
    }

    #[test]
    fn a_header_comes_back_and_every_flipped_bit_is_noticed() {
        let bytes = header().to_bytes();
        assert_eq!(FrameHeader::parse(&bytes), Some(header()));
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(FrameHeader::parse(&bytes), None, "bit {bit}");
        }
    }

    #[test]
    fn impossible_lengths_are_no_header() {
        let long = FrameHeader {
            payload_bytes: u64::MAX,
            ..header()
        };
        assert_eq!(FrameHeader::parse(&long.to_bytes()), None);
        let inside_out = FrameHeader {
            directory_bytes: 101,
            ..header()
        };
        assert_eq!(FrameHeader::parse(&inside_out.to_bytes()), None);
    }

    #[test]
    fn zeros_are_no_header() {
        assert_eq!(FrameHeader::parse(&[0; 64]), None);
    }

    #[test]
    fn a_directory_belongs_to_one_place_in_one_file() {
        let file = FileId([1; 16]);
        let here = directory_checksum(file, 4, b"directory");
        assert_ne!(here, directory_checksum(file, 5, b"directory"));
        assert_ne!(here, directory_checksum(FileId([2; 16]), 4, b"directory"));
    }
}
