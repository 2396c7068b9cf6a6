//! Columns that Parquet has no type for, as the nearest that holds every value.

use std::sync::Arc;

use export_core::marrow::array::{Array, PrimitiveArray, StructArray};
use export_core::marrow::datatypes::{DataType, Field, FieldMeta, IntervalUnit, TimeUnit};
use export_core::marrow::types::MonthDayNanoInterval;
use export_core::{Batch, Error, Note, Result, Schema, array};

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    /// Seconds to milliseconds.
    Milliseconds,
    /// Milliseconds of whole days to days.
    Days,
    /// Months, days and nanoseconds to a struct of them.
    Parts,
    /// Runs to their values.
    Expanded,
}

/// How the batches of a stream are changed before they are written.
pub(super) struct Preparation {
    schema: Arc<Schema>,
    changes: Vec<Change>,
    pub(super) notes: Vec<Note>,
}

impl Preparation {
    /// Fails, naming the column, where Parquet has nothing to hold a type.
    pub(super) fn new(stream: &str, schema: &Schema) -> Result<Self> {
        let (mut fields, mut changes, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for field in &schema.fields {
            let (change, data_type, text) = change_of(&field.data_type);
            is_writable(&data_type).map_err(|error| error.in_column(&field.name))?;
            changes.push(change);
            notes.extend(text.map(|text| Note {
                stream: Some(stream.to_owned()),
                column: Some(field.name.clone()),
                text: text.to_owned(),
                loss: false,
            }));
            fields.push(Field {
                data_type,
                ..field.clone()
            });
        }
        let schema = Arc::new(Schema {
            fields,
            metadata: schema.metadata.clone(),
        });
        Ok(Self {
            schema,
            changes,
            notes,
        })
    }

    pub(super) fn apply(&self, batch: Batch) -> Result<Batch> {
        if self.changes.iter().all(|change| *change == Change::None) {
            return Ok(batch);
        }
        let rows = batch.rows();
        let columns = std::iter::zip(
            batch.into_columns(),
            std::iter::zip(&self.changes, &self.schema.fields),
        )
        .map(|(column, (change, field))| {
            changed(column, *change).map_err(|error| error.in_column(&field.name))
        })
        .collect::<Result<_>>()?;
        Batch::new(Arc::clone(&self.schema), rows, columns)
    }
}

fn change_of(data_type: &DataType) -> (Change, DataType, Option<&'static str>) {
    match data_type {
        DataType::Timestamp(TimeUnit::Second, zone) => (
            Change::Milliseconds,
            DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
            Some("was written in milliseconds: Parquet has no timestamps in seconds"),
        ),
        DataType::Time32(TimeUnit::Second) => (
            Change::Milliseconds,
            DataType::Time32(TimeUnit::Millisecond),
            Some("was written in milliseconds: Parquet has no times in seconds"),
        ),
        DataType::Date64 => (
            Change::Days,
            DataType::Date32,
            Some("was written in days: Parquet has no dates in milliseconds"),
        ),
        DataType::Interval(IntervalUnit::MonthDayNano) => (
            Change::Parts,
            DataType::Struct(
                PARTS
                    .map(|(name, data_type)| part(name, data_type))
                    .to_vec(),
            ),
            Some("was written as a struct: Parquet has no intervals in nanoseconds"),
        ),
        DataType::RunEndEncoded(_, values) => (
            Change::Expanded,
            change_of(&values.data_type).1,
            Some("was written as its values: Parquet has no runs"),
        ),
        other => (Change::None, other.clone(), None),
    }
}

const DAY_MS: i64 = 86_400_000;
const TOO_FAR: &str = "the time is too far away to be told in milliseconds";

const PARTS: [(&str, DataType); 3] = [
    ("months", DataType::Int32),
    ("days", DataType::Int32),
    ("nanoseconds", DataType::Int64),
];

fn part(name: &str, data_type: DataType) -> Field {
    Field {
        name: name.to_owned(),
        data_type,
        ..Field::default()
    }
}

fn is_writable(data_type: &DataType) -> Result<()> {
    let unwritable = |what: &str| {
        Err(
            Error::unsupported(format!("{what} cannot be written to Parquet"))
                .with_hint("leave the column out, or write another format"),
        )
    };
    match data_type {
        DataType::Union(..) => unwritable("a union"),
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            unwritable("a nested interval in nanoseconds")
        }
        DataType::RunEndEncoded(..) => unwritable("a nested column of runs"),
        DataType::Decimal128(_, scale) if *scale < 0 => unwritable("a decimal of negative scale"),
        DataType::Struct(fields) if fields.is_empty() => unwritable("a struct without fields"),
        DataType::Struct(fields) => fields.iter().try_for_each(|field| {
            is_writable(&field.data_type).map_err(|error| error.in_column(&field.name))
        }),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => is_writable(&field.data_type),
        DataType::Dictionary(_, values) => is_writable(values),
        _ => Ok(()),
    }
}

