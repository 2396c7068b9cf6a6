//! Whether batches are what a schema says.

use std::collections::BTreeSet;
use std::sync::Arc;

use export_core::marrow::array::Array;
use export_core::marrow::datatypes::{DataType, Field};
use export_core::value::{Value, value};
use export_core::{Batch, Check, Finding, Limits, Result, Schema, array, widen};

use crate::damage;

const NAME: &str = "conforms";

/// Whether batches are what a schema says: every column there and of its type or a narrower one, no other columns, no nulls
/// where none may be (at any depth), and arrays that keep Arrow's rules. Each is reported once a column.
#[derive(Debug, Clone)]
pub struct Conforms {
    schema: Arc<Schema>,
    limits: Limits,
    reported: BTreeSet<String>,
}

impl Conforms {
    /// A check against `schema`, of arrays nested no deeper than `limits` allow.
    #[must_use]
    pub fn new(schema: Arc<Schema>, limits: Limits) -> Self {
        Self {
            schema,
            limits,
            reported: BTreeSet::new(),
        }
    }

    fn report(
        &mut self,
        findings: &mut Vec<Finding>,
        column: &str,
        row: Option<u64>,
        text: String,
    ) {
        if self.reported.insert(column.to_owned()) {
            findings.push(damage(NAME, column, row, text));
        }
    }
}

impl Check for Conforms {
    fn name(&self) -> &str {
        NAME
    }

    fn check(&mut self, first_row: u64, batch: &Batch, findings: &mut Vec<Finding>) -> Result<()> {
        let schema = Arc::clone(&self.schema);
        for extra in &batch.schema().fields {
            if schema.index_of(&extra.name).is_none() {
                self.report(
                    findings,
                    &extra.name,
                    None,
                    "the column is not in the schema".into(),
                );
            }
        }
        for field in &schema.fields {
            let place = batch.schema().index_of(&field.name);
            let found = place
                .and_then(|at| Some((batch.schema().fields.get(at)?, batch.columns().get(at)?)));
            let Some((own, column)) = found else {
                self.report(findings, &field.name, None, "the column is missing".into());
                continue;
            };
            let nullable = Field {
                nullable: true,
                ..field.clone()
            };
            if !widen::widens(own, &nullable) {
                let text = format!(
                    "the column is {:?} where {:?} belongs",
                    own.data_type, field.data_type
                );
                self.report(findings, &field.name, None, text);
            } else if let Err(error) = array::validate(column, &self.limits) {
                // Which slot is broken is not known by its row.
                self.report(findings, &field.name, None, error.message());
            } else if let Some(row) = (0..batch.rows()).find(|&row| !holds(field, column, row)) {
                let row = first_row.saturating_add(row as u64);
                let text = "a value is missing where none may be".to_owned();
                self.report(findings, &field.name, Some(row), text);
            }
        }
        Ok(())
    }
}

/// Whether a slot has a value wherever its field, or one inside of it, says so.
fn holds(field: &Field, array: &Array, row: usize) -> bool {
    match (value(array, row), &field.data_type) {
        (Value::Null, _) => field.nullable || field.data_type == DataType::Null,
        (
            Value::List(elements, start, end),
            DataType::List(element)
            | DataType::LargeList(element)
            | DataType::FixedSizeList(element, _),
        ) => (start..end).all(|at| holds(element, elements, at)),
        (Value::Struct(array, row), DataType::Struct(fields)) => {
            // A narrower struct lacks fields, which are null then.
            fields.iter().all(|field| {
                let child = array
                    .fields
                    .iter()
                    .find(|(meta, _)| meta.name == field.name);
                child.map_or(field.nullable, |(_, child)| holds(field, child, row))
            })
        }
        (Value::Map(_, values, start, end), DataType::Map(entries, _)) => {
            match &entries.data_type {
                DataType::Struct(fields) => fields
                    .get(1)
                    .is_none_or(|field| (start..end).all(|at| holds(field, values, at))),
                _ => true,
            }
        }
        _ => true,
    }
}
