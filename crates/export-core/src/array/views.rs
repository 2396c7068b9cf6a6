//! Text and binary *view* arrays: 16 bytes a slot, which hold a short value or say where a long one is.
//!
//! Little-endian: length (4 bytes), then the value itself where it has at most 12 bytes, else its first four bytes, the
//! number of its buffer and its offset therein.

use marrow::array::BytesViewArray;

use crate::{Error, Result};

/// Longest value that is held in the slot itself, in bytes.
const INLINE_BYTES: usize = 12;

/// Most bytes put into one buffer: offsets have 31 bits.
const BUFFER_BYTES: usize = 1 << 30;

fn word(view: u128, index: u32) -> usize {
    let word = view >> (32 * index) & 0xFFFF_FFFF;
    usize::try_from(word).unwrap_or(usize::MAX)
}

/// The bytes a slot stands for; `None` where it points outside of the buffers.
pub(crate) fn view_bytes<'a, B: AsRef<[u8]>>(slot: &'a u128, buffers: &'a [B]) -> Option<&'a [u8]> {
    let len = word(*slot, 0);
    if len <= INLINE_BYTES {
        // Arrow's layout and the machine's are both little-endian.
        return bytemuck::bytes_of(slot).get(4..4 + len);
    }
    let buffer = buffers.get(word(*slot, 2))?.as_ref();
    let start = word(*slot, 3);
    buffer.get(start..start.checked_add(len)?)
}

/// Appends a value to the slots and, where it is long, to the last buffer.
pub(crate) fn push(array: &mut BytesViewArray, value: &[u8]) -> Result<()> {
    let too_long = || Error::limit("a value is over 2 GiB");
    let len = i32::try_from(value.len()).map_err(|_| too_long())?;
    let mut slot = [0_u8; 16];
    let (head, body) = slot.split_at_mut(4);
    head.copy_from_slice(&len.to_le_bytes());
    if let Some(inline) = body.get_mut(..value.len()) {
        inline.copy_from_slice(value);
    } else {
        if array
            .buffers
            .last()
            .is_none_or(|b| b.len().saturating_add(value.len()) > BUFFER_BYTES)
        {
            array.buffers.push(Vec::new());
        }
        let index = u32::try_from(array.buffers.len().saturating_sub(1)).map_err(|_| too_long())?;
        if let Some(buffer) = array.buffers.last_mut() {
            let start = u32::try_from(buffer.len()).map_err(|_| too_long())?;
            let (prefix, place) = body.split_at_mut(4);
            prefix.copy_from_slice(value.get(..4).unwrap_or_default());
            let (index_bytes, start_bytes) = place.split_at_mut(4);
            index_bytes.copy_from_slice(&index.to_le_bytes());
            start_bytes.copy_from_slice(&start.to_le_bytes());
            buffer.extend_from_slice(value);
        }
    }
    array.data.push(u128::from_le_bytes(slot));
    Ok(())
}
