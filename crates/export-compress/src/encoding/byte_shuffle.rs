//! Encoding 5: all first bytes of the values, then all second bytes, and so on, for a codec to work on.

use crate::defect::Defect;
use crate::word::Word;

pub(crate) fn encode(bytes: &[u8], width: usize) -> Vec<u8> {
    let width = width.max(1);
    let mut planes = Vec::with_capacity(bytes.len());
    for place in 0..width {
        planes.extend(bytes.iter().skip(place).step_by(width));
    }
    planes
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let mut values = vec![W::ZERO; count];
    decode_bytes(
        parameters,
        bytes,
        W::BYTES,
        bytemuck::cast_slice_mut(&mut values),
    )?;
    Ok(values)
}

/// Fills `output`, values of `width` bytes.
pub(crate) fn decode_bytes(
    parameters: &[u8],
    planes: &[u8],
    width: usize,
    output: &mut [u8],
) -> Result<(), Defect> {
    if !parameters.is_empty() {
        return Err(Defect::mismatch(
            "byte-shuffle parameters",
            0,
            parameters.len(),
        ));
    }
    if planes.len() != output.len() {
        return Err(Defect::mismatch(
            "byte-shuffled bytes",
            output.len(),
            planes.len(),
        ));
    }
    let width = width.max(1);
    let count = (output.len() / width).max(1);
    for (place, plane) in planes.chunks(count).enumerate() {
        for (to, from) in output.iter_mut().skip(place).step_by(width).zip(plane) {
            *to = *from;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{hostile_words, round_trip_words};

    #[test]
    fn exact_and_safe() {
        round_trip_words!(
            |values, _| (
                Vec::new(),
                encode(bytemuck::cast_slice(values), size_of_val(&values[..1]))
            ),
            decode
        );
        hostile_words!(
            |values, _| (
                Vec::new(),
                encode(bytemuck::cast_slice(values), size_of_val(&values[..1]))
            ),
            decode
        );
    }

    #[test]
    fn planes() {
        assert_eq!(encode(&[1, 2, 3, 4, 5, 6], 3), [1, 4, 2, 5, 3, 6]);
    }
}
