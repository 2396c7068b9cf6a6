//! Columns of dates, times, timestamps and durations.

use std::sync::Arc;

use marrow::array::{Array, PrimitiveArray, TimeArray, TimestampArray};
use marrow::datatypes::{DataType, TimeUnit};

use super::leaf::{Primitive, Slots};
use crate::image::RowImage;

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
pub(crate) struct Temporals {
    pub(crate) kind: Temporal,
    pub(crate) inner: Primitive<i64>,
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
        !self.is_narrow() || i32::try_from(value).is_ok()
    }

    /// Whether Arrow has 32 bits for it.
    pub(crate) fn is_narrow(&self) -> bool {
        matches!(
            self,
            Self::Date | Self::Time(TimeUnit::Second | TimeUnit::Millisecond)
        )
    }

    /// The type of a column of these.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Self::Date => DataType::Date32,
            Self::Time(unit) if self.is_narrow() => DataType::Time32(*unit),
            Self::Time(unit) => DataType::Time64(*unit),
            Self::Timestamp(unit, zone) => {
                DataType::Timestamp(*unit, zone.as_ref().map(ToString::to_string))
            }
            Self::Duration(unit) => DataType::Duration(*unit),
        }
    }
}

impl Temporals {
    fn write(&self, value: i64, row: &mut RowImage<'_>) {
        match i32::try_from(value) {
            Ok(value) if self.kind.is_narrow() => row.put(value.to_le_bytes()),
            _ => row.put(value.to_le_bytes()),
        }
    }
}

impl Slots for Temporals {
    fn len(&self) -> usize {
        self.inner.values.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.inner.push_nulls(count);
    }
    #[inline]
    fn push_null(&mut self) {
        self.inner.push_option(None);
    }
    fn truncate(&mut self, len: usize) {
        self.inner.truncate(len);
    }
    fn bytes(&self) -> usize {
        Slots::bytes(&self.inner)
    }
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if nullable {
            row.put([u8::from(self.inner.validity.is_valid(at))]);
        }
        let value = self.inner.values.get(at).copied().unwrap_or_default();
        self.write(value, row);
    }
    fn image_null(&self, row: &mut RowImage<'_>) {
        row.put([0]);
        self.write(0, row);
    }
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
