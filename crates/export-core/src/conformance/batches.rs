//! Batches of every type in every shape.

use std::sync::Arc;

use marrow::datatypes::{DataType, Field};

use super::random::Random;
use super::{column, types};
use crate::{Batch, Result, Schema};

/// What the values of a batch are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// No null, any value.
    Full,
    /// Nulls only, with rubbish in their slots.
    Null,
    /// Few values, which come again and again, a third of them null.
    Few,
    /// Values that rise slowly, no null.
    Rising,
    /// Long runs of one value or of nulls.
    Runs,
    /// The least, the largest, and those that a careless conversion changes, with some nulls.
    Extreme,
}

const SHAPES: [(Shape, usize); 9] = [
    (Shape::Full, 0),
    (Shape::Full, 1),
    (Shape::Null, 1),
    (Shape::Null, 13),
    (Shape::Full, 61),
    (Shape::Few, 200),
    (Shape::Rising, 300),
    (Shape::Runs, 200),
    (Shape::Extreme, 65),
];

/// Batches of one column for each type of [`super::fields`] and of many columns, in every shape: empty, one row, all null, no
/// null, few values, rising, runs, extremes. The same seed gives the same batches.
pub fn batches(seed: u64) -> Result<Vec<Batch>> {
    let fields = types::fields();
    let mut all = Vec::new();
    for field in &fields {
        all.extend(batches_of(std::slice::from_ref(field), seed)?);
    }
    all.extend(batches_of(&fields, seed ^ 0x5EED)?);
    Ok(all)
}

/// Batches of these columns in every shape.
pub fn batches_of(fields: &[Field], seed: u64) -> Result<Vec<Batch>> {
    let schema = Arc::new(Schema::new(fields.to_vec())?);
    SHAPES
        .iter()
        .map(|&(shape, rows)| batch(&schema, shape, rows, seed))
        .collect()
}

fn batch(schema: &Arc<Schema>, shape: Shape, rows: usize, seed: u64) -> Result<Batch> {
    let mut random = Random::new(seed);
    let columns = schema
        .fields
        .iter()
        .map(|field| {
            let nullable = field.nullable || field.data_type == DataType::Null;
            column::array(&field.data_type, nullable, shape, rows, &mut random)
        })
        .collect::<Result<_>>()?;
    Batch::new(Arc::clone(schema), rows, columns)
}
