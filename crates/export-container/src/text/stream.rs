//! A stream frame's payload: name and all schemas so far, and the facts of the file.

use std::collections::BTreeMap;

use export_core::marrow::datatypes::{DataType, Field};
use export_core::{Error, ErrorKind, FileId, Limits, Result, Schema, array};
use serde::{Deserialize, Serialize};

use super::field::{FieldText, from_text, to_text};
use super::measure::check_stream;
use crate::header::FileHeader;
use crate::layout::TYPE_DEPTH;
use crate::parity::Parity;

/// What a stream frame says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamText {
    /// The file's header.
    pub(crate) file: FileHeader,
    /// The stream's name.
    pub(crate) name: String,
    /// Its schemas, the widest last.
    pub(crate) versions: Vec<Schema>,
    /// The share of parity that is written from this frame on.
    pub(crate) parity: Option<Parity>,
}

#[derive(Serialize, Deserialize)]
struct Json {
    stream: String,
    file: FactsJson,
    versions: Vec<SchemaJson>,
}

#[derive(Serialize, Deserialize)]
struct FactsJson {
    major: u16,
    minor: u16,
    flags: u32,
    created_ns: i64,
    release: [u16; 3],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parity: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct SchemaJson {
    fields: Vec<FieldText>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

impl StreamText {
    /// As stored.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        let versions = self
            .versions
            .iter()
            .map(schema_to_json)
            .collect::<Result<_>>()?;
        let FileHeader {
            major,
            minor,
            flags,
            created_ns,
            release,
            ..
        } = self.file;
        let json = Json {
            stream: self.name.clone(),
            file: FactsJson {
                major,
                minor,
                flags,
                created_ns,
                release,
                parity: self.parity.map(|share| share.as_percent().into()),
            },
            versions,
        };
        serde_json::to_vec(&json).map_err(Error::schema)
    }

    /// Reads a payload of a frame of `file`, whose checksum was verified.
    pub(crate) fn from_json(payload: &[u8], file: FileId, limits: &Limits) -> Result<Self> {
        check_stream(payload, limits)?;
        let json: Json = serde_json::from_slice(payload).map_err(Error::corrupt)?;
        let name = json.stream;
        let in_stream = |error: Error| error.in_stream(&name);
        let schemas = json.versions.len() as u64;
        Limits::check("schemas of a stream", schemas, limits.schemas.into()).map_err(in_stream)?;
        let versions: Vec<Schema> = json
            .versions
            .into_iter()
            .map(|version| schema_from_json(version, limits))
            .collect::<Result<_>>()
            .map_err(in_stream)?;
        if versions.is_empty() {
            return Err(in_stream(Error::corrupt("the stream has no schema")));
        }
        let FactsJson {
            major,
            minor,
            flags,
            created_ns,
            release,
            parity,
        } = json.file;
        let file = FileHeader {
            major,
            minor,
            flags,
            file,
            created_ns,
            release,
        };
        Ok(Self {
            file,
            name,
            versions,
            parity: parity.and_then(|percent| Parity::percent(u8::try_from(percent).ok()?).ok()),
        })
    }
}

/// A schema as JSON, as stream frames have it.
pub fn schema_to_text(schema: &Schema) -> Result<Vec<u8>> {
    serde_json::to_vec(&schema_to_json(schema)?).map_err(Error::schema)
}

/// The schema that [`schema_to_text`] wrote. Fails where it is none, or has more columns or deeper types than `limits` allow.
pub fn schema_from_text(text: &[u8], limits: &Limits) -> Result<Schema> {
    Limits::check(
        "bytes of a schema",
        text.len() as u64,
        limits.metadata_bytes,
    )?;
    schema_from_json(
        serde_json::from_slice(text).map_err(Error::corrupt)?,
        limits,
    )
}

fn schema_to_json(schema: &Schema) -> Result<SchemaJson> {
    Ok(SchemaJson {
        fields: schema.fields.iter().map(to_text).collect::<Result<_>>()?,
        metadata: schema.metadata.clone(),
    })
}

fn schema_from_json(json: SchemaJson, limits: &Limits) -> Result<Schema> {
    let fields = json
        .fields
        .into_iter()
        .map(from_text)
        .collect::<Result<_>>()?;
    let schema = Schema {
        fields,
        metadata: json.metadata,
    };
    check_schema(&schema, limits)?;
    Ok(schema)
}

/// Fails where a schema has more columns or deeper types than `limits` and the format allow.
pub(crate) fn check_schema(schema: &Schema, limits: &Limits) -> Result<()> {
    schema.check()?;
    let mut nodes = 0;
    for field in &schema.fields {
        count_nodes(&field.data_type, limits.depth.min(TYPE_DEPTH), &mut nodes).map_err(
            |error| match error.kind() {
                ErrorKind::Limit => too_deep(limits).in_column(&field.name),
                _ => error.in_column(&field.name),
            },
        )?;
    }
    Limits::check(
        "columns of a stream, nested ones counted",
        nodes,
        limits.columns.into(),
    )
}

fn count_nodes(data_type: &DataType, depth_left: u32, nodes: &mut u64) -> Result<()> {
    *nodes += 1;
    array::check_type(data_type)?;
    let children: Vec<&Field> = match data_type {
        DataType::Struct(fields) => fields.iter().collect(),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _) => {
            vec![element]
        }
        DataType::Map(entries, _) => vec![entries],
        DataType::RunEndEncoded(ends, values) => vec![ends, values],
        DataType::Union(variants, _) => variants.iter().map(|(_, field)| field).collect(),
        DataType::Dictionary(keys, values) => {
            let depth_left = deeper(depth_left)?;
            count_nodes(keys, depth_left, nodes)?;
            return count_nodes(values, depth_left, nodes);
        }
        DataType::FixedSizeBinary(size) if *size < 0 => {
            return Err(Error::schema("a value's size is less than 0"));
        }
        _ => return Ok(()),
    };
    if matches!(data_type, DataType::FixedSizeList(_, size) if *size < 0) {
        return Err(Error::schema("a list's size is less than 0"));
    }
    let depth_left = deeper(depth_left)?;
    children
        .into_iter()
        .try_for_each(|child| count_nodes(&child.data_type, depth_left, nodes))
}

