//! Columns built value by value, whose types are found on the way.
//!
//! A [`RowBuilder`] is what readers of rows (JSON, MessagePack, any serde type) push into. The first value of a column says
//! what type it has; a value that does not fit widens it, without loss:
//!
//! | column | value | becomes |
//! |---|---|---|
//! | null | anything | that type |
//! | integers | integers | the wider type; `i64` and `u64` become `u64` while none is negative, else `Decimal128(20, 0)` |
//! | integers | integers of up to 38 digits | `Decimal128(38, 0)` |
//! | integers | floats, and the reverse | `Float64` while every integer of the whole stream is exact in it, else JSON |
//! | names | text | text |
//! | anything | anything else | JSON documents as text (`arrow.json`), with a [`Note`] |
//!
//! Fields that come late are null in earlier rows; fields that a row leaves out are null. What was learnt outlives
//! [`RowBuilder::take_batch`]: later batches are never narrower.
//!
//! ```
//! use export_core::build::RowBuilder;
//!
//! let mut rows = RowBuilder::new();
//! rows.field("step")?.push_i64(1)?;
//! rows.end_row();
//! rows.field("step")?.push_i64(2)?;
//! rows.field("label")?.push_str("late")?;
//! rows.end_row();
//!
//! let batch = rows.take_batch()?;
//! assert_eq!(batch.rows(), 2);
//! assert_eq!(batch.schema().fields[1].name, "label");
//! # Ok::<(), export_core::Error>(())
//! ```

pub(crate) mod bits;
pub(crate) mod bytes;
mod column;
mod json;
pub(crate) mod leaf;
mod mixed;
pub(crate) mod nested;
pub(crate) mod number;
mod open;
pub(crate) mod push;
mod recast;
mod scalar;
pub(crate) mod temporal;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use marrow::array::Array;
use marrow::datatypes::Field;

pub use column::Column;
pub use temporal::Temporal;

use crate::image::{self, RowImage};
use crate::{Batch, Limits, Note, Result, Schema};
use column::{Data, Shape};
use leaf::Slots;
use nested::Struct;

/// What makes batches of rows, however these are pushed.
pub trait BatchBuilder {
    /// Rows that were not taken.
    fn rows(&self) -> usize;
    /// Bytes that the batch would have now: a sum over columns, not over rows.
    fn memory_bytes(&self) -> usize;
    /// The rows so far as a batch; none are left.
    fn take_batch(&mut self) -> Result<Batch>;
    /// Writes the last row that was pushed and not taken; nothing where there is none.
    fn image_last(&mut self, row: &mut RowImage<'_>);
    /// The schema of the image written last: [`crate::image::read`] needs it.
    fn image_schema(&self) -> Result<Arc<Schema>>;
    /// Another number whenever the image written last has another schema than the one before.
    fn image_shape(&self) -> u64;
}

impl BatchBuilder for RowBuilder {
    fn rows(&self) -> usize {
        self.rows()
    }
    fn memory_bytes(&self) -> usize {
        self.memory_bytes()
    }
    fn take_batch(&mut self) -> Result<Batch> {
        self.take_batch()
    }
    fn image_last(&mut self, row: &mut RowImage<'_>) {
        let Some(last) = self.rows.checked_sub(1) else {
            return;
        };
        // A field that only some elements of a list have is seen to be nullable once the others are written.
        row.repeat(|row| {
            let before = self.image_shape();
            image::row(row, |row| self.root.image_fields(last, row));
            self.image_shape() == before
        });
    }
    fn image_schema(&self) -> Result<Arc<Schema>> {
        Ok(Arc::new(Schema {
            fields: self.root.data_fields(),
            ..Schema::default()
        }))
    }
    fn image_shape(&self) -> u64 {
        self.root.shape().image_changes()
    }
}

/// Which fields of the built batches are nullable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Nullability {
    /// Those that had a null, a missing value, or [`Column::mark_nullable`]: for rows whose types are declared.
    #[default]
    Seen,
    /// All: for rows out of text, where any value may be missing in the next row. The schema then widens less often.
    Always,
}

/// Builds batches row by row. Fields come in any order; values go into [`RowBuilder::field`].
#[derive(Debug)]
pub struct RowBuilder {
    root: Struct,
    rows: usize,
    #[cfg_attr(
        not(feature = "serde"),
        expect(dead_code, reason = "only serde types nest by themselves")
    )]
    max_depth: u32,
    schema: Option<Arc<Schema>>,
}

