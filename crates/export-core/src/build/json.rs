//! Columns of JSON documents: values of kinds that no type holds together.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use marrow::array::Array;
use marrow::datatypes::{Field, FieldMeta};

use super::bytes::Bytes;
use super::column::{Column, Shape};
use super::leaf::{ImageSlots, Slots};
use super::scalar::Scalar;
use crate::image::RowImage;
use crate::value::value;
use crate::{Error, Result, text};

/// The two kinds that made a column JSON: what it held, and what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Why(pub(super) &'static str, pub(super) &'static str);

/// A list or an object whose end has not come.
#[derive(Debug)]
struct Open {
    is_empty: bool,
    /// Where its keys begin in [`Json::keys`].
    keys: usize,
    /// All its keys, once they are too many to look through.
    index: HashSet<Box<[u8]>>,
}

/// Up to this many keys of an object are compared one by one.
const FEW_KEYS: usize = 16;

/// JSON documents.
#[derive(Debug)]
pub(super) struct Json {
    text: Bytes,
    open: Vec<Open>,
    /// Where the keys of the open objects are in the text.
    keys: Vec<Range<usize>>,
    /// The open map, as a column of its own: its spelling depends on all of its keys.
    map: Option<Box<Column>>,
    pub(super) why: Why,
}

impl Json {
    pub(super) fn new(why: Why) -> Self {
        Self {
            text: Bytes::default(),
            open: Vec::new(),
            keys: Vec::new(),
            map: None,
            why,
        }
    }

    /// Begins with these documents.
    pub(super) fn adopt(&mut self, text: Bytes) {
        self.text = text;
    }

    /// Whether a document is begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Ends the document unless the value just written is inside a list or an object.
    fn end_value(&mut self) -> Result<()> {
        if self.open.is_empty() {
            self.text.end_value()
        } else {
            Ok(())
        }
    }

    pub(super) fn push(&mut self, scalar: &Scalar<'_>) -> Result<()> {
        match (scalar, scalar.value()) {
            (_, Some(value)) => text::write_json(&value, &mut self.text.data),
            (Scalar::Number(raw), None) => self.text.data.extend_from_slice(raw),
            (_, None) => self.text.data.extend_from_slice(b"null"),
        }
        self.end_value()
    }

    /// Adds what is JSON text already.
    pub(super) fn push_raw(&mut self, raw: &[u8]) -> Result<()> {
        self.text.data.extend_from_slice(raw);
        self.end_value()
    }

    pub(super) fn push_inner_null(&mut self) -> Result<()> {
        self.push_raw(b"null")
    }

    fn begin(&mut self, bracket: u8) {
        self.text.data.push(bracket);
        self.open.push(Open {
            is_empty: true,
            keys: self.keys.len(),
            index: HashSet::new(),
        });
    }

    fn end(&mut self, bracket: u8) -> Result<()> {
        let Some(closed) = self.open.pop() else {
            return Err(nothing_open());
        };
        self.keys.truncate(closed.keys);
        self.text.data.push(bracket);
        self.end_value()
    }

    /// Writes the comma before all but the first element.
    fn separate(&mut self) -> Result<()> {
        let Some(open) = self.open.last_mut() else {
            return Err(nothing_open());
        };
        if !std::mem::replace(&mut open.is_empty, false) {
            self.text.data.push(b',');
        }
        Ok(())
    }

    pub(super) fn begin_list(&mut self) -> Result<()> {
        self.begin(b'[');
        Ok(())
    }

    pub(super) fn element(&mut self) -> Result<()> {
        self.separate()
    }

    pub(super) fn end_list(&mut self) -> Result<()> {
        self.end(b']')
    }

    pub(super) fn begin_struct(&mut self) -> Result<()> {
        self.begin(b'{');
        Ok(())
    }

    pub(super) fn field(&mut self, name: &str) -> Result<()> {
        self.separate()?;
        let start = self.text.data.len();
        text::write_json_string(name, &mut self.text.data);
        let key = start..self.text.data.len();
        self.text.data.push(b':');
        if self.is_new(&key) {
            self.keys.push(key);
            return Ok(());
        }
        Err(Error::data(format!("the key {name:?} is there twice")))
    }

    /// Whether the innermost object has no such key. Equal names have equal spellings.
    fn is_new(&mut self, key: &Range<usize>) -> bool {
        let Some(open) = self.open.last_mut() else {
            return true;
        };
        let data = &self.text.data;
        let spelling = |key: &Range<usize>| data.get(key.clone()).unwrap_or_default();
        let earlier = self.keys.get(open.keys..).unwrap_or_default();
        if earlier.len() < FEW_KEYS {
            return earlier.iter().all(|other| spelling(other) != spelling(key));
        }
        if open.index.is_empty() {
            open.index
                .extend(earlier.iter().map(|other| Box::from(spelling(other))));
        }
        open.index.insert(spelling(key).into())
    }

    pub(super) fn end_struct(&mut self) -> Result<()> {
        self.end(b'}')
    }

    pub(super) fn begin_map(&mut self, shape: &Arc<Shape>) -> Result<()> {
        let mut map = Box::new(Column::new(shape));
        map.begin_map()?;
        self.map = Some(map);
        Ok(())
    }

    pub(super) fn key(&mut self) -> Result<&mut Column> {
        self.map.as_mut().ok_or_else(nothing_open)?.key()
    }

    pub(super) fn value(&mut self) -> Result<&mut Column> {
        self.map.as_mut().ok_or_else(nothing_open)?.value()
    }

    pub(super) fn end_map(&mut self) -> Result<()> {
        let mut map = self.map.take().ok_or_else(nothing_open)?;
        map.end_map()?;
        let (meta, array) = map.take("");
        let FieldMeta {
            name,
            nullable,
            metadata,
        } = meta;
        let field = Field {
            name,
            data_type: array.data_type(),
            nullable,
            metadata,
        };
        text::write_json_of(&field, &value(&array, 0), &mut self.text.data);
        self.end_value()
    }
}

#[cold]
fn nothing_open() -> Error {
    Error::usage("nothing is open in this column")
}

impl Slots for Json {
    fn len(&self) -> usize {
        self.text.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.text.push_nulls(count);
    }
    fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
        self.open.clear();
        self.keys.clear();
        self.map = None;
    }
    fn bytes(&self) -> usize {
        self.text.bytes()
    }
    fn take(&mut self) -> Array {
        Array::Utf8(self.text.take())
    }
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        self.text.write_slot(at, nullable, row);
    }
}
