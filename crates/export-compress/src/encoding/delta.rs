//! Encoding 4: differences of neighbours, bit-packed as in encoding 3.

use super::bit_packed::{MINIBLOCK, Widths, pack_miniblock, unpack_miniblock};
use super::cursor::Cursor;
use crate::defect::Defect;
use crate::word::Word;

/// The first value goes into the parameters; all arithmetic wraps, so that the extremes of a type are exact.
pub(crate) fn encode<W: Word>(values: &[W], widths: Widths) -> (Vec<u8>, Vec<u8>) {
    let mut parameters = Vec::with_capacity(W::BYTES);
    let mut bytes = Vec::with_capacity(values.len() * W::BYTES / 2 + 16);
    let mut last = values.first().copied().unwrap_or(W::ZERO);
    last.append_to(&mut parameters);
    let mut deltas = [W::ZERO; MINIBLOCK];
    for block in values.get(1..).unwrap_or_default().chunks(MINIBLOCK) {
        for (delta, value) in deltas.iter_mut().zip(block) {
            *delta = value.minus(last).plus(W::SIGN);
            last = *value;
        }
        pack_miniblock(
            deltas.get_mut(..block.len()).unwrap_or_default(),
            widths,
            &mut bytes,
        );
    }
    (parameters, bytes)
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let mut parameters = Cursor::new("delta parameters", parameters);
    let mut last = parameters.word::<W>()?;
    parameters.finish()?;
    let mut cursor = Cursor::new("delta values", bytes);
    let mut values = vec![W::ZERO; count];
    if let Some((first, rest)) = values.split_first_mut() {
        *first = last;
        for block in rest.chunks_mut(MINIBLOCK) {
            unpack_miniblock(&mut cursor, W::SIGN, block)?;
            last = add_up(block, last);
        }
    }
    cursor.finish()?;
    Ok(values)
}

/// Differences to values; returns the last one.
#[inline(always)]
pub(super) fn add_up<W: Word>(deltas: &mut [W], mut last: W) -> W {
    for value in deltas {
        last = last.plus(*value);
        *value = last;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{hostile_words, round_trip_words};

    #[test]
    fn exact_and_safe() {
        for widths in [Widths::Tight, Widths::Bytes] {
            round_trip_words!(|values, _| encode(values, widths), decode);
            hostile_words!(|values, _| encode(values, widths), decode);
        }
    }

    #[test]
    fn a_clock_costs_no_bits_a_tick() {
        let ticks: Vec<u64> = (0..1025).map(|i| 1_700_000_000 + 60 * i).collect();
        let (_, bytes) = encode(&ticks, Widths::Tight);
        assert_eq!(bytes.len(), 8 + 1 + 2);
    }
}
