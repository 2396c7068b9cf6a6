//! Encoding 15: text that is nothing but hexadecimal digits, two of them a byte. For ids and hashes, which nothing else makes
//! smaller than that.

use export_simd::widest;

use super::cursor::Cursor;
use crate::defect::Defect;

/// Both digits of each byte, in lower and in upper case.
static PAIRS: [[[u8; 2]; 256]; 2] = [pairs(b"0123456789abcdef"), pairs(b"0123456789ABCDEF")];

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn pairs(digits: &[u8; 16]) -> [[u8; 2]; 256] {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte / 16], digits[byte % 16]];
        byte += 1;
    }
    pairs
}

/// `None` where something is no digit, or digits are of both cases.
pub(crate) fn encode(data: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let is_upper = data.iter().find(|byte| byte.is_ascii_alphabetic());
    let is_upper = is_upper.is_some_and(u8::is_ascii_uppercase);
    let ten = if is_upper { b'A' } else { b'a' };
    let (pairs, last) = data.as_chunks::<2>();
    let mut bytes = vec![0; pairs.len()];
    let all = widest(
        #[inline(always)]
        || {
            for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
                *byte = value(high) << 4 | value(low);
            }
            let mut others = 0;
            for &byte in data {
                others |= u8::from(!is_digit(byte, ten));
            }
            others == 0
        },
    );
    if !all {
        return None;
    }
    bytes.extend(last.iter().map(|&digit| value(digit) << 4));
    Some((vec![u8::from(is_upper)], bytes))
}

#[inline(always)]
fn is_digit(byte: u8, ten: u8) -> bool {
    (byte.wrapping_sub(b'0') < 10) | (byte.wrapping_sub(ten) < 6)
}

/// The value of a digit: the letters' lower four bits are 1 to 6, and they alone have bit 6.
#[inline(always)]
fn value(digit: u8) -> u8 {
    (digit & 15).wrapping_add((digit >> 6).wrapping_mul(9))
}

/// Exactly `count` digits.
pub(crate) fn decode(parameters: &[u8], bytes: &[u8], count: usize) -> Result<Vec<u8>, Defect> {
    let [lower, upper] = &PAIRS;
    let pairs = match parameters {
        [0] => lower,
        [1] => upper,
        _ => return Err(Defect::Rule("the case of hexadecimal digits is 0 or 1")),
    };
    let mut cursor = Cursor::new("hexadecimal digits", bytes);
    let bytes = cursor.take(count.div_ceil(2))?;
    cursor.finish()?;
    let pair = |byte: &u8| pairs.get(usize::from(*byte)).copied().unwrap_or_default();
    let mut digits = bytes.iter().flat_map(pair).collect::<Vec<_>>();
    if count % 2 == 1 {
        digits.pop();
        if bytes.last().is_some_and(|last| last & 15 != 0) {
            return Err(Defect::Rule("half a byte after the last digit is not zero"));
        }
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::damaged;

    #[test]
    fn exact() {
        for text in [
            "",
            "0",
            "f",
            "00ff17",
            "c0ffee0",
            "C0FFEE",
            "0123456789abcdef",
            "42",
        ] {
            let (parameters, bytes) = encode(text.as_bytes()).unwrap();
            assert_eq!(bytes.len(), text.len().div_ceil(2));
            let back = decode(&parameters, &bytes, text.len()).unwrap();
            assert_eq!(back, text.as_bytes());
            assert!(decode(&parameters, &bytes, text.len() + 2).is_err());
        }
        for text in ["g", "aB", "0x17", "12 ", "\u{e9}0", "`", "@", "/", ":"] {
            assert!(encode(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn safe() {
        let (parameters, bytes) = encode(b"0123456789abcde").unwrap();
        for (parameters, bytes) in damaged(&parameters, &bytes) {
            for count in [15, 0, 1, 5000] {
                if let Ok(back) = decode(&parameters, &bytes, count) {
                    assert_eq!(back.len(), count);
                }
            }
        }
    }
}
