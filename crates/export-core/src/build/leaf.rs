//! Columns of values without children: numbers, booleans, text, bytes, times.

use std::collections::HashMap;
use std::sync::Arc;

use marrow::array::{
    Array, BooleanArray, BytesArray, DecimalArray, DictionaryArray, NullArray, PrimitiveArray,
    TimeArray, TimestampArray,
};
use marrow::datatypes::TimeUnit;

use super::bits::{Bits, Validity};
use crate::{Error, Result};

/// What every column can do whatever its type.
pub(super) trait Slots {
    fn len(&self) -> usize;
    fn push_nulls(&mut self, count: usize);
    fn truncate(&mut self, len: usize);
    /// Bytes of the buffers as they would be taken.
    fn bytes(&self) -> usize;
    /// The slots so far as an array; none are left.
    fn take(&mut self) -> Array;
}

/// Nothing but nulls.
#[derive(Debug, Default)]
pub(super) struct Nulls(pub(super) usize);

impl Slots for Nulls {
    fn len(&self) -> usize {
        self.0
    }
    fn push_nulls(&mut self, count: usize) {
        self.0 += count;
    }
    fn truncate(&mut self, len: usize) {
        self.0 = self.0.min(len);
    }
    fn bytes(&self) -> usize {
        0
    }
    fn take(&mut self) -> Array {
        Array::Null(NullArray {
            len: std::mem::take(&mut self.0),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Bools {
    validity: Validity,
    values: Bits,
}

impl Bools {
    #[inline]
    pub(super) fn push(&mut self, value: bool) {
        self.values.push(value);
        self.validity.push_valid();
    }
}

impl Slots for Bools {
    fn len(&self) -> usize {
        self.values.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.values.len(), count);
        self.values.extend(false, count);
    }
    fn truncate(&mut self, len: usize) {
        self.validity.truncate(len);
        self.values.truncate(len);
    }
    fn bytes(&self) -> usize {
        self.values.bytes() + self.validity.bytes()
    }
    fn take(&mut self) -> Array {
        Array::Boolean(BooleanArray {
            len: self.values.len(),
            validity: self.validity.take(),
            values: self.values.take(),
        })
    }
}

/// Values of a fixed width.
#[derive(Debug, Default)]
pub(super) struct Primitive<T> {
    pub(super) validity: Validity,
    pub(super) values: Vec<T>,
}

impl<T: Copy + Default> Primitive<T> {
    #[inline]
    pub(super) fn push(&mut self, value: T) {
        self.values.push(value);
        self.validity.push_valid();
    }

    pub(super) fn from_array(array: PrimitiveArray<T>) -> Self {
        let validity = Validity::from_bytes(array.validity, array.values.len());
        Self {
            validity,
            values: array.values,
        }
    }

    pub(super) fn from_decimals(array: DecimalArray<T>) -> Self {
        let validity = Validity::from_bytes(array.validity, array.values.len());
        Self {
            validity,
            values: array.values,
        }
    }

    fn take_parts(&mut self) -> (Option<Vec<u8>>, Vec<T>) {
        // The next batch is likely to be as long as this one.
        let next = Vec::with_capacity(self.values.len());
        (
            self.validity.take(),
            std::mem::replace(&mut self.values, next),
        )
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.values.len(), count);
        self.values.resize(self.values.len() + count, T::default());
    }

    fn truncate(&mut self, len: usize) {
        self.validity.truncate(len);
        self.values.truncate(len);
    }

    fn bytes(&self) -> usize {
        self.values.len() * size_of::<T>() + self.validity.bytes()
    }
}

macro_rules! primitive_slots {
    ($($rust:ty => $array:ident),* $(,)?) => {
        $(impl Slots for Primitive<$rust> {
            fn len(&self) -> usize {
                Primitive::len(self)
            }
            fn push_nulls(&mut self, count: usize) {
                Primitive::push_nulls(self, count);
            }
            fn truncate(&mut self, len: usize) {
                Primitive::truncate(self, len);
            }
            fn bytes(&self) -> usize {
                Primitive::bytes(self)
            }
            fn take(&mut self) -> Array {
                let (validity, values) = self.take_parts();
                Array::$array(PrimitiveArray { validity, values })
            }
        })*
    };
}

primitive_slots! {
    i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64,
    u8 => UInt8, u16 => UInt16, u32 => UInt32, u64 => UInt64,
    f32 => Float32, f64 => Float64,
}

macro_rules! slots_by_inner {
    () => {
        fn len(&self) -> usize {
            self.inner.len()
        }
        fn push_nulls(&mut self, count: usize) {
            self.inner.push_nulls(count);
        }
        fn truncate(&mut self, len: usize) {
            self.inner.truncate(len);
        }
        fn bytes(&self) -> usize {
            self.inner.bytes()
        }
    };
}

/// Decimals of one precision and scale.
#[derive(Debug)]
pub(super) struct Decimals {
    pub(super) precision: u8,
    pub(super) scale: i8,
    pub(super) inner: Primitive<i128>,
}

impl Slots for Decimals {
    slots_by_inner!();
    fn take(&mut self) -> Array {
        let (validity, values) = self.inner.take_parts();
        let Self {
            precision, scale, ..
        } = *self;
        Array::Decimal128(DecimalArray {
            precision,
            scale,
            validity,
            values,
        })
    }
}

/// The type of a date, time, timestamp or duration, whose value is one integer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Temporal {
    /// Days since 1970-01-01; values must fit an `i32`.
    Date,
    /// Time since midnight.
    Time(TimeUnit),
    /// Time since 1970-01-01; with a zone it is an instant (UTC), without it is a wall clock.
    Timestamp(TimeUnit, Option<Arc<str>>),
    /// A length of time.
    Duration(TimeUnit),
}

/// Values of one temporal type.
#[derive(Debug)]
pub(super) struct Temporals {
    pub(super) kind: Temporal,
    pub(super) inner: Primitive<i64>,
}

/// Arrow stores days, and seconds and milliseconds of a day, in 32 bits. [`super::Column::push_temporal`] lets none past
/// that do not fit.
fn narrowed(values: &[i64]) -> Vec<i32> {
    values
        .iter()
        .map(|&value| i32::try_from(value).unwrap_or_default())
        .collect()
}

impl Temporal {
    pub(super) fn holds(&self, value: i64) -> bool {
        let narrow = matches!(
            self,
            Self::Date | Self::Time(TimeUnit::Second | TimeUnit::Millisecond)
        );
        !narrow || i32::try_from(value).is_ok()
    }
}

impl Slots for Temporals {
    slots_by_inner!();
    fn take(&mut self) -> Array {
        let (validity, values) = self.inner.take_parts();
        match self.kind.clone() {
            Temporal::Date => Array::Date32(PrimitiveArray {
                validity,
                values: narrowed(&values),
            }),
            Temporal::Time(unit @ (TimeUnit::Second | TimeUnit::Millisecond)) => {
                Array::Time32(TimeArray {
                    unit,
                    validity,
                    values: narrowed(&values),
                })
            }
            Temporal::Time(unit) => Array::Time64(TimeArray {
                unit,
                validity,
                values,
            }),
            Temporal::Timestamp(unit, zone) => {
                let timezone = zone.map(|zone| zone.to_string());
                Array::Timestamp(TimestampArray {
                    unit,
                    timezone,
                    validity,
                    values,
                })
            }
            Temporal::Duration(unit) => Array::Duration(TimeArray {
                unit,
                validity,
                values,
            }),
        }
    }
}

/// Values of any length, one after the other.
#[derive(Debug)]
pub(super) struct Bytes {
    validity: Validity,
    offsets: Vec<i32>,
    pub(super) data: Vec<u8>,
}

impl Default for Bytes {
    fn default() -> Self {
        Self {
            validity: Validity::default(),
            offsets: vec![0],
            data: Vec::new(),
        }
    }
}

impl Bytes {
    #[inline]
    pub(super) fn push(&mut self, value: &[u8]) -> Result<()> {
        self.data.extend_from_slice(value);
        self.end_value()
    }

