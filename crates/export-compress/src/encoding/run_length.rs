//! Encoding 2: runs of equal values. Groups of up to 1,024 runs: their lengths, then their values, each one miniblock of
//! encoding 3, so that a reader needs no memory but for the values themselves.

use super::bit_packed::{MINIBLOCK, Widths, bias, pack_miniblock, read_bias, unpack_miniblock};
use super::cursor::{Cursor, bounded};
use crate::bits;
use crate::defect::{Defect, wide};
use crate::word::{Kind, Word};

/// Longest run; a longer one is stored as several.
const LONGEST: usize = (1 << 31) - 1;

pub(crate) fn encode<W: Word>(values: &[W], kind: Kind, widths: Widths) -> (Vec<u8>, Vec<u8>) {
    let signed = kind == Kind::Signed;
    let bias: W = bias(signed);
    let mut groups = Groups::default();
    let mut heads = Vec::with_capacity(MINIBLOCK);
    let mut bytes = Vec::new();
    let mut rest = values;
    while let Some(&head) = rest.first() {
        let length = rest
            .iter()
            .take(LONGEST)
            .take_while(|value| **value == head)
            .count();
        rest = rest.get(length..).unwrap_or_default();
        heads.push(head.plus(bias));
        if groups.push(length) == MINIBLOCK || rest.is_empty() {
            groups.flush(widths, &mut bytes);
            pack_miniblock(&mut heads, widths, &mut bytes);
            heads.clear();
        }
    }
    (groups.parameters(u8::from(signed)), bytes)
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let mut parameters = Cursor::new("run-length parameters", parameters);
    let mut runs = bounded("number of runs", parameters.word()?, count)?;
    let bias = read_bias(&mut parameters)?;
    parameters.finish()?;
    let mut cursor = Cursor::new("run-length values", bytes);
    let mut values = Vec::with_capacity(count);
    let (mut lengths, mut heads) = ([0u32; MINIBLOCK], [W::ZERO; MINIBLOCK]);
    while runs > 0 {
        let group = runs.min(MINIBLOCK);
        let lengths = lengths.get_mut(..group).unwrap_or_default();
        let heads = heads.get_mut(..group).unwrap_or_default();
        unpack_miniblock(&mut cursor, 0, lengths)?;
        unpack_miniblock(&mut cursor, bias, heads)?;
        for (length, head) in lengths.iter().zip(heads) {
            let length = run_length(*length, count - values.len())?;
            values.resize(values.len() + length, *head);
        }
        runs -= group;
    }
    cursor.finish()?;
    covered(values.len(), count)?;
    Ok(values)
}

/// Runs of a bitmap of `count` bits: they alternate, so the first bit says all. A chunk has fewer slots than the longest
/// run has.
pub(crate) fn encode_bits(bitmap: &[u8], count: usize, widths: Widths) -> (Vec<u8>, Vec<u8>) {
    let mut groups = Groups::default();
    let mut bytes = Vec::new();
    for (_, length) in bits::runs(bitmap, count) {
        if groups.push(length) == MINIBLOCK {
            groups.flush(widths, &mut bytes);
        }
    }
    groups.flush(widths, &mut bytes);
    (groups.parameters(u8::from(bits::get(bitmap, 0))), bytes)
}

pub(crate) fn decode_bits(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<u8>, Defect> {
    let mut parameters = Cursor::new("run-length parameters", parameters);
    let mut runs = bounded("number of runs", parameters.word()?, count)?;
    let mut value = match parameters.word::<u8>()? {
        first @ 0..=1 => first == 1,
        other => {
            return Err(Defect::Range {
                what: "first bit",
                found: other.into(),
            });
        }
    };
    parameters.finish()?;
    let mut cursor = Cursor::new("run-length values", bytes);
    let mut bitmap = vec![0; count.div_ceil(8)];
    let mut start = 0;
    let mut lengths = [0u32; MINIBLOCK];
    while runs > 0 {
        let group = runs.min(MINIBLOCK);
        let lengths = lengths.get_mut(..group).unwrap_or_default();
        unpack_miniblock(&mut cursor, 0, lengths)?;
        for length in lengths {
            let length = run_length(*length, count - start)?;
            if value {
                bits::set_range(&mut bitmap, start, length);
            }
            start += length;
            value = !value;
        }
        runs -= group;
    }
    cursor.finish()?;
    covered(start, count)?;
    Ok(bitmap)
}

/// Lengths of runs on their way into miniblocks.
#[derive(Default)]
struct Groups {
    waiting: Vec<u32>,
    runs: u64,
}

impl Groups {
    /// Returns how many are waiting.
    fn push(&mut self, length: usize) -> usize {
        self.waiting.push(u32::try_from(length).unwrap_or(u32::MAX));
        self.runs += 1;
        self.waiting.len()
    }

    fn flush(&mut self, widths: Widths, bytes: &mut Vec<u8>) {
        if !self.waiting.is_empty() {
            pack_miniblock(&mut self.waiting, widths, bytes);
            self.waiting.clear();
        }
    }

    fn parameters(&self, last: u8) -> Vec<u8> {
        let mut parameters = self.runs.to_le_bytes().to_vec();
        parameters.push(last);
        parameters
    }
}

/// A stored length that is not 0 and not over what is `left`.
fn run_length(stored: u32, left: usize) -> Result<usize, Defect> {
    match usize::try_from(stored) {
        Ok(length) if (1..=left).contains(&length) => Ok(length),
        _ => Err(Defect::Range {
            what: "length of a run",
            found: stored.into(),
        }),
    }
}

fn covered(found: usize, due: usize) -> Result<(), Defect> {
    if found == due {
        return Ok(());
    }
    Err(Defect::Mismatch {
        what: "values in all runs",
        due: wide(due),
        found: wide(found),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{hostile_words, round_trip_words};

    #[test]
    fn exact_and_safe() {
        for widths in [Widths::Tight, Widths::Bytes] {
            round_trip_words!(|values, kind| encode(values, kind, widths), decode);
            hostile_words!(|values, kind| encode(values, kind, widths), decode);
        }
    }

    #[test]
    fn bitmaps() {
        for count in [0usize, 1, 8, 9, 64, 1000, 5000] {
            for step in [1, 2, 3, 7, 64, 500] {
                let mut bitmap = vec![0; count.div_ceil(8)];
                (0..count)
                    .filter(|i| i / step % 2 == 0)
                    .for_each(|i| bitmap[i / 8] |= 1 << (i % 8));
                let (parameters, bytes) = encode_bits(&bitmap, count, Widths::Tight);
                assert_eq!(decode_bits(&parameters, &bytes, count).unwrap(), bitmap);
                assert!(decode_bits(&parameters, &bytes, count + 1).is_err());
            }
        }
        assert!(decode_bits(&[255; 9], &[], 10).is_err());
    }
}
