//! What the tests of every encoding share: shapes of data, and damage.

use crate::word::{Kind, Word};

pub(crate) const KINDS: [Kind; 3] = [Kind::Unsigned, Kind::Signed, Kind::Float];

/// Values of every shape that some encoding takes special care of.
pub(crate) fn shapes<W: Word>() -> Vec<Vec<W>> {
    let noise = |i: u64| {
        let low = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ i.rotate_left(17);
        W::join(low, low.wrapping_mul(0xD134_2543_DE82_EF95))
    };
    let most = W::ZERO.minus(W::join(1, 0));
    let mut shapes = vec![
        vec![],
        vec![most],
        vec![
            W::ZERO,
            most,
            W::SIGN,
            W::SIGN.minus(W::join(1, 0)),
            W::ZERO,
            W::SIGN,
        ],
        vec![W::join(42, 0); 3000],
        (0..3000).map(|i| W::join(i, 0)).collect(),
        (0..3000)
            .map(|i| W::SIGN.minus(W::join(i * 3, 0)))
            .collect(),
        (0..3000).map(|i| W::join(i / 100 % 5, 0)).collect(),
        (0..3000).map(noise).collect(),
        (0..2049)
            .map(|i| {
                if i % 300 == 7 {
                    noise(i)
                } else {
                    W::join(i % 13, 0)
                }
            })
            .collect(),
    ];
    shapes.extend([63, 64, 65, 1023, 1024, 1025, 1026].map(|n| (0..n).map(noise).collect()));
    shapes
}

/// Cuts and flips of `bytes` with its parameters, and absurd parameters.
pub(crate) fn damaged(parameters: &[u8], bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut cases = Vec::new();
    for cut in 0..bytes.len() {
        cases.push((parameters.to_vec(), bytes[..cut].to_vec()));
    }
    for bit in 0..(bytes.len() + parameters.len()) * 8 {
        let (mut p, mut b) = (parameters.to_vec(), bytes.to_vec());
        match p.get_mut(bit / 8) {
            Some(byte) => *byte ^= 1 << (bit % 8),
            None => b[bit / 8 - parameters.len()] ^= 1 << (bit % 8),
        }
        cases.push((p, b));
    }
    for filler in [0x00, 0x55, 0xFF] {
        for length in 0..=20 {
            cases.push((vec![filler; length], bytes.to_vec()));
            cases.push((parameters.to_vec(), vec![filler; length * 7]));
        }
    }
    cases
}

/// Encodes and decodes every shape of every width (or of those listed) and kind.
macro_rules! round_trip_words {
    ($(|)? $values:pat_param, $kind:pat_param | $encode:expr, $decode:path) => {
        $crate::encoding::testing::round_trip_words!(
            [u8, u16, u32, u64, u128] |$values, $kind| $encode, $decode
        )
    };
    ([$($word:ty),*] | $values:pat_param, $kind:pat_param | $encode:expr, $decode:path) => {$(
        for shape in $crate::encoding::testing::shapes::<$word>() {
            for kind in $crate::encoding::testing::KINDS {
                let encode = |$values: &[$word], $kind: $crate::word::Kind| $encode;
                if shape.is_empty() && stringify!($encode).contains("..1]") {
                    continue;
                }
                let (parameters, bytes) = encode(&shape, kind);
                let back: Vec<$word> = $decode(&parameters, &bytes, shape.len()).unwrap();
                assert!(back == shape, "{} {kind:?}", stringify!($word));
            }
        }
    )*};
}

/// Damages an encoding in many ways: it decodes to something of the right length or fails.
macro_rules! hostile_words {
    ($(|)? $values:pat_param, $kind:pat_param | $encode:expr, $decode:path) => {
        $crate::encoding::testing::hostile_words!(
            [u8, u16, u32, u64, u128] |$values, $kind| $encode, $decode
        )
    };
    ([$($word:ty),*] | $values:pat_param, $kind:pat_param | $encode:expr, $decode:path) => {$(
        for shape in $crate::encoding::testing::shapes::<$word>() {
            let some = &shape[..shape.len().min(150)];
            if some.is_empty() {
                continue;
            }
            let encode = |$values: &[$word], $kind: $crate::word::Kind| $encode;
            let (parameters, bytes) = encode(some, $crate::word::Kind::Signed);
            for (parameters, bytes) in $crate::encoding::testing::damaged(&parameters, &bytes) {
                for count in [some.len(), some.len() + 1, 0] {
                    let result: Result<Vec<$word>, _> = $decode(&parameters, &bytes, count);
                    if let Ok(values) = result {
                        assert_eq!(values.len(), count);
                    }
                }
            }
        }
    )*};
}

pub(crate) use {hostile_words, round_trip_words};
