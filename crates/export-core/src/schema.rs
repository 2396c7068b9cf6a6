//! The fields of a stream.

use std::collections::BTreeMap;

use marrow::datatypes::{DataType, Field};

use crate::{Error, Result};

/// Field metadata key under which Arrow names extension types.
pub const EXTENSION_NAME_KEY: &str = "ARROW:extension:name";
/// Extension type of a text column whose every value is one JSON document: columns of mixed types are kept so.
pub const JSON_EXTENSION: &str = "arrow.json";
/// Field metadata key that says how the values of a column were spelt in the text file they came from, so that they can be
/// written back to the letter. Its values are listed in docs/format/v1.md.
pub const TEXT_STYLE_KEY: &str = "exportkit:text";
/// Field metadata key of the unit of a column's values, such as `ms` or `bytes`.
pub const UNIT_KEY: &str = "exportkit:unit";

/// The fields of a stream: names, types, nullability, units and metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// Top-level fields, one a column, in order.
    pub fields: Vec<Field>,
    /// The stream's own keys, in key order.
    pub metadata: BTreeMap<String, String>,
}

impl Schema {
    /// A schema of these fields and no metadata. Fails on duplicate names.
    pub fn new(fields: Vec<Field>) -> Result<Self> {
        let schema = Self {
            fields,
            metadata: BTreeMap::new(),
        };
        schema.check()?;
        Ok(schema)
    }

    /// Fails where two columns share a name.
    pub fn check(&self) -> Result<()> {
        let mut names = std::collections::HashSet::with_capacity(self.fields.len());
        match self
            .fields
            .iter()
            .find(|field| !names.insert(field.name.as_str()))
        {
            None => Ok(()),
            Some(field) => Err(Error::schema("two columns have the same name")
                .in_column(&field.name)
                .with_hint("rename one of them")),
        }
    }

    /// The position of the column called `name`.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The schema of the columns at `columns`, in that order. Fails where one is out of range.
    pub fn project(&self, columns: &[usize]) -> Result<Self> {
        let fields = columns
            .iter()
            .map(|&at| {
                self.fields.get(at).cloned().ok_or_else(|| {
                    Error::schema(format!(
                        "there is no column {at} among {}",
                        self.fields.len()
                    ))
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            fields,
            metadata: self.metadata.clone(),
        })
    }
}

/// Levels that a type has below its own: 0 where it is not nested.
#[must_use]
pub fn nesting(data_type: &DataType) -> u32 {
    let deepest = match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| nesting(&field.data_type)).max(),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => Some(nesting(&field.data_type)),
        DataType::Dictionary(_, values) => Some(nesting(values)),
        DataType::RunEndEncoded(_, values) => Some(nesting(&values.data_type)),
        DataType::Union(fields, _) => {
            let fields = fields.iter();
            fields.map(|(_, field)| nesting(&field.data_type)).max()
        }
        _ => return 0,
    };
    deepest.unwrap_or(0).saturating_add(1)
}

/// Whether the values of a field are JSON documents ([`JSON_EXTENSION`]).
#[must_use]
pub fn is_json(field: &Field) -> bool {
    field
        .metadata
        .get(EXTENSION_NAME_KEY)
        .is_some_and(|name| name == JSON_EXTENSION)
}
