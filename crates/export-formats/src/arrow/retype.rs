//! The same buffers under a type that differs in nested names, nullability or metadata.

use arrow_data::ArrayData;
use arrow_schema::DataType;
use export_core::{Error, Result};

/// `data` as `to`, whose layout it has.
pub(super) fn to_type(data: ArrayData, to: &DataType) -> Result<ArrayData> {
    let children: Vec<&DataType> = match to {
        DataType::List(child)
        | DataType::LargeList(child)
        | DataType::FixedSizeList(child, _)
        | DataType::Map(child, _) => vec![child.data_type()],
        DataType::Struct(children) => children.iter().map(|child| child.data_type()).collect(),
        DataType::Union(children, _) => children
            .iter()
            .map(|(_, child)| child.data_type())
            .collect(),
        DataType::Dictionary(_, values) => vec![values.as_ref()],
        DataType::RunEndEncoded(ends, values) => vec![ends.data_type(), values.data_type()],
        _ => Vec::new(),
    };
    let children = std::iter::zip(data.child_data().to_vec(), children)
        .map(|(child, to)| to_type(child, to))
        .collect::<Result<_>>()?;
    data.into_builder()
        .data_type(to.clone())
        .child_data(children)
        .build()
        .map_err(Error::schema)
}
