//! Batches of a stream: on any number of threads, of some columns, and without the chunks that cannot matter.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "it is a test")]

use std::path::Path;

use exportkit::value::{Value, value};
use exportkit::{
    Batch, BatchOptions, Bound, Cancel, Condition, ConvertOptions, ErrorKind, OpenOptions, Place,
    ReadOptions, Recorder, Recording, convert, open, open_source,
};
use serde::Serialize;

#[derive(Serialize, Clone, Debug)]
struct Row {
    id: u64,
    signed: i32,
    level: Option<f64>,
    name: String,
}

const ROWS: u64 = 100;

/// Rows of one chunk: `id` rises through the chunks, `level` is null in every third and NaN here and there.
fn rows(chunk: u64) -> Vec<Row> {
    let row = |at| Row {
        id: chunk * ROWS + at,
        signed: i32::try_from(at * chunk).unwrap() - 300,
        level: match (chunk % 3, at % 10) {
            (2, _) => None,
            (_, 7) => Some(f64::NAN),
            _ => Some(at as f64 / 8.0 + chunk as f64 * 10.0),
        },
        name: format!("{}{chunk:03}-{at}", "a long way to go before it differs/"),
    };
    (0..ROWS).map(row).collect()
}

fn recording(path: &Path, chunks: u64) -> Recording {
    let mut stream = Recorder::create(path)
        .unwrap()
        .stream::<Row>("rows")
        .unwrap();
    for chunk in 0..chunks {
        rows(chunk)
            .iter()
            .try_for_each(|row| stream.push(row))
            .unwrap();
        stream.sync().unwrap();
    }
    stream.finish().unwrap();
    let file = open(path).unwrap();
    assert_eq!(file.streams()[0].chunks, chunks);
    file
}

fn read(file: &Recording, options: &BatchOptions) -> (Vec<Batch>, u64) {
    let batches = file.batches_with("rows", options).unwrap();
    let skipped = batches.skipped_chunks();
    (batches.map(Result::unwrap).collect(), skipped)
}

#[test]
fn any_number_of_threads_gives_the_same_batches() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(&directory.path().join("a.xk"), 20);
    for columns in [None, Some(vec!["name".to_owned(), "id".to_owned()])] {
        let on = |threads| BatchOptions {
            columns: columns.clone(),
            first_row: 130,
            threads,
            ..BatchOptions::default()
        };
        let (expected, _) = read(&file, &on(Some(0)));
        assert_eq!(expected.iter().map(Batch::rows).sum::<usize>(), 1_870);
        for threads in [None, Some(1), Some(2), Some(7), Some(usize::MAX)] {
            let (batches, _) = read(&file, &on(threads));
            assert_eq!(batches.len(), expected.len());
            assert!(
                batches.iter().zip(&expected).all(|(a, b)| a.same_rows(b)),
                "{threads:?}"
            );
        }
    }
}

#[test]
fn a_conversion_is_the_same_on_any_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.xk");
    recording(&path, 9);
    let converted = |threads| {
        let output = directory.path().join(format!("{threads:?}.ndjson"));
        let options = ConvertOptions {
            threads,
            ..ConvertOptions::default()
        };
        convert(&Place::from(&*path), &Place::from(&*output), &options).unwrap();
        std::fs::read(output).unwrap()
    };
    let expected = converted(Some(0));
    for threads in [None, Some(1), Some(2), Some(5)] {
        assert!(converted(threads) == expected, "{threads:?}");
    }
}

#[test]
fn a_damaged_chunk_is_an_error_in_its_place_on_any_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.xk");
    recording(&path, 6);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    for threads in [0, 1, 2, 4] {
        let options = BatchOptions {
            threads: Some(threads),
            ..BatchOptions::default()
        };
        let file = open(&path).unwrap();
        let read: Vec<_> = file.batches_with("rows", &options).unwrap().collect();
        let errors: Vec<_> = read
            .iter()
            .filter_map(|batch| batch.as_ref().err())
            .collect();
        assert_eq!((read.len(), errors.len()), (6, 1), "{threads}");
        let chunk = errors[0].position().chunk.unwrap();
        assert!(read[usize::try_from(chunk).unwrap()].is_err());
        assert!(errors[0].hint().unwrap().contains("repair"));
        let source = OpenOptions {
            read: ReadOptions {
                threads: Some(threads),
                ..ReadOptions::default()
            },
            ..OpenOptions::default()
        };
        let mut source = open_source(&Place::from(&*path), &source).unwrap().source;
        for _ in 0..chunk {
            source.next_batch().unwrap().unwrap();
        }
        assert_eq!(
            source.next_batch().unwrap_err().position().chunk,
            Some(chunk)
        );
    }
}

#[test]
fn a_cancelled_reading_ends() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(&directory.path().join("a.xk"), 5);
    let options = BatchOptions {
        cancel: Cancel::new(),
        ..BatchOptions::default()
    };
    let mut batches = file.batches_with("rows", &options).unwrap();
    batches.next().unwrap().unwrap();
    options.cancel.cancel();
    let error = batches.next().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.hint()), (ErrorKind::Cancelled, None));
    assert!(batches.next().is_none());
}

/// Whether a row meets what the condition named says.
type Meets = fn(&Row) -> bool;

