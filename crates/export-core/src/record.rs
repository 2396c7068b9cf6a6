//! Rows of a known type to columns and back, without a dynamic value in between.
//!
//! [`Record`] is what `#[derive(Record)]` implements: a type says which columns its values need, and puts a value into them.
//! [`RecordBuilder`] holds the columns and makes batches of them. [`FromRecord`] reads batches back.
//!
//! The columns are those of `rows`, which looks at values instead of types: a stream written either way is the same where
//! the values show all that the types say. Types say more: an empty list has elements of a type, a field that is always `None`
//! too, an enum has all its variants, and times are times.
//!
//! | type | column |
//! |---|---|
//! | integers, floats, `bool` | the type of that width, kept to the bit |
//! | `i128`, `u128` | `Decimal128(38, 0)`; an error from 10³⁸ on |
//! | `str`, `char` | `Utf8` |
//! | types `with` [`Bytes`] | `Binary` |
//! | types `with` [`Text`] | `Utf8`, as they display |
//! | `Option` | nullable, and so are the fields of a struct that may be missing; `Some(None)` reads back as `None` |
//! | `Vec`, slices, sets, arrays of more than 16 elements | `List` |
//! | structs | `Struct` |
//! | tuples and arrays of up to 16 elements | `Struct` with the fields `0`, `1`, … |
//! | maps | `Map` |
//! | enums of variants without data | `Dictionary` of `Utf8` |
//! | other enums | `Struct` with one nullable field a variant, true for variants without data |
//! | `()` and unit structs | null |
//! | [`Duration`](std::time::Duration), [`SystemTime`](std::time::SystemTime) | `Duration(ns)`, `Timestamp(ns, UTC)` |
//! | with the feature `jiff`: `Timestamp`, `civil::DateTime`, `civil::Date`, `civil::Time`, `SignedDuration` | `Timestamp(ns, UTC)`, `Timestamp(ns)`, `Date32`, `Time64(ns)`, `Duration(ns)` |
//! | with the feature `chrono`: `DateTime<Utc>`, `NaiveDateTime`, `NaiveDate`, `NaiveTime`, `TimeDelta` | the same |
//!
//! A row itself becomes the columns of its batch where it is a struct or a tuple, and else one column `value`.

mod builder;
#[cfg(feature = "chrono")]
mod chrono;
mod fields;
#[cfg(feature = "jiff")]
mod jiff;
mod list;
mod map;
mod optional;
mod pointer;
pub mod read;
mod scalar;
mod text;
mod time;
mod variants;

pub use crate::build::bytes::{Binaries, Text as TextColumn};
pub use crate::build::leaf::{Bools, Decimals, Nulls, Primitive, Slots, Within};
pub use crate::image::RowImage;
pub use builder::RecordBuilder;
pub use fields::{FieldInfo, Fields, Same, SameFields, Struct, Tuple};
pub use list::List;
pub use map::Map;
pub use optional::Optional;
pub use read::{ColumnRef, FieldsRef, FromRecord, FromRecordAs, Selection};
pub use text::{Bytes, Text};
pub use time::{CivilTimes, Dates, DayTimes, Instants, Lengths};
pub use variants::{Held, Names, Variants};

use crate::Result;

/// Column of rows that have no fields of their own.
pub(crate) const VALUE: &str = "value";

/// A type whose values go straight into columns: `#[derive(Record)]` implements it.
///
/// Types without an implementation, of other crates say, are recorded through one that has it: see [`RecordAs`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded",
    label = "no column holds a `{Self}`",
    note = "derive `Record` for it, leave the field out by `#[record(skip)]`, or say how to record it by `#[record(with = \"…\")]`"
)]
pub trait Record {
    /// Where the values go.
    type Column: Slots + Default;

    /// Whether a row of this type is its fields, each a column, rather than one value.
    const HAS_FIELDS: bool = false;

    /// Adds this value. On an error the column holds part of it, until it is truncated.
    fn push_to(&self, column: &mut Self::Column) -> Result<()>;

    /// Adds this value, or a null.
    #[inline]
    fn push_option(value: Option<&Self>, column: &mut Self::Column) -> Result<()> {
        match value {
            Some(value) => value.push_to(column),
            None => {
                column.push_null();
                Ok(())
            }
        }
    }

    /// Writes this value, which was pushed into slot `at` of `column`, as [`Slots::image_field`] would, but quicker.
    #[inline]
    fn image_to(
        &self,
        column: &mut Self::Column,
        at: usize,
        within: Within,
        row: &mut RowImage<'_>,
    ) {
        column.image_field(at, within, row);
    }

    /// Writes the fields of this value, as [`Slots::image_flat`] would.
    #[inline]
    fn image_flat_to(
        &self,
        column: &mut Self::Column,
        at: usize,
        within: Within,
        row: &mut RowImage<'_>,
    ) {
        column.image_flat(at, within, row);
    }

    /// Writes this value, or a null, in a slot that may be null.
    #[inline]
    fn image_option(
        value: Option<&Self>,
        column: &mut Self::Column,
        at: usize,
        row: &mut RowImage<'_>,
    ) {
        match value {
            Some(value) => value.image_to(column, at, Within::NULLABLE, row),
            None => column.image_null(row),
        }
    }

    /// Adds all of `values`.
    #[inline]
    fn push_all(values: &[Self], column: &mut Self::Column) -> Result<()>
    where
        Self: Sized,
    {
        values.iter().try_for_each(|value| value.push_to(column))
    }
}

/// A way to record a type that does not say so itself: what `#[record(with = "…")]` names.
///
/// ```
/// use export_core::record::{Record, RecordAs};
///
/// /// Records addresses as integers.
/// struct AsNumber;
///
/// impl RecordAs<std::net::Ipv4Addr> for AsNumber {
///     type Column = <u32 as Record>::Column;
///     fn push(value: &std::net::Ipv4Addr, column: &mut Self::Column) -> export_core::Result<()> {
///         value.to_bits().push_to(column)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how to record a `{T}`",
    note = "`with = \"…\"` names a type that implements `RecordAs<{T}>`; of an `Option`, `Option<…>` of such a type"
)]
pub trait RecordAs<T: ?Sized> {
    /// Where the values go.
    type Column: Slots + Default;

    /// Adds a value. On an error the column holds part of it, until it is truncated.
    fn push(value: &T, column: &mut Self::Column) -> Result<()>;
}
