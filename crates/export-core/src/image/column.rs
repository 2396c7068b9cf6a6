//! Columns that grow out of the bytes of rows.

use marrow::array::{Array, ListArray, MapArray, StructArray};
use marrow::datatypes::{DataType, Field, FieldMeta, MapMeta, TimeUnit};

use super::cursor::Cursor;
use crate::array::field_meta;
use crate::build::Temporal;
use crate::build::bits::Validity;
use crate::build::bytes::{Binaries, Names, Text};
use crate::build::leaf::{Bools, Decimals, Nulls, Primitive, Slots};
use crate::build::nested::Ends;
use crate::build::push::pow10;
use crate::build::temporal::Temporals;
use crate::{Error, Limits, Result};

/// What the values of a type grow into.
trait Values {
    /// Bytes of columns that a value takes, those of its length left out.
    fn width(&self) -> usize;
    /// Takes a value.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()>;
    /// Bytes that stand for a null.
    fn null_bytes(&self) -> usize {
        0
    }
    /// Adds a null.
    fn push_null(&mut self, cursor: &mut Cursor<'_>) -> Result<()>;
    /// Adds a value that stands for nothing, below a null.
    fn push_any(&mut self, cursor: &mut Cursor<'_>) -> Result<()>;
    fn take(&mut self) -> Array;
}

/// What every slot is counted as besides its value: a slot without any takes no memory, but takes time.
const SLOT: usize = 4;

/// A column, and whether its slots may be null.
pub(super) struct Column {
    nullable: bool,
    values: Box<dyn Values>,
}

impl Column {
    /// Takes a slot. Returns whether it has a value.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<bool> {
        cursor.spend(SLOT + self.values.width())?;
        if !self.nullable || cursor.flag()? {
            self.values.read(cursor)?;
            return Ok(true);
        }
        cursor.skip(self.values.null_bytes())?;
        self.values.push_null(cursor)?;
        Ok(false)
    }

    /// Adds a slot of a struct that is null.
    fn push_below_null(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        cursor.spend(SLOT + self.values.width())?;
        match self.nullable {
            true => self.values.push_null(cursor),
            false => self.values.push_any(cursor),
        }
    }

    pub(super) fn take(&mut self) -> Array {
        self.values.take()
    }
}

/// Columns of these fields.
pub(super) fn all(fields: &[Field], limits: &Limits) -> Result<Vec<Column>> {
    let mut left = limits.columns;
    columns(fields, &mut left, limits.depth)
}

fn columns(fields: &[Field], left: &mut u32, depth: u32) -> Result<Vec<Column>> {
    let column =
        |field: &Field| column(field, left, depth).map_err(|error| error.in_column(&field.name));
    fields.iter().map(column).collect()
}

fn column(field: &Field, left: &mut u32, depth: u32) -> Result<Column> {
    let over = |what| move || Error::limit(format!("the schema has too many {what}"));
    *left = left.checked_sub(1).ok_or_else(over("columns"))?;
    let depth = depth.checked_sub(1).ok_or_else(over("levels"))?;
    Ok(Column {
        nullable: field.nullable,
        values: values(&field.data_type, left, depth)?,
    })
}

fn values(data_type: &DataType, left: &mut u32, depth: u32) -> Result<Box<dyn Values>> {
    use DataType as T;
    let times = |kind| -> Box<dyn Values> {
        Box::new(Temporals {
            kind,
            inner: Primitive::default(),
        })
    };
    Ok(match data_type {
        T::Null => Box::new(Nulls::default()),
        T::Boolean => Box::new(Bools::default()),
        T::Int8 => Box::new(Primitive::<i8>::default()),
        T::Int16 => Box::new(Primitive::<i16>::default()),
        T::Int32 => Box::new(Primitive::<i32>::default()),
        T::Int64 => Box::new(Primitive::<i64>::default()),
        T::UInt8 => Box::new(Primitive::<u8>::default()),
        T::UInt16 => Box::new(Primitive::<u16>::default()),
        T::UInt32 => Box::new(Primitive::<u32>::default()),
        T::UInt64 => Box::new(Primitive::<u64>::default()),
        T::Float32 => Box::new(Primitive::<f32>::default()),
        T::Float64 => Box::new(Primitive::<f64>::default()),
        T::Decimal128(precision @ 1..=38, scale) => Box::new(Decimals {
            precision: *precision,
            scale: *scale,
            inner: Primitive::default(),
        }),
        T::Date32 => times(Temporal::Date),
        T::Time32(unit @ (TimeUnit::Second | TimeUnit::Millisecond))
        | T::Time64(unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond)) => {
            times(Temporal::Time(*unit))
        }
        T::Timestamp(unit, zone) => {
            let zone = zone.as_deref().map(Into::into);
            times(Temporal::Timestamp(*unit, zone))
        }
        T::Duration(unit) => times(Temporal::Duration(*unit)),
        T::Utf8 => Box::new(Text::default()),
        T::Binary => Box::new(Binaries::default()),
        T::Dictionary(keys, values) if (&**keys, &**values) == (&T::UInt32, &T::Utf8) => {
            Box::new(Names::default())
        }
        T::List(element) => Box::new(List {
            ends: Ends::default(),
            elements: column(element, left, depth)?,
            count: 0,
            meta: field_meta(element),
        }),
        T::Map(entries, sorted) => Box::new(map(entries, *sorted, left, depth)?),
        T::Struct(fields) => Box::new(Struct {
            len: 0,
            validity: Validity::default(),
            metas: fields.iter().map(field_meta).collect(),
            columns: columns(fields, left, depth)?,
        }),
        other => {
            return Err(Error::unsupported(format!(
                "no column of rows has the type {other:?}"
            )));
        }
    })
}

