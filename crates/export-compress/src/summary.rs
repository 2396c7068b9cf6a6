//! What is known of a column without decoding it: nulls and bounds.

use export_core::marrow::array::{Array, BytesArray, DictionaryArray};
use export_core::{Bound, Summary, array};
use export_simd::widest;

use crate::bits;
use crate::defect::wide;

/// The summary of a top-level column, of which the bounds may be known. Slots whose place is broken are left out; the encoder
/// refuses such arrays.
pub(crate) fn summarise(column: &Array, known: Option<Summary>) -> Summary {
    let nulls = wide(array::null_count(column));
    let bounds = known.unwrap_or_else(|| bounds(column, array::validity(column)));
    Summary { nulls, ..bounds }
}

/// The bounds of strings, all of which are values of slots.
pub(crate) fn bounds_of_strings(entries: &[&[u8]]) -> Summary {
    strings(entries.iter().map(|entry| Some(*entry)), None)
}

/// Bounds of the slots that `validity` has, which are those of the array that have a value, or fewer.
fn bounds(column: &Array, validity: Option<&[u8]>) -> Summary {
    macro_rules! ints {
        ($array:expr) => {
            ints(&$array.values, validity)
        };
    }
    macro_rules! floats {
        ($array:expr) => {
            floats(&$array.values, validity)
        };
    }
    match column {
        Array::Boolean(a) => ints(
            &(0..a.len)
                .map(|slot| bits::get(&a.values, slot))
                .collect::<Vec<_>>(),
            validity,
        ),
        Array::Int8(a) => ints!(a),
        Array::Int16(a) => ints!(a),
        Array::Int32(a) | Array::Date32(a) => ints!(a),
        Array::Int64(a) | Array::Date64(a) => ints!(a),
        Array::UInt8(a) => ints!(a),
        Array::UInt16(a) => ints!(a),
        Array::UInt32(a) => ints!(a),
        Array::UInt64(a) => ints!(a),
        Array::Float16(a) => {
            let values: Vec<f32> = a.values.iter().map(|value| value.to_f32()).collect();
            floats(&values, validity)
        }
        Array::Float32(a) => floats!(a),
        Array::Float64(a) => floats!(a),
        Array::Time32(a) => ints!(a),
        Array::Time64(a) | Array::Duration(a) => ints!(a),
        Array::Timestamp(a) => ints!(a),
        Array::Decimal128(a) => ints!(a),
        Array::Utf8(a) | Array::Binary(a) => strings(slices(a), validity),
        Array::LargeUtf8(a) | Array::LargeBinary(a) => strings(slices(a), validity),
        Array::Utf8View(a) | Array::BinaryView(a) => {
            let views = a.data.iter();
            strings(
                views.map(|view| crate::view::bytes(view, &a.buffers)),
                validity,
            )
        }
        Array::FixedSizeBinary(a) => {
            let width = usize::try_from(a.n).unwrap_or(0).max(1);
            strings(a.data.chunks_exact(width).map(Some), validity)
        }
        Array::Dictionary(a) => bounds(&a.values, Some(&used_entries(a, validity))),
        Array::RunEndEncoded(a) => bounds(&a.values, array::validity(&a.values)),
        _ => Summary::default(),
    }
}

/// The entries that have a value and are the value of a slot.
fn used_entries(dictionary: &DictionaryArray, validity: Option<&[u8]>) -> Vec<u8> {
    let entries = array::validity(&dictionary.values);
    let mut used = bits::filled(false, array::len(&dictionary.values));
    macro_rules! mark {
        ($keys:expr) => {
            for key in present($keys.values.iter(), validity) {
                match usize::try_from(*key) {
                    Ok(key) if entries.is_none_or(|entries| bits::get(entries, key)) => {
                        bits::set_range(&mut used, key, 1);
                    }
                    _ => {}
                }
            }
        };
    }
    match &*dictionary.keys {
        Array::Int8(keys) => mark!(keys),
        Array::Int16(keys) => mark!(keys),
        Array::Int32(keys) => mark!(keys),
        Array::Int64(keys) => mark!(keys),
        Array::UInt8(keys) => mark!(keys),
        Array::UInt16(keys) => mark!(keys),
        Array::UInt32(keys) => mark!(keys),
        Array::UInt64(keys) => mark!(keys),
        _ => {}
    }
    used
}

fn slices<O: Copy + TryInto<usize>>(array: &BytesArray<O>) -> impl Iterator<Item = Option<&[u8]>> {
    let ends = array.offsets.iter().zip(array.offsets.iter().skip(1));
    ends.map(|(start, end)| {
        array
            .data
            .get((*start).try_into().ok()?..(*end).try_into().ok()?)
    })
}

/// The values of slots that have one.
fn present<T>(values: impl Iterator<Item = T>, validity: Option<&[u8]>) -> impl Iterator<Item = T> {
    let slots = values.enumerate();
    slots
        .filter(move |(slot, _)| validity.is_none_or(|v| bits::get(v, *slot)))
        .map(|(_, v)| v)
}

