//! Nodes without children: numbers, text and binary values, each slot by slot or as a dictionary with codes.

use std::borrow::Cow;
use std::ops::Range;

use export_core::marrow::array::{BytesArray, BytesViewArray};
use export_core::{Result, Role};

use super::strings::{Text, lengths_of};
use super::{Flattener, broken, nulls, part};
use crate::bits;
use crate::choice::{Choice, Tariff, Versus, float, sample, weigh_data, weigh_words};
use crate::dictionary::{self, Dictionary};
use crate::encoding::implies_lengths;
use crate::summary::bounds_of_strings;
use crate::word::{Kind, Word};

/// Fewer slots than this are not worth a dictionary.
const FEW: usize = 64;

/// What is kept of whether a node's slots are looked up by codes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// They are.
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
            Some(validity) if nulls::are_many(&validity, values.len()) => {
                Cow::Owned(nulls::compact(values, &validity))
            }
            Some(validity) => Cow::Owned(nulls::fill(values, &validity)),
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
        if values
            .first()
            .is_none_or(|first| values.iter().all(|value| value == first))
            && self.policy.fixed.dictionary != Some(true)
        {
            return self.writer.words(place, &values, kind, &self.policy);
        }
        let mut flat = weigh_words(&values, kind, &self.policy);
        if let Some(dictionary) = self.dictionary_of_words(&values, &flat) {
            let entries = weigh_words(&dictionary.entries, kind, &self.policy);
            let mut codes = weigh_words(&dictionary.codes, Kind::Unsigned, &self.policy);
            let versus = self.versus([&flat], [&entries], &codes, &dictionary);
            codes.versus = Some(versus);
            flat.versus = Some(versus);
            if self.prefers_dictionary(&versus) {
                let writer = &mut *self.writer;
                writer.chosen_words(place, &dictionary.entries, kind, entries)?;
                let place = (node, Role::Codes);
                return writer.chosen_words(place, &dictionary.codes, Kind::Unsigned, codes);
            }
        }
        self.writer.chosen_words(place, &values, kind, flat)
    }

    fn dictionary_of_words<W: Word>(&self, values: &[W], flat: &Choice) -> Option<Dictionary<W>> {
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

    pub(super) fn bytes<L: Word, O: Copy + PartialOrd + Into<i64>>(
        &mut self,
        node: u16,
        array: &BytesArray<O>,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, &array.validity, range.clone())?;
        let (within, lengths) = lengths_of::<L, O>(&array.offsets, range)?;
        let data = part(&array.data, within)?;
        self.strings(node, &Text::new(lengths, data, validity.as_deref()))
    }

    pub(super) fn views(
        &mut self,
        node: u16,
        array: &BytesViewArray,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, &array.validity, range.clone())?;
        let mut data = Vec::new();
        let mut lengths = Vec::with_capacity(range.len());
        for (slot, view) in part(&array.data, range)?.iter().enumerate() {
            let before = data.len();
            if validity
                .as_deref()
                .is_none_or(|validity| bits::get(validity, slot))
            {
                let bytes = crate::view::bytes(view, &array.buffers)
                    .ok_or_else(|| broken("a view points outside of its buffers"))?;
                data.extend_from_slice(bytes);
            }
            let length = u32::try_from(data.len() - before);
            lengths.push(length.map_err(|_| broken("a value is longer than a view can say"))?);
        }
        self.strings(node, &Text::new(lengths, data, validity.as_deref()))
    }

    /// Lengths and data, or a dictionary of them.
    fn strings<L: Word>(&mut self, node: u16, text: &Text<'_, L>) -> Result<()> {
        let coding = self.coding(node, text.len());
        if coding == Coding::Codes
            && let Some(dictionary) = dictionary::of_bytes(text.values(), text.len() / 4)
        {
            self.note_bounds(node, &dictionary.entries);
            self.flat_strings(node, &Text::<L>::of_entries(&dictionary.entries))?;
            return self.codes(node, &dictionary.codes);
        }
        if coding == Coding::Plain {
            return self.flat_strings(node, text);
        }
        let mut weighed = self.weigh_strings(text);
        if let Some(dictionary) = self.dictionary_of_bytes(text) {
            let entries = Text::<L>::of_entries(&dictionary.entries);
            let weighed_entries = self.weigh_strings(&entries);
            let mut codes = weigh_words(&dictionary.codes, Kind::Unsigned, &self.policy);
            let versus = self.versus(&weighed, &weighed_entries, &codes, &dictionary);
            codes.versus = Some(versus);
            let [_, data] = &mut weighed;
            data.versus = Some(versus);
            if self.prefers_dictionary(&versus) {
                self.note_bounds(node, &dictionary.entries);
                self.chosen_strings(node, &entries, weighed_entries)?;
                let place = (node, Role::Codes);
                return self
                    .writer
                    .chosen_words(place, &dictionary.codes, Kind::Unsigned, codes);
            }
        }
        self.chosen_strings(node, text, weighed)
    }

    /// A dictionary's entries have the bounds of the column.
    fn note_bounds(&mut self, node: u16, entries: &[&[u8]]) {
        if node == 0 {
            self.bounds = Some(bounds_of_strings(entries));
        }
    }

    fn flat_strings<L: Word>(&mut self, node: u16, text: &Text<'_, L>) -> Result<()> {
        let place = (node, Role::Lengths);
        self.writer
            .words(place, &text.lengths, Kind::Unsigned, &self.policy)?;
        self.writer.data(node, text.strings(), &self.policy)?;
        self.writer.imply_lengths(&self.policy)
    }

    fn weigh_strings<L: Word>(&self, text: &Text<'_, L>) -> [Choice; 2] {
        let lengths = weigh_words(&text.lengths, Kind::Unsigned, &self.policy);
        let mut data = weigh_data(text.strings(), &self.policy);
        // Data that says where its strings end saves the lengths.
        data.credit(implies_lengths, lengths.best().cost);
        [lengths, data]
    }

    fn chosen_strings<L: Word>(
        &mut self,
        node: u16,
        text: &Text<'_, L>,
        [lengths, data]: [Choice; 2],
    ) -> Result<()> {
        let place = (node, Role::Lengths);
        self.writer
            .chosen_words(place, &text.lengths, Kind::Unsigned, lengths)?;
        self.writer.chosen_data(node, text.strings(), data)?;
        self.writer.imply_lengths(&self.policy)
    }

    fn dictionary_of_bytes<'t, L: Word>(
        &self,
        text: &'t Text<'_, L>,
    ) -> Option<Dictionary<&'t [u8]>> {
        let count = text.len();
        match self.policy.fixed.dictionary {
            Some(true) => return dictionary::of_bytes(text.values(), count),
            Some(false) => return None,
            None => {}
        }
        if self.policy.fixed.encoding.is_some() || count < FEW || text.data.len() < count / 2 {
            return None;
        }
        // Every so many slots, so that sorted columns do not look as if they had few values.
        let step = (count / 2048).max(1);
        dictionary::of_bytes(text.some_values(step), count / step / 4 * 3)?;
        dictionary::of_bytes(text.values(), count / 4)
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
        let value = |slot: usize| match &validity {
            Some(validity) if !bits::get(validity, slot) => None,
            _ => bytes.get(slot * width..(slot + 1) * width),
        };
        let all = (0..count).map(value);
        let dictionary = match self.coding(node, count) {
            Coding::Plain => None,
            Coding::Open if self.policy.fixed.dictionary == Some(true) && width > 0 => {
                dictionary::of_bytes(all, count)
            }
            // A code takes two bytes or so.
            Coding::Open if width <= 2 || self.policy.fixed.encoding.is_some() || count < FEW => {
                None
            }
            Coding::Codes | Coding::Open => dictionary::of_bytes(all, count / 4),
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

    /// What `flat` blocks would take, and `entries` and `codes` in their place.
    fn versus<'c, V>(
        &self,
        flat: impl IntoIterator<Item = &'c Choice>,
        entries: impl IntoIterator<Item = &'c Choice>,
        codes: &Choice,
        dictionary: &Dictionary<V>,
    ) -> Versus {
        /// Nanoseconds to look a slot up and to put its entry back.
        const LOOKUP_NS: f64 = 5.0;
        let tariff = Tariff::of(self.policy.preset);
        let (flat_bytes, flat_cost) = sum(flat);
        let (entries_bytes, entries_cost) = sum(entries);
        let codes = codes.best();
        let lookups = tariff.time(LOOKUP_NS, dictionary.codes.len());
        Versus {
            flat_bytes,
            flat_cost,
            dictionary_bytes: entries_bytes + codes.bytes,
            dictionary_cost: entries_cost + (codes.cost + lookups),
        }
    }

    fn prefers_dictionary(&self, versus: &Versus) -> bool {
        let is_asked_for = self.policy.fixed.dictionary == Some(true);
        is_asked_for || versus.dictionary_cost < versus.flat_cost
    }
}

/// Bytes and cost of the cheapest plans.
fn sum<'c>(choices: impl IntoIterator<Item = &'c Choice>) -> (f64, f64) {
    let best = choices.into_iter().map(Choice::best);
    best.fold((0.0, 0.0), |(bytes, cost), best| {
        (bytes + best.bytes, cost + best.cost)
    })
}
