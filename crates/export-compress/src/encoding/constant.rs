//! Encoding 1: one value, however often. It lives in the parameters; the block has no bytes.

use super::cursor::Cursor;
use crate::defect::Defect;
use crate::word::Word;

/// `None` where values differ, or where there are none.
pub(crate) fn encode<W: Word>(values: &[W]) -> Option<Vec<u8>> {
    let first = values.first()?;
    // In pieces, so that the usual case of different values ends early and the rest is vectorised.
    let same = values
        .chunks(1024)
        .all(|piece| piece.iter().fold(true, |same, v| same & (v == first)));
    same.then(|| bytemuck::bytes_of(first).to_vec())
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let mut cursor = Cursor::new("constant parameters", parameters);
    let value = cursor.word::<W>()?;
    cursor.finish()?;
    no_bytes(bytes)?;
    Ok(vec![value; count])
}

/// Fails where there are bytes.
pub(crate) fn no_bytes(bytes: &[u8]) -> Result<(), Defect> {
    match bytes.len() {
        0 => Ok(()),
        extra => Err(Defect::mismatch("bytes of a constant block", 0, extra)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::hostile_words;

    #[test]
    fn exact_and_safe() {
        assert_eq!(encode::<u8>(&[]), None);
        assert_eq!(encode(&[1u16, 1, 2]), None);
        for count in [1, 3, 5000] {
            let parameters = encode(&vec![u64::MAX - 1; count]).unwrap();
            assert_eq!(
                decode::<u64>(&parameters, &[], count).unwrap(),
                vec![u64::MAX - 1; count]
            );
            assert!(decode::<u64>(&parameters, &[0], count).is_err());
            assert!(decode::<u32>(&parameters, &[], count).is_err());
        }
        hostile_words!(
            |values, _| (encode(&values[..1]).unwrap(), Vec::new()),
            decode
        );
    }
}
