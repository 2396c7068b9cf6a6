//! Times of `jiff`.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};

use super::Record;
use super::read::{ColumnRef, FromRecord, Selection};
use super::time::{CivilTimes, Dates, DayTimes, Instants, Lengths, ns};
use crate::Result;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Record for Timestamp {
    type Column = Instants;

    #[inline]
    fn push_to(&self, column: &mut Instants) -> Result<()> {
        column.push(ns(i64::try_from(self.as_nanosecond()).ok(), self)?);
        Ok(())
    }
}

impl FromRecord for Timestamp {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        column.instants(
            rows,
            |ns| Self::from_nanosecond(ns.into()).ok(),
            |text| text.parse().ok(),
        )
    }
}

impl Record for DateTime {
    type Column = CivilTimes;

    fn push_to(&self, column: &mut CivilTimes) -> Result<()> {
        let since = self.duration_since(EPOCH).as_nanos();
        column.push(ns(i64::try_from(since).ok(), self)?);
        Ok(())
    }
}

impl FromRecord for DateTime {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        let of_ns = |ns| EPOCH.checked_add(SignedDuration::from_nanos(ns)).ok();
        column.civil_times(rows, of_ns, |text| text.parse().ok())
    }
}

impl Record for Date {
    type Column = Dates;

    fn push_to(&self, column: &mut Dates) -> Result<()> {
        let days = self.duration_since(EPOCH.date()).as_hours() / 24;
        // Years −9999 to 9999 are some ten million days.
        column.push(i32::try_from(days).unwrap_or_default());
        Ok(())
    }
}

impl FromRecord for Date {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        let of_days = |days| {
            let length = SignedDuration::from_hours(i64::from(days) * 24);
            EPOCH.date().checked_add(length).ok()
        };
        column.dates(rows, of_days, |text| text.parse().ok())
    }
}

impl Record for Time {
    type Column = DayTimes;

    fn push_to(&self, column: &mut DayTimes) -> Result<()> {
        let since = self.duration_since(Self::midnight()).as_nanos();
        column.push(ns(i64::try_from(since).ok(), self)?);
        Ok(())
    }
}

impl FromRecord for Time {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        let of_ns = |ns| {
            Self::midnight()
                .checked_add(SignedDuration::from_nanos(ns))
                .ok()
        };
        column.day_times(rows, of_ns, |text| text.parse().ok())
    }
}

impl Record for SignedDuration {
    type Column = Lengths;

    #[inline]
    fn push_to(&self, column: &mut Lengths) -> Result<()> {
        column.push(ns(i64::try_from(self.as_nanos()).ok(), self)?);
        Ok(())
    }
}

impl FromRecord for SignedDuration {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        column.lengths(
            rows,
            |ns| Some(Self::from_nanos(ns)),
            |text| text.parse().ok(),
        )
    }
}
