//! Appending to dictionaries, runs and unions.

use std::collections::HashMap;
use std::ops::Range;

use marrow::array::{Array, DictionaryArray, RunEndEncodedArray, UnionArray};
use marrow::view::{DictionaryView, RunEndEncodedView, UnionView};

use super::extend::{extend, push_int, push_range, too_short, total};
use super::measure::{int_at, key_at, run_at};
use super::{from_view, gather, len, nulls, same, write_key};
use crate::{Error, Result};

/// Appends slots of a dictionary. Entries that `to` lacks are added to its own.
pub(super) fn dictionary(
    to: &mut DictionaryArray,
    from: &DictionaryView<'_>,
    ranges: &[Range<usize>],
) -> Result<()> {
    if len(&to.keys) == 0 {
        *to.values = from_view(&from.values)?;
        return extend(&mut to.keys, &from.keys, ranges);
    }
    let entries = from_view(&from.values)?;
    if same(&to.values, &entries) {
        return extend(&mut to.keys, &from.keys, ranges);
    }
    let places = add_entries(&mut to.values, &entries)?;
    let keys = gather(&from.keys, ranges)?;
    for row in 0..len(&keys) {
        match key_at(&keys, row).and_then(|key| places.get(key)) {
            Some(&place) => push_int(&mut to.keys, place)?,
            None => nulls::append_nulls(&mut to.keys, 1)?,
        }
    }
    Ok(())
}

/// Adds the entries that `to` lacks; returns where each entry of `from` is in `to`.
fn add_entries(to: &mut Array, from: &Array) -> Result<Vec<usize>> {
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut key = Vec::new();
    for row in 0..len(to) {
        key.clear();
        write_key(to, row, &mut key);
        known.entry(key.clone()).or_insert(row);
    }
    let mut places = Vec::with_capacity(len(from));
    let mut added = Vec::new();
    let mut next = len(to);
    for row in 0..len(from) {
        key.clear();
        write_key(from, row, &mut key);
        let place = *known.entry(key.clone()).or_insert(next);
        if place == next {
            push_range(&mut added, row..row + 1);
            next += 1;
        }
        places.push(place);
    }
    extend(to, &from.as_view(), &added)?;
    Ok(places)
}

/// Appends slots of a run-end encoded array, run by run.
pub(super) fn runs(
    to: &mut RunEndEncodedArray,
    from: &RunEndEncodedView<'_>,
    ranges: &[Range<usize>],
) -> Result<()> {
    let ends = from_view(&from.run_ends)?;
    let ends: Vec<usize> = (0..len(&ends))
        .map(|run| {
            int_at(&ends, run)
                .and_then(|end| usize::try_from(end).ok())
                .unwrap_or(0)
        })
        .collect();
    let last = len(&to.run_ends)
        .checked_sub(1)
        .and_then(|last| key_at(&to.run_ends, last));
    let mut slots = last.unwrap_or(0);
    let mut picked: Vec<Range<usize>> = Vec::new();
    for range in ranges.iter().filter(|range| !range.is_empty()) {
        let mut at = range.start;
        let mut run = ends.partition_point(|&end| end <= at);
        while at < range.end {
            let end = (*ends.get(run).ok_or_else(too_short)?).min(range.end);
            let length = end
                .checked_sub(at)
                .filter(|&length| length > 0)
                .ok_or_else(too_short)?;
            slots = slots.checked_add(length).ok_or_else(too_short)?;
            push_int(&mut to.run_ends, slots)?;
            picked.push(run..run + 1);
            at = end;
            run += 1;
        }
    }
    extend(&mut to.values, &from.values, &picked)
}

/// Appends slots of a union. A dense one's children get only the slots that are used, in order.
pub(super) fn union(
    to: &mut UnionArray,
    from: &UnionView<'_>,
    ranges: &[Range<usize>],
) -> Result<()> {
    let first_new = to.types.len();
    for range in ranges {
        to.types
            .extend_from_slice(from.types.get(range.clone()).ok_or_else(too_short)?);
    }
    if to.fields.len() != from.fields.len() || to.offsets.is_some() != from.offsets.is_some() {
        return Err(Error::schema("the unions have different variants"));
    }
    let (Some(to_offsets), Some(from_offsets)) = (&mut to.offsets, from.offsets) else {
        for ((_, _, to), (_, _, from)) in to.fields.iter_mut().zip(&from.fields) {
            extend(to, from, ranges)?;
        }
        return Ok(());
    };
    let ids: HashMap<i8, usize> = to
        .fields
        .iter()
        .enumerate()
        .map(|(at, (id, _, _))| (*id, at))
        .collect();
    let mut lengths: Vec<usize> = to.fields.iter().map(|(_, _, child)| len(child)).collect();
    let mut picked: Vec<Vec<Range<usize>>> = vec![Vec::new(); lengths.len()];
    to_offsets.reserve(total(ranges));
    let new_types = to.types.iter().skip(first_new);
    for (at, id) in ranges.iter().cloned().flatten().zip(new_types) {
        let offset = from_offsets.get(at).and_then(|&o| usize::try_from(o).ok());
        let offset = offset.ok_or_else(too_short)?;
        let child = *ids
            .get(id)
            .ok_or_else(|| Error::corrupt(format!("no variant {id}")))?;
        let (Some(length), Some(picked)) = (lengths.get_mut(child), picked.get_mut(child)) else {
            return Err(too_short());
        };
        to_offsets.push(i32::try_from(*length).map_err(|_| Error::limit("a union's size"))?);
        push_range(picked, offset..offset.checked_add(1).ok_or_else(too_short)?);
        *length += 1;
    }
    for (((_, _, to), (_, _, from)), picked) in to.fields.iter_mut().zip(&from.fields).zip(&picked)
    {
        extend(to, from, picked)?;
    }
    Ok(())
}

/// The slots of a dictionary or of runs as what they stand for; a copy of any other array. Children of nested arrays stay as
/// they are.
pub fn resolve(array: &Array) -> Result<Array> {
    match array {
        Array::Dictionary(a) => pick(&a.values, len(array), |row| key_at(&a.keys, row)),
        Array::RunEndEncoded(a) => pick(&a.values, len(array), |row| run_at(a, row)),
        _ => Ok(array.clone()),
    }
}

/// The entries that `count` slots stand for; null where `place` knows none.
fn pick(values: &Array, count: usize, place: impl Fn(usize) -> Option<usize>) -> Result<Array> {
    let values = resolve(values)?;
    // A null for slots without a key stands after the last entry.
    let entries = len(&values);
    let null = nulls::nulls(&values.data_type(), 1)?;
    let values = super::concat(&[&values, &null])?;
    let known = |row| place(row).filter(|&at| at < entries).unwrap_or(entries);
    let rows: Vec<usize> = (0..count).map(known).collect();
    super::take(&values, &rows)
}
