//! Columns back into values, a column at a time.
//!
//! Fields are found by name, and each type takes what holds its values exactly: integers out of wider or narrower ones,
//! decimals or whole floats, text out of any scalar, times out of other units or text. A time is no number: the type would not
//! know its unit. A null where the type is no `Option`, and a value that is not exact in the type, is an error that names
//! column and row.

mod column;
mod fields;
mod nested;
mod number;
mod scalar;
mod selection;
mod time;
mod variants;

pub use column::ColumnRef;
pub use fields::FieldsRef;
pub use selection::Selection;

use super::VALUE;
use crate::{Batch, Error, Result};

/// A type that is read out of columns: `#[derive(Record)]` implements it, too, save for types with references.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read back",
    label = "nothing makes a `{Self}` out of a column",
    note = "what borrows can only be written: say so by `#[record(write_only)]` on the type whose field this is"
)]
pub trait FromRecord: Sized {
    /// The values of a column, those of the slots `rows`.
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>>;

    /// The value where there is no such column; `None` where there has to be one.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// The rows of a batch, or of what is laid out like one.
    fn read_rows(fields: FieldsRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        match fields.named(VALUE) {
            Some(column) => Self::read(column, rows).map_err(|error| error.in_column(VALUE)),
            None => Err(Error::schema(format!(
                "there is no column {VALUE:?}, which rows that are no structs have"
            ))
            .with_hint("read into a struct with a field for each column")),
        }
    }
}

/// Reads what [`super::RecordAs`] has recorded.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how to read a `{T}` back",
    note = "implement `FromRecordAs<{T}>` for it, or say `#[record(write_only)]` on the type whose field this is"
)]
pub trait FromRecordAs<T>: Sized {
    /// The values of a column, those of the slots `rows`.
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<T>>;

    /// The value where there is no such column; `None` where there has to be one.
    #[must_use]
    fn absent() -> Option<T> {
        None
    }
}

/// All rows of a batch.
///
/// ```
/// use export_core::record::{RecordBuilder, read};
///
/// let mut rows = RecordBuilder::<(u8, &str)>::new();
/// rows.push(&(1_u8, "a"))?;
/// let batch = rows.take_batch()?;
/// // Of a wider type, and its text owned.
/// assert_eq!(read::read::<(u64, String)>(&batch)?, [(1, "a".to_owned())]);
/// # Ok::<(), export_core::Error>(())
/// ```
pub fn read<T: FromRecord>(batch: &Batch) -> Result<Vec<T>> {
    T::read_rows(FieldsRef::of_batch(batch), &Selection::all(batch.rows()))
}

/// `count` values by `next`, which has all of them where every column was read whole.
pub fn collect<T>(count: usize, mut next: impl FnMut() -> Option<T>) -> Result<Vec<T>> {
    let values: Option<Vec<T>> = (0..count).map(|_| next()).collect();
    values.ok_or_else(|| Error::schema("a column has fewer values than rows"))
}
