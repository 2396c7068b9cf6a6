//! What points at a value is recorded as the value.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::{Record, RowImage, Within};
use crate::Result;

macro_rules! pointers {
    ($(<$($lifetime:lifetime,)? $t:ident $(: $bound:ident)?> $pointer:ty;)*) => {
        $(impl<$($lifetime,)? $t: Record $(+ $bound)? + ?Sized> Record for $pointer {
            type Column = $t::Column;
            const HAS_FIELDS: bool = $t::HAS_FIELDS;

            #[inline]
            fn push_to(&self, column: &mut $t::Column) -> Result<()> {
                (**self).push_to(column)
            }

            #[inline]
            fn image_to(&self, column: &mut $t::Column, at: usize, within: Within, row: &mut RowImage<'_>) {
                (**self).image_to(column, at, within, row);
            }

            #[inline]
            fn image_flat_to(&self, column: &mut $t::Column, at: usize, within: Within, row: &mut RowImage<'_>) {
                (**self).image_flat_to(column, at, within, row);
            }
        })*
    };
}

pointers! {
    <T> &T;
    <T> &mut T;
    <T> Box<T>;
    <T> Rc<T>;
    <T> Arc<T>;
    <'a, T: ToOwned> Cow<'a, T>;
}
