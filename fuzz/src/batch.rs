//! What holds of every batch that a decoder gives away.

use export_core::{Batch, array};

use crate::limits;

/// Panics where the batch breaks Arrow's rules or is not of its schema.
pub(crate) fn check(batch: &Batch) {
    let schema = batch.schema();
    assert_eq!(schema.fields.len(), batch.columns().len());
    for (field, column) in schema.fields.iter().zip(batch.columns()) {
        assert_eq!(array::len(column), batch.rows(), "{}", field.name);
        assert!(array::has_type(column, &field.data_type), "{}", field.name);
        if let Err(error) = array::validate(column, &limits()) {
            // A type or a value may be over a limit that its decoder does not have.
            assert_eq!(
                error.kind(),
                export_core::ErrorKind::Limit,
                "{}: {error}",
                field.name
            );
        }
    }
}
