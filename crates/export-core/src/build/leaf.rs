//! Columns of values of a fixed width: numbers and booleans.

use marrow::array::{Array, BooleanArray, DecimalArray, NullArray, PrimitiveArray};

use super::bits::{Bits, Validity};

/// A column that grows: what every one can do whatever its type.
pub trait Slots: Send {
    /// Slots so far.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Adds nulls.
    fn push_nulls(&mut self, count: usize);
    /// Adds a null.
    #[inline]
    fn push_null(&mut self) {
        self.push_nulls(1);
    }
    /// Leaves the first `len` slots.
    fn truncate(&mut self, len: usize);
    /// Bytes of the buffers as they would be taken.
    fn bytes(&self) -> usize;
    /// Whether any slot may be null by the type of its values alone.
    fn is_nullable(&self) -> bool {
        false
    }
    /// The slots so far as an array; none are left.
    fn take(&mut self) -> Array;
}

/// Nothing but nulls.
#[derive(Debug, Default)]
pub struct Nulls(pub(crate) usize);

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
    fn is_nullable(&self) -> bool {
        true
    }
    fn take(&mut self) -> Array {
        Array::Null(NullArray {
            len: std::mem::take(&mut self.0),
        })
    }
}

/// Booleans.
#[derive(Debug, Default)]
pub struct Bools {
    validity: Validity,
    values: Bits,
}

impl Bools {
    #[inline]
    pub(crate) fn push(&mut self, value: bool) {
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
pub struct Primitive<T> {
    pub(crate) validity: Validity,
    pub(crate) values: Vec<T>,
}

impl<T: Copy + Default> Primitive<T> {
    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        self.values.push(value);
        self.validity.push_valid();
    }

    #[inline]
    pub(crate) fn push_option(&mut self, value: Option<T>) {
        self.validity.push(self.values.len(), value.is_some());
        self.values.push(value.unwrap_or_default());
    }

    /// Adds values none of which is null.
    pub(crate) fn extend(&mut self, values: &[T]) {
        self.values.extend_from_slice(values);
        self.validity.push_valid_many(values.len());
    }

    pub(crate) fn from_array(array: PrimitiveArray<T>) -> Self {
        let validity = Validity::from_bytes(array.validity, array.values.len());
        Self {
            validity,
            values: array.values,
        }
    }

    pub(crate) fn from_decimals(array: DecimalArray<T>) -> Self {
        let validity = Validity::from_bytes(array.validity, array.values.len());
        Self {
            validity,
            values: array.values,
        }
    }

    pub(crate) fn take_parts(&mut self) -> (Option<Vec<u8>>, Vec<T>) {
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

    #[inline]
    fn push_null(&mut self) {
        self.push_option(None);
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
            #[inline]
            fn push_null(&mut self) {
                self.push_option(None);
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
        #[inline]
        fn push_null(&mut self) {
            self.inner.push_null();
        }
        fn truncate(&mut self, len: usize) {
            self.inner.truncate(len);
        }
        fn bytes(&self) -> usize {
            self.inner.bytes()
        }
    };
}
pub(crate) use slots_by_inner;

/// Decimals of one precision and scale.
#[derive(Debug)]
pub struct Decimals {
    pub(crate) precision: u8,
    pub(crate) scale: i8,
    pub(crate) inner: Primitive<i128>,
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
