//! The part of a block's values that candidates are tried on.

use std::borrow::Cow;

use crate::block::Strings;
use crate::word::Word;

/// Consecutive values of one run of a sample.
const RUN: usize = 1024;
/// Bytes of text that are tried on a codec.
const DATA_BYTES: usize = 32 << 10;

/// `runs` runs of consecutive values, spread evenly; all values where they are not many more.
pub(crate) fn sample<W: Word>(values: &[W], runs: usize) -> Cow<'_, [W]> {
    if values.len() <= 2 * runs * RUN {
        return Cow::Borrowed(values);
    }
    let stride = (values.len() - RUN) / runs.saturating_sub(1).max(1);
    let starts = (0..runs).map(|run| run * stride);
    let runs = starts.filter_map(|start| values.get(start..start + RUN));
    Cow::Owned(runs.flatten().copied().collect())
}

/// The first strings and some from the middle; all of them where they are short.
pub(super) fn sample_strings(strings: Strings<'_>) -> (Cow<'_, [u8]>, Cow<'_, [usize]>) {
    let Strings { data, ends } = strings;
    if data.len() <= DATA_BYTES {
        return (Cow::Borrowed(data), Cow::Borrowed(ends));
    }
    let half = DATA_BYTES / 2;
    let last = ends.len().saturating_sub(1);
    let until = |start: usize| {
        let from = ends.get(start).copied().unwrap_or(0);
        let end = ends.partition_point(|&end| end <= from.saturating_add(half));
        // At least one string, however long.
        start..end.saturating_sub(1).max(start + 1).min(last)
    };
    let first = until(0);
    let middle = until((last / 2).max(first.end).min(last.saturating_sub(1)));
    let (mut part, mut part_ends) = (Vec::with_capacity(DATA_BYTES), vec![0]);
    for slots in [first, middle] {
        let pairs = ends.get(slots.start..=slots.end).unwrap_or_default();
        for (start, end) in pairs.iter().zip(pairs.iter().skip(1)) {
            part.extend_from_slice(data.get(*start..*end).unwrap_or_default());
            part_ends.push(part.len());
        }
    }
    (Cow::Owned(part), Cow::Owned(part_ends))
}
