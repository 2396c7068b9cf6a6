//! Fields and their types as JSON.

use std::collections::BTreeMap;

use export_core::marrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit, UnionMode};
use export_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A field: its name, the name of its type, what the type is parametrised with, its children.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FieldText {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(default)]
    nullable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    precision: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale: Option<i8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sorted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ids: Vec<i8>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    children: Vec<FieldText>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

const SIMPLE: [(&str, DataType); 21] = [
    ("null", DataType::Null),
    ("boolean", DataType::Boolean),
    ("int8", DataType::Int8),
    ("int16", DataType::Int16),
    ("int32", DataType::Int32),
    ("int64", DataType::Int64),
    ("uint8", DataType::UInt8),
    ("uint16", DataType::UInt16),
    ("uint32", DataType::UInt32),
    ("uint64", DataType::UInt64),
    ("float16", DataType::Float16),
    ("float32", DataType::Float32),
    ("float64", DataType::Float64),
    ("utf8", DataType::Utf8),
    ("large_utf8", DataType::LargeUtf8),
    ("utf8_view", DataType::Utf8View),
    ("binary", DataType::Binary),
    ("large_binary", DataType::LargeBinary),
    ("binary_view", DataType::BinaryView),
    ("date32", DataType::Date32),
    ("date64", DataType::Date64),
];

const UNITS: [(&str, TimeUnit); 4] = [
    ("s", TimeUnit::Second),
    ("ms", TimeUnit::Millisecond),
    ("us", TimeUnit::Microsecond),
    ("ns", TimeUnit::Nanosecond),
];

const INTERVALS: [(&str, IntervalUnit); 3] = [
    ("year_month", IntervalUnit::YearMonth),
    ("day_time", IntervalUnit::DayTime),
    ("month_day_nano", IntervalUnit::MonthDayNano),
];

const MODES: [(&str, UnionMode); 2] = [("sparse", UnionMode::Sparse), ("dense", UnionMode::Dense)];

fn name_of<T: PartialEq>(table: &[(&str, T)], value: &T) -> Option<String> {
    table
        .iter()
        .find(|(_, known)| known == value)
        .map(|(name, _)| (*name).to_owned())
}

fn value_of<T: Clone>(table: &[(&str, T)], name: Option<&str>, what: &str) -> Result<T> {
    let name = name.ok_or_else(|| missing(what))?;
    let known = table.iter().find(|(known, _)| *known == name);
    known.map(|(_, value)| value.clone()).ok_or_else(|| {
        Error::unsupported(format!("{what} {name:?} is not known to this release"))
            .with_hint("read the file with a later release of exportkit")
    })
}

fn missing(what: &str) -> Error {
    Error::corrupt(format!("the field has no {what}"))
}

/// `field` as JSON. Fails on types that the format has no name for.
pub(crate) fn to_text(field: &Field) -> Result<FieldText> {
    let mut text = type_text(&field.data_type).map_err(|error| error.in_column(&field.name))?;
    text.name.clone_from(&field.name);
    text.nullable = field.nullable;
    text.metadata = field
        .metadata
        .iter()
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    Ok(text)
}

