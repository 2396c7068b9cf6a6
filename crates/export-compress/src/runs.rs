//! Arrow's run ends: cut to a range of slots, and checked.

use std::ops::Range;

use export_core::marrow::array::{Array, PrimitiveArray};

/// The run ends of slots `range`, counted from its start, and the runs they belong to. `None` where ends do not rise or do
/// not cover the range, have a type that run ends cannot have, or are null.
pub(crate) fn cut(run_ends: &Array, range: &Range<usize>) -> Option<(Array, Range<usize>)> {
    macro_rules! cut {
        ($array:expr, $variant:ident) => {{
            let (ends, runs) = cut_ends(&$array.values, range)?;
            (
                Array::$variant(PrimitiveArray {
                    validity: None,
                    values: ends,
                }),
                runs,
            )
        }};
    }
    Some(match run_ends {
        Array::Int16(a) if a.validity.is_none() => cut!(a, Int16),
        Array::Int32(a) if a.validity.is_none() => cut!(a, Int32),
        Array::Int64(a) if a.validity.is_none() => cut!(a, Int64),
        _ => return None,
    })
}

fn cut_ends<E: Copy + TryFrom<usize> + TryInto<usize>>(
    ends: &[E],
    range: &Range<usize>,
) -> Option<(Vec<E>, Range<usize>)> {
    let ends: Vec<usize> = ends
        .iter()
        .map(|&end| end.try_into().ok())
        .collect::<Option<_>>()?;
    let rising = ends.iter().zip(ends.iter().skip(1)).all(|(a, b)| a < b);
    let covers = ends.last().copied().unwrap_or(0) >= range.end;
    if !rising || !covers || ends.first() == Some(&0) {
        return None;
    }
    if range.is_empty() {
        return Some((Vec::new(), 0..0));
    }
    let first = ends.partition_point(|&end| end <= range.start);
    let last = ends.partition_point(|&end| end < range.end);
    let cut = ends.get(first..=last)?.iter();
    let cut = cut.map(|&end| E::try_from(end.min(range.end) - range.start).ok());
    Some((cut.collect::<Option<_>>()?, first..last + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts() {
        let ends = [3i32, 5, 9];
        assert_eq!(cut_ends(&ends, &(0..9)), Some((vec![3, 5, 9], 0..3)));
        assert_eq!(cut_ends(&ends, &(3..5)), Some((vec![2], 1..2)));
        assert_eq!(cut_ends(&ends, &(2..6)), Some((vec![1, 3, 4], 0..3)));
        assert_eq!(cut_ends(&ends, &(4..4)), Some((vec![], 0..0)));
        assert_eq!(cut_ends(&ends, &(0..10)), None);
        assert_eq!(cut_ends(&[3, 3], &(0..3)), None);
        assert_eq!(cut_ends(&[0, 3], &(0..3)), None);
        assert_eq!(cut_ends(&[-1], &(0..0)), None);
    }
}