/// The error of types that nest deeper than `limits` allow or, whatever these say, than a file can hold.
fn too_deep(limits: &Limits) -> Error {
    let (limit, hint) = if limits.depth < TYPE_DEPTH {
        (limits.depth, "raise the limit only if you trust the input")
    } else {
        (
            TYPE_DEPTH,
            "no .xk file holds more: keep what is deeper as text, or leave the column out",
        )
    };
    Error::limit(format!("the type is nested deeper than {limit} levels")).with_hint(hint)
}

fn deeper(depth_left: u32) -> Result<u32> {
    depth_left
        .checked_sub(1)
        .ok_or_else(|| Error::limit("the type is nested too deep"))
}

#[cfg(test)]
mod tests {
    use export_core::marrow::datatypes::{IntervalUnit, TimeUnit, UnionMode};

    use super::*;

    fn field(name: &str, data_type: DataType) -> Field {
        let metadata = [
            ("b".to_owned(), "1".to_owned()),
            ("a".to_owned(), "ü\"".to_owned()),
        ];
        Field {
            name: name.into(),
            data_type,
            nullable: true,
            metadata: metadata.into(),
        }
    }

    fn stream(fields: Vec<Field>) -> StreamText {
        let schema = Schema {
            fields,
            metadata: [("k".to_owned(), "v".to_owned())].into(),
        };
        let file = FileHeader::new(FileId([1; 16]), i64::MIN);
        StreamText {
            file,
            name: "s".into(),
            versions: vec![schema],
            parity: None,
        }
    }

