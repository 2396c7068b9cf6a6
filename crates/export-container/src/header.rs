//! The file header: the first 64 bytes (v1.md, "File header").

use export_core::{Error, FileId, Result, Storage};
use xxhash_rust::xxh3::xxh3_64;

use crate::cursor::Cursor;
use crate::fault::{Fault, needs_later};
use crate::layout::{
    FILE_ENCRYPTED, FILE_FLAGS_CRITICAL, FILE_HEADER_BYTES, FILE_SEALED, FIRST_RELEASE, MAJOR,
    MINOR, SIGNATURE,
};

const CHECKED_BYTES: usize = FILE_HEADER_BYTES - 8;

/// The facts of a file, repeated in its stream and index frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// Major version of the format; readers of another one cannot read the file.
    pub major: u16,
    /// Minor version of the format; readers of an older one can read the file but what is new in it.
    pub minor: u16,
    /// Features in use: a reader must know those of the low half.
    pub flags: u32,
    /// What makes the file's frames its own.
    pub file: FileId,
    /// When the file was created, in nanoseconds since 1970-01-01 UTC.
    pub created_ns: i64,
    /// First release of exportkit that reads the file: major, minor, patch.
    pub release: [u16; 3],
}

/// What the first bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// An intact header.
    Header(FileHeader),
    /// The signature, with its line ends converted.
    TextMode,
    /// The signature, and then something damaged.
    Damaged,
    /// Something else.
    Foreign,
}

impl FileHeader {
    /// The header of a new file.
    #[must_use]
    pub fn new(file: FileId, created_ns: i64) -> Self {
        Self {
            major: MAJOR,
            minor: MINOR,
            flags: 0,
            file,
            created_ns,
            release: FIRST_RELEASE,
        }
    }

    /// Whether its stream, chunk, metadata, index and gap frames are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.flags & FILE_ENCRYPTED != 0
    }

    /// Whether the writer that began it sealed it.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.flags & FILE_SEALED != 0
    }

    /// As stored.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; FILE_HEADER_BYTES] {
        let mut fields = Vec::with_capacity(FILE_HEADER_BYTES);
        fields.extend(SIGNATURE);
        fields.extend(self.major.to_le_bytes());
        fields.extend(self.minor.to_le_bytes());
        fields.extend(self.flags.to_le_bytes());
        fields.extend(self.file.0);
        fields.extend(self.created_ns.to_le_bytes());
        self.release
            .iter()
            .for_each(|part| fields.extend(part.to_le_bytes()));
        fields.resize(CHECKED_BYTES, 0);
        fields.extend(xxh3_64(&fields).to_le_bytes());
        let mut bytes = [0; FILE_HEADER_BYTES];
        bytes.copy_from_slice(&fields);
        bytes
    }

    /// Fails where the file needs a reader of another version. The reserved bytes of other versions are theirs.
    pub(crate) fn check_version(&self) -> Result<()> {
        let [major, minor, patch] = self.release;
        if self.major != MAJOR {
            return Err(Error::version(format!(
                "the file is of version {}.{} of the format; this release reads version {MAJOR}",
                self.major, self.minor
            ))
            .with_hint(format!(
                "exportkit {major}.{minor}.{patch} and later read it"
            )));
        }
        let unknown = self.flags & FILE_FLAGS_CRITICAL & !FILE_ENCRYPTED;
        if unknown != 0 {
            return Err(needs_later(
                format!("the file uses features {unknown:#06x}"),
                self.release,
            ));
        }
        Ok(())
    }
}

/// Fails where the file in `storage` has an intact header that says this release cannot read it. Costs a read of 64 bytes,
/// which [`crate::Container::open`] saves where there is an index: that says the same, unless somebody changed one of them.
pub fn check_header(storage: &dyn Storage) -> Result<()> {
    let mut head = [0; FILE_HEADER_BYTES];
    let read = storage.read_at(0, &mut head)?;
    match Start::of(head.get(..read).unwrap_or_default()) {
        Start::Header(header) => header.check_version(),
        _ => Ok(()),
    }
}

impl Start {
    /// Looks at the first bytes of a file.
    pub(crate) fn of(head: &[u8]) -> Self {
        if head.get(..SIGNATURE.len()) == Some(&SIGNATURE) {
            return match parse(head) {
                Ok(header) => Self::Header(header),
                Err(_) => Self::Damaged,
            };
        }
        // \r\n became \n, or \n became \r\n.
        if head.starts_with(b"\x89XKC\n") || head.starts_with(b"\x89XKC\r\r\n") {
            return Self::TextMode;
        }
        let alike = head
            .iter()
            .zip(SIGNATURE)
            .filter(|&(&found, byte)| found == byte)
            .count();
        if alike >= SIGNATURE.len() / 2 {
            Self::Damaged
        } else {
            Self::Foreign
        }
    }
}

fn parse(head: &[u8]) -> Result<FileHeader, Fault> {
    let mut cursor = Cursor::new("file header", head);
    let checked = cursor.slice(CHECKED_BYTES)?;
    if cursor.u64()? != xxh3_64(checked) {
        return Err(Fault::Checksum("file header"));
    }
    let mut cursor = Cursor::new("file header", checked);
    cursor.array::<8>()?;
    Ok(FileHeader {
        major: cursor.u16()?,
        minor: cursor.u16()?,
        flags: cursor.u32()?,
        file: FileId(cursor.array()?),
        created_ns: cursor.i64()?,
        release: [cursor.u16()?, cursor.u16()?, cursor.u16()?],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_and_every_flipped_bit_is_noticed() {
        let header = FileHeader::new(FileId([7; 16]), -5);
        let bytes = header.to_bytes();
        assert_eq!(Start::of(&bytes), Start::Header(header));
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(Start::of(&bytes), Start::Header(_)), "bit {bit}");
        }
    }

    #[test]
    fn text_mode_transfers_are_named() {
        let bytes = FileHeader::new(FileId([0; 16]), 0).to_bytes();
        let unix: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|&byte| byte != b'\r')
            .collect();
        assert_eq!(Start::of(&unix), Start::TextMode);
        let dos: Vec<u8> = bytes
            .iter()
            .flat_map(|&byte| {
                if byte == b'\n' {
                    vec![b'\r', b'\n']
                } else {
                    vec![byte]
                }
            })
            .collect();
        assert_eq!(Start::of(&dos), Start::TextMode);
        assert_eq!(Start::of(b"PAR1 and more"), Start::Foreign);
        assert_eq!(Start::of(b""), Start::Foreign);
    }
}
