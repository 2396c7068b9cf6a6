//! Columns of values of a fixed width: numbers and booleans.

use std::ops::Range;

use marrow::array::{Array, BooleanArray, DecimalArray, NullArray, PrimitiveArray};

use super::bits::{Bits, Validity};
use crate::image::{Fixed, RowImage};

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
    /// Writes slot `at`, as [`crate::image`] says; whether it may be null is what the schema says of it.
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>);
    /// Writes a null, of a slot that the schema says may be null.
    fn image_null(&self, row: &mut RowImage<'_>) {
        row.put([0]);
    }
    /// Writes slot `at` of a struct's field, or of a variant's, which may lag behind.
    #[inline]
    fn image_field(&mut self, at: usize, within: Within, row: &mut RowImage<'_>) {
        match within {
            Within::Struct { nullable } => self.image(at, nullable || self.is_nullable(), row),
            Within::Variants if at < self.len() => self.image(at, true, row),
            Within::Variants => self.image_null(row),
        }
    }
    /// Writes the fields of slot `at` without the struct around them, where the column is one of structs.
    #[inline]
    fn image_flat(&mut self, at: usize, within: Within, row: &mut RowImage<'_>) {
        self.image_field(at, within, row);
    }
    /// Writes many slots, one after the other.
    fn image_all(&mut self, slots: Range<usize>, nullable: bool, row: &mut RowImage<'_>) {
        slots.for_each(|at| self.image(at, nullable, row));
    }
    /// Bytes that every image of a slot has: looked for at once, they are written without another look.
    #[inline]
    fn image_width(&self, _nullable: bool) -> usize {
        0
    }
}

/// What a field is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// The fields of a struct, all of one length.
    Struct {
        /// The struct may be null, and so its fields.
        nullable: bool,
    },
    /// The variants of an enum: those that rows leave out lag behind, and have nulls there.
    Variants,
}

impl Within {
    /// The fields of a struct that may be null.
    pub const NULLABLE: Self = Self::Struct { nullable: true };

    /// Whether the fields may be null, whatever their types.
    #[inline]
    #[must_use]
    pub fn is_nullable(self) -> bool {
        self != Self::Struct { nullable: false }
    }
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
    #[inline]
    fn image(&mut self, _at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if nullable {
            row.put([0]);
        }
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
    #[inline]
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
    #[inline]
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if nullable {
            row.put([u8::from(self.validity.is_valid(at))]);
        }
        row.put([u8::from(self.values.get(at))]);
    }
    fn image_null(&self, row: &mut RowImage<'_>) {
        row.put([0, 0]);
    }
    #[inline]
    fn image_width(&self, nullable: bool) -> usize {
        1 + usize::from(nullable)
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

    #[inline]
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

/// How what a column of one buffer holds is written.
pub(crate) trait ImageSlots {
    /// [`Slots::image`].
    fn write_slot(&self, at: usize, nullable: bool, row: &mut RowImage<'_>);
    /// [`Slots::image_null`].
    fn write_null(&self, row: &mut RowImage<'_>);
    /// [`Slots::image_all`].
    fn write_slots(&self, slots: Range<usize>, nullable: bool, row: &mut RowImage<'_>) {
        slots.for_each(|at| self.write_slot(at, nullable, row));
    }
    /// [`Slots::image_width`].
    fn slot_width(&self, nullable: bool) -> usize;
}

impl<T: Fixed> ImageSlots for Primitive<T> {
    /// A null's value is written, too: whether there is one is often a matter of chance, which no processor foresees.
    #[inline]
    fn write_slot(&self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if nullable {
            row.put([u8::from(self.validity.is_valid(at))]);
        }
        self.values.get(at).copied().unwrap_or_default().write(row);
    }

    #[inline]
    fn write_null(&self, row: &mut RowImage<'_>) {
        row.put([0]);
        T::default().write(row);
    }

    fn write_slots(&self, slots: Range<usize>, nullable: bool, row: &mut RowImage<'_>) {
        match self.values.get(slots.clone()) {
            Some(values) if !nullable => T::write_all(values, row),
            _ => slots.for_each(|at| self.write_slot(at, nullable, row)),
        }
    }

    #[inline]
    fn slot_width(&self, nullable: bool) -> usize {
        size_of::<T>() + usize::from(nullable)
    }
}

macro_rules! primitive_slots {
    ($($rust:ty => $array:ident),* $(,)?) => {
        $(impl Slots for Primitive<$rust> {
            #[inline]
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
            #[inline]
            fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
                self.write_slot(at, nullable, row);
            }
            #[inline]
            fn image_null(&self, row: &mut RowImage<'_>) {
                self.write_null(row);
            }
            fn image_all(&mut self, slots: Range<usize>, nullable: bool, row: &mut RowImage<'_>) {
                self.write_slots(slots, nullable, row);
            }
            #[inline]
            fn image_width(&self, nullable: bool) -> usize {
                self.slot_width(nullable)
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
        #[inline]
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
        #[inline]
        fn image(&mut self, at: usize, nullable: bool, row: &mut crate::image::RowImage<'_>) {
            crate::build::leaf::ImageSlots::write_slot(&self.inner, at, nullable, row);
        }
        #[inline]
        fn image_null(&self, row: &mut crate::image::RowImage<'_>) {
            crate::build::leaf::ImageSlots::write_null(&self.inner, row);
        }
        fn image_all(
            &mut self,
            slots: std::ops::Range<usize>,
            nullable: bool,
            row: &mut crate::image::RowImage<'_>,
        ) {
            crate::build::leaf::ImageSlots::write_slots(&self.inner, slots, nullable, row);
        }
        #[inline]
        fn image_width(&self, nullable: bool) -> usize {
            crate::build::leaf::ImageSlots::slot_width(&self.inner, nullable)
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
