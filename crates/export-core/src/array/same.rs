//! Equality to the bit.

use half::f16;
use marrow::array::{
    Array, BytesArray, BytesViewArray, DictionaryArray, ListArray, MapArray, RunEndEncodedArray,
    UnionArray,
};
use marrow::types::{DayTimeInterval, MonthDayNanoInterval};

use super::measure::{end_at, is_null, key_at, run_at, variant_at};
use super::{Offset, bits, len, span, view_bytes};

/// Whether both hold the same values to the bit; content of null slots, unused bytes and bitmap padding do not count.
///
/// Both must be of one kind. Dictionaries and runs are compared by what their slots stand for, lists and text by content,
/// wherever it lies.
#[must_use]
pub fn same(a: &Array, b: &Array) -> bool {
    let count = len(a);
    count == len(b) && same_slots(a, 0, b, 0, count)
}

/// Values compared to the bit.
trait Bitwise: Sized {
    fn same(a: &[Self], b: &[Self]) -> bool;
}

macro_rules! bitwise {
    (plain: $($plain:ty),*; floats: $($float:ty),*) => {
        $(impl Bitwise for $plain {
            fn same(a: &[Self], b: &[Self]) -> bool {
                a == b
            }
        })*
        $(impl Bitwise for $float {
            fn same(a: &[Self], b: &[Self]) -> bool {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
            }
        })*
    };
}

bitwise! {
    plain: i8, i16, i32, i64, i128, u8, u16, u32, u64, DayTimeInterval, MonthDayNanoInterval;
    floats: f16, f32, f64
}

/// Compares `count` slots of `a` from `i` with as many of `b` from `j`.
fn same_slots(a: &Array, i: usize, b: &Array, j: usize, count: usize) -> bool {
    macro_rules! values {
        ($a:ident, $b:ident) => {
            same_runs(
                &$a.validity,
                i,
                &$b.validity,
                j,
                count,
                |i, j, count| match ($a.values.get(i..i + count), $b.values.get(j..j + count)) {
                    (Some(a), Some(b)) => Bitwise::same(a, b),
                    _ => false,
                },
            )
        };
    }
    match (a, b) {
        (Array::Null(_), Array::Null(_)) => true,
        (Array::Boolean(a), Array::Boolean(b)) => {
            same_runs(&a.validity, i, &b.validity, j, count, |i, j, count| {
                bits::equal(Some(&a.values), i, Some(&b.values), j, count)
            })
        }
        (Array::Int8(a), Array::Int8(b)) => values!(a, b),
        (Array::Int16(a), Array::Int16(b)) => values!(a, b),
        (Array::Int32(a), Array::Int32(b))
        | (Array::Date32(a), Array::Date32(b))
        | (Array::YearMonthInterval(a), Array::YearMonthInterval(b)) => values!(a, b),
        (Array::Int64(a), Array::Int64(b)) | (Array::Date64(a), Array::Date64(b)) => values!(a, b),
        (Array::UInt8(a), Array::UInt8(b)) => values!(a, b),
        (Array::UInt16(a), Array::UInt16(b)) => values!(a, b),
        (Array::UInt32(a), Array::UInt32(b)) => values!(a, b),
        (Array::UInt64(a), Array::UInt64(b)) => values!(a, b),
        (Array::Float16(a), Array::Float16(b)) => values!(a, b),
        (Array::Float32(a), Array::Float32(b)) => values!(a, b),
        (Array::Float64(a), Array::Float64(b)) => values!(a, b),
        (Array::Time32(a), Array::Time32(b)) => a.unit == b.unit && values!(a, b),
        (Array::Time64(a), Array::Time64(b)) | (Array::Duration(a), Array::Duration(b)) => {
            a.unit == b.unit && values!(a, b)
        }
        (Array::Timestamp(a), Array::Timestamp(b)) => {
            a.unit == b.unit && a.timezone == b.timezone && values!(a, b)
        }
        (Array::DayTimeInterval(a), Array::DayTimeInterval(b)) => values!(a, b),
        (Array::MonthDayNanoInterval(a), Array::MonthDayNanoInterval(b)) => values!(a, b),
        (Array::Decimal128(a), Array::Decimal128(b)) => {
            a.precision == b.precision && a.scale == b.scale && values!(a, b)
        }
        (Array::Utf8(a), Array::Utf8(b)) | (Array::Binary(a), Array::Binary(b)) => {
            same_bytes(a, i, b, j, count)
        }
        (Array::LargeUtf8(a), Array::LargeUtf8(b))
        | (Array::LargeBinary(a), Array::LargeBinary(b)) => same_bytes(a, i, b, j, count),
        (Array::Utf8View(a), Array::Utf8View(b)) | (Array::BinaryView(a), Array::BinaryView(b)) => {
            same_views(a, i, b, j, count)
        }
        (Array::FixedSizeBinary(a), Array::FixedSizeBinary(b)) => {
            let n = usize::try_from(a.n).unwrap_or(0);
            a.n == b.n
                && same_runs(&a.validity, i, &b.validity, j, count, |i, j, count| {
                    let (a, b) = (a.data.get(i * n..), b.data.get(j * n..));
                    let (a, b) = (
                        a.and_then(|a| a.get(..count * n)),
                        b.and_then(|b| b.get(..count * n)),
                    );
                    a.is_some() && a == b
                })
        }
        _ => same_nested(a, i, b, j, count),
    }
}