    fn plain(data_type: DataType) -> Box<Field> {
        Box::new(Field {
            name: "x".into(),
            data_type,
            ..Field::default()
        })
    }

    #[test]
    fn every_type_comes_back() {
        let entries = DataType::Struct(vec![
            field("key", DataType::Utf8),
            field("value", DataType::Decimal128(38, -3)),
        ]);
        let types = [
            DataType::Null,
            DataType::UInt64,
            DataType::Float16,
            DataType::Utf8View,
            DataType::FixedSizeBinary(0),
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            DataType::Timestamp(TimeUnit::Second, Some("Europe/Vienna".into())),
            DataType::Time32(TimeUnit::Millisecond),
            DataType::Time64(TimeUnit::Microsecond),
            DataType::Duration(TimeUnit::Second),
            DataType::Interval(IntervalUnit::MonthDayNano),
            DataType::Struct(vec![]),
            DataType::List(plain(DataType::List(plain(DataType::Int8)))),
            DataType::LargeList(plain(DataType::Date64)),
            DataType::FixedSizeList(plain(DataType::Float32), 3),
            DataType::Map(plain(entries), true),
            DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::LargeUtf8)),
            DataType::RunEndEncoded(plain(DataType::Int32), plain(DataType::Boolean)),
            DataType::Union(
                vec![
                    (5, field("a", DataType::Int8)),
                    (-1, field("b", DataType::Null)),
                ],
                UnionMode::Dense,
            ),
        ];
        let fields = types
            .into_iter()
            .enumerate()
            .map(|(at, t)| field(&format!("c{at}"), t))
            .collect();
        let stream = stream(fields);
        let json = stream.to_json().unwrap();
        let back = StreamText::from_json(&json, FileId([1; 16]), &Limits::default()).unwrap();
        assert_eq!(back, stream);
        assert_eq!(json, back.to_json().unwrap());
    }

    #[test]
    fn types_that_arrow_does_not_have_are_refused() {
        let list = |inner| DataType::List(plain(inner));
        for wrong in [
            DataType::Time32(TimeUnit::Nanosecond),
            list(DataType::Time64(TimeUnit::Millisecond)),
            DataType::Decimal128(0, 0),
            list(DataType::Decimal128(39, 0)),
        ] {
            let json = stream(vec![field("c", wrong)]).to_json().unwrap();
            let read = StreamText::from_json(&json, FileId([1; 16]), &Limits::default());
            let error = read.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
            assert_eq!(error.position().column.as_deref(), Some("c"));
        }
    }

    #[test]
    fn types_as_deep_as_the_format_allows_come_back() {
        let nest = |depth| (0..depth).fold(DataType::Int8, |inner, _| DataType::List(plain(inner)));
        let deep = stream(vec![field("c", nest(TYPE_DEPTH))]);
        let json = deep.to_json().unwrap();
        assert_eq!(
            StreamText::from_json(&json, FileId([1; 16]), &Limits::default()).unwrap(),
            deep
        );
        let deeper = stream(vec![field("c", nest(TYPE_DEPTH + 1))]);
        assert!(check_schema(&deeper.versions[0], &Limits::default()).is_err());
        let json = deeper.to_json().unwrap();
        assert!(StreamText::from_json(&json, FileId([1; 16]), &Limits::default()).is_err());
    }

    #[test]
    fn types_of_later_releases_are_unsupported() {
        let json =
            String::from_utf8(stream(vec![field("c", DataType::Int8)]).to_json().unwrap()).unwrap();
        let later = json.replace("int8", "int256");
        let error = StreamText::from_json(later.as_bytes(), FileId([1; 16]), &Limits::default())
            .unwrap_err();
        assert_eq!(error.kind(), export_core::ErrorKind::Unsupported);
        assert_eq!(error.position().column.as_deref(), Some("c"));
    }
}
