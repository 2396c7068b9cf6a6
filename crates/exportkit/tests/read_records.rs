//! Derived records out of files that others wrote: older versions of the type, other formats, serde's path.

#![cfg(all(
    feature = "csv",
    feature = "derive",
    feature = "ndjson",
    feature = "parquet"
))]
#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::time::{Duration, SystemTime};

use exportkit::{ErrorKind, Record, Recorder, Result, read_records, write_records};
use serde::Serialize;

#[derive(Record, Serialize)]
#[record(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum Light {
    DarkRed,
    Green,
}

#[test]
fn newer_types_read_older_files() {
    #[derive(Record)]
    struct Old {
        id: u8,
        gone: String,
        size: i32,
        light: Light,
    }
    #[derive(Debug, PartialEq, Record)]
    struct New {
        size: f64,
        id: u32,
        label: Option<String>,
        #[record(default)]
        count: u64,
        #[record(default = "seven")]
        number: u8,
        light: NewLight,
    }
    #[derive(Debug, PartialEq, Record)]
    #[record(rename_all = "snake_case")]
    enum NewLight {
        Blue,
        Green,
        DarkRed,
    }
    fn seven() -> u8 {
        7
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    let old = Old {
        id: 1,
        gone: "x".into(),
        size: -2,
        light: Light::DarkRed,
    };
    let new = New {
        size: -2.0,
        id: 1,
        label: None,
        count: 0,
        number: 7,
        light: NewLight::DarkRed,
    };
    write_records(&path, [&old]).unwrap();
    assert_eq!(read_records::<New>(&path).unwrap(), [new]);

    #[derive(Debug, Record)]
    struct Other {
        lost: u8,
    }
    let error = read_records::<Other>(&path).unwrap_err();
    assert_eq!(error.position().column.as_deref(), Some("lost"));
    assert!(error.hint().unwrap().contains("default"));
}

#[test]
fn rows_of_a_newer_type_come_after_older_ones() {
    #[derive(Record)]
    struct Old {
        id: u8,
    }
    #[derive(Debug, PartialEq, Record)]
    struct New {
        id: u32,
        #[record(default)]
        count: u64,
        label: Option<String>,
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    let mut old = Recorder::create(&path)
        .unwrap()
        .records::<Old>("rows")
        .unwrap();
    old.push(&Old { id: 1 }).unwrap();
    old.finish().unwrap();
    #[derive(Record)]
    struct Added {
        id: u32,
        count: Option<u64>,
        label: Option<String>,
    }
    let mut new = Recorder::append(&path)
        .unwrap()
        .records::<Added>("rows")
        .unwrap();
    let added = Added {
        id: 2,
        count: Some(5),
        label: Some("x".into()),
    };
    new.push(&added).unwrap();
    new.finish().unwrap();
    let file = exportkit::open(&path).unwrap();
    let rows: Vec<New> = file
        .read_records("rows")
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let new = |id, count, label| New { id, count, label };
    assert_eq!(rows, [new(1, 0, None), new(2, 5, Some("x".into()))]);
}

#[test]
fn what_does_not_fit_names_column_and_row() {
    #[derive(Record)]
    struct Wide {
        list: Vec<u8>,
        inner: (u32, Option<u8>),
    }
    #[derive(Debug, Record)]
    struct Narrow {
        inner: (u8, Option<u8>),
    }
    #[derive(Debug, Record)]
    struct Sure {
        inner: (u32, u8),
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    let rows = [1, 2, 300].map(|number| Wide {
        list: vec![],
        inner: (number, (number != 2).then_some(0)),
    });
    write_records(&path, &rows).unwrap();
    let error = read_records::<Narrow>(&path).unwrap_err();
    assert_eq!(
        (
            error.kind(),
            error.position().column.as_deref(),
            error.position().row
        ),
        (ErrorKind::Data, Some("inner.0"), Some(3))
    );
    assert!(error.message().contains("300"), "{error}");
    let error = read_records::<Sure>(&path).unwrap_err();
    assert_eq!(error.position().column.as_deref(), Some("inner.1"));
    assert_eq!(error.position().row, Some(2));
    assert!(error.hint().unwrap().contains("Option"));
}

#[test]
fn any_format_takes_and_gives_records() {
    #[derive(Debug, PartialEq, Record)]
    struct Row {
        id: u16,
        name: String,
        ratio: Option<f32>,
    }
    let rows = [(1, None), (2, Some(0.1))].map(|(id, ratio)| Row {
        id,
        name: format!("row {id}"),
        ratio,
    });
    let directory = tempfile::tempdir().unwrap();
    for ending in ["xk", "csv", "ndjson", "parquet"] {
        let path = directory.path().join(format!("rows.{ending}"));
        write_records(&path, &rows).unwrap();
        assert_eq!(read_records::<Row>(&path).unwrap(), rows, "{ending}");
    }
}

#[test]
fn serde_writes_and_derived_types_read() {
    #[derive(Serialize)]
    enum Sent {
        Start,
        Level(i64),
        Note(Option<u8>),
    }
    #[derive(Debug, PartialEq, Record)]
    enum Read {
        Note(Option<u8>),
        Level(u8),
        Start,
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    exportkit::write(&path, &[Sent::Start, Sent::Level(7), Sent::Note(Some(1))]).unwrap();
    let rows: Vec<Read> = read_records(&path).unwrap();
    assert_eq!(rows, [Read::Start, Read::Level(7), Read::Note(Some(1))]);

    let names = directory.path().join("names.xk");
    exportkit::write(&names, &[Light::DarkRed]).unwrap();
    let error = read_records::<Read>(&names).unwrap_err();
    assert!(error.message().contains("dark_red"), "{error}");

    // A null that no struct could tell from another variant made documents of the column.
    let documents = directory.path().join("documents.xk");
    exportkit::write(&documents, &[Sent::Level(7), Sent::Note(None)]).unwrap();
    let error = read_records::<Read>(&documents).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.hint().unwrap().contains("serde"), "{error}");
}

#[test]
fn times_are_no_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    write_records(&path, &[(SystemTime::UNIX_EPOCH, Duration::from_secs(2))]).unwrap();
    for error in [
        read_records::<(i64, Duration)>(&path).unwrap_err(),
        read_records::<(i128, Duration)>(&path).unwrap_err(),
        read_records::<(SystemTime, Option<u64>)>(&path).unwrap_err(),
        read_records::<(SystemTime, f64)>(&path).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(error.message().contains("holds a time"), "{error}");
        assert!(error.hint().unwrap().contains("Duration"), "{error}");
    }
    let text: Vec<(String, String)> = read_records(&path).unwrap();
    assert_eq!(text[0].1, "PT2S");
}

/// Rows of `value` alone, read back as another type.
fn reread<W: Record + Sync, R: exportkit::FromRecord>(value: W) -> Result<Vec<R>> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.xk");
    write_records(&path, &[value]).unwrap();
    read_records(&path)
}

#[test]
fn whole_floats_are_integers_to_the_end_of_i128() {
    let two_to = |power: i32| 2_f64.powi(power);
    assert_eq!(
        reread::<_, u64>(1.8e19).unwrap(),
        [18_000_000_000_000_000_000]
    );
    assert_eq!(reread::<_, u64>(1e10_f32).unwrap(), [10_000_000_000]);
    assert_eq!(reread::<_, u128>(two_to(64)).unwrap(), [1 << 64]);
    assert_eq!(reread::<_, i128>(two_to(126)).unwrap(), [1 << 126]);
    assert_eq!(reread::<_, i128>(-two_to(127)).unwrap(), [i128::MIN]);
    assert_eq!(reread::<_, u8>(0.0).unwrap(), [0]);
    assert!(reread::<_, i64>(1.8e19).is_err());
    assert!(reread::<_, u64>(two_to(64)).is_err());
    assert!(reread::<_, i8>(-0.0_f32).is_err());
    for value in [two_to(127), -0.0, 0.5, f64::NAN, f64::INFINITY, f64::MAX] {
        assert!(reread::<_, i128>(value).is_err(), "{value}");
        assert!(reread::<_, u128>(value).is_err(), "{value}");
    }
}
