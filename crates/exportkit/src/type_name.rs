//! Types as users read them.

use export_core::marrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use export_core::schema::is_json;

/// A type's name as shown to users, such as `timestamp[ns, UTC]`, `list<int64>` or `struct<a: utf8, b: json>`.
#[must_use]
pub fn data_type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "null".into(),
        DataType::Boolean => "bool".into(),
        DataType::Int8 => "int8".into(),
        DataType::Int16 => "int16".into(),
        DataType::Int32 => "int32".into(),
        DataType::Int64 => "int64".into(),
        DataType::UInt8 => "uint8".into(),
        DataType::UInt16 => "uint16".into(),
        DataType::UInt32 => "uint32".into(),
        DataType::UInt64 => "uint64".into(),
        DataType::Float16 => "float16".into(),
        DataType::Float32 => "float32".into(),
        DataType::Float64 => "float64".into(),
        DataType::Utf8 => "utf8".into(),
        DataType::LargeUtf8 => "large_utf8".into(),
        DataType::Utf8View => "utf8_view".into(),
        DataType::Binary => "binary".into(),
        DataType::LargeBinary => "large_binary".into(),
        DataType::BinaryView => "binary_view".into(),
        DataType::FixedSizeBinary(width) => format!("fixed_size_binary[{width}]"),
        DataType::Date32 => "date32".into(),
        DataType::Date64 => "date64".into(),
        DataType::Timestamp(of, None) => format!("timestamp[{}]", unit(*of)),
        DataType::Timestamp(of, Some(zone)) => format!("timestamp[{}, {zone}]", unit(*of)),
        DataType::Time32(of) => format!("time32[{}]", unit(*of)),
        DataType::Time64(of) => format!("time64[{}]", unit(*of)),
        DataType::Duration(of) => format!("duration[{}]", unit(*of)),
        DataType::Interval(IntervalUnit::YearMonth) => "interval[months]".into(),
        DataType::Interval(IntervalUnit::DayTime) => "interval[days, ms]".into(),
        DataType::Interval(IntervalUnit::MonthDayNano) => "interval[months, days, ns]".into(),
        DataType::Decimal128(precision, scale) => format!("decimal128({precision}, {scale})"),
        DataType::Struct(fields) => format!("struct<{}>", named(fields)),
        DataType::List(element) => format!("list<{}>", field_type_name(element)),
        DataType::LargeList(element) => format!("large_list<{}>", field_type_name(element)),
        DataType::FixedSizeList(element, n) => {
            format!("fixed_size_list<{}>[{n}]", field_type_name(element))
        }
        DataType::Map(entries, _) => match &entries.data_type {
            DataType::Struct(fields) => format!("map<{}>", named(fields)),
            other => format!("map<{}>", data_type_name(other)),
        },
        DataType::Dictionary(keys, values) => {
            format!(
                "dictionary<{}, {}>",
                data_type_name(keys),
                data_type_name(values)
            )
        }
        DataType::RunEndEncoded(ends, values) => {
            format!(
                "run_end_encoded<{}, {}>",
                field_type_name(ends),
                field_type_name(values)
            )
        }
        DataType::Union(fields, mode) => {
            let fields: Vec<_> = fields.iter().map(|(_, field)| field.clone()).collect();
            format!(
                "{}_union<{}>",
                mode.to_string().to_lowercase(),
                named(&fields)
            )
        }
        other => format!("{other:?}").to_lowercase(),
    }
}

/// [`data_type_name`] of a field's type; `json` where its text is JSON documents.
#[must_use]
pub fn field_type_name(field: &Field) -> String {
    if is_json(field) {
        "json".into()
    } else {
        data_type_name(&field.data_type)
    }
}

fn named(fields: &[Field]) -> String {
    let fields = fields
        .iter()
        .map(|field| format!("{}: {}", field.name, field_type_name(field)));
    fields.collect::<Vec<_>>().join(", ")
}

fn unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}
