//! Nodes without children: numbers, text and binary values, each slot by slot or as a dictionary with codes.

use std::borrow::Cow;
use std::ops::Range;

use export_core::marrow::array::{BytesArray, BytesViewArray};
use export_core::{Result, Role};

use super::{Flattener, broken, differences, part, positions, to_length};
use crate::bits;
use crate::block::BlockWriter;
use crate::choice::{self, Plan, Tariff, float, plan_words};
use crate::dictionary::{self, Dictionary};
use crate::options::Policy;
use crate::word::{Kind, Word};

impl Flattener<'_> {
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
        let plan = plan_words(&values, kind, &self.policy);
        if let Some(dictionary) = self.dictionary_of_words(&values, &plan) {
            let entries: Vec<W> = dictionary
                .firsts
                .iter()
                .filter_map(|&slot| values.get(slot).copied())
                .collect();
            let coded = Coded::new(&dictionary, &self.policy);
            let entries_plan = plan_words(&entries, kind, &self.policy);
            if self.policy.fixed.dictionary == Some(true)
                || coded.cost + entries_plan.cost < plan.cost
            {
                self.writer
                    .words((node, Role::Values), &entries, kind, &entries_plan)?;
                return coded.write(self.writer, node, &dictionary);
            }
        }
        self.writer
            .words((node, Role::Values), &values, kind, &plan)
    }

    fn dictionary_of_words<W: Word>(&self, values: &[W], plan: &Plan) -> Option<Dictionary> {
        match self.policy.fixed.dictionary {
            Some(true) => return dictionary::of_words(values, values.len()),
            Some(false) => return None,
            None => {}
        }
        let free = self.policy.fixed.encoding.is_none();
        if !free || W::BYTES < 2 || values.len() < 64 {
            return None;
        }
        let sample = choice::sample(values, 2);
        let few = dictionary::of_words(&sample, sample.len() / 4)?
            .firsts
            .len();
        // Codes of so many entries cost this at the very least, even with some entropy coding behind them.
        let code_bits = float((usize::BITS - few.leading_zeros()) as usize);
        if code_bits / 16.0 * float(values.len()) > plan.cost {
            return None;
        }
        dictionary::of_words(values, values.len() / 4)
    }

    pub(super) fn bytes<L: Word + TryFrom<usize>, O: Copy + Into<i64>>(
        &mut self,
        node: u16,
        array: &BytesArray<O>,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, &array.validity, range.clone())?;
        let ends = positions(&array.offsets, range)?;
        let within = ends.first().copied().unwrap_or(0)..ends.last().copied().unwrap_or(0);
        let first = within.start;
        let data = part(&array.data, within)?;
        let ends: Vec<usize> = ends.iter().map(|end| end - first).collect();
        self.strings::<L>(node, validity.as_deref(), &ends, data)
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
        for (slot, view) in part(&array.data, range)?.iter().enumerate() {
            if validity
                .as_deref()
                .is_none_or(|validity| bits::get(validity, slot))
            {
                let bytes = crate::view::bytes(view, &array.buffers)
                    .ok_or_else(|| broken("a view points outside of its buffers"))?;
                data.extend_from_slice(bytes);
            }
            ends.push(data.len());
        }
        self.strings::<u32>(node, validity.as_deref(), &ends, &data)
    }

    /// Lengths and data, or a dictionary of them. String `i` is `data[ends[i]..ends[i + 1]]`.
    fn strings<L: Word + TryFrom<usize>>(
        &mut self,
        node: u16,
        validity: Option<&[u8]>,
        ends: &[usize],
        data: &[u8],
    ) -> Result<()> {
        let lengths = differences::<L>(ends)?;
        let plans = (
            plan_words(&lengths, Kind::Unsigned, &self.policy),
            choice::plan_data(data, &self.policy),
        );
        let value = |slot: usize| match validity {
            Some(validity) if !bits::get(validity, slot) => None,
            _ => data.get(*ends.get(slot)?..*ends.get(slot + 1)?),
        };
        if let Some(dictionary) = self.dictionary_of_bytes(lengths.len(), data.len(), value) {
            let entries: Vec<&[u8]> = dictionary
                .firsts
                .iter()
                .filter_map(|&slot| value(slot))
                .collect();
            let entry_data = entries.concat();
            let entry_lengths: Vec<L> = entries
                .iter()
                .map(|entry| to_length(entry.len()))
                .collect::<Result<_>>()?;
            let coded = Coded::new(&dictionary, &self.policy);
            let lengths_plan = plan_words(&entry_lengths, Kind::Unsigned, &self.policy);
            let data_plan = choice::plan_data(&entry_data, &self.policy);
            let cost = coded.cost + lengths_plan.cost + data_plan.cost;
            if self.policy.fixed.dictionary == Some(true) || cost < plans.0.cost + plans.1.cost {
                let strings = (&*ends_of(&entries), &*entry_data);
                self.writer
                    .strings(node, (&entry_lengths, &lengths_plan), strings, &data_plan)?;
                return coded.write(self.writer, node, &dictionary);
            }
        }
        self.writer
            .strings(node, (&lengths, &plans.0), (ends, data), &plans.1)
    }

    fn dictionary_of_bytes<'a>(
        &self,
        count: usize,
        size_bytes: usize,
        value: impl Fn(usize) -> Option<&'a [u8]>,
    ) -> Option<Dictionary> {
        match self.policy.fixed.dictionary {
            Some(true) => return dictionary::of_bytes(count, count, value),
            Some(false) => return None,
            None => {}
        }
        if self.policy.fixed.encoding.is_some() || count < 64 || size_bytes < count / 2 {
            return None;
        }
        // Every so many slots, so that sorted columns do not look as if they had few values.
        let step = (count / 2048).max(1);
        let sampled = count / step;
        dictionary::of_bytes(sampled, sampled / 4 * 3, |at| value(at * step))?;
        dictionary::of_bytes(count, count / 4, value)
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
        // A code takes two bytes or so.
        let worth_it = width > 2 || self.policy.fixed.dictionary == Some(true) && width > 0;
        let dictionary = worth_it
            .then(|| self.dictionary_of_bytes(count, bytes.len(), value))
            .flatten();
        if let Some(dictionary) = dictionary {
            let entries: Vec<&[u8]> = dictionary
                .firsts
                .iter()
                .filter_map(|&slot| value(slot))
                .collect();
            let shape = (width, entries.len());
            self.writer
                .fixed(node, &entries.concat(), shape, &self.policy)?;
            return Coded::new(&dictionary, &self.policy).write(self.writer, node, &dictionary);
        }
        self.writer.fixed(node, bytes, (width, count), &self.policy)
    }
}

