//! Numbers, booleans and nothing.

use super::{Bools, Decimals, Nulls, Primitive, Record, RowImage, Slots, Within};
use crate::{Error, Result};

macro_rules! numbers {
    ($($rust:ty)*) => {
        $(impl Record for $rust {
            type Column = Primitive<$rust>;

            #[inline]
            fn push_to(&self, column: &mut Primitive<$rust>) -> Result<()> {
                column.push(*self);
                Ok(())
            }

            #[inline]
            fn push_option(value: Option<&Self>, column: &mut Primitive<$rust>) -> Result<()> {
                column.push_option(value.copied());
                Ok(())
            }

            #[inline]
            fn image_to(
                &self,
                _column: &mut Self::Column,
                _at: usize,
                within: Within,
                row: &mut RowImage<'_>,
            ) {
                row.put_fixed(*self, within.is_nullable());
            }

            #[inline]
            fn image_option(
                value: Option<&Self>,
                _column: &mut Self::Column,
                _at: usize,
                row: &mut RowImage<'_>,
            ) {
                row.put([u8::from(value.is_some())]);
                row.put_fixed(value.copied().unwrap_or_default(), false);
            }

            fn push_all(values: &[Self], column: &mut Primitive<$rust>) -> Result<()> {
                column.extend(values);
                Ok(())
            }
        })*
    };
}

numbers! { i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

macro_rules! sizes {
    ($($rust:ty as $fixed:ty),*) => {
        $(impl Record for $rust {
            type Column = Primitive<$fixed>;

            #[inline]
            fn push_to(&self, column: &mut Primitive<$fixed>) -> Result<()> {
                column.push(*self as $fixed);
                Ok(())
            }

            #[inline]
            fn image_to(
                &self,
                _column: &mut Self::Column,
                _at: usize,
                within: Within,
                row: &mut RowImage<'_>,
            ) {
                row.put_fixed(*self as $fixed, within.is_nullable());
            }
        })*
    };
}

sizes! { usize as u64, isize as i64 }

impl Record for bool {
    type Column = Bools;

    #[inline]
    fn push_to(&self, column: &mut Bools) -> Result<()> {
        column.push(*self);
        Ok(())
    }

    #[inline]
    fn image_to(&self, _column: &mut Bools, _at: usize, within: Within, row: &mut RowImage<'_>) {
        row.put_fixed(u8::from(*self), within.is_nullable());
    }
}

/// Digits of the widest decimals there are.
const DIGITS: u8 = 38;
const END: u128 = 10_u128.pow(38);

impl Default for Decimals {
    /// Integers of up to 38 digits.
    fn default() -> Self {
        Self {
            precision: DIGITS,
            scale: 0,
            inner: Primitive::default(),
        }
    }
}

impl Record for i128 {
    type Column = Decimals;

    #[inline]
    fn push_to(&self, column: &mut Decimals) -> Result<()> {
        if self.unsigned_abs() >= END {
            return Err(too_long(self));
        }
        column.inner.push(*self);
        Ok(())
    }
}

impl Record for u128 {
    type Column = Decimals;

    #[inline]
    fn push_to(&self, column: &mut Decimals) -> Result<()> {
        match i128::try_from(*self) {
            Ok(value) => value.push_to(column),
            Err(_) => Err(too_long(self)),
        }
    }
}

#[cold]
fn too_long(value: &dyn std::fmt::Display) -> Error {
    Error::data(format!("{value} has more than 38 digits"))
        .with_hint("keep such numbers as text or bytes")
}

impl Record for () {
    type Column = Nulls;

    #[inline]
    fn push_to(&self, column: &mut Nulls) -> Result<()> {
        column.push_nulls(1);
        Ok(())
    }
}

impl<T: ?Sized> Record for std::marker::PhantomData<T> {
    type Column = Nulls;

    #[inline]
    fn push_to(&self, column: &mut Nulls) -> Result<()> {
        column.push_nulls(1);
        Ok(())
    }
}
