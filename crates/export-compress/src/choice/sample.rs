//! The part of a block's values that candidates are tried on.

use std::borrow::Cow;

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

/// The beginning of `data` and a part of its middle; all of it where it is short.
pub(super) fn sample_data(data: &[u8]) -> Cow<'_, [u8]> {
    let half = DATA_BYTES / 2;
    match data.len().checked_sub(half) {
        Some(last) if data.len() > DATA_BYTES => {
            let middle = last / 2;
            let parts = [data.get(..half), data.get(middle..middle + half)];
            Cow::Owned(parts.into_iter().flatten().flatten().copied().collect())
        }
        _ => Cow::Borrowed(data),
    }
}
