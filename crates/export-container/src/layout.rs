//! The numbers of the format. docs/format/v1.md states each of them, and `tests/spec.rs` holds the two together.

use export_core::chunk::BLOCK_ALIGNMENT;

/// First eight bytes of a file: not text, and different after any conversion of line ends.
pub const SIGNATURE: [u8; 8] = *b"\x89XKC\r\n\x1a\n";
/// Major version of the format that this release writes and reads.
pub const MAJOR: u16 = 1;
/// Minor version of the format that this release writes.
pub const MINOR: u16 = 0;
/// First release of exportkit that reads what this one writes.
pub const FIRST_RELEASE: [u16; 3] = [0, 1, 0];

/// Alignment of frames in a file, and of blocks in a frame, in bytes.
pub const ALIGNMENT: u64 = BLOCK_ALIGNMENT as u64;
/// Length of the file header, in bytes.
pub const FILE_HEADER_BYTES: usize = 64;
/// Length of a frame's header, in bytes.
pub const FRAME_HEADER_BYTES: usize = 64;
/// Length of a tail's payload, in bytes.
pub const TAIL_PAYLOAD_BYTES: usize = 16;
/// Length of a seal's payload, in bytes.
pub const SEAL_PAYLOAD_BYTES: usize = 104;
/// Length of a whole seal frame, in bytes.
pub const SEAL_FRAME_BYTES: usize = 192;
/// Length of what names the key at the start of an encrypted payload, in bytes.
pub const KEY_ID_BYTES: usize = 8;
/// Length of the nonce of an encrypted payload, in bytes.
pub const NONCE_BYTES: usize = 24;
/// Length of the authentication tag of an encrypted payload, in bytes.
pub const AUTH_TAG_BYTES: usize = 16;
/// Length of what an encrypted payload is bound to, in bytes.
pub const CONTEXT_BYTES: usize = 36;
/// Length of the directory length in front of an encrypted chunk, in bytes.
pub const ENVELOPE_HEAD_BYTES: usize = 4;
/// Length of a whole tail frame, in bytes.
pub const TAIL_FRAME_BYTES: usize = 128;
/// Length of the fixed start of an index's payload, in bytes.
pub const INDEX_HEAD_BYTES: usize = 80;
/// Length of the fixed start of an index entry, in bytes.
pub const INDEX_ENTRY_BYTES: usize = 64;
/// Length of the fixed start of a chunk's directory, in bytes.
pub const DIRECTORY_HEAD_BYTES: usize = 24;
/// Length of a block's entry in a directory without its parameters, in bytes.
pub const BLOCK_ENTRY_BYTES: usize = 40;
/// Length of the fixed start of a parity frame's payload, in bytes.
pub const PARITY_HEAD_BYTES: usize = 48;
/// Most frames of a group that has parity.
pub const PARITY_GROUP_FRAMES: u32 = 1 << 16;
/// Most data shards of a group, and most recovery shards.
pub const PARITY_SHARDS: u32 = 1 << 15;

/// Stream number of a frame that belongs to no stream.
pub const NO_STREAM: u32 = u32::MAX;
/// Frame flag: a reader that does not know the frame's kind must refuse the file.
pub const FRAME_CRITICAL: u16 = 1;
/// Frame flag: the payload is encrypted.
pub const FRAME_ENCRYPTED: u16 = 2;
/// File flag: all stream, chunk, metadata, index and gap frames are encrypted.
pub const FILE_ENCRYPTED: u32 = 1 << 1;
/// File flag: the file was begun by a writer that seals it.
pub const FILE_SEALED: u32 = 1 << 16;
/// File flags that a reader must know to read the file at all.
pub const FILE_FLAGS_CRITICAL: u32 = 0x0000_FFFF;
/// First frame kind of the private range.
pub const PRIVATE_KINDS: u16 = 0x8000;
/// Deepest nesting of types below a column.
pub const TYPE_DEPTH: u32 = 60;

/// How much of the file's end is read first.
pub(crate) const FIRST_READ_BYTES: u64 = 64 << 10;

/// What a frame is, as its header stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Kind {
    /// Name and schemas of a stream.
    Stream = 1,
    /// Rows of a stream, as columns.
    Chunk = 2,
    /// What the export says about itself.
    Metadata = 4,
    /// Where the chunks are and what is known of them.
    Index = 5,
    /// Where the index is.
    Tail = 6,
    /// What damaged frames before it are restored from.
    Parity = 7,
    /// A keyed hash of everything before it.
    Seal = 9,
    /// That the bytes before it are what a writer left that was stopped.
    Gap = 10,
}

impl Kind {
    /// All kinds that this release knows.
    pub const ALL: [Self; 8] = [
        Self::Stream,
        Self::Chunk,
        Self::Metadata,
        Self::Index,
        Self::Tail,
        Self::Parity,
        Self::Seal,
        Self::Gap,
    ];

    /// The kind stored as `number`.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|&kind| kind.number() == number)
    }

    /// As stored.
    #[must_use]
    pub fn number(self) -> u16 {
        self as u16
    }

    /// Its name in reports and in the registry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Chunk => "chunk",
            Self::Metadata => "metadata",
            Self::Index => "index",
            Self::Tail => "tail",
            Self::Parity => "parity",
            Self::Seal => "seal",
            Self::Gap => "gap",
        }
    }

    /// Whether the data cannot be read without it.
    #[must_use]
    pub fn is_critical(self) -> bool {
        matches!(self, Self::Stream | Self::Chunk)
    }

    /// Whether its frames are encrypted in a file that is.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(
            self,
            Self::Stream | Self::Chunk | Self::Metadata | Self::Index | Self::Gap
        )
    }
}

/// `bytes` rounded up to [`ALIGNMENT`], where that fits.
pub(crate) fn aligned(bytes: u64) -> Option<u64> {
    bytes.checked_next_multiple_of(ALIGNMENT)
}

/// Zeros up to the next aligned length.
pub(crate) fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(BLOCK_ALIGNMENT), 0);
}
