//! Encoding 11: front coding. Each string says how many bytes it shares with the one before, and what comes after those.

use super::bit_packed::{Widths, pack_section, unpack_section};
use super::cursor::Cursor;
use crate::defect::{Defect, wide};

/// How many bytes each string shares, in miniblocks; then the rest of all strings. String `i` is
/// `data[ends[i]..ends[i + 1]]`; `None` where that is not so.
pub(crate) fn encode(data: &[u8], ends: &[usize], widths: Widths) -> Option<Vec<u8>> {
    let mut shared: Vec<u32> = Vec::with_capacity(ends.len());
    let mut rest = Vec::with_capacity(data.len() / 2);
    let mut last: &[u8] = &[];
    for (&start, &end) in ends.iter().zip(ends.iter().skip(1)) {
        let string = data.get(start..end)?;
        let same = u32::try_from(common_prefix(last, string)).unwrap_or(u32::MAX);
        rest.extend_from_slice(string.get(same as usize..)?);
        shared.push(same);
        last = string;
    }
    let mut bytes = Vec::with_capacity(shared.len() * 2 + rest.len() + 16);
    pack_section(&shared, 0, widths, &mut bytes);
    bytes.extend_from_slice(&rest);
    Some(bytes)
}

/// The bytes of the strings that end at `ends`, which rise from 0.
pub(crate) fn decode(parameters: &[u8], bytes: &[u8], ends: &[usize]) -> Result<Vec<u8>, Defect> {
    Cursor::new("prefix parameters", parameters).finish()?;
    let mut cursor = Cursor::new("rests of strings", bytes);
    let shared: Vec<u32> = unpack_section(&mut cursor, ends.len().saturating_sub(1), 0)?;
    let mut data = Vec::with_capacity(ends.last().copied().unwrap_or(0));
    let mut last = 0..0;
    for ((&start, &end), &same) in ends.iter().zip(ends.iter().skip(1)).zip(&shared) {
        let (length, found) = (end - start, same as usize);
        if found > length.min(last.len()) {
            return Err(Defect::Range {
                what: "number of bytes shared with the string before",
                found: wide(found),
            });
        }
        data.extend_from_within(last.start..last.start + found);
        data.extend_from_slice(cursor.take(length - found)?);
        last = start..end;
    }
    cursor.finish()?;
    Ok(data)
}

/// How many first bytes `a` and `b` have in common.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    let words = a.chunks_exact(8).zip(b.chunks_exact(8));
    let mut same = 0;
    for (a, b) in words {
        let differs = word(a) ^ word(b);
        if differs != 0 {
            return same + differs.trailing_zeros() as usize / 8;
        }
        same += 8;
    }
    let rests = a.iter().zip(b).skip(same);
    same + rests.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{damaged, joined, texts};

    #[test]
    fn exact() {
        for strings in texts() {
            let (ends, data) = joined(&strings);
            for widths in [Widths::Tight, Widths::Bytes] {
                let bytes = encode(&data, &ends, widths).unwrap();
                assert_eq!(decode(&[], &bytes, &ends).unwrap(), data);
                assert!(decode(&[0], &bytes, &ends).is_err());
            }
        }
        let paths: Vec<Vec<u8>> = (0..1000)
            .map(|i| format!("/srv/data/2026/part-{i:05}.parquet").into_bytes())
            .collect();
        let (ends, data) = joined(&paths);
        let bytes = encode(&data, &ends, Widths::Tight).unwrap();
        // One to three digits and `.parquet` are left of every path.
        assert!(bytes.len() < 1000 * 11);
    }

    #[test]
    fn safe() {
        for strings in texts() {
            let some = &strings[..strings.len().min(12)];
            let (ends, data) = joined(some);
            let bytes = encode(&data, &ends, Widths::Tight).unwrap();
            for (parameters, bytes) in damaged(&[], &bytes) {
                if let Ok(back) = decode(&parameters, &bytes, &ends) {
                    assert_eq!(back.len(), data.len());
                }
            }
        }
    }

    #[test]
    fn the_example() {
        let (ends, data) = joined(&[b"ab".to_vec(), b"abc".to_vec(), b"b".to_vec()]);
        let bytes = encode(&data, &ends, Widths::Tight).unwrap();
        assert_eq!(bytes, b"\0\0\0\0\x02\0\0\x08abcb");
    }

    #[test]
    fn prefixes() {
        assert_eq!(common_prefix(b"", b"a"), 0);
        assert_eq!(common_prefix(b"abcdefgh12", b"abcdefgh13"), 9);
        assert_eq!(common_prefix(b"abcdefgh", b"abcdefgh"), 8);
        assert_eq!(common_prefix(b"abXdefgh", b"abcdefgh"), 2);
    }
}