    /// Ends a value whose bytes were appended to `data`.
    #[inline]
    pub(super) fn end_value(&mut self) -> Result<()> {
        let Ok(end) = i32::try_from(self.data.len()) else {
            return Err(over_2_gib());
        };
        self.offsets.push(end);
        self.validity.push_valid();
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        let (len, end) = (self.len(), self.offsets.last().copied().unwrap_or(0));
        self.validity.push_nulls(len, count);
        self.offsets.resize(self.offsets.len() + count, end);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.validity.truncate(len);
        let end = self.offsets.last().copied().unwrap_or(0);
        self.data.truncate(usize::try_from(end).unwrap_or(0));
    }

    pub(super) fn bytes(&self) -> usize {
        self.data.len() + self.offsets.len() * size_of::<i32>() + self.validity.bytes()
    }

    pub(super) fn take(&mut self) -> BytesArray<i32> {
        let mut offsets = Vec::with_capacity(self.offsets.len());
        offsets.push(0);
        let data = Vec::with_capacity(self.data.len());
        BytesArray {
            validity: self.validity.take(),
            offsets: std::mem::replace(&mut self.offsets, offsets),
            data: std::mem::replace(&mut self.data, data),
        }
    }

    pub(super) fn from_array(array: BytesArray<i32>) -> Self {
        let len = array.offsets.len().saturating_sub(1);
        let validity = Validity::from_bytes(array.validity, len);
        Self {
            validity,
            offsets: array.offsets,
            data: array.data,
        }
    }
}

#[cold]
pub(super) fn over_2_gib() -> Error {
    Error::limit("one batch of this column is over 2 GiB")
        .with_hint("take batches more often: batches of a few megabytes are quickest")
}

macro_rules! bytes_slots {
    ($($(#[$doc:meta])* $name:ident => $array:ident),* $(,)?) => {
        $($(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name {
            pub(super) inner: Bytes,
        }

        impl Slots for $name {
            slots_by_inner!();
            fn take(&mut self) -> Array {
                Array::$array(self.inner.take())
            }
        })*
    };
}

bytes_slots! {
    Text => Utf8,
    Binaries => Binary,
}

/// Names out of a small set, each stored once.
#[derive(Debug, Default)]
pub(super) struct Names {
    inner: Primitive<u32>,
    names: Bytes,
    index: HashMap<Box<str>, u32>,
}

impl Names {
    pub(super) fn push(&mut self, name: &str) -> Result<()> {
        let key = match self.index.get(name) {
            Some(key) => *key,
            None => {
                let key = u32::try_from(self.index.len()).map_err(|_| over_2_gib())?;
                self.names.push(name.as_bytes())?;
                self.index.insert(name.into(), key);
                key
            }
        };
        self.inner.push(key);
        Ok(())
    }
}

impl Slots for Names {
    fn len(&self) -> usize {
        self.inner.len()
    }
    fn push_nulls(&mut self, count: usize) {
        self.inner.push_nulls(count);
    }
    fn truncate(&mut self, len: usize) {
        self.inner.truncate(len);
    }
    fn bytes(&self) -> usize {
        self.inner.bytes() + self.names.bytes()
    }
    fn take(&mut self) -> Array {
        // The names stay: later batches use the same keys.
        let names = self.names.take();
        self.names = Bytes::from_array(names.clone());
        Array::Dictionary(DictionaryArray {
            keys: Box::new(Slots::take(&mut self.inner)),
            values: Box::new(Array::Utf8(names)),
        })
    }
}
