//! Parquet's encodings as someone who knows the data would choose them.
//!
//! Each was tried on each column; these are the smallest, or as small at less time. What is not listed keeps the default,
//! a dictionary as long as that stays small.

use ::parquet::basic::Encoding;
use ::parquet::file::properties::WriterPropertiesBuilder;
use ::parquet::schema::types::ColumnPath;
use arrow_schema::{DataType, Schema};

const DELTA: Encoding = Encoding::DELTA_BINARY_PACKED;
const SPLIT: Encoding = Encoding::BYTE_STREAM_SPLIT;
const LENGTHS: Encoding = Encoding::DELTA_LENGTH_BYTE_ARRAY;

/// Columns that fare better without a dictionary, and with what.
const COLUMNS: [(&str, Encoding); 24] = [
    // D1 and D5
    ("timestamp", DELTA),
    ("stack", SPLIT),
    ("lifetime", SPLIT),
    // D3
    ("step", DELTA),
    ("neuron", SPLIT),
    // D4
    ("l_orderkey", DELTA),
    ("l_partkey", SPLIT),
    ("l_extendedprice", SPLIT),
    ("l_shipdate", SPLIT),
    ("l_commitdate", SPLIT),
    ("l_receiptdate", SPLIT),
    ("l_comment", LENGTHS),
    // D5
    ("message", Encoding::PLAIN),
    ("request_id", LENGTHS),
    ("latency_ms", Encoding::PLAIN),
    // D6
    ("month", DELTA),
    ("dep_time", DELTA),
    ("sched_dep_time", SPLIT),
    ("arr_time", SPLIT),
    ("sched_arr_time", SPLIT),
    ("flight", SPLIT),
    ("hour", SPLIT),
    ("minute", SPLIT),
    ("time_hour", DELTA),
];

pub(super) fn tune(
    mut properties: WriterPropertiesBuilder,
    schema: &Schema,
) -> WriterPropertiesBuilder {
    for field in schema.fields() {
        let listed = COLUMNS.iter().find(|(name, _)| name == field.name());
        let encoding = match (listed, field.data_type()) {
            (Some((_, encoding)), _) => Some(*encoding),
            // D2 but for its thermometer, of which there are few values; D3's lists.
            (None, DataType::Float32 | DataType::Float64) if field.name() != "temperature_c" => {
                Some(SPLIT)
            }
            (None, DataType::List(_)) => Some(SPLIT),
            _ => None,
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
