//! Decimals of 32 and 64 bits, which batches have no arrays for, are read as those of 128 bits. The sizes are the readers'
//! choice: files hold the same integers either way.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Schema};
use export_core::Result;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::fault;

/// The file's metadata, with a schema whose decimals have 128 bits.
pub(super) fn widened(loaded: ArrowReaderMetadata) -> Result<ArrowReaderMetadata> {
    let fields: Vec<FieldRef> = loaded.schema().fields().iter().map(wide_field).collect();
    if loaded.schema().fields().iter().eq(fields.iter()) {
        return Ok(loaded);
    }
    let schema = Schema::new_with_metadata(fields, loaded.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(Arc::clone(loaded.metadata()), options).map_err(fault::in_reading)
}

fn wide_field(field: &FieldRef) -> FieldRef {
    let data_type = wide(field.data_type());
    Arc::new(Field::clone(field).with_data_type(data_type))
}

fn wide(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::List(child) => DataType::List(wide_field(child)),
        DataType::LargeList(child) => DataType::LargeList(wide_field(child)),
        DataType::FixedSizeList(child, size) => DataType::FixedSizeList(wide_field(child), *size),
        DataType::Map(child, sorted) => DataType::Map(wide_field(child), *sorted),
        DataType::Struct(children) => DataType::Struct(children.iter().map(wide_field).collect()),
        DataType::Dictionary(keys, values) => {
            DataType::Dictionary(keys.clone(), Box::new(wide(values)))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_decimals_too() {
        let narrow = DataType::Decimal64(10, 2);
        let list = |inner: DataType| DataType::List(Arc::new(Field::new("item", inner, true)));
        assert_eq!(wide(&list(narrow)), list(DataType::Decimal128(10, 2)));
        assert_eq!(wide(&list(DataType::Int8)), list(DataType::Int8));
    }
}
