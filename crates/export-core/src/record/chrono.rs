//! Times of `chrono`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::Record;
use super::read::{ColumnRef, FromRecord, Selection};
use super::time::{CivilTimes, Dates, DayTimes, Instants, Lengths, ns};
use crate::Result;

/// 1970-01-01, in days of chrono's own count.
const EPOCH_DAYS: i32 = 719_163;

impl Record for DateTime<Utc> {
    type Column = Instants;

    #[inline]
    fn push_to(&self, column: &mut Instants) -> Result<()> {
        column.push(ns(self.timestamp_nanos_opt(), self)?);
        Ok(())
    }
}

impl FromRecord for DateTime<Utc> {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        column.instants(
            rows,
            |ns| Some(Self::from_timestamp_nanos(ns)),
            |text| text.parse().ok(),
        )
    }
}

impl Record for NaiveDateTime {
    type Column = CivilTimes;

    #[inline]
    fn push_to(&self, column: &mut CivilTimes) -> Result<()> {
        column.push(ns(self.and_utc().timestamp_nanos_opt(), self)?);
        Ok(())
    }
}

impl FromRecord for NaiveDateTime {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        let of_ns = |ns| Some(DateTime::from_timestamp_nanos(ns).naive_utc());
        column.civil_times(rows, of_ns, |text| text.parse().ok())
    }
}

impl Record for NaiveDate {
    type Column = Dates;

    fn push_to(&self, column: &mut Dates) -> Result<()> {
        column.push(chrono::Datelike::num_days_from_ce(self).saturating_sub(EPOCH_DAYS));
        Ok(())
    }
}

impl FromRecord for NaiveDate {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        let of_days = |days: i32| Self::from_num_days_from_ce_opt(days.checked_add(EPOCH_DAYS)?);
        column.dates(rows, of_days, |text| text.parse().ok())
    }
}

impl Record for NaiveTime {
    type Column = DayTimes;

    fn push_to(&self, column: &mut DayTimes) -> Result<()> {
        // A leap second is the second before it going on: 23:59:59 and 1.5 × 10⁹ ns, which no column has.
        let since = self.signed_duration_since(Self::MIN).num_nanoseconds();
        column.push(ns(since.filter(|ns| *ns < 86_400_000_000_000), self)?);
        Ok(())
    }
}

impl FromRecord for NaiveTime {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        let of_ns = |ns: i64| {
            let seconds = u32::try_from(ns.div_euclid(1_000_000_000)).ok()?;
            let rest = u32::try_from(ns.rem_euclid(1_000_000_000)).ok()?;
            Self::from_num_seconds_from_midnight_opt(seconds, rest)
        };
        column.day_times(rows, of_ns, |text| text.parse().ok())
    }
}

impl Record for TimeDelta {
    type Column = Lengths;

    #[inline]
    fn push_to(&self, column: &mut Lengths) -> Result<()> {
        column.push(ns(self.num_nanoseconds(), self)?);
        Ok(())
    }
}

impl FromRecord for TimeDelta {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        column.lengths(rows, |ns| Some(Self::nanoseconds(ns)), |_| None)
    }
}
