//! One column that takes values of any type.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use marrow::array::Array;
use marrow::datatypes::{DataType, Field, FieldMeta};

use super::bytes::{Binaries, Names, Text};
use super::json::Json;
use super::leaf::{Bools, Decimals, Nulls, Primitive, Slots};
use super::nested::{List, Map, Struct};
use super::temporal::Temporals;
use crate::image::RowImage;
use crate::schema::{EXTENSION_NAME_KEY, JSON_EXTENSION};
use crate::{Error, Limits, Result};

/// What the columns of a builder share.
#[derive(Debug)]
pub(super) struct Shape {
    columns: AtomicU32,
    max_columns: u32,
    /// Whether every field is nullable, or only those that had a null.
    all_nullable: bool,
    /// How often an image found a column of another type than the image before.
    image_changes: AtomicU64,
}

impl Shape {
    pub(super) fn new(limits: &Limits, all_nullable: bool) -> Self {
        Self {
            columns: AtomicU32::new(0),
            max_columns: limits.columns,
            all_nullable,
            image_changes: AtomicU64::new(0),
        }
    }

    pub(super) fn image_changes(&self) -> u64 {
        self.image_changes.load(Ordering::Relaxed)
    }

    #[cold]
    #[inline(never)]
    fn count_image_change(&self) {
        self.image_changes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_column(&self) -> Result<()> {
        let columns = self
            .columns
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        if columns <= self.max_columns {
            return Ok(());
        }
        Err(
            Error::limit(format!("there are more than {} columns", self.max_columns))
                .with_hint("objects whose keys are data become a column for each key"),
        )
    }
}

/// Values of a column, by type.
#[derive(Debug)]
pub(super) enum Data {
    Null(Nulls),
    Bool(Bools),
    Int8(Primitive<i8>),
    Int16(Primitive<i16>),
    Int32(Primitive<i32>),
    Int64(Primitive<i64>),
    UInt8(Primitive<u8>),
    UInt16(Primitive<u16>),
    UInt32(Primitive<u32>),
    UInt64(Primitive<u64>),
    Float32(Primitive<f32>),
    Float64(Primitive<f64>),
    Decimal(Box<Decimals>),
    Temporal(Box<Temporals>),
    Text(Text),
    Binary(Binaries),
    Names(Box<Names>),
    Json(Box<Json>),
    List(Box<List>),
    Struct(Box<Struct>),
    Map(Box<Map>),
}

macro_rules! with_slots {
    ($data:expr, $slots:ident => $body:expr) => {
        match $data {
            Data::Null($slots) => $body,
            Data::Bool($slots) => $body,
            Data::Int8($slots) => $body,
            Data::Int16($slots) => $body,
            Data::Int32($slots) => $body,
            Data::Int64($slots) => $body,
            Data::UInt8($slots) => $body,
            Data::UInt16($slots) => $body,
            Data::UInt32($slots) => $body,
            Data::UInt64($slots) => $body,
            Data::Float32($slots) => $body,
            Data::Float64($slots) => $body,
            Data::Decimal($slots) => $body,
            Data::Temporal($slots) => $body,
            Data::Text($slots) => $body,
            Data::Binary($slots) => $body,
            Data::Names($slots) => $body,
            Data::Json($slots) => $body,
            Data::List($slots) => $body,
            Data::Struct($slots) => $body,
            Data::Map($slots) => $body,
        }
    };
}

impl Data {
    #[inline]
    pub(super) fn push_null(&mut self) {
        with_slots!(self, slots => slots.push_null());
    }

    pub(super) fn take(&mut self) -> Array {
        with_slots!(self, slots => slots.take())
    }

    /// The type of [`Data::take`]'s array.
    fn data_type(&self) -> DataType {
        use DataType as T;
        match self {
            Self::Null(_) => T::Null,
            Self::Bool(_) => T::Boolean,
            Self::Int8(_) => T::Int8,
            Self::Int16(_) => T::Int16,
            Self::Int32(_) => T::Int32,
            Self::Int64(_) => T::Int64,
            Self::UInt8(_) => T::UInt8,
            Self::UInt16(_) => T::UInt16,
            Self::UInt32(_) => T::UInt32,
            Self::UInt64(_) => T::UInt64,
            Self::Float32(_) => T::Float32,
            Self::Float64(_) => T::Float64,
            Self::Decimal(values) => T::Decimal128(values.precision, values.scale),
            Self::Temporal(values) => values.kind.data_type(),
            Self::Text(_) | Self::Json(_) => T::Utf8,
            Self::Binary(_) => T::Binary,
            Self::Names(_) => T::Dictionary(Box::new(T::UInt32), Box::new(T::Utf8)),
            Self::List(list) => T::List(Box::new(list.elements.data_field("item"))),
            Self::Struct(fields) => T::Struct(fields.data_fields()),
            Self::Map(map) => map.data_type(),
        }
    }
}

/// What batches already taken held, as far as later widening depends on it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// Some batch was taken with a type other than null.
    pub(super) any: bool,
    /// A negative integer was among them.
    pub(super) negative: bool,
    /// An integer that no `f64` holds was among them.
    pub(super) beyond_float: bool,
}

/// All that decides how a slot of a column is written, below it left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Imaged {
    kind: Discriminant<Data>,
    nullable: bool,
}

/// One column that takes values of any type: the first says what it is, later ones widen it without loss.
///
/// Every `push` adds one value. A list is pushed as [`begin_list`](Self::begin_list), for each element one value into
/// [`element`](Self::element), [`end_list`](Self::end_list); structs and maps likewise. A row that was begun and could not
/// be ended is taken back with [`super::RowBuilder::rollback`].
#[derive(Debug)]
pub struct Column {
    pub(super) data: Data,
    pub(super) nullable: bool,
    pub(super) taken: Taken,
    /// What the last image of a slot said of the type.
    imaged: Option<Imaged>,
    /// Precision and scale then, where it was one of decimals.
    imaged_digits: Option<(u8, i8)>,
    /// How many columns there were when an image lacked a slot of this one.
    missing_among: Option<u32>,
    pub(super) shape: Arc<Shape>,
}

