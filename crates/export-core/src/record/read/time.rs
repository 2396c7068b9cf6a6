//! Times out of columns, of any unit or as text.

use std::time::{Duration, SystemTime};

use marrow::datatypes::TimeUnit;

use super::{ColumnRef, FromRecord, Selection};
use crate::Result;
use crate::text::units_per_second;
use crate::value::Value;

/// Nanoseconds, where 64 bits hold them.
fn ns(value: i64, unit: TimeUnit) -> Option<i64> {
    value.checked_mul(1_000_000_000 / units_per_second(unit))
}

macro_rules! times {
    ($($(#[$doc:meta])* $method:ident of $int:ty, $what:literal, $($pattern:pat => $number:expr),+;)*) => {
        impl ColumnRef<'_> {
            $($(#[$doc])*
            pub(in crate::record) fn $method<T>(
                self,
                rows: &Selection,
                of_number: impl Fn($int) -> Option<T>,
                of_text: impl Fn(&str) -> Option<T>,
            ) -> Result<Vec<T>> {
                self.values(rows, $what, |value| match value {
                    $($pattern => of_number($number),)+
                    Value::Text(text) => of_text(text),
                    _ => None,
                })
            })*
        }
    };
}

times! {
    /// Instants by their nanoseconds.
    instants of i64, "an instant", Value::Timestamp(v, unit, Some(_)) => ns(v, unit)?;
    /// Times on a clock by their nanoseconds.
    #[cfg(any(feature = "jiff", feature = "chrono"))]
    civil_times of i64, "a date and time without a zone", Value::Timestamp(v, unit, None) => ns(v, unit)?;
    /// Lengths by their nanoseconds.
    lengths of i64, "a length of time", Value::Duration(v, unit) => ns(v, unit)?;
    /// Times of day by their nanoseconds.
    #[cfg(any(feature = "jiff", feature = "chrono"))]
    day_times of i64, "a time of day", Value::Time(v, unit) => ns(v, unit)?;
    /// Dates by their days.
    #[cfg(any(feature = "jiff", feature = "chrono"))]
    dates of i32, "a date", Value::Date32(days) => days;
}

impl FromRecord for Duration {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        column.lengths(
            rows,
            |ns| u64::try_from(ns).ok().map(Self::from_nanos),
            |_| None,
        )
    }
}

impl FromRecord for SystemTime {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        let of_ns = |ns: i64| {
            let distance = Duration::from_nanos(ns.unsigned_abs());
            match ns < 0 {
                true => Self::UNIX_EPOCH.checked_sub(distance),
                false => Self::UNIX_EPOCH.checked_add(distance),
            }
        };
        column.instants(rows, of_ns, |_| None)
    }
}
