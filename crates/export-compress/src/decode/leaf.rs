//! Nodes without children: numbers, text and binary values, looked up by codes where there are any.

use export_core::marrow::array::{Array, BytesArray, BytesViewArray, FixedSizeBinaryArray};
use export_core::{Block, Result, Role};

use super::Builder;
use crate::bits;
use crate::defect::{Defect, wide};
use crate::encoding::cursor::bounded;
use crate::nodes::wrong;
use crate::text;
use crate::word::Word;

impl Builder<'_> {
    /// Validity and fixed-width values, looked up by codes if there are any.
    pub(super) fn numbers<W: Word>(
        &mut self,
        node: u16,
        slots: usize,
    ) -> Result<(Option<Vec<u8>>, Vec<W>)> {
        let validity = self.nodes.validity(node, slots)?;
        let coded = self.nodes.has_codes(node);
        let block = self.nodes.need(node, Role::Values)?;
        let values = if coded {
            let entries = entry_count(block.values, slots).map_err(|defect| wrong(node, defect))?;
            let entries: Vec<W> = self.nodes.words(block, entries)?;
            let codes = self.codes(node, slots, validity.as_deref(), entries.len())?;
            self.spend(node, codes.len(), W::BYTES)?;
            let values = codes
                .iter()
                .filter_map(|&code| entries.get(code as usize).copied());
            values.collect()
        } else {
            let count = present_count(block, slots, validity.as_deref());
            self.nodes.words(block, count)?
        };
        let values = self.in_slots(node, values, slots, validity.as_deref())?;
        Ok((validity, values))
    }

    /// Values in their slots, where those without one had been left out.
    fn in_slots<W: Word>(
        &mut self,
        node: u16,
        values: Vec<W>,
        slots: usize,
        validity: Option<&[u8]>,
    ) -> Result<Vec<W>> {
        match validity {
            Some(validity) if values.len() != slots => {
                self.spend(node, slots, W::BYTES)?;
                Ok(spread(&values, slots, validity))
            }
            _ => Ok(values),
        }
    }

    fn spend(&mut self, node: u16, count: usize, width: usize) -> Result<()> {
        let spent = self.nodes.budget.spend(count, width);
        spent.map_err(|defect| wrong(node, defect))
    }

    /// Codes, found to be below `entries`.
    fn codes(
        &mut self,
        node: u16,
        slots: usize,
        validity: Option<&[u8]>,
        entries: usize,
    ) -> Result<Vec<u32>> {
        let block = self.nodes.need(node, Role::Codes)?;
        let count = present_count(block, slots, validity);
        let codes: Vec<u32> = self.nodes.words(block, count)?;
        match codes.iter().copied().max() {
            Some(code) if code as usize >= entries => Err(wrong(
                node,
                Defect::Range {
                    what: "code",
                    found: code.into(),
                },
            )),
            _ => Ok(codes),
        }
    }

    /// Strings as where each ends, and data; looked up by codes if there are any.
    fn strings<L: Word>(
        &mut self,
        node: u16,
        slots: usize,
        validity: Option<&[u8]>,
        is_text: bool,
    ) -> Result<(Vec<usize>, Vec<u8>)> {
        let coded = self.nodes.has_codes(node);
        let block = self.nodes.need(node, Role::Lengths)?;
        let count = match coded {
            true => entry_count(block.values, slots).map_err(|defect| wrong(node, defect))?,
            false => present_count(block, slots, validity),
        };
        let (ends, data) = match self.nodes.implied(block, count)? {
            Some((ends, data)) => {
                let checked = self.nodes.budget.check_values(&ends);
                checked.map_err(|defect| wrong(node, defect))?;
                (ends, data)
            }
            None => {
                let ends = self.ends::<L>(node, block, count)?;
                let checked = self.nodes.budget.check_values(&ends);
                checked.map_err(|defect| wrong(node, defect))?;
                let block = self.nodes.need(node, Role::Data)?;
                let data = self.nodes.data(block, &ends)?;
                (ends, data)
            }
        };
        if is_text {
            text::check(&data, &ends).map_err(|defect| wrong(node, defect))?;
        }
        let (ends, data) = match coded {
            false => (ends, data),
            true => {
                let codes = self.codes(node, slots, validity, count)?;
                self.look_up(&codes, &ends, &data)
                    .map_err(|defect| wrong(node, defect))?
            }
        };
        let Some(validity) = validity.filter(|_| ends.len() != slots + 1) else {
            return Ok((ends, data));
        };
        self.spend(node, slots + 1, size_of::<usize>())?;
        Ok((spread_ends(&ends, slots, validity), data))
    }

    fn look_up(
        &mut self,
        codes: &[u32],
        ends: &[usize],
        data: &[u8],
    ) -> Result<(Vec<usize>, Vec<u8>), Defect> {
        let entry = |code: u32| data.get(*ends.get(code as usize)?..*ends.get(code as usize + 1)?);
        self.nodes
            .budget
            .spend(codes.len() + 1, size_of::<usize>())?;
        let mut slot_ends = Vec::with_capacity(codes.len() + 1);
        let mut size = 0usize;
        slot_ends.push(0);
        for &code in codes {
            size = size.saturating_add(entry(code).map_or(0, <[u8]>::len));
            slot_ends.push(size);
        }
        self.nodes.budget.spend(size, 1)?;
        let mut slot_data = Vec::with_capacity(size);
        for &code in codes {
            slot_data.extend_from_slice(entry(code).unwrap_or_default());
        }
        Ok((slot_ends, slot_data))
    }

    /// Lengths summed up: 0, then where every slot ends.
    pub(super) fn ends<L: Word>(
        &mut self,
        node: u16,
        block: &Block,
        count: usize,
    ) -> Result<Vec<usize>> {
        let lengths: Vec<L> = self.nodes.words(block, count)?;
        let sum = || {
            self.nodes
                .budget
                .spend(count.saturating_add(1), size_of::<usize>())?;
            let mut ends = Vec::with_capacity(count.saturating_add(1));
            let mut end = 0usize;
            ends.push(0);
            for length in lengths {
                let found = length.low();
                let sum = usize::try_from(found)
                    .ok()
                    .and_then(|length| end.checked_add(length));
                // An offset is an i64 at most.
                end = sum
                    .filter(|&end| i64::try_from(end).is_ok())
                    .ok_or(Defect::Range {
                        what: "length",
                        found,
                    })?;
                ends.push(end);
            }
            Ok(ends)
        };
        sum().map_err(|defect| wrong(node, defect))
    }

    pub(super) fn bytes<L: Word, O: TryFrom<usize>>(
        &mut self,
        node: u16,
        slots: usize,
        is_text: bool,
    ) -> Result<BytesArray<O>> {
        let validity = self.nodes.validity(node, slots)?;
        let (ends, data) = self.strings::<L>(node, slots, validity.as_deref(), is_text)?;
        let offsets = to_offsets(ends).map_err(|defect| wrong(node, defect))?;
        Ok(BytesArray {
            validity,
            offsets,
            data,
        })
    }

    pub(super) fn views(
        &mut self,
        node: u16,
        slots: usize,
        is_text: bool,
    ) -> Result<BytesViewArray> {
        let validity = self.nodes.validity(node, slots)?;
        let (ends, data) = self.strings::<u32>(node, slots, validity.as_deref(), is_text)?;
        self.nodes
            .budget
            .spend(slots, 16)
            .map_err(|defect| wrong(node, defect))?;
        let slots = ends.iter().zip(ends.iter().skip(1));
        let views = slots.map(|(&start, &end)| {
            let view = data
                .get(start..end)
                .and_then(|string| crate::view::view(string, start));
            view.ok_or(Defect::Range {
                what: "end of a string",
                found: wide(end),
            })
        });
        let views = views
            .collect::<Result<_, _>>()
            .map_err(|defect| wrong(node, defect))?;
        Ok(BytesViewArray {
            validity,
            data: views,
            buffers: vec![data],
        })
    }

    pub(super) fn fixed_binary(&mut self, node: u16, n: i32, slots: usize) -> Result<Array> {
        let validity = self.nodes.validity(node, slots)?;
        let width = usize::try_from(n)
            .map_err(|_| wrong(node, Defect::Rule("values have a negative size")))?;
        let checked = self.nodes.budget.check_values(&[0, width]);
        checked.map_err(|defect| wrong(node, defect))?;
        let coded = self.nodes.has_codes(node);
        let block = self.nodes.need(node, Role::Values)?;
        if !coded {
            let data = self.nodes.fixed(block, width, slots)?;
            return Ok(Array::FixedSizeBinary(FixedSizeBinaryArray {
                n,
                validity,
                data,
            }));
        }
        let count = entry_count(block.values, slots).map_err(|defect| wrong(node, defect))?;
        let entries = self.nodes.fixed(block, width, count)?;
        let codes = self.codes(node, slots, None, count)?;
        self.spend(node, slots, width)?;
        let mut data = Vec::with_capacity(slots.saturating_mul(width));
        for code in codes {
            let start = code as usize * width;
            data.extend_from_slice(entries.get(start..start + width).unwrap_or_default());
        }
        Ok(Array::FixedSizeBinary(FixedSizeBinaryArray {
            n,
            validity,
            data,
        }))
    }
}

