//! Columns of lists, structs and maps.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use marrow::array::{Array, ListArray, MapArray, StructArray};
use marrow::datatypes::{DataType, Field, FieldMeta, MapMeta};

use super::bits::Validity;
use super::bytes::over_2_gib;
use super::column::{Column, Shape};
use super::leaf::Slots;
use crate::image::RowImage;
use crate::{Error, Result};

/// Where the lists of a column end within its elements.
#[derive(Debug)]
pub(crate) struct Ends {
    validity: Validity,
    offsets: Vec<i32>,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            validity: Validity::default(),
            offsets: vec![0],
        }
    }
}

impl Ends {
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn push(&mut self, elements: usize) -> Result<()> {
        self.offsets
            .push(i32::try_from(elements).map_err(|_| over_2_gib())?);
        self.validity.push_valid();
        Ok(())
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len(), count);
        self.offsets.resize(self.offsets.len() + count, self.end());
    }

    /// Writes whether slot `at` is null and, where it is not, how many elements it has; returns which these are.
    #[inline]
    pub(crate) fn image(
        &self,
        at: usize,
        nullable: bool,
        row: &mut RowImage<'_>,
    ) -> Option<Range<usize>> {
        if nullable {
            let is_valid = self.validity.is_valid(at);
            row.put([u8::from(is_valid)]);
            if !is_valid {
                return None;
            }
        }
        let found = match self.offsets.get(at..).and_then(<[i32]>::first_chunk) {
            Some(&[start, end]) => usize::try_from(start).ok().zip(usize::try_from(end).ok()),
            None => None,
        };
        let (start, end) = found.unwrap_or_default();
        row.put_len(end.saturating_sub(start));
        Some(start..end)
    }

    pub(crate) fn end(&self) -> i32 {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Leaves `len` lists and says how many elements these have.
    pub(crate) fn truncate(&mut self, len: usize) -> usize {
        self.offsets.truncate(len + 1);
        self.validity.truncate(len);
        usize::try_from(self.end()).unwrap_or(0)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.offsets.len() * size_of::<i32>() + self.validity.bytes()
    }

    pub(crate) fn take(&mut self) -> (Option<Vec<u8>>, Vec<i32>) {
        let mut next = Vec::with_capacity(self.offsets.len());
        next.push(0);
        (
            self.validity.take(),
            std::mem::replace(&mut self.offsets, next),
        )
    }
}

/// Lists of any length.
#[derive(Debug)]
pub(super) struct List {
    ends: Ends,
    pub(super) elements: Column,
}

impl List {
    pub(super) fn new(shape: &Arc<Shape>) -> Self {
        Self {
            ends: Ends::default(),
            elements: Column::new(shape),
        }
    }

    pub(super) fn end(&mut self) -> Result<()> {
        self.ends.push(self.elements.len())
    }
}

impl Slots for List {
    fn len(&self) -> usize {
        self.ends.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.ends.push_nulls(count);
    }
    fn truncate(&mut self, len: usize) {
        let elements = self.ends.truncate(len);
        self.elements.truncate(elements);
    }
    fn bytes(&self) -> usize {
        self.ends.bytes() + self.elements.memory_bytes()
    }
    fn take(&mut self) -> Array {
        let (validity, offsets) = self.ends.take();
        let (meta, elements) = self.elements.take("item");
        Array::List(ListArray {
            validity,
            offsets,
            meta,
            elements: Box::new(elements),
        })
    }
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        for element in self.ends.image(at, nullable, row).into_iter().flatten() {
            self.elements.image(element, row);
        }
    }
}

/// Keys and values.
#[derive(Debug)]
pub(super) struct Map {
    ends: Ends,
    pub(super) keys: Column,
    pub(super) values: Column,
}

impl Map {
    pub(super) fn new(shape: &Arc<Shape>) -> Self {
        Self {
            ends: Ends::default(),
            keys: Column::new(shape),
            values: Column::new(shape),
        }
    }

    pub(super) fn end(&mut self) -> Result<()> {
        self.ends.push(self.keys.len())
    }

