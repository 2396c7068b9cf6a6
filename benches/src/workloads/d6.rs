//! D6, flights: a real table, read from a file.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use export_core::marrow::array::{Array, TimestampArray};
use export_core::marrow::datatypes::TimeUnit;
use export_core::{Batch, Error, Result};
use flate2::read::GzDecoder;

use crate::columns::{Columns, Text, batches as in_batches, sparse};

/// Spelling of what is not known.
const NULL: &str = "NA";
const ROW_BYTES: usize = 140;

/// What a column holds; all else are integers.
const TEXT_COLUMNS: [&str; 4] = ["carrier", "tailnum", "origin", "dest"];
const TIME_COLUMN: &str = "time_hour";

pub(super) fn batches(rows: usize) -> Result<Vec<Batch>> {
    let path = source();
    read(&path, rows).map_err(|error| error.in_file(path.display().to_string()))
}

/// The whole table where it lies beside the repository, otherwise the excerpt in it.
fn source() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let whole = root.join("../shared/data/flights.csv.gz");
    if whole.is_file() {
        whole
    } else {
        root.join("examples/data/flights.csv.gz")
    }
}

fn read(path: &Path, rows: usize) -> Result<Vec<Batch>> {
    let mut table = csv::Reader::from_reader(GzDecoder::new(File::open(path)?));
    let names = table.headers().map_err(Error::data)?.clone();
    let records: Vec<StringRecord> = table
        .records()
        .take(rows)
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::data)?;
    let mut left = records.as_slice();
    in_batches(records.len(), ROW_BYTES, |count| {
        let (records, rest) = left.split_at_checked(count).unwrap_or((left, &[]));
        left = rest;
        let mut columns = Columns::default();
        for (at, name) in names.iter().enumerate() {
            columns = columns.with_nullable(name, column(name, at, records)?);
        }
        columns.batch(count)
    })
}

fn column(name: &str, at: usize, records: &[StringRecord]) -> Result<Array> {
    let cells = records
        .iter()
        .map(|record| record.get(at).filter(|&cell| cell != NULL));
    if TEXT_COLUMNS.contains(&name) {
        let mut text = Text::default();
        for cell in cells {
            match cell {
                None => text.push_null(),
                Some(cell) => text.push(cell),
            }
        }
        return text.array();
    }
    if name == TIME_COLUMN {
        let values = sparse(values(name, cells, |cell| {
            cell.parse::<jiff::Timestamp>()
                .map(jiff::Timestamp::as_second)
                .map_err(Error::data)
        })?);
        return Ok(Array::Timestamp(TimestampArray {
            unit: TimeUnit::Second,
            timezone: Some(String::from("UTC")),
            validity: values.validity,
            values: values.values,
        }));
    }
    let values = values(name, cells, |cell| cell.parse().map_err(Error::data))?;
    Ok(Array::Int64(sparse(values)))
}

fn values<'a>(
    name: &str,
    cells: impl Iterator<Item = Option<&'a str>>,
    parse: impl Fn(&str) -> Result<i64>,
) -> Result<Vec<Option<i64>>> {
    cells
        .map(|cell| {
            cell.map(&parse)
                .transpose()
                .map_err(|error| error.in_column(name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_flight_is_there() {
        let batches = batches(1_000).unwrap();
        let batch = &batches[0];
        assert_eq!((batch.rows(), batch.columns().len()), (1_000, 19));
        let column = |name| &batch.columns()[batch.schema().index_of(name).unwrap()];
        let Array::Int64(flights) = column("flight") else {
            panic!()
        };
        assert_eq!(flights.values[..2], [1545, 1714]);
        let Array::Utf8(tails) = column("tailnum") else {
            panic!()
        };
        assert!(tails.data.starts_with(b"N14228N24211"));
        let Array::Timestamp(hours) = column("time_hour") else {
            panic!()
        };
        // 2013-01-01T10:00:00Z
        assert_eq!(hours.values[0], 1_357_034_400);
    }
}