fn same_nested(a: &Array, i: usize, b: &Array, j: usize, count: usize) -> bool {
    match (a, b) {
        (Array::Struct(a), Array::Struct(b)) => {
            a.fields.len() == b.fields.len()
                && same_runs(&a.validity, i, &b.validity, j, count, |i, j, count| {
                    let mut children = a.fields.iter().zip(&b.fields);
                    children.all(|((_, a), (_, b))| same_slots(a, i, b, j, count))
                })
        }
        (Array::List(a), Array::List(b)) => same_lists(a, i, b, j, count),
        (Array::LargeList(a), Array::LargeList(b)) => same_lists(a, i, b, j, count),
        (Array::FixedSizeList(a), Array::FixedSizeList(b)) => {
            let n = usize::try_from(a.n).unwrap_or(0);
            a.n == b.n
                && same_runs(&a.validity, i, &b.validity, j, count, |i, j, count| match (
                    i.checked_mul(n),
                    j.checked_mul(n),
                    count.checked_mul(n),
                ) {
                    (Some(i), Some(j), Some(count)) => {
                        same_slots(&a.elements, i, &b.elements, j, count)
                    }
                    _ => false,
                })
        }
        (Array::Map(a), Array::Map(b)) => same_maps(a, i, b, j, count),
        (Array::Dictionary(a), Array::Dictionary(b)) => same_dictionaries(a, i, b, j, count),
        (Array::RunEndEncoded(a), Array::RunEndEncoded(b)) => same_run_ends(a, i, b, j, count),
        (Array::Union(a), Array::Union(b)) => same_unions(a, i, b, j, count),
        _ => false,
    }
}

/// Compares validity, then each run of slots that have a value.
fn same_runs(
    a: &Option<Vec<u8>>,
    i: usize,
    b: &Option<Vec<u8>>,
    j: usize,
    count: usize,
    same_values: impl Fn(usize, usize, usize) -> bool,
) -> bool {
    bits::equal(a.as_deref(), i, b.as_deref(), j, count)
        && bits::valid_runs(a.as_deref(), i, count)
            .all(|run| same_values(run.start, run.start - i + j, run.len()))
}

