//! Nodes without children: numbers, text and binary values, each slot by slot or as a dictionary with codes.

use std::borrow::Cow;
use std::ops::Range;

use export_core::marrow::array::{BytesArray, BytesViewArray};
use export_core::{Result, Role};

use super::strings::Spans;
use super::{Flattener, broken, part};
use crate::bits;
use crate::block::Strings;
use crate::choice::{Choice, Tariff, float, sample, weigh_data, weigh_words};
use crate::dictionary::{self, Dictionary};
use crate::word::{Kind, Word};

/// Fewer slots than this are not worth a dictionary.
const FEW: usize = 64;

/// What is kept of whether a node's slots are looked up by codes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// They are, into about so many entries.
    Codes,
    /// They are not.
    Plain,
    /// It has to be found out.
    Open,
}

impl Flattener<'_, '_> {
    fn coding(&self, node: u16, slots: usize) -> Coding {
        let known = |role| self.writer.known((node, role), slots).is_some();
        match self.policy.fixed.dictionary {
            Some(false) => Coding::Plain,
            Some(true) => Coding::Open,
            None if known(Role::Codes) => Coding::Codes,
            None if known(Role::Values) || known(Role::Lengths) => Coding::Plain,
            None => Coding::Open,
        }
    }

    /// Fixed-width values, or a dictionary of them.
    pub(super) fn numbers<W: Word>(
        &mut self,
        node: u16,
        validity: &Option<Vec<u8>>,
        values: &[W],
        kind: Kind,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, validity, range)?;
        let values = match validity {
            Some(validity) => Cow::Owned(fill_nulls(values, &validity)),
            None => Cow::Borrowed(values),
        };
        let place = (node, Role::Values);
        match self.coding(node, values.len()) {
            Coding::Plain => return self.writer.words(place, &values, kind, &self.policy),
            Coding::Codes => {
                if let Some(dictionary) = dictionary::of_words(&values, values.len() / 4) {
                    let entries = &dictionary.entries;
                    self.writer.words(place, entries, kind, &self.policy)?;
                    return self.codes(node, &dictionary.codes);
                }
            }
            Coding::Open => {}
        }
        if values.first().is_none_or(|first| values.iter().all(|value| value == first))
            && self.policy.fixed.dictionary != Some(true)
        {
            return self.writer.words(place, &values, kind, &self.policy);
        }
        let flat = weigh_words(&values, kind, &self.policy);
        if let Some(dictionary) = self.dictionary_of_words(&values, &flat) {
            let entries = weigh_words(&dictionary.entries, kind, &self.policy);
            let codes = weigh_words(&dictionary.codes, Kind::Unsigned, &self.policy);
            let cost = entries.best().cost + self.cost_of_codes(&codes, &dictionary);
            if self.policy.fixed.dictionary == Some(true) || cost < flat.best().cost {
                let writer = &mut *self.writer;
                writer.chosen_words(place, &dictionary.entries, kind, entries)?;
                let place = (node, Role::Codes);
                return writer.chosen_words(place, &dictionary.codes, Kind::Unsigned, codes);
            }
        }
        self.writer.chosen_words(place, &values, kind, flat)
    }

    fn dictionary_of_words<W: Word>(
        &self,
        values: &[W],
        flat: &Choice,
    ) -> Option<Dictionary<W>> {
        if self.policy.fixed.dictionary == Some(true) {
            return dictionary::of_words(values, values.len());
        }
        if self.policy.fixed.encoding.is_some() || W::BYTES < 2 || values.len() < FEW {
            return None;
        }
        let sample = sample(values, 2);
        let few = dictionary::of_words(&sample, sample.len() / 4)?.entries;
        // Codes of so many entries cost this at the very least, even with some entropy coding behind them.
        let code_bits = float((usize::BITS - few.len().leading_zeros()) as usize);
        if code_bits / 16.0 * float(values.len()) > flat.best().cost {
            return None;
        }
        dictionary::of_words(values, values.len() / 4)
    }

    pub(super) fn bytes<L: Word, O: Copy + Into<i64>>(
        &mut self,
        node: u16,
        array: &BytesArray<O>,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, &array.validity, range.clone())?;
        let (spans, lengths) = Spans::new::<L>(&array.offsets, range)?;
        // So that a slot's place is not looked for where there is none.
        part(&array.data, spans.within.clone())?;
        self.strings(node, validity.as_deref(), &spans, &lengths, &array.data)
    }

    pub(super) fn views(
        &mut self,
        node: u16,
        array: &BytesViewArray,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, &array.validity, range.clone())?;
        let mut data = Vec::new();
        let mut ends = Vec::with_capacity(range.len() + 1);
        ends.push(0);
        for (slot, view) in part(&array.data, range.clone())?.iter().enumerate() {
            if validity
                .as_deref()
                .is_none_or(|validity| bits::get(validity, slot))
            {
                let bytes = crate::view::bytes(view, &array.buffers)
                    .ok_or_else(|| broken("a view points outside of its buffers"))?;
                data.extend_from_slice(bytes);
            }
            let end = i64::try_from(data.len());
            ends.push(end.map_err(|_| broken("its values are too long"))?);
        }
        let (spans, lengths) = Spans::new::<u32>(&ends, 0..range.len())?;
        self.strings(node, validity.as_deref(), &spans, &lengths, &data)
    }

    /// Lengths and data, or a dictionary of them.
    fn strings<L: Word, O: Copy + Into<i64>>(
        &mut self,
        node: u16,
        validity: Option<&[u8]>,
        spans: &Spans<'_, O>,
        lengths: &[L],
        data: &[u8],
    ) -> Result<()> {
        let slots = (0..spans.len()).map(|slot| match validity {
            Some(validity) if !bits::get(validity, slot) => None,
            _ => spans.get(slot, data),
        });
        let data = part(data, spans.within.clone())?;
        let place = (node, Role::Lengths);
        let coding = self.coding(node, lengths.len());
        if coding == Coding::Codes
            && let Some(dictionary) = dictionary::of_bytes(slots.clone(), lengths.len() / 4)
        {
            let entries = Entries::<L>::new(&dictionary.entries);
            let writer = &mut *self.writer;
            writer.words(place, &entries.lengths, Kind::Unsigned, &self.policy)?;
            writer.data(node, entries.strings(), &self.policy)?;
            return self.codes(node, &dictionary.codes);
        }
        let ends = spans.ends();
        let strings = Strings { data, ends: &ends };
        if coding == Coding::Plain {
            let writer = &mut *self.writer;
            writer.words(place, lengths, Kind::Unsigned, &self.policy)?;
            return writer.data(node, strings, &self.policy);
        }
        let flat = (
            weigh_words(lengths, Kind::Unsigned, &self.policy),
            weigh_data(strings, &self.policy),
        );
        if let Some(dictionary) = self.dictionary_of_bytes(data.len(), slots) {
            let table = Entries::<L>::new(&dictionary.entries);
            let entries = (
                weigh_words(&table.lengths, Kind::Unsigned, &self.policy),
                weigh_data(table.strings(), &self.policy),
            );
            let codes = weigh_words(&dictionary.codes, Kind::Unsigned, &self.policy);
            let cost = |(lengths, data): &(Choice, Choice)| lengths.best().cost + data.best().cost;
            let coded = cost(&entries) + self.cost_of_codes(&codes, &dictionary);
            if self.policy.fixed.dictionary == Some(true) || coded < cost(&flat) {
                let writer = &mut *self.writer;
                writer.chosen_words(place, &table.lengths, Kind::Unsigned, entries.0)?;
                writer.chosen_data(node, table.strings(), entries.1)?;
                let place = (node, Role::Codes);
                return writer.chosen_words(place, &dictionary.codes, Kind::Unsigned, codes);
            }
        }
        let writer = &mut *self.writer;
        writer.chosen_words(place, lengths, Kind::Unsigned, flat.0)?;
        writer.chosen_data(node, strings, flat.1)
    }

    fn dictionary_of_bytes<'a>(
        &self,
        size_bytes: usize,
        slots: impl ExactSizeIterator<Item = Option<&'a [u8]>> + Clone,
    ) -> Option<Dictionary<&'a [u8]>> {
        let count = slots.len();
        match self.policy.fixed.dictionary {
            Some(true) => return dictionary::of_bytes(slots, count),
            Some(false) => return None,
            None => {}
        }
        if self.policy.fixed.encoding.is_some() || count < FEW || size_bytes < count / 2 {
            return None;
        }
        // Every so many slots, so that sorted columns do not look as if they had few values.
        let step = (count / 2048).max(1);
        let sampled = count / step;
        dictionary::of_bytes(slots.clone().step_by(step), sampled / 4 * 3)?;
        dictionary::of_bytes(slots, count / 4)
    }

    pub(super) fn fixed_binary(
        &mut self,
        node: u16,
        validity: &Option<Vec<u8>>,
        data: &[u8],
        n: i32,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, validity, range.clone())?;
        let width = usize::try_from(n).map_err(|_| broken("values have a negative size"))?;
        let (start, end) = (
            range.start.saturating_mul(width),
            range.end.saturating_mul(width),
        );
        let bytes = part(data, start..end)?;
        let count = range.len();
        let slots = (0..count).map(|slot| match &validity {
            Some(validity) if !bits::get(validity, slot) => None,
            _ => bytes.get(slot * width..(slot + 1) * width),
        });
        // A code takes two bytes or so.
        let worth_it = width > 2 || self.policy.fixed.dictionary == Some(true) && width > 0;
        let dictionary = match self.coding(node, count) {
            Coding::Plain => None,
            Coding::Codes => dictionary::of_bytes(slots, count / 4),
            Coding::Open if worth_it => self.dictionary_of_bytes(bytes.len(), slots),
            Coding::Open => None,
        };
        if let Some(dictionary) = dictionary {
            let shape = (width, dictionary.entries.len());
            let entries = dictionary.entries.concat();
            self.writer.fixed(node, &entries, shape, &self.policy)?;
            return self.codes(node, &dictionary.codes);
        }
        self.writer.fixed(node, bytes, (width, count), &self.policy)
    }

    fn codes(&mut self, node: u16, codes: &[u32]) -> Result<()> {
        let place = (node, Role::Codes);
        self.writer
            .words(place, codes, Kind::Unsigned, &self.policy)
    }

    /// The cost of writing codes, with the time that looking every slot up has cost.
    fn cost_of_codes<V>(&self, codes: &Choice, dictionary: &Dictionary<V>) -> f64 {
        /// Nanoseconds to look a slot up and to put its entry back.
        const LOOKUP_NS: f64 = 6.0;
        let tariff = Tariff::of(self.policy.preset);
        codes.best().cost + tariff.time(LOOKUP_NS, dictionary.codes.len())
    }
}

