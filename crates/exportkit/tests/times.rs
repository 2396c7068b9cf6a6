//! Derived columns of times.

#![cfg(all(feature = "derive", feature = "jiff", feature = "chrono"))]
#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::time::{Duration, SystemTime};

use exportkit::{ErrorKind, Record, read_records, write_records};
use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Record)]
struct Times {
    system: SystemTime,
    length: Duration,
    jiff: (
        jiff::Timestamp,
        jiff::civil::DateTime,
        jiff::civil::Date,
        jiff::civil::Time,
        jiff::SignedDuration,
    ),
    chrono: (
        chrono::DateTime<chrono::Utc>,
        chrono::NaiveDateTime,
        chrono::NaiveDate,
        chrono::NaiveTime,
        chrono::TimeDelta,
    ),
}

fn times(text: &str, time: &str, length: i64) -> Times {
    let instant: jiff::Timestamp = format!("{text}T{time}Z").parse().unwrap();
    let ns = i64::try_from(instant.as_nanosecond()).unwrap();
    let naive = chrono::DateTime::from_timestamp_nanos(ns).naive_utc();
    Times {
        system: instant.into(),
        length: Duration::from_nanos(length.unsigned_abs()),
        jiff: (
            instant,
            format!("{text}T{time}").parse().unwrap(),
            text.parse().unwrap(),
            time.parse().unwrap(),
            jiff::SignedDuration::from_nanos(length),
        ),
        chrono: (
            naive.and_utc(),
            naive,
            naive.date(),
            naive.time(),
            chrono::TimeDelta::nanoseconds(length),
        ),
    }
}

#[test]
fn times_survive_and_both_libraries_agree() {
    let rows = [
        times("2026-11-21", "01:02:03.000000004", 5),
        times("1969-12-31", "23:59:59.999999999", -1),
        times("1677-09-22", "00:00:00", i64::MIN + 1),
        times("2262-04-11", "23:47:16.854775807", i64::MAX),
        times("1970-01-01", "00:00:00", 0),
    ];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("times.xk");
    write_records(&path, &rows).unwrap();
    assert_eq!(read_records::<Times>(&path).unwrap(), rows);

    let file = exportkit::open(&path).unwrap();
    let batch = file.batches("rows").unwrap().next().unwrap().unwrap();
    let columns = batch.columns();
    let types: Vec<_> = file.streams()[0]
        .schema
        .fields
        .iter()
        .map(exportkit::field_type_name)
        .collect();
    assert_eq!(types[..2], ["timestamp[ns, UTC]", "duration[ns]"]);
    assert!(
        exportkit::array::same(&columns[2], &columns[3]),
        "jiff and chrono differ"
    );
    assert_eq!(
        types[2],
        "struct<0: timestamp[ns, UTC], 1: timestamp[ns], 2: date32, 3: time64[ns], 4: duration[ns]>"
    );
}

#[test]
fn what_no_column_of_times_holds_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("times.xk");
    let error = write_records(&path, &[jiff::Timestamp::MAX]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.hint().unwrap().contains("Text"), "{error}");
    assert!(write_records(&path, &[Duration::MAX]).is_err());
    let leap = chrono::NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
    assert!(write_records(&path, &[leap]).is_err());

    #[derive(Debug, PartialEq, Record)]
    struct Far(#[record(text)] jiff::Timestamp);
    let rows = [Far(jiff::Timestamp::MAX)];
    write_records(&path, &rows).unwrap();
    assert_eq!(read_records::<Far>(&path).unwrap(), rows);
}

#[test]
fn times_that_serde_wrote_as_text_are_times_again() {
    #[derive(Serialize)]
    struct Sent {
        at: jiff::Timestamp,
        day: jiff::civil::Date,
    }
    #[derive(Debug, PartialEq, Record)]
    struct Read {
        at: chrono::DateTime<chrono::Utc>,
        day: chrono::NaiveDate,
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("times.xk");
    let sent = Sent {
        at: "2026-11-21T01:02:03.5Z".parse().unwrap(),
        day: "2026-11-21".parse().unwrap(),
    };
    exportkit::write(&path, &[sent]).unwrap();
    let read = Read {
        at: "2026-11-21T01:02:03.5Z".parse().unwrap(),
        day: "2026-11-21".parse().unwrap(),
    };
    assert_eq!(read_records::<Read>(&path).unwrap(), [read]);
}
