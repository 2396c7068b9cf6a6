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

/// Strings of every shape that some encoding takes special care of.
pub(crate) fn texts() -> Vec<Vec<Vec<u8>>> {
    let of = |strings: &[&str]| -> Vec<Vec<u8>> {
        strings
            .iter()
            .map(|string| string.as_bytes().to_vec())
            .collect()
    };
    let many = |string: fn(u64) -> String| (0..700).map(|i| string(i).into_bytes()).collect();
    let noise = |i: u64| (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (i << 40);
    let bytes = |i: u64| noise(i).to_le_bytes()[..(i % 9) as usize].to_vec();
    let mut texts = vec![
        vec![],
        of(&[""]),
        of(&["", "", "\0", "\0\0a\0", "", "a", "aa", "aaa", "aa", "b"]),
        of(&["é1", "é", "Ünï 12 ٣٤", "12é34", "\u{10FFFF}", "\n", "1\n2"]),
        of(&[
            "0",
            "00",
            "007",
            "-1",
            "+2",
            "1.50",
            "1.5",
            "18446744073709551615",
            "18446744073709551616",
        ]),
        of(&[
            "99999999999999999999999999999999999999999999",
            "0x1F",
            "0xff",
            "1e5",
            "deadBEEF12",
            "a1b2c3",
        ]),
        vec![b"same 17 of all".to_vec(); 300],
        (0..300).map(bytes).collect(),
        vec![
            (0..=255).collect(),
            vec![255; 100],
            vec![0; 100],
            (0..=255).rev().collect(),
        ],
    ];
    texts.extend([
        many(|i| format!("/srv/data/{:03}/part-{:05}.parquet", i / 50, i)),
        many(|i| format!("request {} took {} ms, {} bytes", i, i * 7919 % 1000, i * i)),
        many(|i| format!("{:016x}", (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))),
        many(|i| {
            format!(
                "2026-11-{:02} {:02}:{:02}:{:02}.{:03} x{}",
                1 + i / 300,
                i / 60 % 24,
                i % 60,
                i * 7 % 60,
                i * 131 % 1000,
                i
            )
        }),
        many(|i| match i % 5 {
            0 => format!(
                "user {} from 10.0.{}.{}:{}",
                ["root", "admin", "guest", "x"][(i / 5 % 4) as usize],
                i % 7,
                i % 256,
                40_000 + i
            ),
            1 => format!(
                "load {:02}% {:X}",
                i % 100,
                i.wrapping_mul(0xABCD_EF01_2345) % 0xFFFF
            ),
            2 => String::new(),
            3 => format!("no digits here but {}", "words ".repeat((i % 11) as usize)),
            _ => format!("{}{}{}", i, "z".repeat((i % 3) as usize), i * i % 17),
        }),
    ]);
    texts
}

/// Where each string ends, after a 0; and all strings.
pub(crate) fn joined(strings: &[Vec<u8>]) -> (Vec<usize>, Vec<u8>) {
    let ends = strings.iter().scan(0, |end, string| {
        *end += string.len();
        Some(*end)
    });
    ([0].into_iter().chain(ends).collect(), strings.concat())
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