    pub(super) fn data_type(&self) -> DataType {
        let entries = vec![self.keys.data_field("key"), self.values.data_field("value")];
        let entries = Field {
            name: MapMeta::default().entries_name,
            data_type: DataType::Struct(entries),
            ..Field::default()
        };
        DataType::Map(Box::new(entries), MapMeta::default().sorted)
    }
}

impl Slots for Map {
    fn len(&self) -> usize {
        self.ends.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.ends.push_nulls(count);
    }
    fn truncate(&mut self, len: usize) {
        let entries = self.ends.truncate(len);
        self.keys.truncate(entries);
        self.values.truncate(entries);
    }
    fn bytes(&self) -> usize {
        self.ends.bytes() + self.keys.memory_bytes() + self.values.memory_bytes()
    }
    fn take(&mut self) -> Array {
        let (validity, offsets) = self.ends.take();
        let (key_meta, keys) = self.keys.take("key");
        let (value_meta, values) = self.values.take("value");
        let meta = MapMeta {
            keys: key_meta,
            values: value_meta,
            ..MapMeta::default()
        };
        let (keys, values) = (Box::new(keys), Box::new(values));
        Array::Map(MapArray {
            validity,
            offsets,
            meta,
            keys,
            values,
        })
    }
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        for entry in self.ends.image(at, nullable, row).into_iter().flatten() {
            self.keys.image(entry, row);
            self.values.image(entry, row);
        }
    }
}

/// A field of a struct. It lags behind the struct where rows left it out, and is filled with nulls when it is next needed,
/// so that a field which most rows lack costs them nothing.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Box<str>,
    /// Where a name that lives as long as the program was found equal: such a name is known without a look at its letters.
    #[cfg(feature = "serde")]
    address: usize,
    /// Slots pushed; one more than the struct has while its row is open and this field was given.
    filled: usize,
    pub(super) column: Column,
}

impl Entry {
    fn fill(&mut self, len: usize) {
        if self.filled < len {
            self.column.push_nulls(len - self.filled);
            self.filled = len;
        }
    }
}

/// Fields by name, found on the way.
#[derive(Debug)]
pub(super) struct Struct {
    shape: Arc<Shape>,
    len: usize,
    validity: Validity,
    pub(super) fields: Vec<Entry>,
    index: HashMap<Box<str>, usize>,
    /// The field that is likely to come next: the one after the last.
    next: usize,
    /// Rows were taken, which lack the fields that come from now on.
    taken: bool,
}

/// How many fields past the likely one are tried before the name is hashed: rows that leave out optional fields.
const NEAR: usize = 4;

