//! What a reader may spend on an input before it gives up.

use crate::{Error, Result};

/// One of the [`Limits`], so that programs can list and set them by name.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Its name, such as `columns`.
    pub name: &'static str,
    /// What it bounds, in a few words.
    pub what: &'static str,
    /// Whether it counts bytes.
    pub in_bytes: bool,
    get: fn(&Limits) -> u64,
    set: fn(&mut Limits, u64) -> bool,
}

impl Limit {
    /// What `limits` allow.
    #[must_use]
    pub fn of(&self, limits: &Limits) -> u64 {
        (self.get)(limits)
    }

    /// Makes `limits` allow `value`. Fails where the limit cannot be that large.
    pub fn set(&self, limits: &mut Limits, value: u64) -> Result<()> {
        if (self.set)(limits, value) {
            return Ok(());
        }
        let text = format!("the limit {} cannot be {value}", self.name);
        Err(Error::usage(text).with_hint(format!("at most {} is possible", u32::MAX)))
    }
}

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $default:expr, $name:literal, $what:literal, $in_bytes:literal;)*) => {
        /// Bounds that every reader checks **before** it allocates, recurses or loops. The defaults are safe for hostile input.
        ///
        /// Which decoder obeys which, and the tests, are in docs/security.md.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Limits {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Limits {
            /// Every limit, by name.
            pub const ALL: &[Limit] = &[$(Limit {
                name: $name,
                what: $what,
                in_bytes: $in_bytes,
                get: |limits| u64::from(limits.$field),
                set: |limits, value| match value.try_into() {
                    Ok(value) => {
                        limits.$field = value;
                        true
                    }
                    Err(_) => false,
                },
            },)*];
        }
    };
}

limits! {
    /// Most bytes a reader may hold of one input at a time, besides the batches it gave away: a chunk with its decoded values,
    /// an index, a row group's description. Default 2 GiB.
    memory_bytes: u64 = 2 << 30, "memory", "bytes a reader may hold", true;
    /// Most bytes an input may become: after its decompression, and as batches. Default 1 TiB.
    decoded_bytes: u64 = 1 << 40, "decoded", "bytes an input may become", true;
    /// Most bytes that a stored byte may become, as an average over a chunk, a page or an input so far, once more than
    /// [`Limits::ratio_floor_bytes`] come of it. Default 1,000: tables of any use stay below a hundred, and deflate ends at
    /// 1,032.
    ratio: u32 = 1000, "ratio", "bytes that a stored byte may become", false;
    /// Bytes that may come out of however few: constant columns and empty rows honestly compress without end. Default 32 MiB,
    /// which is five times what our writer puts into a chunk.
    ratio_floor_bytes: u64 = 32 << 20, "ratio-floor", "bytes that may come of however few", true;
    /// Largest payload of one frame, in bytes. Default 256 MiB.
    frame_bytes: u64 = 256 << 20, "frame", "bytes of a frame", true;
    /// Most rows in one chunk. Default 16 Mi.
    chunk_rows: u64 = 16 << 20, "rows", "rows of a chunk", false;
    /// Most bytes one chunk, or one page of Parquet, may decode to. Default 512 MiB.
    chunk_decoded_bytes: u64 = 512 << 20, "chunk", "bytes a chunk may decode to", true;
    /// Most frames in one file, or row groups of Parquet. Default 16 Mi.
    frames: u64 = 16 << 20, "frames", "frames of a file", false;
    /// Most streams in one file. Default 65,536.
    streams: u32 = 1 << 16, "streams", "streams of a file", false;
    /// Most schemas of one stream: each time it widens is one. Default 4,096.
    schemas: u32 = 1 << 12, "schemas", "schemas of a stream", false;
    /// Most columns of one stream, nested fields counted. Default 65,536.
    columns: u32 = 1 << 16, "columns", "columns of a stream", false;
    /// Most keys of the metadata in one frame, or in one file of another format. Default 65,536.
    keys: u32 = 1 << 16, "keys", "keys of metadata", false;
    /// Deepest nesting of types or JSON values. Default 64.
    depth: u32 = 64, "depth", "nesting of types and values", false;
    /// Longest text or binary value, in bytes. Default 256 MiB, as long as a frame.
    value_bytes: u64 = 256 << 20, "value", "bytes of a text or binary value", true;
    /// Longest line of NDJSON or record of CSV, in bytes. Default 16 MiB.
    record_bytes: u64 = 16 << 20, "record", "bytes of a line or record of text", true;
    /// Most bytes of a schema or metadata frame, or of Parquet's key/value metadata. Default 16 MiB.
    metadata_bytes: u64 = 16 << 20, "metadata", "bytes of a schema or metadata", true;
    /// Most bytes an index may take, or the footer of Parquet. Default 1 GiB.
    index_bytes: u64 = 1 << 30, "index", "bytes of an index", true;
    /// Largest window that a compressed file may ask for. Default 128 MiB, as the zstd tool has it.
    window_bytes: u64 = 128 << 20, "window", "bytes of a decompressor's window", true;
}