fn type_text(data_type: &DataType) -> Result<FieldText> {
    let named = |type_name: &str| FieldText {
        type_name: type_name.into(),
        ..FieldText::default()
    };
    let timed = |type_name: &str, unit: &TimeUnit| FieldText {
        unit: name_of(&UNITS, unit),
        ..named(type_name)
    };
    let nested = |type_name: &str, children: &[&Field]| {
        let children = children
            .iter()
            .map(|child| to_text(child))
            .collect::<Result<_>>()?;
        Ok::<_, Error>(FieldText {
            children,
            ..named(type_name)
        })
    };
    Ok(match data_type {
        DataType::FixedSizeBinary(size) => FieldText {
            size: Some(*size),
            ..named("fixed_size_binary")
        },
        DataType::Timestamp(unit, zone) => FieldText {
            zone: zone.clone(),
            ..timed("timestamp", unit)
        },
        DataType::Time32(unit) => timed("time32", unit),
        DataType::Time64(unit) => timed("time64", unit),
        DataType::Duration(unit) => timed("duration", unit),
        DataType::Interval(unit) => FieldText {
            unit: name_of(&INTERVALS, unit),
            ..named("interval")
        },
        DataType::Decimal128(precision, scale) => FieldText {
            precision: Some(*precision),
            scale: Some(*scale),
            ..named("decimal128")
        },
        DataType::Struct(fields) => nested("struct", &fields.iter().collect::<Vec<_>>())?,
        DataType::List(element) => nested("list", &[element])?,
        DataType::LargeList(element) => nested("large_list", &[element])?,
        DataType::FixedSizeList(element, size) => FieldText {
            size: Some(*size),
            ..nested("fixed_size_list", &[element])?
        },
        DataType::Map(entries, sorted) => FieldText {
            sorted: Some(*sorted),
            ..nested("map", &[entries])?
        },
        DataType::Dictionary(keys, values) => FieldText {
            children: vec![
                FieldText {
                    name: "keys".into(),
                    ..type_text(keys)?
                },
                FieldText {
                    name: "values".into(),
                    nullable: true,
                    ..type_text(values)?
                },
            ],
            ..named("dictionary")
        },
        DataType::RunEndEncoded(ends, values) => nested("run_end_encoded", &[ends, values])?,
        DataType::Union(variants, mode) => FieldText {
            mode: name_of(&MODES, mode),
            ids: variants.iter().map(|(id, _)| *id).collect(),
            ..nested(
                "union",
                &variants.iter().map(|(_, field)| field).collect::<Vec<_>>(),
            )?
        },
        simple => named(&name_of(&SIMPLE, simple).ok_or_else(|| {
            Error::unsupported(format!("the container has no name for the type {simple:?}"))
        })?),
    })
}

/// The field in `text`, whose depth serde_json has bounded.
pub(crate) fn from_text(text: FieldText) -> Result<Field> {
    let name = text.name.clone();
    let nullable = text.nullable;
    let metadata = text.metadata.clone().into_iter().collect();
    let data_type = type_from(text).map_err(|error| error.in_column(&name))?;
    Ok(Field {
        name,
        data_type,
        nullable,
        metadata,
    })
}

fn type_from(text: FieldText) -> Result<DataType> {
    let unit = text.unit.as_deref();
    let size = text
        .size
        .filter(|&size| size >= 0)
        .ok_or_else(|| missing("size from 0"));
    let mut children = text.children.into_iter().map(from_text);
    let mut child = || children.next().ok_or_else(|| missing("child"))?;
    let data_type = match text.type_name.as_str() {
        "fixed_size_binary" => DataType::FixedSizeBinary(size?),
        "timestamp" => DataType::Timestamp(value_of(&UNITS, unit, "unit")?, text.zone),
        "time32" => DataType::Time32(value_of(&UNITS, unit, "unit")?),
        "time64" => DataType::Time64(value_of(&UNITS, unit, "unit")?),
        "duration" => DataType::Duration(value_of(&UNITS, unit, "unit")?),
        "interval" => DataType::Interval(value_of(&INTERVALS, unit, "unit")?),
        "decimal128" => DataType::Decimal128(
            text.precision.ok_or_else(|| missing("precision"))?,
            text.scale.ok_or_else(|| missing("scale"))?,
        ),
        "struct" => DataType::Struct(children.by_ref().collect::<Result<_>>()?),
        "list" => DataType::List(Box::new(child()?)),
        "large_list" => DataType::LargeList(Box::new(child()?)),
        "fixed_size_list" => DataType::FixedSizeList(Box::new(child()?), size?),
        "map" => DataType::Map(
            Box::new(child()?),
            text.sorted.ok_or_else(|| missing("sortedness"))?,
        ),
        "dictionary" => {
            DataType::Dictionary(Box::new(child()?.data_type), Box::new(child()?.data_type))
        }
        "run_end_encoded" => DataType::RunEndEncoded(Box::new(child()?), Box::new(child()?)),
        "union" => {
            let fields = children.by_ref().collect::<Result<Vec<_>>>()?;
            if fields.len() != text.ids.len() {
                return Err(missing("type id for each child"));
            }
            let mode = value_of(&MODES, text.mode.as_deref(), "union mode")?;
            DataType::Union(text.ids.into_iter().zip(fields).collect(), mode)
        }
        simple => value_of(&SIMPLE, Some(simple), "type")?,
    };
    match children.next() {
        None => Ok(data_type),
        Some(_) => Err(Error::corrupt(
            "the field has children that its type does not have",
        )),
    }
}