impl Column {
    pub(super) fn new(shape: &Arc<Shape>) -> Self {
        Self {
            data: Data::Null(Nulls::default()),
            nullable: shape.all_nullable,
            taken: Taken::default(),
            imaged: None,
            imaged_digits: None,
            missing_among: None,
            shape: Arc::clone(shape),
        }
    }

    pub(super) fn len(&self) -> usize {
        with_slots!(&self.data, slots => slots.len())
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.nullable |= count > 0;
        with_slots!(&mut self.data, slots => slots.push_nulls(count));
    }

    /// Says that the column may hold nulls though none came yet.
    #[inline]
    pub fn mark_nullable(&mut self) {
        self.nullable = true;
    }

    pub(super) fn truncate(&mut self, len: usize) {
        with_slots!(&mut self.data, slots => slots.truncate(len));
    }

    pub(super) fn memory_bytes(&self) -> usize {
        with_slots!(&self.data, slots => slots.bytes())
    }

    /// Bytes that `count` nulls will take.
    pub(super) fn null_bytes(&self, count: usize) -> usize {
        if count == 0 {
            return 0;
        }
        let slot = match &self.data {
            Data::Null(_) | Data::Bool(_) => 0,
            Data::Int8(_) | Data::UInt8(_) => 1,
            Data::Int16(_) | Data::UInt16(_) => 2,
            Data::Int64(_) | Data::UInt64(_) | Data::Float64(_) | Data::Temporal(_) => 8,
            Data::Decimal(_) => 16,
            Data::Struct(fields) => {
                let fields = fields.fields.iter();
                return count / 8
                    + fields
                        .map(|entry| entry.column.null_bytes(count))
                        .sum::<usize>();
            }
            _ => 4,
        };
        count * slot + count / 8
    }

    /// The values so far; none are left, but what was learnt of their type is.
    pub(super) fn take(&mut self, name: &str) -> (FieldMeta, Array) {
        let is_null = matches!(self.data, Data::Null(_));
        self.taken.any |= !is_null;
        // A schema without a type for the column calls it nullable, and later ones may not be narrower.
        self.nullable |= is_null;
        let integers = super::mixed::integer_facts(&self.data);
        self.taken.negative |= integers.negative;
        self.taken.beyond_float |= integers.beyond_float;
        let meta = self.meta(name);
        (meta, self.data.take())
    }

    /// Writes slot `at`.
    #[inline]
    pub(super) fn image(&mut self, at: usize, row: &mut RowImage<'_>) {
        let nullable = self.note_image();
        match &mut self.data {
            Data::Int32(values) => values.image(at, nullable, row),
            Data::Int64(values) => values.image(at, nullable, row),
            Data::UInt8(values) => values.image(at, nullable, row),
            Data::UInt32(values) => values.image(at, nullable, row),
            Data::UInt64(values) => values.image(at, nullable, row),
            Data::Float64(values) => values.image(at, nullable, row),
            _ => self.image_other(at, nullable, row),
        }
    }

    /// Apart from the kinds that take a few instructions only.
    #[inline(never)]
    fn image_other(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if let Data::Decimal(values) = &self.data {
            let digits = Some((values.precision, values.scale));
            if self.imaged_digits != digits {
                self.imaged_digits = digits;
                self.shape.count_image_change();
            }
        }
        with_slots!(&mut self.data, slots => slots.image(at, nullable, row));
    }

    /// Writes a null for a slot that has not come yet.
    pub(super) fn image_missing(&mut self, row: &mut RowImage<'_>) {
        self.note_missing();
        with_slots!(&self.data, slots => slots.image_null(row));
    }

    /// Sees that slots may be null, of a struct's fields, too: they are once the column has caught up.
    pub(super) fn note_missing(&mut self) {
        let columns = self.shape.columns.load(Ordering::Relaxed);
        // Most rows lack what the one before lacked.
        if self.missing_among == Some(columns) {
            return;
        }
        self.missing_among = Some(columns);
        self.nullable = true;
        self.note_image();
        if let Data::Struct(fields) = &mut self.data {
            fields.note_missing();
        }
    }

    /// Counts a change of what images look like; whether a slot may be null.
    #[inline]
    fn note_image(&mut self) -> bool {
        let imaged = Imaged {
            kind: discriminant(&self.data),
            nullable: self.is_nullable(),
        };
        if self.imaged != Some(imaged) {
            self.imaged = Some(imaged);
            self.shape.count_image_change();
        }
        imaged.nullable
    }

    fn is_nullable(&self) -> bool {
        self.nullable || matches!(self.data, Data::Null(_))
    }

    /// The field that a batch would have for the column, as far as images have shown.
    pub(super) fn data_field(&self, name: &str) -> Field {
        let FieldMeta { name, metadata, .. } = self.meta(name);
        Field {
            name,
            data_type: self.data.data_type(),
            nullable: self.is_nullable(),
            metadata,
        }
    }

    pub(super) fn meta(&self, name: &str) -> FieldMeta {
        let metadata = match &self.data {
            Data::Json(_) => HashMap::from([(EXTENSION_NAME_KEY.into(), JSON_EXTENSION.into())]),
            _ => HashMap::new(),
        };
        FieldMeta {
            name: name.to_owned(),
            nullable: self.nullable,
            metadata,
        }
    }
}
