//! The blocks of one column, taken in order, each checked before memory is spent on it.

use export_core::{Block, Error, Limits, Result, Role, memory};

use crate::bits;
use crate::codec::Compression;
use crate::defect::{Defect, Placed, wide};
use crate::encoding::cursor::bounded;
use crate::encoding::{
    Encoding, constant, decode_bits, decode_data, decode_fixed, decode_strings, decode_words,
    flat_gap, implies_lengths,
};
use crate::word::Word;

/// What may still be allocated for decoded values of a chunk.
pub(crate) struct Budget {
    left: u64,
    /// The limit that is met once nothing is left.
    what: &'static str,
    /// Longest text or binary value.
    value_bytes: u64,
    /// Longest block between codec and encoding so far: the room for it is used again.
    scratch_bytes: u64,
}

impl Budget {
    /// What a chunk that is stored in so many bytes may take.
    pub(crate) fn new(limits: &Limits, stored_bytes: usize) -> Self {
        let stored = wide(stored_bytes);
        let bounds = [
            (limits.chunk_decoded_bytes, "decoded bytes of the chunk"),
            (
                limits.allowance(stored),
                "decoded bytes for so few stored ones (ratio)",
            ),
            (
                limits.memory_bytes.saturating_sub(stored),
                "memory of the chunk",
            ),
        ];
        let least = bounds.into_iter().min_by_key(|(bytes, _)| *bytes);
        let (left, what) = least.unwrap_or_default();
        Self {
            left,
            what,
            value_bytes: limits.value_bytes,
            scratch_bytes: 0,
        }
    }

    pub(crate) fn spend(&mut self, count: usize, width: usize) -> Result<(), Defect> {
        let asked = wide(count).saturating_mul(wide(width));
        match self.left.checked_sub(asked) {
            Some(left) => {
                self.left = left;
                // What is spent is allocated next.
                let bytes = usize::try_from(asked).unwrap_or(usize::MAX);
                memory::expect_room(bytes).map_err(|_| Defect::Memory(asked))
            }
            None => Err(Defect::Limit {
                what: self.what,
                asked,
                left: self.left,
            }),
        }
    }

    /// Spends what a block of `bytes` bytes between codec and encoding takes over the longest one before it.
    fn spend_scratch(&mut self, bytes: usize) -> Result<(), Defect> {
        let longest = self.scratch_bytes.max(wide(bytes));
        let more = usize::try_from(longest - self.scratch_bytes).unwrap_or(usize::MAX);
        self.spend(more, 1)?;
        self.scratch_bytes = longest;
        Ok(())
    }

    /// Fails where one of the values that end at `ends` is too long.
    pub(crate) fn check_values(&self, ends: &[usize]) -> Result<(), Defect> {
        if wide(ends.last().copied().unwrap_or(0)) <= self.value_bytes {
            return Ok(());
        }
        let values = ends.iter().zip(ends.iter().skip(1));
        let longest = values.map(|(start, end)| end.saturating_sub(*start)).max();
        match longest.map_or(0, wide) {
            asked if asked > self.value_bytes => Err(Defect::Limit {
                what: "bytes of one value",
                asked,
                left: self.value_bytes,
            }),
            _ => Ok(()),
        }
    }
}

/// Blocks that wait to be decoded.
pub(crate) struct Nodes<'a> {
    blocks: std::slice::Iter<'a, Block>,
    /// How many there were, so that errors can count them.
    count: usize,
    bytes: &'a [u8],
    pub(crate) budget: &'a mut Budget,
    scratch: &'a mut Vec<u8>,
}

impl<'a> Nodes<'a> {
    /// Fails where blocks are not in order.
    pub(crate) fn new(
        blocks: &'a [Block],
        bytes: &'a [u8],
        budget: &'a mut Budget,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Self> {
        let places = blocks.iter().map(|block| (block.node, block.role));
        let next = places.clone().skip(1);
        match places.zip(next).find(|(place, next)| place >= next) {
            Some((_, (node, role))) => {
                Err(Placed::block(node, role)(Defect::Rule("blocks are not in order")).into())
            }
            None => Ok(Self {
                blocks: blocks.iter(),
                count: blocks.len(),
                bytes,
                budget,
                scratch,
            }),
        }
    }

