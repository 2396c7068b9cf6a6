//! Columns of text, bytes and names.

use std::collections::HashMap;

use marrow::array::{Array, BytesArray, DictionaryArray};

use super::bits::Validity;
use super::leaf::{ImageSlots, Primitive, Slots, slots_by_inner};
use crate::image::RowImage;
use crate::{Error, Result};

/// Values of any length, one after the other.
#[derive(Debug)]
pub(crate) struct Bytes {
    validity: Validity,
    offsets: Vec<i32>,
    pub(crate) data: Vec<u8>,
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
    pub(crate) fn push(&mut self, value: &[u8]) -> Result<()> {
        self.data.extend_from_slice(value);
        self.end_value()
    }

    /// Ends a value whose bytes were appended to `data`.
    #[inline]
    pub(crate) fn end_value(&mut self) -> Result<()> {
        let Ok(end) = i32::try_from(self.data.len()) else {
            return Err(over_2_gib());
        };
        self.offsets.push(end);
        self.validity.push_valid();
        Ok(())
    }

    /// The bytes of slot `at`.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> &[u8] {
        let found = match self.offsets.get(at..).and_then(<[i32]>::first_chunk) {
            Some(&[start, end]) => usize::try_from(start).ok().zip(usize::try_from(end).ok()),
            None => None,
        };
        found
            .and_then(|(start, end)| self.data.get(start..end))
            .unwrap_or_default()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        let (len, end) = (self.len(), self.offsets.last().copied().unwrap_or(0));
        self.validity.push_nulls(len, count);
        self.offsets.resize(self.offsets.len() + count, end);
    }

    #[inline]
    pub(crate) fn push_null(&mut self) {
        self.validity.push(self.len(), false);
        self.offsets.push(self.offsets.last().copied().unwrap_or(0));
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.validity.truncate(len);
        let end = self.offsets.last().copied().unwrap_or(0);
        self.data.truncate(usize::try_from(end).unwrap_or(0));
    }

    pub(crate) fn bytes(&self) -> usize {
        self.data.len() + self.offsets.len() * size_of::<i32>() + self.validity.bytes()
    }

    pub(crate) fn take(&mut self) -> BytesArray<i32> {
        let mut offsets = Vec::with_capacity(self.offsets.len());
        offsets.push(0);
        let data = Vec::with_capacity(self.data.len());
        BytesArray {
            validity: self.validity.take(),
            offsets: std::mem::replace(&mut self.offsets, offsets),
            data: std::mem::replace(&mut self.data, data),
        }
    }

    pub(crate) fn from_array(array: BytesArray<i32>) -> Self {
        let len = array.offsets.len().saturating_sub(1);
        let validity = Validity::from_bytes(array.validity, len);
        Self {
            validity,
            offsets: array.offsets,
            data: array.data,
        }
    }
}

impl ImageSlots for Bytes {
    #[inline]
    fn write_slot(&self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        if nullable {
            let is_valid = self.validity.is_valid(at);
            row.put([u8::from(is_valid)]);
            if !is_valid {
                return;
            }
        }
        row.put_bytes(self.get(at));
    }

    fn write_null(&self, row: &mut RowImage<'_>) {
        row.put([0]);
    }

    #[inline]
    fn slot_width(&self, _nullable: bool) -> usize {
        1
    }
}

#[cold]
pub(crate) fn over_2_gib() -> Error {
    Error::limit("one batch of this column is over 2 GiB")
        .with_hint("take batches more often: batches of a few megabytes are quickest")
}

macro_rules! bytes_slots {
    ($($(#[$doc:meta])* $name:ident => $array:ident),* $(,)?) => {
        $($(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name {
            pub(crate) inner: Bytes,
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
    /// Text.
    Text => Utf8,
    /// Bytes.
    Binaries => Binary,
}

/// Names out of a small set, each stored once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    inner: Primitive<u32>,
    names: Bytes,
    index: HashMap<Box<str>, u32>,
}

impl Names {
    /// Adds a name and returns its key.
    pub(crate) fn push(&mut self, name: &str) -> Result<u32> {
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
        Ok(key)
    }

    /// Adds a name that was pushed before.
    #[inline]
    pub(crate) fn push_key(&mut self, key: u32) {
        self.inner.push(key);
    }
}

impl Slots for Names {
    #[inline]
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
    #[inline]
    fn image(&mut self, at: usize, nullable: bool, row: &mut RowImage<'_>) {
        let is_valid = self.inner.validity.is_valid(at);
        if nullable {
            row.put([u8::from(is_valid)]);
        }
        if is_valid || !nullable {
            let key = self.inner.values.get(at).copied().unwrap_or_default();
            row.put_bytes(self.names.get(usize::try_from(key).unwrap_or(usize::MAX)));
        }
    }
}