impl Limits {
    /// The hint of every error about a limit.
    pub const HINT: &str = "raise the limit only if you trust the input";

    /// Fails with [`crate::ErrorKind::Limit`] where `asked` is more than `allowed`; `what` names the limit.
    pub fn check(what: &str, asked: u64, allowed: u64) -> Result<()> {
        if asked <= allowed {
            return Ok(());
        }
        Err(
            Error::limit(format!("{what}: {asked} is over the limit of {allowed}"))
                .with_hint(Self::HINT),
        )
    }

    /// Most bytes that may come of `stored` bytes by [`Limits::ratio`].
    #[must_use]
    pub fn allowance(&self, stored: u64) -> u64 {
        stored
            .saturating_mul(self.ratio.into())
            .max(self.ratio_floor_bytes)
    }

    /// Fails where `decoded` bytes are more than may come of `stored` bytes.
    pub fn check_ratio(&self, what: &str, decoded: u64, stored: u64) -> Result<()> {
        if decoded <= self.allowance(stored) {
            return Ok(());
        }
        let text = format!(
            "{what}: {decoded} bytes of {stored} stored ones are over the ratio of {}",
            self.ratio
        );
        Err(Error::limit(text).with_hint(Self::HINT))
    }

    /// The limit called `name`. Fails with [`crate::ErrorKind::NotFound`] and the nearest name as a hint.
    pub fn named(name: &str) -> Result<&'static Limit> {
        let known = || Self::ALL.iter().map(|limit| limit.name);
        let limit = Self::ALL.iter().find(|limit| limit.name == name);
        limit.ok_or_else(|| Error::no_such("limit", name, known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn every_limit_has_a_name_and_can_be_set() {
        for (at, limit) in Limits::ALL.iter().enumerate() {
            let mut limits = Limits::default();
            limit.set(&mut limits, 7).unwrap();
            for (other, one) in Limits::ALL.iter().enumerate() {
                let due = if other == at {
                    7
                } else {
                    one.of(&Limits::default())
                };
                assert_eq!(one.of(&limits), due, "{}", one.name);
            }
            assert_eq!(Limits::named(limit.name).unwrap().what, limit.what);
        }
        let error = Limits::named("colums").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let ratio = Limits::named("ratio").unwrap();
        let error = ratio.set(&mut Limits::default(), 1 << 32).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
    }

    #[test]
    fn a_ratio_counts_from_its_floor_on() {
        let limits = Limits {
            ratio: 10,
            ratio_floor_bytes: 100,
            ..Limits::default()
        };
        assert!(limits.check_ratio("x", 100, 0).is_ok());
        assert!(limits.check_ratio("x", 101, 10).is_err());
        assert!(limits.check_ratio("x", 110, 11).is_ok());
        assert_eq!(limits.allowance(u64::MAX), u64::MAX);
    }
}
