//! Blocks on their way into a chunk: encoded as was chosen for them, compressed, aligned and checksummed.

use std::cell::RefCell;

use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::{Block, Codec, Result, Role};
use xxhash_rust::xxh3::xxh3_64;

use crate::choice::{
    Choice, ColumnChoices, Plan, weigh_bits, weigh_data, weigh_fixed, weigh_words,
};
use crate::codec::{Codecs, Compression};
use crate::defect::wide;
use crate::encoding::{
    Encoded, Encoding, Recipe, encode_bits, encode_data, encode_fixed, encode_words,
    implies_lengths,
};
use crate::options::Policy;
use crate::word::{Kind, Word};

/// A block's node and role.
pub(crate) type Place = (u16, Role);

/// Strings, one after the other: string `i` is `data[ends[i]..ends[i + 1]]`, and `ends` begins with a 0.
#[derive(Clone, Copy)]
pub(crate) struct Strings<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) ends: &'a [usize],
}

/// Writes the blocks of one column after another.
pub(crate) struct BlockWriter<'c> {
    bytes: Vec<u8>,
    blocks: Vec<Block>,
    codecs: Codecs,
    /// The top-level column that is written.
    column: String,
    /// What is kept of the column's choices.
    known: Option<&'c ColumnChoices>,
    /// What was chosen for a column like it, where nothing is kept.
    like: Option<ColumnChoices>,
    /// What had to be chosen.
    chosen: ColumnChoices,
}