impl Default for RowBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl RowBuilder {
    /// A builder that knows no field yet, under default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with(&Limits::default(), Nullability::default())
    }

    /// A builder of at most `limits.columns` columns, nested ones counted, and rows of at most `limits.depth` levels where
    /// it can tell (readers of documents count for themselves).
    #[must_use]
    pub fn with(limits: &Limits, nullability: Nullability) -> Self {
        let shape = Shape::new(limits, nullability == Nullability::Always);
        Self {
            root: Struct::new(&Arc::new(shape)),
            rows: 0,
            max_depth: limits.depth,
            schema: None,
        }
    }

    /// Where the value of a field of the open row goes: exactly one value must be pushed. Quickest in the order of the last
    /// row. Fails where the row has that field already.
    #[inline]
    pub fn field(&mut self, name: &str) -> Result<&mut Column> {
        self.root.field(name)
    }

    /// [`RowBuilder::field`] of a name that lives as long as the program.
    #[cfg(feature = "serde")]
    #[inline]
    pub(crate) fn static_field(&mut self, name: &'static str) -> Result<&mut Column> {
        self.root.static_field(name)
    }

    /// Adds a field before the first row that has it, so that it comes before others.
    pub fn declare(&mut self, name: &str) -> Result<()> {
        self.root.declare(name)
    }

    /// Ends the open row; fields it left out are null.
    #[inline]
    pub fn end_row(&mut self) {
        self.root.end();
        self.root.begin();
        self.rows += 1;
    }

    /// Levels that a row may have, its own counted.
    #[cfg(feature = "serde")]
    pub(crate) fn max_depth(&self) -> u32 {
        self.max_depth
    }

    /// Takes back the open row, however far it has come. Types it widened stay wide.
    pub fn rollback(&mut self) {
        self.root.truncate(self.rows);
        self.root.begin();
    }

    /// Columns that are known, nested ones not counted.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.root.fields.len()
    }

    /// Rows that were ended and not taken.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes that the batch would have now: a sum over columns, not over rows.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.root.bytes()
    }

    /// The rows so far as a batch. An open row is taken back. Batches of one type share their schema.
    pub fn take_batch(&mut self) -> Result<Batch> {
        self.rollback();
        let rows = std::mem::take(&mut self.rows);
        let Array::Struct(root) = self.root.take() else {
            return Err(crate::Error::schema("rows are structs"));
        };
        let (fields, columns): (Vec<Field>, Vec<Array>) = root
            .fields
            .into_iter()
            .map(|(meta, array)| {
                let (name, nullable, metadata) = (meta.name, meta.nullable, meta.metadata);
                (
                    Field {
                        name,
                        data_type: array.data_type(),
                        nullable,
                        metadata,
                    },
                    array,
                )
            })
            .unzip();
        let schema = match self.schema.take() {
            Some(schema) if schema.fields == fields => schema,
            _ => Arc::new(Schema {
                fields,
                ..Schema::default()
            }),
        };
        self.schema = Some(Arc::clone(&schema));
        Batch::new(schema, rows, columns)
    }

    /// A note for each column that holds values of kinds no type has room for, and is JSON therefore.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        note_fields(&self.root, "", &mut notes);
        notes
    }
}

fn note_fields(fields: &Struct, path: &str, notes: &mut Vec<Note>) {
    for entry in &fields.fields {
        let separator = if path.is_empty() { "" } else { "." };
        note_column(
            &entry.column,
            &format!("{path}{separator}{}", entry.name),
            notes,
        );
    }
}

fn note_column(column: &Column, path: &str, notes: &mut Vec<Note>) {
    match &column.data {
        Data::Json(json) => notes.push(Note {
            stream: None,
            column: Some(path.to_owned()),
            text: format!(
                "holds {} and {}: every value is kept as JSON text",
                json.why.0, json.why.1
            ),
            loss: false,
        }),
        Data::List(list) => note_column(&list.elements, &format!("{path}[]"), notes),
        Data::Struct(fields) => note_fields(fields, path, notes),
        Data::Map(map) => {
            note_column(&map.keys, &format!("{path}.key"), notes);
            note_column(&map.values, &format!("{path}.value"), notes);
        }
        _ => {}
    }
}
