//! Rows of any serde type to batches and back.
//!
//! | serde | column |
//! |---|---|
//! | integers, floats, `bool` | the type of that width, kept to the bit |
//! | `i128`, `u128` | `Decimal128(38, 0)`; an error from 10³⁸ on |
//! | `str`, `char` | `Utf8` |
//! | bytes | `Binary` |
//! | `Option` | nullable; `Some(None)` reads back as `None` |
//! | sequences, arrays of more than 16 elements | `List` |
//! | structs | `Struct` |
//! | tuples and arrays of up to 16 elements | `Struct` with the fields `0`, `1`, … |
//! | maps, and structs with `#[serde(flatten)]` | `Map` |
//! | enums of variants without data | `Dictionary` of `Utf8` |
//! | other enums | `Struct` with one nullable field a variant, true for variants without data |
//! | `()` and unit structs | null |
//!
//! A row itself becomes the columns of its batch where it is a struct, a tuple or a map of text, and else one column
//! `value`. Values of a field that have no common type (untagged enums, say) are kept as JSON documents; so is an enum one
//! of whose variants with data holds nothing (`Some(None)`-like), which a struct could not tell from another.
//!
//! Reading gives each type what it asks for where that is exact: integers out of wider integers, decimals or whole floats,
//! text out of any scalar, times as text or as integers of their unit. A null is not a missing field: a field with
//! `#[serde(default)]` that may be null must be an `Option`. Maps read from structs leave nulls out.
//!
//! ```
//! use export_core::{build::RowBuilder, rows};
//!
//! #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
//! struct Sample { step: u32, spikes: Vec<u16>, label: Option<String> }
//!
//! let samples = [
//!     Sample { step: 1, spikes: vec![], label: None },
//!     Sample { step: 2, spikes: vec![7, 9], label: Some("late".into()) },
//! ];
//! let mut builder = RowBuilder::new();
//! for sample in &samples {
//!     rows::push(&mut builder, sample)?;
//! }
//! let batch = builder.take_batch()?;
//! assert_eq!(rows::read::<Sample>(&batch)?, samples);
//! # Ok::<(), export_core::Error>(())
//! ```

mod access;
mod compound;
mod de;
mod document;
mod error;
mod key;
mod root;
mod row;
mod ser;

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::build::RowBuilder;
use crate::{Batch, Error, Result};

/// Longest tuple that becomes a struct. Rust has no longer ones: what is longer is an array.
const MAX_TUPLE: usize = 16;
/// Names of a tuple's fields.
const TUPLE_FIELDS: [&str; MAX_TUPLE] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
];
/// Column of rows that have no fields of their own.
const VALUE: &str = "value";

/// Adds a row. On an error the builder is as it was, but for types that the row has widened.
pub fn push<T: Serialize + ?Sized>(builder: &mut RowBuilder, row: &T) -> Result<()> {
    match row.serialize(root::RowSerializer {
        builder: &mut *builder,
    }) {
        Ok(()) => {
            builder.end_row();
            Ok(())
        }
        Err(error) => {
            builder.rollback();
            Err(error)
        }
    }
}

/// All rows of a batch. An error says which row and column it is about.
pub fn read<T: DeserializeOwned>(batch: &Batch) -> Result<Vec<T>> {
    iter(batch).collect()
}

/// The rows of a batch, one by one.
#[must_use]
pub fn iter<T: DeserializeOwned>(batch: &Batch) -> Rows<'_, T> {
    Rows {
        batch,
        row: 0,
        rows: PhantomData,
    }
}

/// Iterator over the rows of a batch as `T`s.
#[derive(Debug, Clone)]
pub struct Rows<'a, T> {
    batch: &'a Batch,
    row: usize,
    rows: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Iterator for Rows<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.row >= self.batch.rows() {
            return None;
        }
        let row = T::deserialize(row::RowDeserializer {
            batch: self.batch,
            row: self.row,
        });
        self.row += 1;
        Some(row.map_err(|error: Error| error.at_row(self.row as u64)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.batch.rows().saturating_sub(self.row);
        (left, Some(left))
    }
}

impl<T: DeserializeOwned> ExactSizeIterator for Rows<'_, T> {}

#[cfg(test)]
mod tests;