impl Struct {
    pub(super) fn new(shape: &Arc<Shape>) -> Self {
        Self {
            shape: Arc::clone(shape),
            len: 0,
            validity: Validity::default(),
            fields: Vec::new(),
            index: HashMap::new(),
            next: 0,
            taken: false,
        }
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    #[inline]
    pub(super) fn begin(&mut self) {
        self.next = 0;
    }

    /// The column of a field of the open row. Fails where the row has given it already.
    #[inline]
    pub(super) fn field(&mut self, name: &str) -> Result<&mut Column> {
        let at = match self.fields.get(self.next) {
            Some(entry) if *entry.name == *name => self.next,
            _ => self.find(name)?,
        };
        self.open(at, name)
    }

    /// [`Struct::field`] of a name that lives as long as the program.
    #[cfg(feature = "serde")]
    #[inline]
    pub(super) fn static_field(&mut self, name: &'static str) -> Result<&mut Column> {
        let address = name.as_ptr().addr();
        let at = match self.fields.get(self.next) {
            // No two texts that live so long are at one address, but for one being the start of the other.
            Some(entry) if entry.address == address && entry.name.len() == name.len() => self.next,
            _ => self.find_static(name)?,
        };
        self.open(at, name)
    }

    #[cfg(feature = "serde")]
    #[inline(never)]
    fn find_static(&mut self, name: &'static str) -> Result<usize> {
        let at = match self.fields.get(self.next) {
            Some(entry) if *entry.name == *name => self.next,
            _ => self.find(name)?,
        };
        if let Some(entry) = self.fields.get_mut(at) {
            entry.address = name.as_ptr().addr();
        }
        Ok(at)
    }

    #[inline]
    fn open(&mut self, at: usize, name: &str) -> Result<&mut Column> {
        self.next = at + 1;
        let len = self.len;
        let Some(entry) = self.fields.get_mut(at) else {
            return Err(duplicate(name));
        };
        if entry.filled != len {
            if entry.filled > len {
                return Err(duplicate(name));
            }
            entry.fill(len);
        }
        entry.filled = len + 1;
        Ok(&mut entry.column)
    }

    fn find(&mut self, name: &str) -> Result<usize> {
        let near = self
            .fields
            .iter()
            .enumerate()
            .skip(self.next + 1)
            .take(NEAR);
        if let Some((at, _)) = near.into_iter().find(|(_, entry)| *entry.name == *name) {
            return Ok(at);
        }
        if let Some(at) = self.index.get(name) {
            return Ok(*at);
        }
        self.shape.count_column()?;
        let at = self.fields.len();
        self.index.insert(name.into(), at);
        let mut column = Column::new(&self.shape);
        if self.taken {
            column.mark_nullable();
        }
        self.fields.push(Entry {
            name: name.into(),
            #[cfg(feature = "serde")]
            address: 0,
            filled: 0,
            column,
        });
        Ok(at)
    }

    /// The column of the field that was asked for last.
    #[cfg(feature = "serde")]
    pub(super) fn last(&mut self) -> Option<&mut Column> {
        let at = self.next.checked_sub(1)?;
        self.fields.get_mut(at).map(|entry| &mut entry.column)
    }

    /// The fields of a batch, as far as images have shown.
    pub(super) fn data_fields(&self) -> Vec<Field> {
        let fields = self.fields.iter();
        fields
            .map(|entry| entry.column.data_field(&entry.name))
            .collect()
    }

    /// [`Column::note_missing`] of each field.
    pub(super) fn note_missing(&mut self) {
        self.fields
            .iter_mut()
            .for_each(|entry| entry.column.note_missing());
    }

    /// Adds a field that no row has given yet.
    pub(super) fn declare(&mut self, name: &str) -> Result<()> {
        self.find(name).map(drop)
    }

    #[inline]
    pub(super) fn end(&mut self) {
        self.len += 1;
        self.validity.push_valid();
    }
}

#[cold]
fn duplicate(name: &str) -> Error {
    Error::data(format!("the key {name:?} is there twice"))
}

impl Slots for Struct {
    fn len(&self) -> usize {
        self.len
    }
    fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len, count);
        self.len += count;
    }
    fn truncate(&mut self, len: usize) {
        self.validity.truncate(len);
        self.len = self.len.min(len);
        for entry in &mut self.fields {
            entry.column.truncate(self.len);
            entry.filled = entry.filled.min(self.len);
        }
    }
    fn bytes(&self) -> usize {
        let fields = self.fields.iter().map(|entry| {
            let lag = self.len.saturating_sub(entry.filled);
            entry.column.memory_bytes() + entry.column.null_bytes(lag)
        });
        self.validity.bytes() + fields.sum::<usize>()
    }
    fn take(&mut self) -> Array {
        let len = std::mem::take(&mut self.len);
        self.taken = true;
        let fields = self
            .fields
            .iter_mut()
            .map(|entry| {
                entry.fill(len);
                entry.filled = 0;
                entry.column.take(&entry.name)
            })
            .collect::<Vec<(FieldMeta, Array)>>();
        Array::Struct(StructArray {
            len,
            validity: self.validity.take(),
            fields,
        })
    }
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if nullable {
            let is_valid = self.validity.is_valid(at);
            row.put([u8::from(is_valid)]);
            if !is_valid {
                return self.note_missing();
            }
        }
        self.image_fields(at, row);
    }
}

impl Struct {
    /// Writes the fields of slot `at`.
    pub(super) fn image_fields(&mut self, at: usize, row: &mut RowImage<'_>) {
        for entry in &mut self.fields {
            match at < entry.filled {
                true => entry.column.image(at, row),
                false => entry.column.image_missing(row),
            }
        }
    }
}