fn same_bytes<O: Offset>(
    a: &BytesArray<O>,
    i: usize,
    b: &BytesArray<O>,
    j: usize,
    count: usize,
) -> bool {
    fn at<O: Offset>(array: &BytesArray<O>, row: usize) -> Option<&[u8]> {
        span(&array.offsets, row).and_then(|span| array.data.get(span))
    }
    same_runs(&a.validity, i, &b.validity, j, count, |i, j, count| {
        (0..count).all(|k| {
            let a = at(a, i + k);
            a.is_some() && a == at(b, j + k)
        })
    })
}

fn same_views(a: &BytesViewArray, i: usize, b: &BytesViewArray, j: usize, count: usize) -> bool {
    fn at(array: &BytesViewArray, row: usize) -> Option<&[u8]> {
        array
            .data
            .get(row)
            .and_then(|slot| view_bytes(slot, &array.buffers))
    }
    same_runs(&a.validity, i, &b.validity, j, count, |i, j, count| {
        (0..count).all(|k| {
            let a = at(a, i + k);
            a.is_some() && a == at(b, j + k)
        })
    })
}

/// Where the children of two runs of slots start and how many there are, if each slot has as many here as there.
fn same_spans<O: Offset>(
    a: &[O],
    i: usize,
    b: &[O],
    j: usize,
    count: usize,
) -> Option<(usize, usize, usize)> {
    let (a_start, b_start) = (a.get(i)?.position()?, b.get(j)?.position()?);
    let mut total = 0;
    for k in 0..count {
        let (a, b) = (span(a, i + k)?, span(b, j + k)?);
        if a.len() != b.len() {
            return None;
        }
        total += a.len();
    }
    Some((a_start, b_start, total))
}

fn same_lists<O: Offset>(
    a: &ListArray<O>,
    i: usize,
    b: &ListArray<O>,
    j: usize,
    count: usize,
) -> bool {
    same_runs(&a.validity, i, &b.validity, j, count, |i, j, count| {
        same_spans(&a.offsets, i, &b.offsets, j, count)
            .is_some_and(|(i, j, count)| same_slots(&a.elements, i, &b.elements, j, count))
    })
}

fn same_maps(a: &MapArray, i: usize, b: &MapArray, j: usize, count: usize) -> bool {
    same_runs(&a.validity, i, &b.validity, j, count, |i, j, count| {
        same_spans(&a.offsets, i, &b.offsets, j, count).is_some_and(|(i, j, count)| {
            same_slots(&a.keys, i, &b.keys, j, count)
                && same_slots(&a.values, i, &b.values, j, count)
        })
    })
}

fn same_dictionaries(
    a: &DictionaryArray,
    i: usize,
    b: &DictionaryArray,
    j: usize,
    count: usize,
) -> bool {
    let entry = |array: &DictionaryArray, row: usize| {
        key_at(&array.keys, row).filter(|&key| !is_null(&array.values, key))
    };
    (0..count).all(|k| match (entry(a, i + k), entry(b, j + k)) {
        (None, None) => true,
        (Some(i), Some(j)) => same_slots(&a.values, i, &b.values, j, 1),
        _ => false,
    })
}

fn same_run_ends(
    a: &RunEndEncodedArray,
    i: usize,
    b: &RunEndEncodedArray,
    j: usize,
    count: usize,
) -> bool {
    let mut done = 0;
    while done < count {
        let (Some(a_run), Some(b_run)) = (run_at(a, i + done), run_at(b, j + done)) else {
            return false;
        };
        if !same_slots(&a.values, a_run, &b.values, b_run, 1) {
            return false;
        }
        let a_left = end_at(a, a_run).saturating_sub(i + done);
        let b_left = end_at(b, b_run).saturating_sub(j + done);
        done += a_left.min(b_left).max(1);
    }
    true
}

fn same_unions(a: &UnionArray, i: usize, b: &UnionArray, j: usize, count: usize) -> bool {
    (0..count).all(|k| match (variant_at(a, i + k), variant_at(b, j + k)) {
        (Some(((a_id, _, a), i)), Some(((b_id, _, b), j))) => {
            a_id == b_id && same_slots(a, i, b, j, 1)
        }
        _ => false,
    })
}
