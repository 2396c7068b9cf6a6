//! One value of a column, borrowed: what row-oriented writers, tables and readers of typed rows look at.

use marrow::array::Array;
use marrow::datatypes::TimeUnit;

/// One value, borrowed from its array.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer of any width.
    Int(i64),
    /// An unsigned integer of any width.
    UInt(u64),
    /// A 16- or 32-bit float.
    Float32(f32),
    /// A 64-bit float.
    Float64(f64),
    /// `unscaled · 10^-scale`.
    Decimal {
        /// The digits as an integer.
        unscaled: i128,
        /// Digits after the point (negative: zeros before it).
        scale: i8,
    },
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Days since 1970-01-01.
    Date32(i32),
    /// Milliseconds since 1970-01-01 (midnight, UTC).
    Date64(i64),
    /// Time since midnight.
    Time(i64, TimeUnit),
    /// Time since 1970-01-01; with a zone it is an instant (UTC), without it is a wall clock.
    Timestamp(i64, TimeUnit, Option<&'a str>),
    /// A length of time.
    Duration(i64, TimeUnit),
    /// Months, days and nanoseconds, each on its own.
    Interval {
        /// Months.
        months: i32,
        /// Days.
        days: i32,
        /// Nanoseconds.
        nanoseconds: i64,
    },
    /// A list: elements `start..end` of an array.
    List(&'a Array, usize, usize),
    /// A struct: row `1` of struct array `0`.
    Struct(&'a marrow::array::StructArray, usize),
    /// A map: entries `start..end` of keys and values.
    Map(&'a Array, &'a Array, usize, usize),
    /// A union: the variant's name, its array and the row in it.
    Union(&'a str, &'a Array, usize),
}

/// The value in slot `row`, dictionaries and runs resolved. `Null` where `row` is out of range.
#[must_use]
pub fn value(array: &Array, row: usize) -> Value<'_> { todo!() }
