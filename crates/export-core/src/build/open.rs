//! Lists, structs and maps into a column.

use super::column::{Column, Data};
use crate::{Error, Result};

impl Column {
    /// Begins a list.
    #[inline]
    pub fn begin_list(&mut self) -> Result<()> {
        match &mut self.data {
            Data::List(_) => Ok(()),
            Data::Json(json) => json.begin_list(),
            _ => self.become_list(),
        }
    }

    /// Where the next element of the open list goes.
    #[inline]
    pub fn element(&mut self) -> Result<&mut Self> {
        if let Data::Json(json) = &mut self.data {
            json.element()?;
            return Ok(self);
        }
        match &mut self.data {
            Data::List(list) => Ok(&mut list.elements),
            _ => Err(not_open("list")),
        }
    }

    /// Ends the open list.
    #[inline]
    pub fn end_list(&mut self) -> Result<()> {
        match &mut self.data {
            Data::List(list) => list.end(),
            Data::Json(json) => json.end_list(),
            _ => Err(not_open("list")),
        }
    }

    /// Begins a struct.
    #[inline]
    pub fn begin_struct(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Struct(fields) => {
                fields.begin();
                Ok(())
            }
            Data::Json(json) => json.begin_struct(),
            _ => self.become_struct(),
        }
    }

    /// Where the value of a field of the open struct goes: quickest in the order of the last row. Fields that are left out
    /// are null. Fails where the open struct has that field already.
    #[inline]
    pub fn field(&mut self, name: &str) -> Result<&mut Self> {
        if let Data::Json(json) = &mut self.data {
            json.field(name)?;
            return Ok(self);
        }
        match &mut self.data {
            Data::Struct(fields) => fields.field(name),
            _ => Err(not_open("struct")),
        }
    }

    /// [`Column::field`] of a name that lives as long as the program.
    #[cfg(feature = "serde")]
    #[inline]
    pub(crate) fn static_field(&mut self, name: &'static str) -> Result<&mut Self> {
        if !matches!(self.data, Data::Struct(_)) {
            return self.field(name);
        }
        match &mut self.data {
            Data::Struct(fields) => fields.static_field(name),
            _ => Err(not_open("struct")),
        }
    }

    /// The field of the open struct that was asked for last.
    #[cfg(feature = "serde")]
    pub(crate) fn open_field(&mut self) -> Result<&mut Self> {
        if let Data::Json(_) = &self.data {
            return Ok(self);
        }
        match &mut self.data {
            Data::Struct(fields) => fields.last().ok_or_else(|| not_open("field")),
            _ => Err(not_open("struct")),
        }
    }

    /// Makes the column one of JSON documents, because `kind` is coming.
    #[cfg(feature = "serde")]
    pub(crate) fn hold_documents(&mut self, kind: &'static str) -> Result<()> {
        match &self.data {
            Data::Json(_) => Ok(()),
            _ => self.become_json(kind),
        }
    }

    /// Ends the open struct.
    #[inline]
    pub fn end_struct(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Struct(fields) => {
                fields.end();
                Ok(())
            }
            Data::Json(json) => json.end_struct(),
            _ => Err(not_open("struct")),
        }
    }

    /// Begins a map.
    pub fn begin_map(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Map(_) => Ok(()),
            Data::Json(json) => json.begin_map(&self.shape),
            _ => self.become_map(),
        }
    }

    /// Where the next key of the open map goes, which may not be null.
    pub fn key(&mut self) -> Result<&mut Self> {
        match &mut self.data {
            Data::Map(map) => Ok(&mut map.keys),
            Data::Json(json) => json.key(),
            _ => Err(not_open("map")),
        }
    }

    /// Where the value of the last key goes.
    pub fn value(&mut self) -> Result<&mut Self> {
        match &mut self.data {
            Data::Map(map) => Ok(&mut map.values),
            Data::Json(json) => json.value(),
            _ => Err(not_open("map")),
        }
    }

    /// Ends the open map.
    pub fn end_map(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Map(map) => map.end(),
            Data::Json(json) => json.end_map(),
            _ => Err(not_open("map")),
        }
    }
}

#[cold]
fn not_open(what: &str) -> Error {
    Error::usage(format!("no {what} is open in this column"))
}
