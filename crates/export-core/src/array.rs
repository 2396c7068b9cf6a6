//! Operations on [`marrow`] arrays that every crate needs: length, slices, concatenation, equality to the bit, validation.
//!
//! Arrays that break Arrow's rules never cause a panic here: an operation on one fails, or takes the broken slot for a null.

pub mod bits;
mod empty;
mod extend;
mod key;
mod longest;
mod measure;
mod nulls;
mod offset;
mod same;
mod types;
mod unify;
mod validate;
mod views;

use std::ops::Range;
use std::slice::from_ref;

use marrow::array::Array;
use marrow::view::View;

use crate::{Error, Result};

pub use empty::empty;
pub use key::write_key;
pub use longest::longest_value;
pub use measure::{len, memory_bytes, null_count, validity};
pub use nulls::nulls;
pub use same::same;
pub use types::has_type;
pub use unify::resolve;
pub use validate::{check_type, validate};

pub(crate) use empty::field_meta;
pub(crate) use measure::{is_null, key_at, run_at, variant_at};
pub(crate) use offset::{Offset, span};
pub(crate) use views::{push as push_view, view_bytes};

/// A copy of `count` slots from `start`; offsets start at 0 again.
pub fn slice(array: &Array, start: usize, count: usize) -> Result<Array> {
    let end = start
        .checked_add(count)
        .filter(|&end| end <= len(array))
        .ok_or_else(|| {
            let end = start.saturating_add(count);
            Error::usage(format!(
                "slots {start} to {end} of an array of {}",
                len(array)
            ))
        })?;
    gather(&array.as_view(), from_ref(&(start..end)))
}

/// A copy of the slots at `rows`, in that order.
pub fn take(array: &Array, rows: &[usize]) -> Result<Array> {
    let slots = len(array);
    if let Some(row) = rows.iter().find(|&&row| row >= slots) {
        return Err(Error::usage(format!("slot {row} of an array of {slots}")));
    }
    let mut ranges = Vec::new();
    for &row in rows {
        extend::push_range(&mut ranges, row..row.saturating_add(1));
    }
    gather(&array.as_view(), &ranges)
}

/// All slots of `parts`, which share a type. Fails on an empty slice.
pub fn concat(parts: &[&Array]) -> Result<Array> {
    let Some(first) = parts.first() else {
        return Err(Error::usage("there are no arrays to put together"));
    };
    let mut all = empty::empty_like(&first.as_view())?;
    for part in parts {
        extend::extend(&mut all, &part.as_view(), from_ref(&(0..len(part))))?;
    }
    Ok(all)
}

/// A copy of a borrowed array: offsets start at 0, bitmaps at bit 0.
pub fn from_view(view: &View<'_>) -> Result<Array> {
    gather(view, from_ref(&(0..measure::view_len(view))))
}

fn gather(view: &View<'_>, ranges: &[Range<usize>]) -> Result<Array> {
    let mut array = empty::empty_like(view)?;
    extend::extend(&mut array, view, ranges)?;
    Ok(array)
}

#[cfg(test)]
mod tests;
