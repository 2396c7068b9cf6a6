//! Columns of times, and the times of the standard library.

use std::time::{Duration, SystemTime};

use marrow::array::{Array, PrimitiveArray, TimeArray, TimestampArray};
use marrow::datatypes::TimeUnit;

use super::{Primitive, Record, Slots};
use crate::build::leaf::slots_by_inner;
use crate::{Error, Result};

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident of $rust:ty => |$validity:ident, $values:ident| $array:expr;)*) => {
        $($(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name {
            inner: Primitive<$rust>,
        }

        impl $name {
            /// Adds a time.
            #[inline]
            pub fn push(&mut self, value: $rust) {
                self.inner.push(value);
            }
        }

        impl Slots for $name {
            slots_by_inner!();
            fn take(&mut self) -> Array {
                let ($validity, $values) = self.inner.take_parts();
                $array
            }
        })*
    };
}

const UNIT: TimeUnit = TimeUnit::Nanosecond;

columns! {
    /// Instants, in nanoseconds since 1970-01-01T00:00:00Z.
    Instants of i64 => |validity, values| Array::Timestamp(TimestampArray {
        unit: UNIT,
        timezone: Some("UTC".to_owned()),
        validity,
        values,
    });
    /// What a clock and a calendar show somewhere, in nanoseconds since they showed 1970-01-01T00:00:00.
    CivilTimes of i64 => |validity, values| Array::Timestamp(TimestampArray {
        unit: UNIT,
        timezone: None,
        validity,
        values,
    });
    /// Lengths of time, in nanoseconds.
    Lengths of i64 => |validity, values| Array::Duration(TimeArray { unit: UNIT, validity, values });
    /// Times of day, in nanoseconds since midnight.
    DayTimes of i64 => |validity, values| Array::Time64(TimeArray { unit: UNIT, validity, values });
    /// Dates, in days since 1970-01-01.
    Dates of i32 => |validity, values| Array::Date32(PrimitiveArray { validity, values });
}

/// Nanoseconds as columns hold them.
pub(super) fn ns(value: Option<i64>, what: &dyn std::fmt::Debug) -> Result<i64> {
    value.ok_or_else(|| out_of_range(what))
}

#[cold]
fn out_of_range(what: &dyn std::fmt::Debug) -> Error {
    Error::data(format!(
        "{what:?} is out of range: 64 bits of nanoseconds are 292 years"
    ))
    .with_hint("keep it as text: `#[record(with = \"…::record::Text\")]`")
}

impl Record for Duration {
    type Column = Lengths;

    #[inline]
    fn push_to(&self, column: &mut Lengths) -> Result<()> {
        column.push(ns(i64::try_from(self.as_nanos()).ok(), self)?);
        Ok(())
    }
}

impl Record for SystemTime {
    type Column = Instants;

    #[inline]
    fn push_to(&self, column: &mut Instants) -> Result<()> {
        let value = match self.duration_since(Self::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).ok(),
            Err(before) => i64::try_from(before.duration().as_nanos())
                .ok()
                .map(|ns| -ns),
        };
        column.push(ns(value, self)?);
        Ok(())
    }
}
