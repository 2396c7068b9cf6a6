//! Blocks on their way into a chunk: encoded, compressed, aligned and checksummed.

use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::{Block, Codec, Error, Result, Role};
use xxhash_rust::xxh3::xxh3_64;

use crate::choice::{self, Plan};
use crate::codec::Compression;
use crate::defect::wide;
use crate::encoding::{
    Encoded, encode_bits, encode_data, encode_fixed, encode_words, implies_lengths,
};
use crate::options::Policy;
use crate::word::{Kind, Word};

/// Writes the blocks of one column after another.
pub(crate) struct BlockWriter {
    bytes: Vec<u8>,
    blocks: Vec<Block>,
}

impl BlockWriter {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
            blocks: Vec::new(),
        }
    }

    /// The blocks since the last call.
    pub(crate) fn take_blocks(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.blocks)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Words by their plan.
    pub(crate) fn words<W: Word>(
        &mut self,
        (node, role): (u16, Role),
        values: &[W],
        kind: Kind,
        plan: &Plan,
    ) -> Result<()> {
        let encoded = encode_words(values, kind, plan.recipe)
            .unwrap_or_else(|| Encoded::plain(bytemuck::cast_slice::<W, u8>(values)));
        self.put(node, role, values.len(), encoded, plan.codec)
    }

    /// Words as is best for them.
    pub(crate) fn best_words<W: Word>(
        &mut self,
        place: (u16, Role),
        values: &[W],
        kind: Kind,
        policy: &Policy,
    ) -> Result<()> {
        self.words(
            place,
            values,
            kind,
            &choice::plan_words(values, kind, policy),
        )
    }

    /// A bitmap whose padding is zero.
    pub(crate) fn bits(
        &mut self,
        (node, role): (u16, Role),
        bitmap: &[u8],
        count: usize,
        policy: &Policy,
    ) -> Result<()> {
        let plan = choice::plan_bits(bitmap, count, policy);
        let encoded = encode_bits(bitmap, count, plan.recipe);
        let encoded = encoded.unwrap_or_else(|| Encoded::plain(bitmap));
        self.put(node, role, count, encoded, plan.codec)
    }

    /// `count` values of `width` bytes each.
    pub(crate) fn fixed(
        &mut self,
        node: u16,
        bytes: &[u8],
        (width, count): (usize, usize),
        policy: &Policy,
    ) -> Result<()> {
        let plan = choice::plan_fixed(bytes, width, policy);
        let encoded = encode_fixed(bytes, width, plan.recipe);
        let encoded = encoded.unwrap_or_else(|| Encoded::plain(bytes));
        self.put(node, Role::Values, count, encoded, plan.codec)
    }

    /// Lengths and bytes of text or binary values. String `i` is `data[ends[i]..ends[i + 1]]`.
    pub(crate) fn strings<L: Word>(
        &mut self,
        node: u16,
        (lengths, lengths_plan): (&[L], &Plan),
        (ends, data): (&[usize], &[u8]),
        plan: &Plan,
    ) -> Result<()> {
        let encoded = encode_data(data, ends, plan.recipe).unwrap_or_else(|| Encoded::plain(data));
        if implies_lengths(encoded.encoding) {
            let none = Encoded::owned(encoded.encoding, (Vec::new(), Vec::new()));
            self.put(node, Role::Lengths, lengths.len(), none, lengths_plan.codec)?;
        } else {
            let place = (node, Role::Lengths);
            self.words(place, lengths, Kind::Unsigned, lengths_plan)?;
        }
        self.put(node, Role::Data, data.len(), encoded, plan.codec)
    }

    fn put(
        &mut self,
        node: u16,
        role: Role,
        values: usize,
        encoded: Encoded<'_>,
        codec: Compression,
    ) -> Result<()> {
        let start = self.bytes.len().next_multiple_of(BLOCK_ALIGNMENT);
        self.bytes.resize(start, 0);
        codec
            .squeeze(&encoded.bytes, &mut self.bytes)
            .map_err(refused)?;
        let stored = self.bytes.get(start..).unwrap_or_default();
        self.blocks.push(Block {
            node,
            role,
            encoding: encoded.encoding.id(),
            codec: codec.id(),
            parameters: encoded.parameters,
            values: wide(values),
            offset: wide(start),
            stored_bytes: wide(stored.len()),
            encoded_bytes: wide(encoded.bytes.len()),
            checksum: xxh3_64(stored),
        });
        Ok(())
    }
}

/// A codec that will not write is a matter of what was asked of it, not of damage.
fn refused(defect: crate::defect::Defect) -> Error {
    Error::new(export_core::ErrorKind::Unsupported, defect)
}
