//! Columns in which no value may be missing.

use export_core::value::{Value, value};
use export_core::{Batch, Check, Error, Finding, Result, array};

use crate::{damage, values_are};

const NAME: &str = "not-null";

/// Columns in which no value may be missing. Reports how many are and the first row of them, once a column.
#[derive(Debug, Clone)]
pub struct NotNull {
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    missing: u64,
    first: u64,
}

impl NotNull {
    /// A check of these columns.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        let column = |name: S| Column {
            name: name.into(),
            missing: 0,
            first: 0,
        };
        Self {
            columns: columns.into_iter().map(column).collect(),
        }
    }
}

impl Check for NotNull {
    fn name(&self) -> &str {
        NAME
    }

    fn check(&mut self, first_row: u64, batch: &Batch, _: &mut Vec<Finding>) -> Result<()> {
        for column in &mut self.columns {
            let values = find(batch, &column.name)?;
            let missing = array::null_count(values) as u64;
            if column.missing == 0 && missing > 0 {
                let is_null = |row: &usize| matches!(value(values, *row), Value::Null);
                let first = (0..batch.rows()).find(is_null).unwrap_or(0);
                column.first = first_row.saturating_add(first as u64);
            }
            column.missing = column.missing.saturating_add(missing);
        }
        Ok(())
    }

    fn finish(&mut self, findings: &mut Vec<Finding>) -> Result<()> {
        for Column {
            name,
            missing,
            first,
        } in &self.columns
        {
            if *missing > 0 {
                let text = format!("{} missing", values_are(*missing));
                findings.push(damage(NAME, name, Some(*first), text));
            }
        }
        Ok(())
    }
}

/// The column that a rule names.
pub(crate) fn find<'a>(
    batch: &'a Batch,
    name: &str,
) -> Result<&'a export_core::marrow::array::Array> {
    let column = batch
        .schema()
        .index_of(name)
        .and_then(|at| batch.columns().get(at));
    column.ok_or_else(|| {
        let names: Vec<&str> = batch
            .schema()
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        Error::not_found("a rule names a column that is not there")
            .in_column(name)
            .with_hint(format!("the columns are {}", names.join(", ")))
    })
}
