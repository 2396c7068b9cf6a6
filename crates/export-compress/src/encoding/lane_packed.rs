//! Encodings 13 and 14: those of encodings 3 and 4, with every whole miniblock packed in lanes. Several times as fast, where
//! there are a thousand values and no codec that would look for repeats in the bits.

use export_simd::widest;

use super::bit_packed::{
    MINIBLOCK, Widths, best_width, bias, pack_section, read_bias, read_exceptions, read_head,
    unpack_miniblock, write_exceptions, write_head,
};
use super::cursor::Cursor;
use super::delta::add_up;
use super::lanes::{VALUES, lane_bytes};
use crate::defect::Defect;
use crate::word::{Kind, Word};

const _: () = assert!(MINIBLOCK == VALUES, "a miniblock fills the lanes");

/// Encoding 13: distances from the least value of each miniblock.
pub(crate) fn encode<W: Word>(values: &[W], kind: Kind) -> (Vec<u8>, Vec<u8>) {
    let signed = kind == Kind::Signed;
    let mut bytes = Vec::with_capacity(values.len() * W::BYTES / 2 + 16);
    let (whole, rest) = values.as_chunks::<MINIBLOCK>();
    widest(
        #[inline(always)]
        || {
            for block in whole {
                pack(block, bias(signed), &mut bytes);
            }
        },
    );
    pack_section(rest, bias(signed), Widths::Tight, &mut bytes);
    (vec![u8::from(signed)], bytes)
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let mut parameters = Cursor::new("lane-packing parameters", parameters);
    let bias = read_bias(&mut parameters)?;
    parameters.finish()?;
    let mut cursor = Cursor::new("lane-packed values", bytes);
    let mut values = vec![W::ZERO; count];
    let (whole, rest) = values.as_chunks_mut::<MINIBLOCK>();
    widest(
        #[inline(always)]
        || {
            let mut blocks = whole.iter_mut();
            blocks.try_for_each(|block| unpack(&mut cursor, bias, block))
        },
    )?;
    if !rest.is_empty() {
        unpack_miniblock(&mut cursor, bias, rest)?;
    }
    cursor.finish()?;
    Ok(values)
}

/// Encoding 14: differences of neighbours. The first value goes into the parameters.
pub(crate) fn encode_delta<W: Word>(values: &[W]) -> (Vec<u8>, Vec<u8>) {
    let mut parameters = Vec::with_capacity(W::BYTES);
    let mut bytes = Vec::with_capacity(values.len() * W::BYTES / 2 + 16);
    let mut last = values.first().copied().unwrap_or(W::ZERO);
    last.append_to(&mut parameters);
    let mut deltas = [W::ZERO; MINIBLOCK];
    let (whole, rest) = values.get(1..).unwrap_or_default().as_chunks::<MINIBLOCK>();
    widest(
        #[inline(always)]
        || {
            for block in whole {
                differences(block, last, &mut deltas);
                last = block.last().copied().unwrap_or(last);
                pack(&deltas, W::SIGN, &mut bytes);
            }
        },
    );
    let deltas = deltas.get_mut(..rest.len()).unwrap_or_default();
    differences(rest, last, deltas);
    pack_section(deltas, W::SIGN, Widths::Tight, &mut bytes);
    (parameters, bytes)
}

#[inline(always)]
fn differences<W: Word>(block: &[W], before: W, deltas: &mut [W]) {
    if let Some((delta, value)) = deltas.first_mut().zip(block.first()) {
        *delta = value.minus(before);
    }
    let pairs = block.iter().zip(block.iter().skip(1));
    for (delta, (before, value)) in deltas.iter_mut().skip(1).zip(pairs) {
        *delta = value.minus(*before);
    }
}

pub(crate) fn decode_delta<W: Word>(
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
        let (whole, rest) = rest.as_chunks_mut::<MINIBLOCK>();
        widest(
            #[inline(always)]
            || {
                whole.iter_mut().try_for_each(|block| {
                    unpack(&mut cursor, W::SIGN, block)?;
                    last = add_up(block, last);
                    Ok(())
                })
            },
        )?;
        if !rest.is_empty() {
            unpack_miniblock(&mut cursor, W::SIGN, rest)?;
            add_up(rest, last);
        }
    }
    cursor.finish()?;
    Ok(values)
}

/// The least and the most of the biased values. Selects, not branches, so that it is vectorised.
#[inline(always)]
fn bounds<W: Word>(values: &[W; MINIBLOCK], bias: W) -> (W, W) {
    let start = (W::ZERO.minus(W::bit(0)), W::ZERO);
    values.iter().fold(start, |(least, most), value| {
        let value = value.plus(bias);
        (
            if value < least { value } else { least },
            if value > most { value } else { most },
        )
    })
}

#[inline(always)]
fn pack<W: Word>(values: &[W; MINIBLOCK], bias: W, bytes: &mut Vec<u8>) {
    let (least, most) = bounds(values, bias);
    let base = least.minus(bias);
    let full = most.minus(least).bit_length();
    let width = best_width(values, base, full);
    let exceptions = write_head(values, (base, least), (width, full), bytes);
    W::pack_lanes(values, base, width, bytes);
    write_exceptions(&exceptions, bytes);
}

#[inline(always)]
fn unpack<W: Word>(
    cursor: &mut Cursor<'_>,
    bias: W,
    values: &mut [W; MINIBLOCK],
) -> Result<(), Defect> {
    let (base, width, exceptions) = read_head(cursor, bias, MINIBLOCK)?;
    W::unpack_lanes(cursor.take(lane_bytes(width))?, base, width, values)?;
    read_exceptions(cursor, exceptions, base, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{hostile_words, round_trip_words};

    #[test]
    fn exact_and_safe() {
        round_trip_words!(|values, kind| encode(values, kind), decode);
        hostile_words!(|values, kind| encode(values, kind), decode);
        round_trip_words!(|values, _| encode_delta(values), decode_delta);
        hostile_words!(|values, _| encode_delta(values), decode_delta);
    }

    #[test]
    fn no_larger_than_in_a_stream() {
        let mut values: Vec<u64> = (0..1024).map(|i| i % 16).collect();
        values[77] = u64::MAX;
        let (_, bytes) = encode(&values, Kind::Unsigned);
        assert_eq!(bytes.len(), 8 + 1 + 2 + 1024 / 2 + 2 + 8);
        let ticks: Vec<u64> = (0..1025).map(|i| 1_700_000_000 + 60 * i).collect();
        assert_eq!(encode_delta(&ticks).1.len(), 8 + 1 + 2);
    }
}
