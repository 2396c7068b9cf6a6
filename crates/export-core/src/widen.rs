//! Lossless widening: which types can hold all values of two others, and how values get there.

use std::sync::Arc;

use marrow::array::Array;
use marrow::datatypes::Field;

use crate::{Batch, Result, Schema};

/// The narrowest field that holds every value of both, by type alone, or `None`.
#[must_use]
pub fn join(a: &Field, b: &Field) -> Option<Field> { todo!() }
/// Whether every value of `from` can be a value of `to` by [`cast`] (integers to floats: where the values allow it).
#[must_use]
pub fn widens(from: &Field, to: &Field) -> bool { todo!() }
/// The values of `array`, a column of `from`, as a column of `to`. Fails, naming the row, where a value would change.
pub fn cast(array: &Array, from: &Field, to: &Field) -> Result<Array> { todo!() }
/// The rows of `batch` under `to`: columns matched by name and widened, missing ones null.
pub fn cast_batch(batch: &Batch, to: &Arc<Schema>) -> Result<Batch> { todo!() }
