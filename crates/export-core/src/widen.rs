//! Lossless widening: which types can hold all values of two others, and how values get there.
//!
//! | from | to |
//! |---|---|
//! | null | any nullable type |
//! | integers | wider integers of the same sign, signed ones of twice the width; `Int64` with `UInt64`: `Decimal128(20, 0)` |
//! | signed integers | unsigned ones of that width or more, where no value is negative (by [`cast`] only) |
//! | integers | floats that hold them; those of 64 bits where each value is one that `Float64` has |
//! | integers, decimals | decimals with as many digits before and after the point |
//! | floats | wider floats, payloads of NaNs kept |
//! | dates, times, timestamps of one zone, durations | finer units; 32-bit dates to 64-bit ones |
//! | text, binary | those with larger offsets; fixed-size binary to binary |
//! | dictionaries, runs | what their values widen to |
//! | lists, maps, structs | as their children do; structs gain fields, which are null in the rows there were |
//! | any scalar but binary | text, as [`crate::text::write_scalar`] spells it (by [`cast`] only) |
//! | anything | JSON documents ([`crate::schema::JSON_EXTENSION`]) |

mod fits;
mod join;
mod json;
mod nested;
mod number;
mod scalar;
mod spans;

use std::sync::Arc;

use marrow::array::Array;
use marrow::datatypes::Field;

use crate::{Batch, Error, Result, Schema, array};

/// The narrowest field that holds every value of both, by type alone, or `None`.
///
/// It has the name of `a`, and is nullable where either is. Text is never joined with a number, nor scalars with lists or
/// structs, unless one of the fields is JSON: what to do then is the caller's choice.
#[must_use]
pub fn join(a: &Field, b: &Field) -> Option<Field> {
    join::fields(a, b)
}

/// Whether every value of `from` can be a value of `to` by [`cast`] (64-bit integers to floats, signed integers to unsigned
/// ones and times to finer units: where the values allow it).
#[must_use]
pub fn widens(from: &Field, to: &Field) -> bool {
    fits::field(from, to)
}

/// The values of `array`, a column of `from`, as a column of `to`. Fails, naming the row, where a value would change.
pub fn cast(array: &Array, from: &Field, to: &Field) -> Result<Array> {
    if !fits::field(from, to) {
        let nulls = if from.nullable && !to.nullable {
            " without nulls"
        } else {
            ""
        };
        return Err(Error::schema(format!(
            "{:?} does not widen to {:?}{nulls}",
            from.data_type, to.data_type
        ))
        .in_column(&to.name));
    }
    nested::field(array, from, to)
}

/// The rows of `batch` under `to`: columns matched by name and widened, missing ones null. Fails where `to` lacks a column.
pub fn cast_batch(batch: &Batch, to: &Arc<Schema>) -> Result<Batch> {
    let from = batch.schema();
    if from.fields == to.fields {
        return Batch::new(Arc::clone(to), batch.rows(), batch.columns().to_vec());
    }
    if let Some(lost) = from
        .fields
        .iter()
        .find(|field| to.index_of(&field.name).is_none())
    {
        return Err(Error::schema("the wider schema lacks the column").in_column(&lost.name));
    }
    let columns =
        to.fields
            .iter()
            .map(|field| {
                let known = from.index_of(&field.name);
                match known.and_then(|at| Some((batch.columns().get(at)?, from.fields.get(at)?))) {
                    Some((column, narrow)) => cast(column, narrow, field),
                    None if field.nullable => array::nulls(&field.data_type, batch.rows()),
                    None => Err(Error::schema("a column that was added is not nullable")
                        .in_column(&field.name)),
                }
            })
            .collect::<Result<_>>()?;
    Batch::new(Arc::clone(to), batch.rows(), columns)
}

#[cfg(test)]
mod tests;