/// The entries of a dictionary of strings as blocks hold them.
struct Entries<L> {
    lengths: Vec<L>,
    data: Vec<u8>,
    ends: Vec<usize>,
}

impl<L: Word> Entries<L> {
    fn new(strings: &[&[u8]]) -> Self {
        let lengths = strings.iter().map(|string| L::join(string.len() as u64, 0));
        let ends = strings.iter().scan(0, |end, string| {
            *end += string.len();
            Some(*end)
        });
        Self {
            lengths: lengths.collect(),
            data: strings.concat(),
            ends: std::iter::once(0).chain(ends).collect(),
        }
    }

    fn strings(&self) -> Strings<'_> {
        Strings {
            data: &self.data,
            ends: &self.ends,
        }
    }
}

/// Null slots repeat the value before them (the first ones: the first value), which costs the encodings least.
fn fill_nulls<W: Word>(values: &[W], validity: &[u8]) -> Vec<W> {
    let first = values
        .iter()
        .enumerate()
        .find(|(slot, _)| bits::get(validity, *slot));
    let mut last = first.map_or(W::ZERO, |(_, value)| *value);
    let mut filled = values.to_vec();
    for (eight, &valid) in filled.chunks_mut(8).zip(validity) {
        if valid != 0xFF {
            for (slot, value) in eight.iter_mut().enumerate() {
                last = if valid >> slot & 1 == 1 { *value } else { last };
                *value = last;
            }
        } else if let Some(value) = eight.last() {
            last = *value;
        }
    }
    filled
}
