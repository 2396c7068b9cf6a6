//! Operations on [`marrow`] arrays that every crate needs: length, slices, concatenation, equality to the bit, validation.

use marrow::array::Array;
use marrow::datatypes::DataType;
use marrow::view::View;

use crate::{Limits, Result};

/// Number of slots.
#[must_use]
pub fn len(array: &Array) -> usize { todo!() }
/// Whether `array` is of `data_type`, nested names and metadata of children left out of account.
#[must_use]
pub fn has_type(array: &Array, data_type: &DataType) -> bool { todo!() }
/// An array of no slots. Fails on types that marrow has no array for.
pub fn empty(data_type: &DataType) -> Result<Array> { todo!() }
/// An array of `len` nulls (a struct's, list's or map's children are empty or null, too).
pub fn nulls(data_type: &DataType, len: usize) -> Result<Array> { todo!() }
/// Bytes of all buffers.
#[must_use]
pub fn memory_bytes(array: &Array) -> usize { todo!() }
/// The validity bitmap, least significant bit first, 1 = has a value.
#[must_use]
pub fn validity(array: &Array) -> Option<&[u8]> { todo!() }
/// Number of null slots (all of a null array; none of a union's, which has no bitmap).
#[must_use]
pub fn null_count(array: &Array) -> usize { todo!() }
/// A copy of `count` slots from `start`; offsets start at 0 again.
pub fn slice(array: &Array, start: usize, count: usize) -> Result<Array> { todo!() }
/// A copy of the slots at `rows`, in that order.
pub fn take(array: &Array, rows: &[usize]) -> Result<Array> { todo!() }
/// All slots of `parts`, which share a type. Fails on an empty slice.
pub fn concat(parts: &[&Array]) -> Result<Array> { todo!() }
/// Whether both hold the same values to the bit; content of null slots, unused bytes and bitmap padding do not count.
#[must_use]
pub fn same(a: &Array, b: &Array) -> bool { todo!() }
/// A copy of a borrowed array: offsets start at 0, bitmaps at bit 0.
pub fn from_view(view: &View<'_>) -> Result<Array> { todo!() }
/// Fails where an array breaks Arrow's rules: lengths, offsets that fall, dictionary keys out of range, text that is not
/// UTF-8, run ends that do not rise, nesting over `limits.depth`.
pub fn validate(array: &Array, limits: &Limits) -> Result<()> { todo!() }
