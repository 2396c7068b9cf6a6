//! Lists, structs, maps and tuples into a column.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::TUPLE_FIELDS;
use super::key::is_null;
use super::ser::ColumnSerializer;
use crate::build::Column;
use crate::{Error, Result};

/// The name of a tuple's field.
pub(super) fn tuple_field(at: usize) -> Result<&'static str> {
    TUPLE_FIELDS
        .get(at)
        .copied()
        .ok_or_else(|| Error::data("a tuple has more fields than it said"))
}

/// An open list.
pub(super) struct Elements<'a> {
    pub(super) column: &'a mut Column,
    pub(super) depth_left: u32,
}

impl SerializeSeq for Elements<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let column = self.column.element()?;
        value.serialize(ColumnSerializer {
            column,
            depth_left: self.depth_left,
        })
    }

    #[inline]
    fn end(self) -> Result<()> {
        self.column.end_list()
    }
}

/// An open struct.
pub(super) struct Fields<'a> {
    pub(super) column: &'a mut Column,
    pub(super) depth_left: u32,
}

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        let column = self.column.static_field(name)?;
        value
            .serialize(ColumnSerializer {
                column,
                depth_left: self.depth_left,
            })
            .map_err(|error| error.in_column(name))
    }

    #[inline]
    fn end(self) -> Result<()> {
        self.column.end_struct()
    }
}

/// An open tuple: a struct, or a list where it is a long array.
pub(super) enum Tuple<'a> {
    Fields(Fields<'a>, usize),
    Elements(Elements<'a>),
}

impl SerializeTuple for Tuple<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match self {
            Self::Fields(fields, next) => {
                let name = tuple_field(*next)?;
                *next += 1;
                fields.serialize_field(name, value)
            }
            Self::Elements(elements) => elements.serialize_element(value),
        }
    }

    fn end(self) -> Result<()> {
        match self {
            Self::Fields(fields, _) => SerializeStruct::end(fields),
            Self::Elements(elements) => SerializeSeq::end(elements),
        }
    }
}

impl SerializeTupleStruct for Tuple<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.serialize_element(value)
    }

    fn end(self) -> Result<()> {
        SerializeTuple::end(self)
    }
}

/// An open map.
pub(super) struct Entries<'a> {
    pub(super) column: &'a mut Column,
    pub(super) depth_left: u32,
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        if is_null(key) {
            return Err(Error::data("a key of a map is null"));
        }
        let column = self.column.key()?;
        key.serialize(ColumnSerializer {
            column,
            depth_left: self.depth_left,
        })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let column = self.column.value()?;
        value.serialize(ColumnSerializer {
            column,
            depth_left: self.depth_left,
        })
    }

    fn end(self) -> Result<()> {
        self.column.end_map()
    }
}

/// The open fields of an enum's variant.
pub(super) struct VariantFields<'a> {
    pub(super) column: &'a mut Column,
    pub(super) variant: &'static str,
    pub(super) depth_left: u32,
    pub(super) next: usize,
}

impl SerializeStructVariant for VariantFields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        let column = self.column.open_field()?.static_field(name)?;
        value
            .serialize(ColumnSerializer {
                column,
                depth_left: self.depth_left,
            })
            .map_err(|error| error.in_column(name).in_column(self.variant))
    }

    fn end(self) -> Result<()> {
        self.column.open_field()?.end_struct()?;
        self.column.end_struct()
    }
}

impl SerializeTupleVariant for VariantFields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let name = tuple_field(self.next)?;
        self.next += 1;
        SerializeStructVariant::serialize_field(self, name, value)
    }

    fn end(self) -> Result<()> {
        SerializeStructVariant::end(self)
    }
}
