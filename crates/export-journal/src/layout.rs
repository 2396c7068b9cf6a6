//! The numbers and structures of a journal's file. docs/format/journal.md states each of them, and `tests/spec.rs` holds the two
//! together.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// First eight bytes of a journal.
pub const SIGNATURE: [u8; 8] = *b"\x89XKJ\r\n\x1a\n";
/// First eight bytes of a segment that is in use.
pub const SEGMENT_SIGNATURE: [u8; 8] = *b"XKJ-SEG\n";
/// Version of the format that this release writes and reads.
pub const VERSION: u16 = 1;
/// Length of the file's header and of that of a segment, in bytes.
pub const HEADER_BYTES: usize = 4096;
/// Where the second copy of the file's header is, in bytes from the start of the file.
pub const COPY_OFFSET: usize = 2048;
/// Where the file's length so far is, in bytes from the start of the file.
pub const EXTENT_OFFSET: usize = 1024;
/// Where the count of a segment is, in bytes from the start of the segment.
pub const COUNT_OFFSET: usize = 512;
/// Where the number of times that a segment's rows were taken back is, in bytes from its start.
pub const DISCARDS_OFFSET: usize = 520;
/// Where the two seals of a segment are, in bytes from its start.
pub const SEAL_OFFSETS: [usize; 2] = [1024, 1536];
/// Length of the checked part of the file's header, in bytes.
pub const FILE_HEADER_BYTES: usize = 64;
/// Length of the file's length with its checksum, in bytes.
pub const EXTENT_BYTES: usize = 16;
/// Length of the checked part of a segment's header, in bytes.
pub const SEGMENT_HEADER_BYTES: usize = 80;
/// Length of a seal, in bytes.
pub const SEAL_BYTES: usize = 40;
/// Least length of a segment, in bytes.
pub const LEAST_SEGMENT_BYTES: u64 = 8192;
/// Most that a journal may take, in bytes.
pub const MOST_CAPACITY_BYTES: u64 = 1 << 32;

/// Which recording a journal belongs to.
pub type FileId = [u8; 16];

/// Start of the file: what all segments have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) pid: u32,
    pub(crate) file_id: FileId,
    /// Zeros where the system does not tell.
    pub(crate) boot_id: [u8; 16],
    pub(crate) segment_bytes: u64,
}

impl FileHeader {
    pub(crate) fn to_bytes(self) -> [u8; FILE_HEADER_BYTES] {
        let mut out = Fields::new();
        out.put(&SIGNATURE);
        out.put(&VERSION.to_le_bytes());
        out.put(&[0; 2]);
        out.put(&self.pid.to_le_bytes());
        out.put(&self.file_id);
        out.put(&self.boot_id);
        out.put(&self.segment_bytes.to_le_bytes());
        let check = xxh3_64(out.written());
        out.put(&check.to_le_bytes());
        out.bytes
    }

    /// The version found, and the header where this release reads that version and the checksum is right.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(u16, Option<Self>)> {
        let mut fields = bytes;
        if take::<8>(&mut fields)? != SIGNATURE {
            return None;
        }
        let version = u16::from_le_bytes(take(&mut fields)?);
        let reserved = take::<2>(&mut fields)?;
        let header = Self {
            pid: u32::from_le_bytes(take(&mut fields)?),
            file_id: take(&mut fields)?,
            boot_id: take(&mut fields)?,
            segment_bytes: u64::from_le_bytes(take(&mut fields)?),
        };
        let covered = bytes.len().checked_sub(fields.len())?;
        let check = u64::from_le_bytes(take(&mut fields)?);
        if check != xxh3_64(bytes.get(..covered)?) {
            return None;
        }
        let sound = version == VERSION && reserved == [0; 2];
        Some((version, sound.then_some(header)))
    }
}

/// How long the file is, so that one that was cut can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent(pub(crate) u64);

impl Extent {
    pub(crate) fn to_bytes(self, file_id: &FileId) -> [u8; EXTENT_BYTES] {
        let mut out = Fields::new();
        out.put(&self.0.to_le_bytes());
        let check = checked(file_id, out.written());
        out.put(&check.to_le_bytes());
        out.bytes
    }

