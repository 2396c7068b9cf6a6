//! Columns of dates, times, timestamps and durations.

use std::sync::Arc;

use marrow::array::{Array, PrimitiveArray, TimeArray, TimestampArray};
use marrow::datatypes::TimeUnit;

use super::leaf::{Primitive, Slots, slots_by_inner};

/// The type of a date, time, timestamp or duration, whose value is one integer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Temporal {
    /// Days since 1970-01-01; values must fit an `i32`.
    Date,
    /// Time since midnight.
    Time(TimeUnit),
    /// Time since 1970-01-01; with a zone it is an instant (UTC), without it is a wall clock.
    Timestamp(TimeUnit, Option<Arc<str>>),
    /// A length of time.
    Duration(TimeUnit),
}

/// Values of one temporal type.
#[derive(Debug)]
pub(super) struct Temporals {
    pub(super) kind: Temporal,
    pub(super) inner: Primitive<i64>,
}

/// Arrow stores days, and seconds and milliseconds of a day, in 32 bits. [`super::Column::push_temporal`] lets none past
/// that do not fit.
fn narrowed(values: &[i64]) -> Vec<i32> {
    values
        .iter()
        .map(|&value| i32::try_from(value).unwrap_or_default())
        .collect()
}

impl Temporal {
    pub(super) fn holds(&self, value: i64) -> bool {
        let narrow = matches!(
            self,
            Self::Date | Self::Time(TimeUnit::Second | TimeUnit::Millisecond)
        );
        !narrow || i32::try_from(value).is_ok()
    }
}

impl Slots for Temporals {
    slots_by_inner!();
    fn take(&mut self) -> Array {
        let (validity, values) = self.inner.take_parts();
        match self.kind.clone() {
            Temporal::Date => Array::Date32(PrimitiveArray {
                validity,
                values: narrowed(&values),
            }),
            Temporal::Time(unit @ (TimeUnit::Second | TimeUnit::Millisecond)) => {
                Array::Time32(TimeArray {
                    unit,
                    validity,
                    values: narrowed(&values),
                })
            }
            Temporal::Time(unit) => Array::Time64(TimeArray {
                unit,
                validity,
                values,
            }),
            Temporal::Timestamp(unit, zone) => {
                let timezone = zone.map(|zone| zone.to_string());
                Array::Timestamp(TimestampArray {
                    unit,
                    timezone,
                    validity,
                    values,
                })
            }
            Temporal::Duration(unit) => Array::Duration(TimeArray {
                unit,
                validity,
                values,
            }),
        }
    }
}
