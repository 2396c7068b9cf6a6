//! Rows as bytes, one by one: what keeps the rows that are not in a chunk yet.
//!
//! The columns of a [`BatchBuilder`](crate::build::BatchBuilder) write their last row into a [`RowImage`], which is space that
//! the caller has; [`read`] makes a batch of such rows, one after the other. Between them stands a schema, which says how a
//! row is laid out, and is not part of it. Integers and floats are little-endian.
//!
//! | field | bytes |
//! |---|---|
//! | nullable, of any type | 1 where there is a value, else 0; then, but for nulls of types without a fixed width, the value |
//! | null | none |
//! | boolean | 1 or 0 |
//! | integers, floats, decimals, dates, times, timestamps, durations | as many as Arrow has for them; of a null, they say nothing |
//! | text, binary | the number of bytes as a `u32`, the bytes |
//! | dictionary of text | as the text |
//! | list | the number of elements as a `u32`, each element |
//! | map | the number of entries as a `u32`, each entry: its key, its value |
//! | struct | its fields in order |
//!
//! A row is its fields in order, or one byte 0 where these are no bytes at all.
//!
//! ```
//! use export_core::build::BatchBuilder;
//! use export_core::image::{self, RowImage};
//! use export_core::{Limits, record::RecordBuilder};
//!
//! let mut rows = RecordBuilder::<(u32, Option<f64>)>::new();
//! let mut space = [0; 64];
//! let mut used = 0;
//! for row in [(1_u32, None), (2, Some(0.5))] {
//!     rows.push(&row)?;
//!     let mut image = RowImage::new(&mut space[used..]);
//!     rows.image_last(&mut image);
//!     used += image.written().expect("13 bytes a row");
//! }
//! let schema = rows.image_schema()?;
//! let back = image::read(&schema, &space[..used], &Limits::default())?;
//! assert!(back.same_rows(&rows.take_batch()?));
//! # Ok::<(), export_core::Error>(())
//! ```

mod column;
mod cursor;
mod read;
#[cfg(test)]
mod tests;

pub use read::read;

/// Space that a row is written to. What does not fit is counted instead.
#[derive(Debug)]
pub struct RowImage<'a> {
    rest: &'a mut [u8],
    /// Bytes written and those of `rest`.
    len: usize,
    /// Bytes that found no room.
    lost: usize,
}

impl<'a> RowImage<'a> {
    /// An empty image, to be written to the beginning of `space`.
    #[inline]
    #[must_use]
    pub fn new(space: &'a mut [u8]) -> Self {
        Self {
            len: space.len(),
            rest: space,
            lost: 0,
        }
    }

    /// Bytes of the image so far, whether they fit or not.
    #[inline]
    #[must_use]
    pub fn needed(&self) -> usize {
        (self.len - self.rest.len()).saturating_add(self.lost)
    }

    /// Bytes of the image, or `None` where it did not fit: what the space holds then is of no use, and
    /// [`RowImage::needed`] says how much would be enough.
    #[inline]
    #[must_use]
    pub fn written(&self) -> Option<usize> {
        (self.lost == 0).then(|| self.len - self.rest.len())
    }

    /// Bytes that still fit.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.rest.len()
    }

    /// Adds bytes of a number known when this is compiled.
    #[inline]
    pub fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        let room = self.rest.len();
        match std::mem::take(&mut self.rest).split_first_chunk_mut() {
            Some((into, rest)) => {
                *into = bytes;
                self.rest = rest;
            }
            None => self.lose(N, room),
        }
    }

    /// Adds bytes, their number before them.
    #[inline]
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_len(bytes.len());
        self.put_all(bytes);
    }

    /// Adds the number of what follows. Columns hold less than 2³¹ of anything.
    #[inline]
    pub(crate) fn put_len(&mut self, len: usize) {
        self.put(u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    }

    /// Adds a number, after the byte that says there is one where that is `nullable`.
    #[inline]
    pub(crate) fn put_fixed(&mut self, value: impl Fixed, nullable: bool) {
        if nullable {
            self.put([1]);
        }
        value.write(self);
    }

    /// Adds bytes.
    #[inline]
    fn put_all(&mut self, bytes: &[u8]) {
        let room = self.rest.len();
        match std::mem::take(&mut self.rest).split_at_mut_checked(bytes.len()) {
            Some((into, rest)) => {
                into.copy_from_slice(bytes);
                self.rest = rest;
            }
            None => self.lose(bytes.len(), room),
        }
    }

    /// Adds what `write` writes. While it does, nothing else points at this image, which may then be in registers.
    #[inline]
    pub(crate) fn by_value(&mut self, write: impl FnOnce(&mut RowImage<'_>)) {
        let mut image = RowImage {
            rest: std::mem::take(&mut self.rest),
            len: self.len,
            lost: self.lost,
        };
        write(&mut image);
        *self = image;
    }

    /// Adds what `write` writes, which begins again as often as it says that this will not do.
    pub(crate) fn repeat(&mut self, mut write: impl FnMut(&mut RowImage<'_>) -> bool) {
        loop {
            let room = self.rest.len();
            let mut attempt = RowImage::new(&mut *self.rest);
            if !write(&mut attempt) {
                continue;
            }
            let (needed, written) = (attempt.needed(), attempt.written());
            let rest = std::mem::take(&mut self.rest);
            match written.and_then(|written| rest.split_at_mut_checked(written)) {
                Some((_, rest)) => self.rest = rest,
                None => self.lose(needed, room),
            }
            return;
        }
    }

    /// Counts bytes that the last `room` bytes do not hold: nothing is written from here on.
    #[cold]
    fn lose(&mut self, bytes: usize, room: usize) {
        self.len -= room;
        self.lost = self.lost.saturating_add(bytes);
    }
}

/// Writes a row by `write`.
#[inline]
pub(crate) fn row(image: &mut RowImage<'_>, write: impl FnOnce(&mut RowImage<'_>)) {
    let before = image.needed();
    write(image);
    if image.needed() == before {
        image.put([0]);
    }
}

/// A number that is its bytes.
pub(crate) trait Fixed: Copy + Default {
    /// Adds this number.
    fn write(self, row: &mut RowImage<'_>);
    /// Adds all of `values`.
    fn write_all(values: &[Self], row: &mut RowImage<'_>);
}

macro_rules! fixed {
    ($($number:ty)*) => {
        $(impl Fixed for $number {
            #[inline]
            fn write(self, row: &mut RowImage<'_>) {
                row.put(self.to_le_bytes());
            }
            fn write_all(values: &[Self], row: &mut RowImage<'_>) {
                match cfg!(target_endian = "little") {
                    true => row.put_all(bytemuck::cast_slice(values)),
                    false => values.iter().for_each(|value| value.write(row)),
                }
            }
        })*
    };
}

fixed! { i8 i16 i32 i64 i128 u8 u16 u32 u64 f32 f64 }