    pub(crate) fn parse(bytes: &[u8], file_id: &FileId) -> Option<Self> {
        let mut fields = bytes;
        let extent = take::<8>(&mut fields)?;
        let check = u64::from_le_bytes(take(&mut fields)?);
        (check == checked(file_id, &extent)).then(|| Self(u64::from_le_bytes(extent)))
    }
}

/// What a segment in use holds. Its own checksum is stored last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Numbers the uses of all segments; later is higher.
    pub(crate) generation: u64,
    /// Where the segment is in the file.
    pub(crate) offset: u64,
    /// Its length, header and all.
    pub(crate) bytes: u64,
    pub(crate) lane: u32,
    pub(crate) name_bytes: u32,
    pub(crate) about_bytes: u32,
    /// Generation of the first segment of the run.
    pub(crate) run: u64,
    pub(crate) first_row: u64,
    /// Checksum of name and about, which lie between the header and the rows.
    pub(crate) prefix_check: u64,
}

/// Where the checksum of a segment's header is, in bytes from its start.
pub(crate) const SEGMENT_CHECK_OFFSET: usize = SEGMENT_HEADER_BYTES - 8;

impl SegmentHeader {
    pub(crate) fn to_bytes(self, file_id: &FileId) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut out = Fields::new();
        out.put(&SEGMENT_SIGNATURE);
        out.put(&self.generation.to_le_bytes());
        out.put(&self.offset.to_le_bytes());
        out.put(&self.bytes.to_le_bytes());
        out.put(&self.lane.to_le_bytes());
        out.put(&self.name_bytes.to_le_bytes());
        out.put(&self.about_bytes.to_le_bytes());
        out.put(&[0; 4]);
        out.put(&self.run.to_le_bytes());
        out.put(&self.first_row.to_le_bytes());
        out.put(&self.prefix_check.to_le_bytes());
        let check = checked(file_id, out.written());
        out.put(&check.to_le_bytes());
        out.bytes
    }

    pub(crate) fn parse(bytes: &[u8], file_id: &FileId) -> Option<Self> {
        let mut fields = bytes;
        let signature = take::<8>(&mut fields)?;
        let generation = u64::from_le_bytes(take(&mut fields)?);
        let offset = u64::from_le_bytes(take(&mut fields)?);
        let segment_bytes = u64::from_le_bytes(take(&mut fields)?);
        let lane = u32::from_le_bytes(take(&mut fields)?);
        let name_bytes = u32::from_le_bytes(take(&mut fields)?);
        let about_bytes = u32::from_le_bytes(take(&mut fields)?);
        let reserved = take::<4>(&mut fields)?;
        let header = Self {
            generation,
            offset,
            bytes: segment_bytes,
            lane,
            name_bytes,
            about_bytes,
            run: u64::from_le_bytes(take(&mut fields)?),
            first_row: u64::from_le_bytes(take(&mut fields)?),
            prefix_check: u64::from_le_bytes(take(&mut fields)?),
        };
        let covered = bytes.len().checked_sub(fields.len())?;
        let check = u64::from_le_bytes(take(&mut fields)?);
        let sound = signature == SEGMENT_SIGNATURE
            && reserved == [0; 4]
            && check == checked(file_id, bytes.get(..covered)?);
        sound.then_some(header)
    }

    /// Length of what lies between the header and the rows.
    pub(crate) fn prefix_bytes(&self) -> u64 {
        u64::from(self.name_bytes) + u64::from(self.about_bytes)
    }
}

/// Rows of a segment and the bytes they take: what one store commits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count(u64);

impl Count {
    /// What a row of no bytes would add.
    pub(crate) const ROW: u64 = 1 << 32;

    pub(crate) fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(crate) fn word(self) -> u64 {
        self.0
    }

    pub(crate) fn rows(self) -> u64 {
        self.0 >> 32
    }

    pub(crate) fn bytes(self) -> u64 {
        self.0 & 0xFFFF_FFFF
    }
}

/// What of a segment was durable at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) generation: u64,
    /// Numbers the seals of one use of the segment, from 1; its lowest bit says in which slot it is.
    pub(crate) number: u64,
    pub(crate) count: Count,
    /// Checksum of the prefix and of the rows counted.
    pub(crate) rows_check: u64,
}

