//! Columns of text and binary built value by value.

use marrow::array::{Array, BytesArray, BytesViewArray};
use marrow::datatypes::DataType;

use crate::array::{bits, push_view};
use crate::{Error, Result};

/// Values one after the other, and where each ends.
#[derive(Default)]
pub(super) struct Spans {
    validity: Option<Vec<u8>>,
    ends: Vec<usize>,
    data: Vec<u8>,
}

impl Spans {
    pub(super) fn push_null(&mut self) {
        let len = self.ends.len();
        let validity = self.validity.get_or_insert_with(|| {
            let mut ones = Vec::new();
            bits::append_same(&mut ones, 0, true, len);
            ones
        });
        bits::push(validity, len, false);
        self.ends.push(self.data.len());
    }

    /// Adds the value that `write` appends.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.data);
        if let Some(validity) = &mut self.validity {
            bits::push(validity, self.ends.len(), true);
        }
        self.ends.push(self.data.len());
    }

    /// The column, as an array of a text or binary type.
    pub(super) fn finish(self, data_type: &DataType) -> Result<Array> {
        Ok(match data_type {
            DataType::Utf8 => Array::Utf8(self.bytes()?),
            DataType::LargeUtf8 => Array::LargeUtf8(self.bytes()?),
            DataType::Binary => Array::Binary(self.bytes()?),
            DataType::LargeBinary => Array::LargeBinary(self.bytes()?),
            DataType::Utf8View => Array::Utf8View(self.views()?),
            DataType::BinaryView => Array::BinaryView(self.views()?),
            _ => {
                return Err(Error::schema(format!(
                    "{data_type:?} holds neither text nor binary"
                )));
            }
        })
    }

    fn bytes<O: TryFrom<usize>>(self) -> Result<BytesArray<O>> {
        let offset = |end: usize| {
            O::try_from(end).map_err(|_| {
                Error::limit("the text of one column is over 2 GiB")
                    .with_hint("use smaller batches")
            })
        };
        let offsets = std::iter::once(0)
            .chain(self.ends)
            .map(offset)
            .collect::<Result<_>>()?;
        Ok(BytesArray {
            validity: self.validity,
            offsets,
            data: self.data,
        })
    }

    fn views(self) -> Result<BytesViewArray> {
        let mut array = BytesViewArray {
            validity: self.validity,
            data: Vec::new(),
            buffers: Vec::new(),
        };
        let mut start = 0;
        for end in self.ends {
            push_view(&mut array, self.data.get(start..end).unwrap_or_default())?;
            start = end;
        }
        Ok(array)
    }
}
