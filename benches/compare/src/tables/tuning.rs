//! Parquet's encodings as someone who knows the data would choose them.
//!
//! Each was tried on each column; these are the smallest, or as small at less time. What is not listed keeps the default,
//! a dictionary as long as that stays small.

use ::parquet::basic::Encoding;
use ::parquet::file::properties::WriterPropertiesBuilder;
use ::parquet::schema::types::ColumnPath;
use arrow_schema::{DataType, Schema};

/// Columns whose values are not worth a dictionary, and what is.
const COLUMNS: [(&str, Encoding); 19] = [
    // D1
    ("timestamp", Encoding::DELTA_BINARY_PACKED),
    ("address", Encoding::DELTA_BINARY_PACKED),
    ("lifetime", Encoding::DELTA_BINARY_PACKED),
    // D3
    ("step", Encoding::DELTA_BINARY_PACKED),
    ("neuron", Encoding::DELTA_BINARY_PACKED),
    // D4
    ("l_orderkey", Encoding::DELTA_BINARY_PACKED),
    ("l_partkey", Encoding::DELTA_BINARY_PACKED),
    ("l_suppkey", Encoding::DELTA_BINARY_PACKED),
    ("l_extendedprice", Encoding::DELTA_BINARY_PACKED),
    ("l_shipdate", Encoding::DELTA_BINARY_PACKED),
    ("l_commitdate", Encoding::DELTA_BINARY_PACKED),
    ("l_receiptdate", Encoding::DELTA_BINARY_PACKED),
    ("l_comment", Encoding::PLAIN),
    // D5
    ("message", Encoding::DELTA_LENGTH_BYTE_ARRAY),
    ("request_id", Encoding::DELTA_LENGTH_BYTE_ARRAY),
    ("latency_ms", Encoding::BYTE_STREAM_SPLIT),
    // D6
    ("flight", Encoding::DELTA_BINARY_PACKED),
    ("time_hour", Encoding::DELTA_BINARY_PACKED),
    ("dep_time", Encoding::DELTA_BINARY_PACKED),
];

pub(super) fn tune(
    mut properties: WriterPropertiesBuilder,
    schema: &Schema,
) -> WriterPropertiesBuilder {
    for field in schema.fields() {
        let listed = COLUMNS.iter().find(|(name, _)| name == field.name());
        let encoding = match field.data_type() {
            DataType::Float32 | DataType::Float64 => Some(Encoding::BYTE_STREAM_SPLIT),
            // D3's lists.
            DataType::List(_) => Some(Encoding::DELTA_BINARY_PACKED),
            _ => listed.map(|(_, encoding)| *encoding),
        };
        let Some(encoding) = encoding else { continue };
        let column = match field.data_type() {
            DataType::List(item) => {
                let path = [field.name(), "list", item.name()];
                ColumnPath::new(path.into_iter().map(String::from).collect())
            }
            _ => ColumnPath::from(field.name().as_str()),
        };
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, encoding);
    }
    properties
}