    /// The next block, if it is this one.
    pub(crate) fn find(&mut self, node: u16, role: Role) -> Option<&'a Block> {
        let block = self.blocks.as_slice().first()?;
        if (block.node, block.role) != (node, role) {
            return None;
        }
        self.blocks.next()
    }

    /// The next block, which must be this one.
    pub(crate) fn need(&mut self, node: u16, role: Role) -> Result<&'a Block> {
        self.find(node, role)
            .ok_or_else(|| Placed::block(node, role)(Defect::Rule("the block is missing")).into())
    }

    /// Whether the entries of the node's other blocks are looked up by codes.
    pub(crate) fn has_codes(&self, node: u16) -> bool {
        let own = self
            .blocks
            .as_slice()
            .iter()
            .take_while(|block| block.node == node);
        own.into_iter().any(|block| block.role == Role::Codes)
    }

    /// Fails where a block is left that its type has no use for.
    pub(crate) fn finish(mut self) -> Result<()> {
        match self.blocks.next() {
            None => Ok(()),
            Some(block) => {
                let defect = Defect::Rule("the type has no such block");
                Err(Placed::block(block.node, block.role)(defect).into())
            }
        }
    }

    /// The validity bitmap of a node of `slots` slots, if it has one.
    pub(crate) fn validity(&mut self, node: u16, slots: usize) -> Result<Option<Vec<u8>>> {
        match self.find(node, Role::Validity) {
            None => Ok(None),
            Some(block) => self.bits(block, slots).map(Some),
        }
    }

    /// `count` words.
    pub(crate) fn words<W: Word>(&mut self, block: &Block, count: usize) -> Result<Vec<W>> {
        self.decode(block, count, (count, W::BYTES), |encoding, bytes, _| {
            decode_words(encoding, &block.parameters, bytes, count)
        })
    }

    /// What the lengths of `slots` lists say that are given by the elements.
    pub(crate) fn flat_lengths(
        &mut self,
        block: &Block,
        slots: usize,
    ) -> Result<flat_gap::Parameters> {
        self.decode(block, slots, (0, 1), |_, bytes, _| {
            constant::no_bytes(bytes)?;
            flat_gap::Parameters::read(&block.parameters)
        })
    }

    /// A bitmap of `count` bits.
    pub(crate) fn bits(&mut self, block: &Block, count: usize) -> Result<Vec<u8>> {
        self.decode(
            block,
            count,
            (count.div_ceil(8), 1),
            |encoding, bytes, _| decode_bits(encoding, &block.parameters, bytes, count),
        )
    }

    /// `count` values of `width` bytes.
    pub(crate) fn fixed(&mut self, block: &Block, width: usize, count: usize) -> Result<Vec<u8>> {
        self.decode(block, count, (count, width), |encoding, bytes, _| {
            decode_fixed(encoding, &block.parameters, bytes, width, count)
        })
    }

    /// The bytes of text or binary values, of which `ends` says where each ends.
    pub(crate) fn data(&mut self, block: &Block, ends: &[usize]) -> Result<Vec<u8>> {
        let count = ends.last().copied().unwrap_or(0);
        self.decode(block, count, (count, 1), |encoding, bytes, _| {
            decode_data(encoding, &block.parameters, bytes, ends)
        })
    }

    /// `count` strings whose lengths are left to their data, if this block of lengths is such: where each ends, and the data.
    pub(crate) fn implied(
        &mut self,
        lengths: &Block,
        count: usize,
    ) -> Result<Option<(Vec<usize>, Vec<u8>)>> {
        let is_implied = Encoding::find(lengths.encoding).is_ok_and(implies_lengths);
        if !is_implied {
            return Ok(None);
        }
        self.decode(lengths, count, (0, 1), |_, bytes, _| {
            let what = "bytes of lengths that data implies";
            match lengths.parameters.len() + bytes.len() {
                0 => Ok(()),
                extra => Err(Defect::mismatch(what, 0, extra)),
            }
        })?;
        let block = self.need(lengths.node, Role::Data)?;
        let size = bounded("bytes of all strings", block.values, usize::MAX)
            .map_err(|defect| Error::from(Placed::block(block.node, block.role)(defect)))?;
        let strings = self.decode(block, size, (size, 1), |encoding, bytes, budget| {
            decode_strings(encoding, &block.parameters, bytes, (count, size), budget)
        });
        strings.map(Some)
    }

    /// Spends the budget for `count` items of `width` bytes, undoes the codec, then lets `decode` undo the encoding.
    fn decode<T>(
        &mut self,
        block: &Block,
        values: usize,
        (count, width): (usize, usize),
        decode: impl FnOnce(Encoding, &[u8], &mut Budget) -> Result<T, Defect>,
    ) -> Result<T> {
        let result = (|| {
            if block.values != wide(values) {
                let (due, found) = (wide(values), block.values);
                return Err(Defect::Mismatch {
                    what: "number of values",
                    due,
                    found,
                });
            }
            let encoding = Encoding::find(block.encoding)?;
            let codec = Compression::find(block.codec)?;
            self.budget.spend(count, width)?;
            let stored = stored(block, self.bytes)?;
            // No encoding takes more than twelve bytes a value beyond the value itself, and some for its headers.
            let raw = wide(count).saturating_mul(wide(width));
            let most = raw
                .saturating_add(wide(values).saturating_mul(12))
                .saturating_add(64 << 10);
            if block.encoded_bytes > most {
                return Err(Defect::Range {
                    what: "encoded length",
                    found: block.encoded_bytes,
                });
            }
            let encoded = bounded("encoded length", block.encoded_bytes, usize::MAX)?;
            if codec == Compression::None {
                if stored.len() != encoded {
                    return Err(Defect::mismatch("stored length", encoded, stored.len()));
                }
                return decode(encoding, stored, self.budget);
            }
            self.budget.spend_scratch(encoded)?;
            self.scratch.clear();
            memory::reserve(self.scratch, encoded)
                .map_err(|_| Defect::Memory(block.encoded_bytes))?;
            self.scratch.resize(encoded, 0);
            codec.expand(stored, self.scratch)?;
            decode(encoding, self.scratch, self.budget)
        })();
        // The block was the last one taken.
        let at = (self.count - self.blocks.len()).saturating_sub(1);
        result.map_err(|defect| {
            Error::from(Placed::block(block.node, block.role)(defect)).in_block(wide(at))
        })
    }
}

fn stored<'a>(block: &Block, bytes: &'a [u8]) -> Result<&'a [u8], Defect> {
    let start = bounded("offset of the block", block.offset, bytes.len())?;
    let length = bounded("stored length", block.stored_bytes, bytes.len() - start)?;
    bytes
        .get(start..start + length)
        .ok_or(Defect::Rule("the block is outside of the chunk"))
}

/// Whether slot `slot` has a value.
pub(crate) fn is_valid(validity: Option<&[u8]>, slot: usize) -> bool {
    validity.is_none_or(|validity| bits::get(validity, slot))
}

/// An error of a node as a whole.
pub(crate) fn wrong(node: u16, defect: Defect) -> Error {
    Placed::node(node)(defect).into()
}