impl<'c> BlockWriter<'c> {
    pub(crate) fn new(capacity: usize, codecs: Codecs) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
            blocks: Vec::new(),
            codecs,
            column: String::new(),
            known: None,
            like: None,
            chosen: ColumnChoices::default(),
        }
    }

    /// What comes now is of a column of which so much is known, or else of one `like` it.
    pub(crate) fn begin(
        &mut self,
        column: &str,
        known: Option<&'c ColumnChoices>,
        like: Option<&ColumnChoices>,
    ) {
        column.clone_into(&mut self.column);
        self.known = known;
        self.like = like.filter(|_| known.is_none()).cloned();
    }

    /// The blocks since the last call, and what was chosen for them.
    pub(crate) fn take(&mut self) -> (Vec<Block>, ColumnChoices) {
        (
            std::mem::take(&mut self.blocks),
            std::mem::take(&mut self.chosen),
        )
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was written so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the next block starts.
    pub(crate) fn end(&self) -> usize {
        self.bytes.len().next_multiple_of(BLOCK_ALIGNMENT)
    }

    /// Takes back all from `start` on, whose blocks were taken.
    pub(crate) fn rewind(&mut self, start: usize) {
        self.bytes.truncate(start);
    }

    /// The choice that is kept for a block of so many values of this very column, if there is one.
    pub(crate) fn kept(&self, place: Place, values: usize) -> Option<&'c Choice> {
        let choice = self.known?.get(place);
        choice.filter(|choice| choice.is_for(values))
    }

    /// [`BlockWriter::kept`], or else what was chosen for a column like it.
    pub(crate) fn known(&self, place: Place, values: usize) -> Option<&Choice> {
        self.known
            .or(self.like.as_ref())?
            .get(place)
            .filter(|choice| choice.is_for(values))
    }

    /// Words as is best for them.
    pub(crate) fn words<W: Word>(
        &mut self,
        place: Place,
        values: &[W],
        kind: Kind,
        policy: &Policy,
    ) -> Result<()> {
        let encode = |recipe| encode_words(values, kind, recipe);
        let plain = bytemuck::cast_slice(values);
        self.best(place, values.len(), plain, policy, encode, || {
            weigh_words(values, kind, policy)
        })
    }

    /// Words as `choice` has it.
    pub(crate) fn chosen_words<W: Word>(
        &mut self,
        place: Place,
        values: &[W],
        kind: Kind,
        choice: Choice,
    ) -> Result<()> {
        let plan = choice.best().plan;
        let encoded = encode_words(values, kind, plan.recipe)
            .unwrap_or_else(|| Encoded::plain(bytemuck::cast_slice::<W, u8>(values)));
        self.chosen.insert(place, choice);
        self.put(place, values.len(), encoded, plan.codec)
    }

    /// Lengths that the elements of the lists give.
    pub(crate) fn flat_lengths(
        &mut self,
        node: u16,
        count: usize,
        parameters: Vec<u8>,
        choice: Choice,
    ) -> Result<()> {
        let place = (node, Role::Lengths);
        let codec = choice.best().plan.codec;
        self.chosen.insert(place, choice);
        let encoded = Encoded::owned(Encoding::FlatGap, (parameters, Vec::new()));
        self.put(place, count, encoded, codec)
    }

    /// A bitmap whose padding is zero.
    pub(crate) fn bits(
        &mut self,
        place: Place,
        bitmap: &[u8],
        count: usize,
        policy: &Policy,
    ) -> Result<()> {
        let encode = |recipe| encode_bits(bitmap, count, recipe);
        self.best(place, count, bitmap, policy, encode, || {
            weigh_bits(bitmap, count, policy)
        })
    }

    /// `count` values of `width` bytes each.
    pub(crate) fn fixed(
        &mut self,
        node: u16,
        bytes: &[u8],
        (width, count): (usize, usize),
        policy: &Policy,
    ) -> Result<()> {
        let encode = |recipe| encode_fixed(bytes, width, recipe);
        self.best((node, Role::Values), count, bytes, policy, encode, || {
            weigh_fixed(bytes, width, policy)
        })
    }

    /// The bytes of text or binary values.
    pub(crate) fn data(&mut self, node: u16, strings: Strings<'_>, policy: &Policy) -> Result<()> {
        let (data, place) = (strings.data, (node, Role::Data));
        let known = self.known(place, data.len());
        let symbols = RefCell::new(known.and_then(|choice| choice.symbols.clone()));
        // Data is never constant: that is what dictionaries are for.
        let encode = |recipe: Recipe| match recipe.encoding {
            Encoding::Constant => None,
            _ => encode_data(strings, recipe, symbols.borrow().as_deref()),
        };
        self.best(place, data.len(), data, policy, encode, || {
            let choice = weigh_data(strings, policy);
            symbols.replace(choice.symbols.clone());
            choice
        })
    }

    /// [`BlockWriter::data`] as `choice` has it.
    pub(crate) fn chosen_data(
        &mut self,
        node: u16,
        strings: Strings<'_>,
        choice: Choice,
    ) -> Result<()> {
        let plan = choice.best().plan;
        let place = (node, Role::Data);
        let encoded = encode_data(strings, plan.recipe, choice.symbols.as_deref())
            .unwrap_or_else(|| Encoded::plain(strings.data));
        self.chosen.insert(place, choice);
        self.put(place, strings.data.len(), encoded, plan.codec)
    }

    /// Writes a block as is known to be best for it, or as weighing says where nothing is known or what is known disappoints.
    fn best<'v>(
        &mut self,
        place: Place,
        count: usize,
        plain: &'v [u8],
        policy: &Policy,
        encode: impl Fn(Recipe) -> Option<Encoded<'v>>,
        weigh: impl FnOnce() -> Choice,
    ) -> Result<()> {
        let constant = Recipe::new(Encoding::Constant);
        let wants = policy.fixed.encoding.is_none_or(|e| e == constant.encoding);
        if wants && let Some(encoded) = encode(constant) {
            let codec = policy.fixed.codec.unwrap_or(Compression::None);
            return self.put(place, count, encoded, codec);
        }
        let write = |writer: &mut Self, plan: Plan| {
            let encoded = encode(plan.recipe).unwrap_or_else(|| Encoded::plain(plain));
            writer.put(place, count, encoded, plan.codec)
        };
        let mark = self.bytes.len();
        let mut tried = None;
        if let Some(kept) = self.kept(place, count) {
            let plan = kept.best().plan;
            write(self, plan)?;
            if kept.expects(count, self.last_stored()) {
                return Ok(());
            }
            tried = Some(plan);
        } else if let Some(like) = self.known(place, count).cloned() {
            let plan = like.best().plan;
            write(self, plan)?;
            if like.suits(count, self.last_stored()) {
                self.chosen.insert(place, like);
                return Ok(());
            }
            tried = Some(plan);
        }
        let choice = weigh();
        let plan = choice.best().plan;
        if count > 0 {
            self.chosen.insert(place, choice);
        }
        if tried == Some(plan) {
            return Ok(());
        }
        if tried.is_some() {
            self.blocks.pop();
            self.bytes.truncate(mark);
        }
        write(self, plan)
    }

    /// Leaves lengths to the data after them, if that says where its strings end. These are the last two blocks.
    pub(crate) fn imply_lengths(&mut self, policy: &Policy) -> Result<()> {
        let Some(encoding) = self
            .blocks
            .last()
            .and_then(|block| Encoding::find(block.encoding).ok())
        else {
            return Ok(());
        };
        if !implies_lengths(encoding) {
            return Ok(());
        }
        let (Some(mut data), Some(mut lengths)) = (self.blocks.pop(), self.blocks.pop()) else {
            return Ok(());
        };
        let codec = policy.fixed.codec.unwrap_or(Compression::None);
        let mut nothing = Vec::new();
        let (codec, _) = self.codecs.compress_silently(codec, &[], &mut nothing);
        lengths.encoding = encoding.id();
        lengths.codec = codec.id();
        lengths.parameters.clear();
        lengths.stored_bytes = wide(nothing.len());
        lengths.encoded_bytes = 0;
        lengths.checksum = xxh3_64(&nothing);
        nothing.resize(nothing.len().next_multiple_of(BLOCK_ALIGNMENT), 0);
        let offset = |block: &Block| usize::try_from(block.offset).unwrap_or(usize::MAX);
        let replaced = offset(&lengths)..offset(&data);
        data.offset = lengths.offset + wide(nothing.len());
        self.bytes.splice(replaced, nothing);
        self.blocks.extend([lengths, data]);
        Ok(())
    }

    fn last_stored(&self) -> usize {
        let stored = self.blocks.last().map_or(0, |block| block.stored_bytes);
        usize::try_from(stored).unwrap_or(usize::MAX)
    }

    fn put(
        &mut self,
        (node, role): Place,
        values: usize,
        encoded: Encoded<'_>,
        codec: Compression,
    ) -> Result<()> {
        let start = self.bytes.len().next_multiple_of(BLOCK_ALIGNMENT);
        self.bytes.resize(start, 0);
        let codec = self
            .codecs
            .compress(&self.column, codec, &encoded.bytes, &mut self.bytes);
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