/// Conditions, which rows meet them, and how many of twelve chunks are skipped for them.
fn conditions() -> Vec<(Condition, Meets, u64)> {
    let int = |value: i128| Some(Bound::Int(value));
    let float = |value: f64| Some(Bound::Float(value));
    let text = |value: &str| Some(Bound::Bytes(value.as_bytes().to_vec()));
    vec![
        (
            Condition::between("id", int(450), int(620)),
            |row| (450..=620).contains(&row.id),
            9,
        ),
        (
            Condition::between("id", int(199), int(200)),
            |row| (199..=200).contains(&row.id),
            10,
        ),
        (
            Condition::between("id", float(99.5), float(99.75)),
            |_| false,
            12,
        ),
        (Condition::between("id", int(-5), int(-1)), |_| false, 12),
        (Condition::between("id", None, None), |_| true, 0),
        (Condition::between("signed", None, int(-301)), |_| false, 12),
        (
            Condition::between("signed", int(500), None),
            |row| row.signed >= 500,
            9,
        ),
        (Condition::is_null("id"), |_| false, 12),
        (Condition::is_null("level"), |row| row.level.is_none(), 8),
        (
            Condition::between("level", None, None),
            |row| row.level.is_some_and(|v| !v.is_nan()),
            4,
        ),
        (
            Condition::between("level", float(35.0), int(41)),
            |row| row.level.is_some_and(|v| (35.0..=41.0).contains(&v)),
            10,
        ),
        (
            // Longer than bounds are, and equal to what they have of it.
            Condition::between(
                "name",
                text("a long way to go before it differs/011-5"),
                None,
            ),
            |row| row.name.as_str() >= "a long way to go before it differs/011-5",
            0,
        ),
        (Condition::between("name", text("b"), None), |_| false, 12),
        (
            Condition::between("name", None, text("a long way to")),
            |_| false,
            12,
        ),
    ]
}

#[test]
fn no_row_is_missed_and_chunks_are_skipped() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(&directory.path().join("a.xk"), 12);
    let all: Vec<Row> = (0..12).flat_map(rows).collect();
    for (condition, meets, skipped) in conditions() {
        let before = file.bytes_read();
        let options = BatchOptions {
            columns: Some(vec!["id".to_owned()]),
            conditions: vec![condition.clone()],
            ..BatchOptions::default()
        };
        let (batches, found) = read(&file, &options);
        assert_eq!(found, skipped, "{condition:?}");
        assert_eq!(batches.len() as u64, 12 - skipped);
        assert!(skipped < 12 || file.bytes_read() == before);
        let ids: Vec<u64> = batches
            .iter()
            .flat_map(|batch| (0..batch.rows()).map(|row| value(&batch.columns()[0], row)))
            .map(|value| match value {
                Value::UInt(id) => id,
                other => panic!("{other:?}"),
            })
            .collect();
        for row in all.iter().filter(|row| meets(row)) {
            assert!(ids.contains(&row.id), "{condition:?} missed {row:?}");
        }
    }
}

#[test]
fn conditions_hold_together_and_with_a_first_row() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(&directory.path().join("a.xk"), 12);
    let between =
        |low, high| Condition::between("id", Some(Bound::Int(low)), Some(Bound::Int(high)));
    let options = BatchOptions {
        first_row: 250,
        conditions: vec![
            between(0, 499),
            between(200, 10_000),
            Condition::is_null("level"),
        ],
        ..BatchOptions::default()
    };
    let (batches, skipped) = read(&file, &options);
    assert_eq!((batches.len(), skipped), (1, 9));
    assert_eq!(batches[0].rows(), 50);
    assert!(matches!(
        value(&batches[0].columns()[0], 0),
        Value::UInt(250)
    ));
}

#[test]
fn conditions_that_make_no_sense_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(&directory.path().join("a.xk"), 1);
    let refused = |condition| {
        let options = BatchOptions {
            conditions: vec![condition],
            ..BatchOptions::default()
        };
        file.batches_with("rows", &options).err().unwrap().kind()
    };
    let nan = Some(Bound::Float(f64::NAN));
    assert_eq!(refused(Condition::is_null("levle")), ErrorKind::NotFound);
    assert_eq!(
        refused(Condition::between("level", nan, None)),
        ErrorKind::Usage
    );
    assert_eq!(
        refused(Condition::between("name", Some(Bound::Int(1)), None)),
        ErrorKind::Usage
    );
    let bytes = Some(Bound::Bytes(vec![1]));
    assert_eq!(
        refused(Condition::between("id", None, bytes)),
        ErrorKind::Usage
    );
}

#[derive(Serialize)]
struct Before {
    n: Option<u8>,
}

#[derive(Serialize)]
struct After {
    n: i64,
    added: Option<bool>,
}

#[test]
fn chunks_of_narrower_schemas_are_skipped_by_what_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.xk");
    let recorder = Recorder::create(&path).unwrap();
    let mut before = recorder.stream::<Before>("rows").unwrap();
    before.push(&Before { n: Some(200) }).unwrap();
    before.push(&Before { n: None }).unwrap();
    before.finish().unwrap();
    recorder.finish().unwrap();
    let recorder = Recorder::append(&path).unwrap();
    let mut after = recorder.stream::<After>("rows").unwrap();
    after
        .push(&After {
            n: -1,
            added: Some(true),
        })
        .unwrap();
    after.finish().unwrap();
    recorder.finish().unwrap();
    let file = open(&path).unwrap();
    let kept = |condition| {
        let options = BatchOptions {
            conditions: vec![condition],
            ..BatchOptions::default()
        };
        let (batches, skipped) = read(&file, &options);
        assert_eq!(batches.len() as u64 + skipped, 2);
        batches.iter().map(Batch::rows).sum::<usize>()
    };
    assert_eq!(kept(Condition::between("n", Some(Bound::Int(0)), None)), 2);
    assert_eq!(kept(Condition::between("n", None, Some(Bound::Int(0)))), 1);
    assert_eq!(kept(Condition::is_null("n")), 2);
    assert_eq!(kept(Condition::is_null("added")), 2);
    assert_eq!(kept(Condition::between("added", None, None)), 1);
}
