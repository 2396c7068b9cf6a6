//! Identifiers that cross crates. Numbers are as stored in a container; docs/format/registry.md lists them.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty)),* $(,)?) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        })*
    };
}

ids! {
    /// A stream of a container, counted from 0 in the order of first appearance.
    StreamId(u32),
    /// How the values of a block became fewer bytes. 0x8000 and above are private.
    EncodingId(u16),
    /// The general compressor of a block. 0x8000 and above are private.
    CodecId(u16),
}

/// The 16 bytes that make a container's frames its own: they seed every frame's checksums.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId(pub [u8; 16]);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({self})")
    }
}