fn map(entries: &Field, sorted: bool, left: &mut u32, depth: u32) -> Result<Map> {
    let DataType::Struct(fields) = &entries.data_type else {
        return Err(Error::schema("a map's entries are not a struct"));
    };
    let [keys, values] = fields.as_slice() else {
        return Err(Error::schema("a map's entries are not a key and a value"));
    };
    Ok(Map {
        ends: Ends::default(),
        count: 0,
        meta: MapMeta {
            entries_name: entries.name.clone(),
            sorted,
            keys: field_meta(keys),
            values: field_meta(values),
        },
        keys: column(keys, left, depth)?,
        values: column(values, left, depth)?,
    })
}

/// What the column itself knows.
macro_rules! values_by_slots {
    () => {
        fn push_null(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
            Slots::push_null(self);
            Ok(())
        }
        fn take(&mut self) -> Array {
            Slots::take(self)
        }
    };
}

impl Values for Nulls {
    values_by_slots!();
    fn width(&self) -> usize {
        0
    }
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        Values::push_null(self, cursor)
    }
    fn push_any(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        Values::push_null(self, cursor)
    }
}

impl Values for Bools {
    values_by_slots!();
    fn width(&self) -> usize {
        1
    }
    fn null_bytes(&self) -> usize {
        1
    }
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.push(cursor.flag()?);
        Ok(())
    }
    fn push_any(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
        self.push(false);
        Ok(())
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Values for Primitive<$number> {
            values_by_slots!();
            fn width(&self) -> usize {
                size_of::<$number>()
            }
            fn null_bytes(&self) -> usize {
                size_of::<$number>()
            }
            fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
                self.push(<$number>::from_le_bytes(cursor.take()?));
                Ok(())
            }
            fn push_any(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
                self.push(<$number>::default());
                Ok(())
            }
        })*
    };
}

numbers! { i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

impl Values for Decimals {
    values_by_slots!();
    fn width(&self) -> usize {
        size_of::<i128>()
    }
    fn null_bytes(&self) -> usize {
        size_of::<i128>()
    }
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let value = i128::from_le_bytes(cursor.take()?);
        if value.unsigned_abs() >= pow10(self.precision) {
            let digits = self.precision;
            let text = format!("{value} has more than {digits} digits");
            return Err(Error::corrupt(text));
        }
        self.inner.push(value);
        Ok(())
    }
    fn push_any(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
        self.inner.push(0);
        Ok(())
    }
}

