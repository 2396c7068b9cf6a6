//! A chunk between encoding and storage: a directory of blocks plus their bytes.
//!
//! Columns are flattened to *nodes*: the field's own type is node 0, its children follow in pre-order (a struct's fields in
//! order; a list's, large list's or fixed-size list's element; a map's key, then value; a dictionary's keys, then values; run
//! ends, then values; a union's fields in order). Each node has blocks, told apart by [`Role`].

use std::sync::Arc;

use crate::{Batch, CodecId, EncodingId, Limits, Result, Schema};

/// Alignment of every block inside a chunk, in bytes, so that plain blocks can be used in place.
pub const BLOCK_ALIGNMENT: usize = 64;

/// What a block holds for its node. Numbers are as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Role {
    /// One bit a slot, least significant first, 1 = has a value. Absent where no slot is null.
    Validity = 0,
    /// Fixed-width values, or one bit a value for booleans.
    Values = 1,
    /// Lengths of strings, lists or maps, one a slot.
    Lengths = 2,
    /// Bytes of strings, one after the other.
    Data = 3,
    /// One code a slot into the entries which the node's other blocks then hold instead of the slots.
    Codes = 4,
    /// One type id (i8) a slot of a union.
    TypeIds = 5,
    /// One offset (i32) a slot of a dense union.
    Offsets = 6,
}

impl Role {
    /// The role stored as `number`.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Validity,
            1 => Self::Values,
            2 => Self::Lengths,
            3 => Self::Data,
            4 => Self::Codes,
            5 => Self::TypeIds,
            6 => Self::Offsets,
            _ => return None,
        })
    }
}

/// One buffer of one column inside a chunk, after encoding and compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Node of the column's type tree, in pre-order.
    pub node: u16,
    /// What it holds.
    pub role: Role,
    /// How the values became bytes.
    pub encoding: EncodingId,
    /// How those bytes were compressed.
    pub codec: CodecId,
    /// What the encoding needs to know besides the bytes; at most 255 bytes, laid out as its spec section says.
    pub parameters: Vec<u8>,
    /// Number of values: slots, entries of a dictionary, or bytes for [`Role::Data`].
    pub values: u64,
    /// Where the stored bytes start, counted from the first block's start. A multiple of [`BLOCK_ALIGNMENT`].
    pub offset: u64,
    /// Length as stored, in bytes.
    pub stored_bytes: u64,
    /// Length after the codec, before the encoding is undone, in bytes.
    pub encoded_bytes: u64,
    /// XXH3-64 of the stored bytes, seed 0. The directory that holds it is seeded with file and sequence.
    pub checksum: u64,
}

/// A value no value of a chunk's column lies beyond.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// Integers, booleans, dates, times, timestamps, durations and decimals, as stored.
    Int(i128),
    /// Floats of any width. Never a NaN.
    Float(f64),
    /// Text and binary, compared bytewise. At most [`Bound::MAX_BYTES`] long: a longer minimum is cut, a longer maximum is
    /// cut and its last byte that is not 0xFF raised by one.
    Bytes(Vec<u8>),
}

impl Bound {
    /// Longest [`Bound::Bytes`], in bytes.
    pub const MAX_BYTES: usize = 32;
}

/// What is known of one column of a chunk without decoding it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Slots of the top-level array that are null.
    pub nulls: u64,
    /// Whether any value is a NaN; NaNs are outside of the bounds.
    pub has_nan: bool,
    /// No value is less. Absent for nested columns, and where all values are null or NaN.
    pub min: Option<Bound>,
    /// No value is greater.
    pub max: Option<Bound>,
}

/// The blocks of one column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnDirectory {
    /// What is known of the column's values.
    pub summary: Summary,
    /// The blocks, ordered by node, then role.
    pub blocks: Vec<Block>,
}

/// What a chunk holds: enough to skip it, to find one column in it and to bound the work of decoding it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChunkDirectory {
    /// Number of rows.
    pub rows: u64,
    /// One entry a column of the schema, in order.
    pub columns: Vec<ColumnDirectory>,
}

/// A chunk as the encoder leaves it and the container stores it. Neither side knows the other.
///
/// Where only some columns were read, the directory lists only those and its offsets fit `bytes`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EncodedChunk {
    /// What is where.
    pub directory: ChunkDirectory,
    /// The blocks, each at its offset, with zeros between them.
    pub bytes: Vec<u8>,
}

/// Turns batches into chunks. The same batch and choices give the same bytes, on whichever thread.
pub trait ChunkEncoder: Send + Sync {
    /// What was found out about a chunk and is worth keeping for the chunks after it. The default knows nothing.
    type Choices: Default + Send + Sync;

    /// Encodes all rows of `batch` as one chunk, by what is `known`. Returns what had to be found out besides.
    fn encode_with(
        &self,
        batch: &Batch,
        known: &Self::Choices,
    ) -> Result<(EncodedChunk, Self::Choices)>;

    /// Encodes all rows of `batch` as one chunk, of which nothing is known.
    fn encode(&self, batch: &Batch) -> Result<EncodedChunk> {
        let (chunk, _) = self.encode_with(batch, &Self::Choices::default())?;
        Ok(chunk)
    }
}

/// Turns chunks back into batches. Believes nothing but the checksums, which the container has verified.
pub trait ChunkDecoder: Send + Sync {
    /// Decodes `chunk`, whose columns are those of `schema`. Allocates no more than `limits` allow and never panics.
    fn decode(&self, schema: &Arc<Schema>, chunk: &EncodedChunk, limits: &Limits) -> Result<Batch>;
}
