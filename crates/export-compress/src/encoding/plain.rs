//! Encoding 0: values as they are in memory, little-endian, without gaps.

use crate::defect::Defect;
use crate::word::Word;

pub(crate) fn encode<W: Word>(values: &[W]) -> &[u8] {
    bytemuck::cast_slice(values)
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let bytes = decode_bytes(parameters, bytes, count.saturating_mul(W::BYTES))?;
    let mut values = vec![W::ZERO; count];
    bytemuck::cast_slice_mut(&mut values).copy_from_slice(bytes);
    Ok(values)
}

/// The bytes themselves, once they are found to be `due` many.
pub(crate) fn decode_bytes<'a>(
    parameters: &[u8],
    bytes: &'a [u8],
    due: usize,
) -> Result<&'a [u8], Defect> {
    if !parameters.is_empty() {
        return Err(Defect::mismatch("plain parameters", 0, parameters.len()));
    }
    if bytes.len() != due {
        return Err(Defect::mismatch("plain bytes", due, bytes.len()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{hostile_words, round_trip_words};

    #[test]
    fn exact_and_safe() {
        round_trip_words!(|values, _| (Vec::new(), encode(values).to_vec()), decode);
        hostile_words!(|values, _| (Vec::new(), encode(values).to_vec()), decode);
    }
}