impl Seal {
    pub(crate) fn to_bytes(self, file_id: &FileId) -> [u8; SEAL_BYTES] {
        let mut out = Fields::new();
        out.put(&self.generation.to_le_bytes());
        out.put(&self.number.to_le_bytes());
        out.put(&self.count.word().to_le_bytes());
        out.put(&self.rows_check.to_le_bytes());
        let check = checked(file_id, out.written());
        out.put(&check.to_le_bytes());
        out.bytes
    }

    pub(crate) fn parse(bytes: &[u8], file_id: &FileId) -> Option<Self> {
        let mut fields = bytes;
        let seal = Self {
            generation: u64::from_le_bytes(take(&mut fields)?),
            number: u64::from_le_bytes(take(&mut fields)?),
            count: Count::from_word(u64::from_le_bytes(take(&mut fields)?)),
            rows_check: u64::from_le_bytes(take(&mut fields)?),
        };
        let covered = bytes.len().checked_sub(fields.len())?;
        let check = u64::from_le_bytes(take(&mut fields)?);
        (check == checked(file_id, bytes.get(..covered)?)).then_some(seal)
    }
}

/// Checksum of a structure that belongs to one recording only: what another journal left on the disk does not pass.
fn checked(file_id: &FileId, bytes: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(file_id);
    hash.update(bytes);
    hash.digest()
}

/// Fields put one after the other.
struct Fields<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Fields<N> {
    fn new() -> Self {
        Self {
            bytes: [0; N],
            at: 0,
        }
    }

    fn put(&mut self, field: &[u8]) {
        let end = self.at + field.len();
        if let Some(place) = self.bytes.get_mut(self.at..end) {
            place.copy_from_slice(field);
            self.at = end;
        }
    }

    fn written(&self) -> &[u8] {
        self.bytes.get(..self.at).unwrap_or_default()
    }
}

fn take<const N: usize>(fields: &mut &[u8]) -> Option<[u8; N]> {
    let (field, rest) = fields.split_first_chunk()?;
    *fields = rest;
    Some(*field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_come_back_and_no_flipped_bit_passes() {
        let id = *b"one recording's.";
        let file = FileHeader {
            pid: 7,
            file_id: id,
            boot_id: [3; 16],
            segment_bytes: 8192,
        };
        let segment = SegmentHeader {
            generation: 1,
            offset: 4096,
            bytes: 8192,
            lane: 3,
            name_bytes: 4,
            about_bytes: 5,
            run: 1,
            first_row: 1 << 40,
            prefix_check: 99,
        };
        let seal = Seal {
            generation: 1,
            number: 2,
            count: Count::from_word(3 * Count::ROW + 144),
            rows_check: 77,
        };
        let (file_bytes, segment_bytes) = (file.to_bytes(), segment.to_bytes(&id));
        let seal_bytes = seal.to_bytes(&id);
        let extent = Extent(1 << 20);
        let extent_bytes = extent.to_bytes(&id);
        assert_eq!(Extent::parse(&extent_bytes, &id), Some(extent));
        assert_eq!(Extent::parse(&[0; EXTENT_BYTES], &id), None);
        assert_eq!(FileHeader::parse(&file_bytes), Some((VERSION, Some(file))));
        assert_eq!(SegmentHeader::parse(&segment_bytes, &id), Some(segment));
        assert_eq!(SegmentHeader::parse(&segment_bytes, &[0; 16]), None);
        assert_eq!(Seal::parse(&seal_bytes, &id), Some(seal));
        assert_eq!((seal.count.rows(), seal.count.bytes()), (3, 144));
        let flipped = |bytes: &[u8], bit: usize| {
            let mut bytes = bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        for bit in 0..file_bytes.len() * 8 {
            assert_eq!(FileHeader::parse(&flipped(&file_bytes, bit)), None);
        }
        for bit in 0..segment_bytes.len() * 8 {
            let bytes = flipped(&segment_bytes, bit);
            assert_eq!(SegmentHeader::parse(&bytes, &id), None);
        }
        for bit in 0..extent_bytes.len() * 8 {
            assert_eq!(Extent::parse(&flipped(&extent_bytes, bit), &id), None);
        }
        for bit in 0..seal_bytes.len() * 8 {
            assert_eq!(Seal::parse(&flipped(&seal_bytes, bit), &id), None);
        }
    }
}
