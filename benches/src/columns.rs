//! Columns under construction.

use std::sync::Arc;

use export_core::marrow::array::{Array, BytesArray, PrimitiveArray};
use export_core::marrow::datatypes::Field;
use export_core::{Batch, Error, Result, Schema};

/// Bytes of values a batch holds at about, as those of sources do.
const BATCH_BYTES: usize = 4 << 20;

/// Named columns on their way to a batch.
#[derive(Default)]
pub(crate) struct Columns {
    fields: Vec<Field>,
    arrays: Vec<Array>,
}

impl Columns {
    /// Adds a column without nulls.
    pub(crate) fn with(self, name: &str, array: Array) -> Self {
        self.column(name, array, false)
    }

    /// Adds a column that may hold nulls.
    pub(crate) fn with_nullable(self, name: &str, array: Array) -> Self {
        self.column(name, array, true)
    }

    fn column(mut self, name: &str, array: Array, nullable: bool) -> Self {
        let data_type = array.data_type();
        self.fields.push(Field {
            name: name.to_owned(),
            data_type,
            nullable,
            ..Field::default()
        });
        self.arrays.push(array);
        self
    }

    pub(crate) fn batch(self, rows: usize) -> Result<Batch> {
        Batch::new(Arc::new(Schema::new(self.fields)?), rows, self.arrays)
    }
}

/// `rows` rows in batches of about [`BATCH_BYTES`], each filled by `fill`, which is given the number of its rows.
pub(crate) fn batches(
    rows: usize,
    row_bytes: usize,
    mut fill: impl FnMut(usize) -> Result<Batch>,
) -> Result<Vec<Batch>> {
    let most = BATCH_BYTES / row_bytes.max(1);
    let mut batches = Vec::new();
    let mut left = rows;
    while left > 0 || batches.is_empty() {
        let count = left.min(most);
        batches.push(fill(count)?);
        left -= count;
    }
    Ok(batches)
}

/// Values without nulls.
pub(crate) fn full<T>(values: Vec<T>) -> PrimitiveArray<T> {
    PrimitiveArray {
        validity: None,
        values,
    }
}

/// Values some of which are null.
pub(crate) fn sparse<T: Default>(values: Vec<Option<T>>) -> PrimitiveArray<T> {
    let validity = bitmap(values.iter().map(Option::is_some));
    PrimitiveArray {
        validity,
        values: values.into_iter().map(Option::unwrap_or_default).collect(),
    }
}

/// Text, some of which may be null.
#[derive(Default)]
pub(crate) struct Text {
    lengths: Vec<usize>,
    valid: Vec<bool>,
    data: Vec<u8>,
}

impl Text {
    pub(crate) fn push(&mut self, text: &str) {
        self.lengths.push(text.len());
        self.valid.push(true);
        self.data.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn push_null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    pub(crate) fn array(self) -> Result<Array> {
        let validity = if self.valid.contains(&false) {
            bitmap(self.valid.into_iter())
        } else {
            None
        };
        let offsets = offsets(self.lengths)?;
        Ok(Array::Utf8(BytesArray {
            validity,
            offsets,
            data: self.data,
        }))
    }
}

/// Where each of the elements starts, and the end. Fails where 32 bits don't hold that.
pub(crate) fn offsets(lengths: impl IntoIterator<Item = usize>) -> Result<Vec<i32>> {
    let mut offsets = vec![0];
    let mut end = 0_usize;
    for length in lengths {
        end += length;
        offsets.push(i32::try_from(end).map_err(Error::limit)?);
    }
    Ok(offsets)
}

fn bitmap(bits: impl ExactSizeIterator<Item = bool>) -> Option<Vec<u8>> {
    let mut bytes = vec![0_u8; bits.len().div_ceil(8)];
    for (at, bit) in bits.enumerate() {
        if let Some(byte) = bytes.get_mut(at / 8) {
            *byte |= u8::from(bit) << (at % 8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_zero_bits() {
        let array = sparse(vec![Some(1_u16), None, Some(3)]);
        assert_eq!(
            (array.validity.unwrap(), array.values),
            (vec![0b101], vec![1, 0, 3])
        );
    }

    #[test]
    fn text_has_an_offset_more_than_values() {
        let mut text = Text::default();
        text.push("ab");
        text.push_null();
        text.push("c");
        let Array::Utf8(array) = text.array().unwrap() else {
            panic!("not text")
        };
        assert_eq!(
            (array.offsets, array.data),
            (vec![0, 2, 2, 3], b"abc".to_vec())
        );
        assert_eq!(array.validity, Some(vec![0b101]));
    }

    #[test]
    fn batches_hold_all_rows() {
        let fill = |rows| {
            Columns::default()
                .with("a", Array::UInt8(full(vec![0; rows])))
                .batch(rows)
        };
        let sizes = |rows, row_bytes| -> Vec<usize> {
            batches(rows, row_bytes, fill)
                .unwrap()
                .iter()
                .map(Batch::rows)
                .collect()
        };
        assert_eq!(sizes(0, 8), [0]);
        assert_eq!(sizes(5, BATCH_BYTES / 2), [2, 2, 1]);
    }
}
