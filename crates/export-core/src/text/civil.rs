//! Dates and times as text.
//!
//! The proleptic Gregorian calendar in 64 bits, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
//! (<https://howardhinnant.github.io/date_algorithms.html>). Calendar libraries stop at the year 9999; a timestamp in
//! seconds does not, and no value may be refused.

use marrow::datatypes::TimeUnit;

use super::{TimestampStyle, write_int};

const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_ERA: i64 = 146_097;

/// A day of the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// The astronomical year: 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// The day `days` after 1970-01-01. Days past ±10^17 are taken as that.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "months are 1 to 12, days 1 to 31"
)]
#[expect(clippy::cast_sign_loss, reason = "months and days are positive")]
pub fn civil_from_days(days: i64) -> Civil {
    // Eras of 400 years that start on March 1, so that the leap day is the last of its year.
    let days = days.clamp(-100_000_000_000_000_000, 100_000_000_000_000_000) + 719_468;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil {
        year,
        month: month as u8,
        day: day as u8,
    }
}

/// Days from 1970-01-01 to a day of the years −10^14 to 10^14; `None` where there is no such day.
#[must_use]
pub fn days_from_civil(civil: Civil) -> Option<i64> {
    let Civil { year, month, day } = civil;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > last || year.unsigned_abs() > 100_000_000_000_000 {
        return None;
    }
    let (month, day) = (i64::from(month), i64::from(day));
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * DAYS_PER_ERA + day_of_era - 719_468)
}

/// How many of `unit` a second has.
#[must_use]
pub const fn units_per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

const fn fraction_digits(unit: TimeUnit) -> usize {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

pub(super) fn write_date(days: i64, out: &mut Vec<u8>) {
    let Civil { year, month, day } = civil_from_days(days);
    if !(0..=9999).contains(&year) {
        out.push(if year < 0 { b'-' } else { b'+' });
    }
    write_padded(year.unsigned_abs(), 4, out);
    out.push(b'-');
    write_padded(u64::from(month), 2, out);
    out.push(b'-');
    write_padded(u64::from(day), 2, out);
}

/// A date, and the time of day where it is not midnight (which Arrow does not allow, but files have).
pub(super) fn write_date64(ms: i64, out: &mut Vec<u8>) {
    if ms.rem_euclid(SECONDS_PER_DAY * 1_000) == 0 {
        write_date(ms.div_euclid(SECONDS_PER_DAY * 1_000), out);
    } else {
        write_timestamp(
            ms,
            TimeUnit::Millisecond,
            TimestampStyle {
                separator: b'T',
                suffix: "",
            },
            out,
        );
    }
}

pub(super) fn write_timestamp(v: i64, unit: TimeUnit, style: TimestampStyle, out: &mut Vec<u8>) {
    let per_second = units_per_second(unit);
    let seconds = v.div_euclid(per_second);
    write_date(seconds.div_euclid(SECONDS_PER_DAY), out);
    out.push(style.separator);
    let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY).unsigned_abs();
    write_clock(
        second_of_day,
        v.rem_euclid(per_second).unsigned_abs(),
        unit,
        out,
    );
    out.extend_from_slice(style.suffix.as_bytes());
}

/// Times of a day or more keep counting hours; negative ones have a minus.
pub(super) fn write_time(v: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    if v < 0 {
        out.push(b'-');
    }
    let (v, per_second) = (v.unsigned_abs(), units_per_second(unit).unsigned_abs());
    write_clock(v / per_second, v % per_second, unit, out);
}

fn write_clock(seconds: u64, fraction: u64, unit: TimeUnit, out: &mut Vec<u8>) {
    write_padded(seconds / 3_600, 2, out);
    out.push(b':');
    write_padded(seconds / 60 % 60, 2, out);
    out.push(b':');
    write_padded(seconds % 60, 2, out);
    if unit != TimeUnit::Second {
        out.push(b'.');
        write_padded(fraction, fraction_digits(unit), out);
    }
}

pub(super) fn write_duration(v: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    if v < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(b"PT");
    write_seconds(v.unsigned_abs(), unit, out);
}

pub(super) fn write_interval(months: i32, days: i32, nanoseconds: i64, out: &mut Vec<u8>) {
    out.push(b'P');
    if months != 0 {
        write_int(months, out);
        out.push(b'M');
    }
    if days != 0 {
        write_int(days, out);
        out.push(b'D');
    }
    if nanoseconds != 0 || (months == 0 && days == 0) {
        out.push(b'T');
        if nanoseconds < 0 {
            out.push(b'-');
        }
        write_seconds(nanoseconds.unsigned_abs(), TimeUnit::Nanosecond, out);
    }
}