/// How many values a block must have: one a slot, or one a slot that has a value, whichever it says.
fn present_count(block: &Block, slots: usize, validity: Option<&[u8]>) -> usize {
    match validity {
        Some(validity) if block.values != wide(slots) => bits::count_ones(validity),
        _ => slots,
    }
}

/// The next value in each slot that has one, zero in the others.
fn spread<W: Word>(values: &[W], slots: usize, validity: &[u8]) -> Vec<W> {
    let mut spread = vec![W::ZERO; slots];
    let mut rest = values;
    for (eight, &valid) in spread.chunks_mut(8).zip(validity) {
        let count = valid.count_ones() as usize;
        let Some((next, later)) = rest.split_at_checked(count) else {
            break;
        };
        rest = later;
        if count == eight.len() {
            eight.copy_from_slice(next);
            continue;
        }
        let mut at = 0;
        for (slot, to) in eight.iter_mut().enumerate() {
            let has_value = valid >> slot & 1 == 1;
            let value = next.get(at).copied().unwrap_or(W::ZERO);
            *to = if has_value { value } else { W::ZERO };
            at += usize::from(has_value);
        }
    }
    spread
}

/// Where each slot ends, where only those with a value have a length.
fn spread_ends(ends: &[usize], slots: usize, validity: &[u8]) -> Vec<usize> {
    let mut next = ends.iter().copied();
    let mut end = next.next().unwrap_or(0);
    let mut spread = Vec::with_capacity(slots + 1);
    spread.push(end);
    spread.extend((0..slots).map(|slot| {
        if bits::get(validity, slot) {
            end = next.next().unwrap_or(end);
        }
        end
    }));
    spread
}

/// A dictionary has no more entries than slots.
pub(super) fn entry_count(stored: u64, slots: usize) -> Result<usize, Defect> {
    bounded("number of entries", stored, slots)
}

pub(super) fn to_offsets<O: TryFrom<usize>>(ends: Vec<usize>) -> Result<Vec<O>, Defect> {
    let last = ends.last().copied().unwrap_or(0);
    let offsets = ends.into_iter().map(O::try_from).collect::<Result<_, _>>();
    offsets.map_err(|_| Defect::Range {
        what: "end of the values",
        found: wide(last),
    })
}