/// Hands `take` the values of slots that have one, as many at a time as lie together. The others of the eight around them
/// are replaced by one that has been handed out before, where there is one.
#[inline(always)]
fn each_present<T: Copy>(values: &[T], validity: Option<&[u8]>, mut take: impl FnMut(&[T])) {
    let Some(validity) = validity else {
        return take(values);
    };
    let mut known = None;
    for (eight, &valid) in values.chunks(8).zip(validity) {
        match (valid, known) {
            (0, _) => {}
            (0xFF, _) => take(eight),
            (_, Some(known)) => {
                let mut mixed = [known; 8];
                for (slot, (to, value)) in mixed.iter_mut().zip(eight).enumerate() {
                    *to = if valid >> slot & 1 == 1 {
                        *value
                    } else {
                        known
                    };
                }
                take(&mixed);
            }
            (_, None) => {
                let present = |(slot, value)| (valid >> slot & 1 == 1).then_some(value);
                known = eight.iter().enumerate().find_map(present).copied();
                if let Some(known) = &known {
                    take(std::slice::from_ref(known));
                }
                for (slot, value) in eight.iter().enumerate() {
                    if valid >> slot & 1 == 1 {
                        take(std::slice::from_ref(value));
                    }
                }
            }
        }
    }
}

/// The least and the greatest value so far, and whether one was a NaN.
///
/// Selects, not branches, and eight side by side: that fills a register, and a compiler may not do it by itself to floats, of
/// which not every order of comparisons gives the same.
struct Extremes<T> {
    sides: Option<([T; 8], [T; 8])>,
    has_nan: bool,
}

impl<T: Copy + PartialOrd> Extremes<T> {
    /// Those of the values that `validity` has.
    fn of(values: &[T], validity: Option<&[u8]>) -> Self {
        let mut extremes = Self {
            sides: None,
            has_nan: false,
        };
        widest(
            #[inline(always)]
            || {
                each_present(
                    values,
                    validity,
                    #[inline(always)]
                    |values| extremes.take(values),
                );
            },
        );
        extremes
    }

    #[inline(always)]
    fn take(&mut self, values: &[T]) {
        let (whole, rest) = values.as_chunks::<8>();
        self.has_nan |= values.iter().fold(false, |nan, &value| nan | is_nan(value));
        if self.sides.is_none() {
            let first = values.iter().find(|value| !is_nan(**value));
            self.sides = first.map(|first| ([*first; 8], [*first; 8]));
        }
        let Some((mins, maxs)) = &mut self.sides else {
            return;
        };
        for eight in whole {
            widen(mins, maxs, eight);
        }
        widen(mins, maxs, rest);
    }

    fn both(&self) -> Option<(T, T)> {
        let (mins, maxs) = self.sides?;
        let min = mins.into_iter().reduce(|a, b| if b < a { b } else { a })?;
        let max = maxs.into_iter().reduce(|a, b| if b > a { b } else { a })?;
        Some((min, max))
    }
}

/// At most as many values as there are sides.
#[inline(always)]
fn widen<T: Copy + PartialOrd>(mins: &mut [T; 8], maxs: &mut [T; 8], values: &[T]) {
    for ((min, max), &value) in mins.iter_mut().zip(maxs).zip(values) {
        // Comparisons with a NaN are false.
        *min = if value < *min { value } else { *min };
        *max = if value > *max { value } else { *max };
    }
}

fn ints<T: Copy + Ord + Into<i128>>(values: &[T], validity: Option<&[u8]>) -> Summary {
    let both = Extremes::of(values, validity).both();
    let bound = |value: T| Bound::Int(value.into());
    Summary {
        min: both.map(|both| bound(both.0)),
        max: both.map(|both| bound(both.1)),
        ..Summary::default()
    }
}

fn floats<F: Copy + PartialOrd + Into<f64>>(values: &[F], validity: Option<&[u8]>) -> Summary {
    let extremes = Extremes::of(values, validity);
    let (both, has_nan) = (extremes.both(), extremes.has_nan);
    let both = both.map(|(min, max)| (min.into(), max.into()));
    let Some((mut min, mut max)) = both else {
        return Summary {
            has_nan,
            ..Summary::default()
        };
    };
    // -0.0 is below 0.0, which comparisons do not see.
    let has_zero = |negative: bool| {
        let mut found = false;
        each_present(values, validity, |values| {
            found |= values.iter().any(|&value| {
                let value: f64 = value.into();
                value == 0.0 && value.is_sign_negative() == negative
            });
        });
        found
    };
    if min == 0.0 {
        min = if has_zero(true) { -0.0 } else { 0.0 };
    }
    if max == 0.0 {
        max = if has_zero(false) { 0.0 } else { -0.0 };
    }
    Summary {
        has_nan,
        min: Some(Bound::Float(min)),
        max: Some(Bound::Float(max)),
        ..Summary::default()
    }
}

