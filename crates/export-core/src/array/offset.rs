//! 32- and 64-bit offsets alike.

use std::ops::Range;

/// An offset of a string, list or map array.
pub(crate) trait Offset: Copy {
    /// As a position, unless it is negative.
    fn position(self) -> Option<usize>;
    /// From a position, unless it is too large.
    fn from_position(position: usize) -> Option<Self>;
}

impl Offset for i32 {
    fn position(self) -> Option<usize> {
        usize::try_from(self).ok()
    }
    fn from_position(position: usize) -> Option<Self> {
        Self::try_from(position).ok()
    }
}

impl Offset for i64 {
    fn position(self) -> Option<usize> {
        usize::try_from(self).ok()
    }
    fn from_position(position: usize) -> Option<Self> {
        Self::try_from(position).ok()
    }
}

/// What slot `row` spans; `None` where the offsets are broken or end before.
pub(crate) fn span<O: Offset>(offsets: &[O], row: usize) -> Option<Range<usize>> {
    let start = offsets.get(row)?.position()?;
    let end = offsets.get(row.checked_add(1)?)?.position()?;
    (start <= end).then_some(start..end)
}
