//! How a column changes its type: what it holds becomes an array, that is widened, and goes on growing.

use marrow::array::Array;
use marrow::datatypes::{DataType, Field};

use super::bytes::{Bytes, Names, Text};
use super::column::{Column, Data};
use super::json::{Json, Why};
use super::leaf::{Decimals, Primitive, Slots};
use super::nested::{List, Map, Struct};
use crate::schema::{EXTENSION_NAME_KEY, JSON_EXTENSION};
use crate::value::{Value, value};
use crate::{Error, Result, widen};

impl Data {
    /// What a column of this type holds, in a user's words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null(_) => "nulls",
            Self::Bool(_) => "booleans",
            Self::Int8(_) | Self::Int16(_) | Self::Int32(_) | Self::Int64(_) => "integers",
            Self::UInt8(_) | Self::UInt16(_) | Self::UInt32(_) | Self::UInt64(_) => "integers",
            Self::Float32(_) | Self::Float64(_) => "fractions",
            Self::Decimal(_) => "decimals",
            Self::Temporal(_) => "times",
            Self::Text(_) | Self::Names(_) => "text",
            Self::Binary(_) => "bytes",
            Self::Json(_) => "JSON",
            Self::List(_) => "lists",
            Self::Struct(_) => "objects",
            Self::Map(_) => "maps",
        }
    }

    /// An array that came from widening, as a column that grows.
    fn from_array(array: Array) -> Result<Self> {
        Ok(match array {
            Array::Int16(a) => Self::Int16(Primitive::from_array(a)),
            Array::Int32(a) => Self::Int32(Primitive::from_array(a)),
            Array::Int64(a) => Self::Int64(Primitive::from_array(a)),
            Array::UInt16(a) => Self::UInt16(Primitive::from_array(a)),
            Array::UInt32(a) => Self::UInt32(Primitive::from_array(a)),
            Array::UInt64(a) => Self::UInt64(Primitive::from_array(a)),
            Array::Float64(a) => Self::Float64(Primitive::from_array(a)),
            Array::Utf8(a) => Self::Text(Text {
                inner: Bytes::from_array(a),
            }),
            Array::Decimal128(a) => Self::Decimal(Box::new(Decimals {
                precision: a.precision,
                scale: a.scale,
                inner: Primitive::from_decimals(a),
            })),
            other => {
                let data_type = other.data_type();
                return Err(Error::schema(format!("no column widens to {data_type:?}")));
            }
        })
    }
}

impl Column {
    pub(super) fn fill_nulls(&mut self, count: usize) {
        if count > 0 {
            self.push_nulls(count);
        }
    }

    /// Widens what the column holds.
    pub(super) fn recast(&mut self, data_type: DataType) -> Result<()> {
        let to = Field {
            data_type,
            nullable: true,
            ..Field::default()
        };
        self.data = Data::from_array(self.cast_values(&to)?)?;
        Ok(())
    }

    /// Turns what the column holds into JSON documents, because `kind` came.
    pub(super) fn become_json(&mut self, kind: &'static str) -> Result<()> {
        let mut json = Json::new(Why(self.data.kind(), kind));
        if let Data::Null(nulls) = &self.data {
            json.push_nulls(nulls.0);
        } else {
            let metadata = [(EXTENSION_NAME_KEY.into(), JSON_EXTENSION.into())].into();
            let to = Field {
                name: String::new(),
                data_type: DataType::Utf8,
                nullable: true,
                metadata,
            };
            let Array::Utf8(text) = self.cast_values(&to)? else {
                return Err(Error::schema("JSON documents are text"));
            };
            json.adopt(Bytes::from_array(text));
        }
        self.data = Data::Json(Box::new(json));
        Ok(())
    }

    fn cast_values(&mut self, to: &Field) -> Result<Array> {
        let meta = self.meta("");
        let array = self.data.take();
        let from = Field {
            name: meta.name,
            data_type: array.data_type(),
            nullable: true,
            metadata: meta.metadata,
        };
        widen::cast(&array, &from, to)
    }

    pub(super) fn become_list(&mut self) -> Result<()> {
        if let Data::Null(nulls) = &self.data {
            let count = nulls.0;
            self.data = Data::List(Box::new(List::new(&self.shape)));
            self.fill_nulls(count);
            return Ok(());
        }
        self.become_json("lists")?;
        self.begin_list()
    }

    pub(super) fn become_map(&mut self) -> Result<()> {
        if let Data::Null(nulls) = &self.data {
            let count = nulls.0;
            self.data = Data::Map(Box::new(Map::new(&self.shape)));
            self.fill_nulls(count);
            return Ok(());
        }
        self.become_json("maps")?;
        self.begin_map()
    }

    pub(super) fn become_struct(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Null(nulls) => {
                let count = nulls.0;
                self.data = Data::Struct(Box::new(Struct::new(&self.shape)));
                self.fill_nulls(count);
            }
            // Variants without data, and now one with data. Once a batch was taken, its names can only become JSON.
            Data::Names(names) if !self.taken.any => {
                let variants = variants(names, Struct::new(&self.shape))?;
                self.data = Data::Struct(Box::new(variants));
            }
            _ => self.become_json("objects")?,
        }
        self.begin_struct()
    }
}

/// Names as structs with a field a name, which is true where it was the name.
fn variants(names: &mut Names, mut variants: Struct) -> Result<Struct> {
    let array = names.take();
    for row in 0..crate::array::len(&array) {
        match value(&array, row) {
            Value::Text(name) => {
                variants.begin();
                variants.field(name)?.push_bool(true)?;
                variants.end();
            }
            _ => variants.push_nulls(1),
        }
    }
    Ok(variants)
}