/// The codes of a dictionary and how to write them.
struct Coded {
    plan: Plan,
    /// With the time that looking every slot up has cost.
    cost: f64,
}

impl Coded {
    /// Nanoseconds to look a slot up and to put its entry back.
    const LOOKUP_NS: f64 = 6.0;

    fn new(dictionary: &Dictionary, policy: &Policy) -> Self {
        let plan = plan_words(&dictionary.codes, Kind::Unsigned, policy);
        let lookups = Tariff::of(policy.preset).time(Self::LOOKUP_NS, dictionary.codes.len());
        Self {
            plan,
            cost: plan.cost + lookups,
        }
    }

    fn write(&self, writer: &mut BlockWriter, node: u16, dictionary: &Dictionary) -> Result<()> {
        writer.words(
            (node, Role::Codes),
            &dictionary.codes,
            Kind::Unsigned,
            &self.plan,
        )
    }
}

/// Where each of these strings ends when they are put one after the other, after a 0.
fn ends_of(strings: &[&[u8]]) -> Vec<usize> {
    let ends = strings.iter().scan(0, |end, string| {
        *end += string.len();
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// Null slots repeat the value before them (the first ones: the first value), which costs the encodings least.
fn fill_nulls<W: Word>(values: &[W], validity: &[u8]) -> Vec<W> {
    let first = values
        .iter()
        .enumerate()
        .find(|(slot, _)| bits::get(validity, *slot));
    let mut last = first.map_or(W::ZERO, |(_, value)| *value);
    let fill = values.iter().enumerate().map(|(slot, value)| {
        if bits::get(validity, slot) {
            last = *value;
        }
        last
    });
    fill.collect()
}