#[inline]
#[expect(clippy::eq_op, reason = "a NaN is what is not equal to itself")]
fn is_nan<F: PartialOrd>(value: F) -> bool {
    value != value
}

fn strings<'a>(values: impl Iterator<Item = Option<&'a [u8]>>, validity: Option<&[u8]>) -> Summary {
    let mut both: Option<[Ranked<'a>; 2]> = None;
    for value in present(values, validity).flatten() {
        let value = Ranked::new(value);
        let [min, max] = both.get_or_insert([value, value]);
        if value.is_below(min) {
            *min = value;
        }
        if max.is_below(&value) {
            *max = value;
        }
    }
    Summary {
        min: both.map(|[min, _]| Bound::Bytes(cut(min.bytes).to_vec())),
        max: both.and_then(|[_, max]| raised(max.bytes)),
        ..Summary::default()
    }
}

/// A string with its first eight bytes as a number, which decides most comparisons.
#[derive(Clone, Copy)]
struct Ranked<'a> {
    bytes: &'a [u8],
    rank: u64,
}

impl<'a> Ranked<'a> {
    #[inline]
    fn new(bytes: &'a [u8]) -> Self {
        let rank = match bytes.first_chunk() {
            Some(first) => u64::from_be_bytes(*first),
            None => {
                let short = bytes
                    .iter()
                    .fold(0, |rank, byte| rank << 8 | u64::from(*byte));
                short
                    .checked_shl(u32::try_from(64 - 8 * bytes.len()).unwrap_or(64))
                    .unwrap_or(0)
            }
        };
        Self { bytes, rank }
    }

    #[inline]
    fn is_below(&self, other: &Self) -> bool {
        if self.rank != other.rank {
            return self.rank < other.rank;
        }
        match self.bytes.len().max(other.bytes.len()) {
            // They differ in zeros at the end or not at all.
            0..=8 => self.bytes.len() < other.bytes.len(),
            _ => self.bytes < other.bytes,
        }
    }
}

fn cut(value: &[u8]) -> &[u8] {
    value.get(..Bound::MAX_BYTES).unwrap_or(value)
}

/// An upper bound that is short enough; `None` where all bytes that fit are 0xFF.
fn raised(max: &[u8]) -> Option<Bound> {
    if max.len() <= Bound::MAX_BYTES {
        return Some(Bound::Bytes(max.to_vec()));
    }
    let mut bound = cut(max).to_vec();
    while let Some(last) = bound.pop() {
        if let Some(raised) = last.checked_add(1) {
            bound.push(raised);
            return Some(Bound::Bytes(bound));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use export_core::marrow::array::PrimitiveArray;

    #[test]
    fn zeros_and_nans() {
        let values = vec![0.0, f64::NAN, -0.0, f64::NEG_INFINITY];
        let array = Array::Float64(PrimitiveArray {
            validity: Some(vec![0b0111]),
            values,
        });
        let summary = summarise(&array, None);
        assert!(summary.has_nan && summary.nulls == 1);
        let Some(Bound::Float(min)) = summary.min else {
            panic!()
        };
        assert!(min == 0.0 && min.is_sign_negative());
        assert_eq!(summary.max, Some(Bound::Float(0.0)));
    }

    #[test]
    fn infinities_and_nothing() {
        let summary = |values: &[f64]| floats(values, None);
        assert_eq!(
            summary(&[f64::INFINITY]).max,
            Some(Bound::Float(f64::INFINITY))
        );
        assert_eq!(
            summary(&[f64::INFINITY]).min,
            Some(Bound::Float(f64::INFINITY))
        );
        assert_eq!(
            summary(&[f64::NAN]),
            Summary {
                has_nan: true,
                ..Summary::default()
            }
        );
        assert_eq!(summary(&[]), Summary::default());
    }

    #[test]
    fn long_strings_are_cut_and_raised() {
        let long = [b'a'; 40];
        let mut high = [0xFF; 40];
        let summary = strings([Some(&long[..])].into_iter(), None);
        assert_eq!(summary.min, Some(Bound::Bytes(vec![b'a'; 32])));
        let mut raised_bound = vec![b'a'; 32];
        raised_bound[31] = b'b';
        assert_eq!(summary.max, Some(Bound::Bytes(raised_bound)));
        assert_eq!(raised(&high), None);
        high[3] = 7;
        assert_eq!(raised(&high), Some(Bound::Bytes(vec![0xFF, 0xFF, 0xFF, 8])));
    }

    #[test]
    fn extremes_are_exact() {
        let array = Array::UInt64(PrimitiveArray {
            validity: None,
            values: vec![u64::MAX, 1],
        });
        assert_eq!(
            summarise(&array, None).max,
            Some(Bound::Int(i128::from(u64::MAX)))
        );
    }
}