/// `1S`, `1.5S`: no zeros at the end.
fn write_seconds(v: u64, unit: TimeUnit, out: &mut Vec<u8>) {
    let per_second = units_per_second(unit).unsigned_abs();
    write_int(v / per_second, out);
    let fraction = v % per_second;
    if fraction != 0 {
        out.push(b'.');
        write_padded(fraction, fraction_digits(unit), out);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
    out.push(b'S');
}

/// Appends `v` with at least `width` digits.
#[expect(clippy::cast_possible_truncation, reason = "a remainder of 10 or 100")]
fn write_padded(v: u64, width: usize, out: &mut Vec<u8>) {
    if width == 2 && v < 100 {
        out.extend_from_slice(&[b'0' + (v / 10) as u8, b'0' + (v % 10) as u8]);
        return;
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(v).as_bytes();
    out.resize(out.len() + width.saturating_sub(digits.len()), b'0');
    out.extend_from_slice(digits);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn timestamp(v: i64, unit: TimeUnit) -> String {
        text(|out| {
            TimestampStyle {
                separator: b'T',
                suffix: "Z",
            }
            .write(v, unit, out)
        })
    }

    #[test]
    fn known_days() {
        for (days, date) in [
            (0, "1970-01-01"),
            (15_706, "2013-01-01"),
            (11_016, "2000-02-29"),
            (-719_528, "0000-01-01"),
            (-719_529, "-0001-12-31"),
            (2_932_896, "9999-12-31"),
            (2_932_897, "+10000-01-01"),
        ] {
            assert_eq!(text(|out| write_date(days, out)), date);
        }
    }

    #[test]
    fn every_day_of_a_cycle_comes_back() {
        for start in [
            -719_528 - DAYS_PER_ERA,
            -719_528,
            0,
            i64::from(i32::MAX) - DAYS_PER_ERA,
        ] {
            for days in start..start + DAYS_PER_ERA {
                assert_eq!(days_from_civil(civil_from_days(days)), Some(days));
            }
        }
    }

    #[test]
    fn days_that_do_not_exist() {
        for (year, month, day) in [
            (1900, 2, 29),
            (2013, 4, 31),
            (2013, 13, 1),
            (2013, 0, 1),
            (2013, 1, 0),
        ] {
            assert_eq!(days_from_civil(Civil { year, month, day }), None);
        }
    }

    #[test]
    fn extremes() {
        assert_eq!(
            timestamp(i64::MIN, TimeUnit::Nanosecond),
            "1677-09-21T00:12:43.145224192Z"
        );
        assert_eq!(
            timestamp(i64::MAX, TimeUnit::Nanosecond),
            "2262-04-11T23:47:16.854775807Z"
        );
        assert_eq!(
            timestamp(i64::MAX, TimeUnit::Second),
            "+292277026596-12-04T15:30:07Z"
        );
        assert_eq!(
            timestamp(i64::MIN, TimeUnit::Second),
            "-292277022657-01-27T08:29:52Z"
        );
        assert_eq!(
            timestamp(-1, TimeUnit::Millisecond),
            "1969-12-31T23:59:59.999Z"
        );
        text(|out| write_date64(i64::MIN, out));
        text(|out| write_time(i64::MIN, TimeUnit::Second, out));
    }

    #[test]
    fn spans() {
        assert_eq!(
            text(|out| write_duration(-1_500, TimeUnit::Millisecond, out)),
            "-PT1.5S"
        );
        assert_eq!(
            text(|out| write_duration(86_400, TimeUnit::Second, out)),
            "PT86400S"
        );
        assert_eq!(
            text(|out| write_interval(1, -2, 500_000_000, out)),
            "P1M-2DT0.5S"
        );
        assert_eq!(text(|out| write_interval(0, 0, 0, out)), "PT0S");
        assert_eq!(text(|out| write_interval(14, 0, 0, out)), "P14M");
        assert_eq!(text(|out| write_interval(0, 0, -1, out)), "PT-0.000000001S");
    }

    #[test]
    fn times() {
        assert_eq!(
            text(|out| write_time(3_600_001, TimeUnit::Millisecond, out)),
            "01:00:00.001"
        );
        assert_eq!(
            text(|out| write_time(90_000, TimeUnit::Second, out)),
            "25:00:00"
        );
    }
}