fn changed(column: Array, change: Change) -> Result<Array> {
    match (change, column) {
        (Change::None, column) => Ok(column),
        (Change::Milliseconds, Array::Timestamp(mut a)) => {
            a.values = scaled(&a.values, a.validity.as_deref(), TOO_FAR, |v| {
                v.checked_mul(1000)
            })?;
            a.unit = TimeUnit::Millisecond;
            Ok(Array::Timestamp(a))
        }
        (Change::Milliseconds, Array::Time32(mut a)) => {
            a.values = scaled(&a.values, a.validity.as_deref(), TOO_FAR, |v| {
                v.checked_mul(1000)
            })?;
            a.unit = TimeUnit::Millisecond;
            Ok(Array::Time32(a))
        }
        (Change::Days, Array::Date64(a)) => {
            let days = |v: i64| i32::try_from(v / DAY_MS).ok().filter(|_| v % DAY_MS == 0);
            let what = "the date is not a whole number of days, or too far away";
            let values = scaled(&a.values, a.validity.as_deref(), what, days)?;
            let validity = a.validity;
            Ok(Array::Date32(PrimitiveArray { validity, values }))
        }
        (Change::Parts, Array::MonthDayNanoInterval(a)) => Ok(parts(a)),
        (Change::Expanded, Array::RunEndEncoded(a)) => {
            let ends: Vec<i64> = match *a.run_ends {
                Array::Int16(ends) => ends.values.into_iter().map(i64::from).collect(),
                Array::Int32(ends) => ends.values.into_iter().map(i64::from).collect(),
                Array::Int64(ends) => ends.values,
                _ => return Err(Error::schema("run ends are not integers")),
            };
            let mut rows = Vec::new();
            for (run, end) in ends.iter().enumerate() {
                let end = usize::try_from(*end).map_err(Error::schema)?;
                rows.resize(end.max(rows.len()), run);
            }
            let values = array::take(&a.values, &rows)?;
            let (within, ..) = change_of(&values.data_type());
            changed(values, within)
        }
        (_, column) => Err(Error::schema(format!(
            "is {:?}, not what its schema says",
            column.data_type()
        ))),
    }
}

/// Fails with `what`, naming the row, where a value has no counterpart. What is null may be anything.
fn scaled<T: Copy, U: Default>(
    values: &[T],
    validity: Option<&[u8]>,
    what: &'static str,
    scale: impl Fn(T) -> Option<U>,
) -> Result<Vec<U>> {
    let valid = |row: usize| {
        validity.is_none_or(|bits| {
            bits.get(row / 8)
                .is_some_and(|byte| byte >> (row % 8) & 1 == 1)
        })
    };
    let scaled = values
        .iter()
        .enumerate()
        .map(|(row, &value)| match scale(value) {
            Some(value) => Ok(value),
            None if !valid(row) => Ok(U::default()),
            None => Err(Error::data(what).at_row(row as u64 + 1)),
        });
    scaled.collect()
}

fn parts(array: PrimitiveArray<MonthDayNanoInterval>) -> Array {
    let PrimitiveArray { validity, values } = array;
    let int32 = |of: fn(&MonthDayNanoInterval) -> i32| {
        Array::Int32(PrimitiveArray {
            validity: None,
            values: values.iter().map(of).collect(),
        })
    };
    let nanoseconds = values.iter().map(|v| v.nanoseconds).collect();
    let children = [
        int32(|v| v.months),
        int32(|v| v.days),
        Array::Int64(PrimitiveArray {
            validity: None,
            values: nanoseconds,
        }),
    ];
    let meta = |name: &str| FieldMeta {
        name: name.to_owned(),
        ..FieldMeta::default()
    };
    let fields = std::iter::zip(PARTS, children).map(|((name, _), child)| (meta(name), child));
    Array::Struct(StructArray {
        len: values.len(),
        validity,
        fields: fields.collect(),
    })
}