impl Values for Temporals {
    values_by_slots!();
    fn width(&self) -> usize {
        size_of::<i64>()
    }
    fn null_bytes(&self) -> usize {
        match self.kind.is_narrow() {
            true => size_of::<i32>(),
            false => size_of::<i64>(),
        }
    }
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.inner.push(match self.kind.is_narrow() {
            true => i32::from_le_bytes(cursor.take()?).into(),
            false => i64::from_le_bytes(cursor.take()?),
        });
        Ok(())
    }
    fn push_any(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
        self.inner.push(0);
        Ok(())
    }
}

macro_rules! spans {
    ($($column:ty: $push:expr;)*) => {
        $(impl Values for $column {
            values_by_slots!();
            fn width(&self) -> usize {
                size_of::<i32>()
            }
            fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
                $push(self, cursor.bytes()?)
            }
            fn push_any(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
                $push(self, b"")
            }
        })*
    };
}

spans! {
    Text: |column: &mut Self, bytes| column.inner.push(text(bytes)?.as_bytes());
    Binaries: |column: &mut Self, bytes| column.inner.push(bytes);
    Names: |column: &mut Self, bytes| column.push(text(bytes)?).map(drop);
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes)
        .map_err(|error| Error::corrupt(format!("the text is not UTF-8: {error}")))
}

struct List {
    ends: Ends,
    meta: FieldMeta,
    elements: Column,
    /// Elements of all lists.
    count: usize,
}

impl Values for List {
    fn width(&self) -> usize {
        size_of::<i32>()
    }
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        for _ in 0..cursor.len()? {
            self.elements.read(cursor)?;
            self.count += 1;
        }
        self.ends.push(self.count)
    }
    fn push_null(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
        self.ends.push_nulls(1);
        Ok(())
    }
    fn push_any(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
        self.ends.push(self.count)
    }
    fn take(&mut self) -> Array {
        let (validity, offsets) = self.ends.take();
        Array::List(ListArray {
            validity,
            offsets,
            meta: self.meta.clone(),
            elements: Box::new(self.elements.take()),
        })
    }
}

struct Map {
    ends: Ends,
    meta: MapMeta,
    keys: Column,
    values: Column,
    /// Entries of all maps.
    count: usize,
}

impl Values for Map {
    fn width(&self) -> usize {
        size_of::<i32>()
    }
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        for _ in 0..cursor.len()? {
            if !self.keys.read(cursor)? {
                return Err(Error::corrupt("a key of a map is null"));
            }
            self.values.read(cursor)?;
            self.count += 1;
        }
        self.ends.push(self.count)
    }
    fn push_null(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
        self.ends.push_nulls(1);
        Ok(())
    }
    fn push_any(&mut self, _cursor: &mut Cursor<'_>) -> Result<()> {
        self.ends.push(self.count)
    }
    fn take(&mut self) -> Array {
        let (validity, offsets) = self.ends.take();
        Array::Map(MapArray {
            validity,
            offsets,
            meta: self.meta.clone(),
            keys: Box::new(self.keys.take()),
            values: Box::new(self.values.take()),
        })
    }
}

struct Struct {
    len: usize,
    validity: Validity,
    metas: Vec<FieldMeta>,
    columns: Vec<Column>,
}

impl Values for Struct {
    fn width(&self) -> usize {
        1
    }
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        for (meta, column) in self.metas.iter().zip(&mut self.columns) {
            column
                .read(cursor)
                .map_err(|error| error.in_column(&meta.name))?;
        }
        self.len += 1;
        self.validity.push_valid();
        Ok(())
    }
    fn push_null(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.validity.push_nulls(self.len, 1);
        self.len += 1;
        self.columns
            .iter_mut()
            .try_for_each(|column| column.push_below_null(cursor))
    }
    fn push_any(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.validity.push_valid();
        self.len += 1;
        self.columns
            .iter_mut()
            .try_for_each(|column| column.push_below_null(cursor))
    }
    fn take(&mut self) -> Array {
        let columns = self.columns.iter_mut().map(Column::take);
        Array::Struct(StructArray {
            len: std::mem::take(&mut self.len),
            validity: self.validity.take(),
            fields: std::mem::take(&mut self.metas)
                .into_iter()
                .zip(columns)
                .collect(),
        })
    }
}
