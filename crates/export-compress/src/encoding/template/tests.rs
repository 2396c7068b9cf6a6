use export_core::Limits;

use super::*;
use crate::defect::Defect;
use crate::encoding::bit_packed::Widths;
use crate::encoding::testing::{damaged, joined, texts};
use crate::nodes::Budget;

const TIGHT: Style = Style {
    widths: Widths::Tight,
    entropy: false,
};
const STYLES: [Style; 3] = [
    TIGHT,
    Style {
        widths: Widths::Bytes,
        entropy: false,
    },
    Style {
        widths: Widths::Bytes,
        entropy: true,
    },
];

/// Stored bytes that allow for all that the tests decode.
const STORED: usize = 1 << 20;

fn budget() -> Budget {
    Budget::new(&Limits::default(), STORED)
}

fn back(bytes: &[u8], count: usize, size: usize) -> Result<(Vec<usize>, Vec<u8>), Defect> {
    decode(&[], bytes, (count, size), &mut budget())
}

fn check(strings: &[Vec<u8>]) -> Option<usize> {
    let (ends, data) = joined(strings);
    let mut sizes = STYLES.map(|style| {
        let bytes = encode(&data, &ends, style)?;
        let (back_ends, back_data) = back(&bytes, strings.len(), data.len()).unwrap();
        assert_eq!((back_ends, back_data), (ends.clone(), data.clone()));
        // One more string is an error, or an empty one.
        if let Ok((more, same)) = back(&bytes, strings.len() + 1, data.len()) {
            assert_eq!((more.len(), same), (strings.len() + 2, data.clone()));
        }
        assert!(back(&bytes, strings.len(), data.len() + 1).is_err());
        assert!(decode(&[0], &bytes, (strings.len(), data.len()), &mut budget()).is_err());
        Some(bytes.len())
    });
    sizes[0].take()
}

#[test]
fn exact() {
    for strings in texts() {
        check(&strings);
        for string in &strings {
            check(std::slice::from_ref(string));
        }
        let twice: Vec<Vec<u8>> = strings
            .iter()
            .cycle()
            .take(strings.len() * 9)
            .cloned()
            .collect();
        check(&twice);
    }
}

#[test]
fn safe() {
    let mut tiny = Limits::default();
    tiny.chunk_decoded_bytes = 1 << 20;
    for strings in texts() {
        let some: Vec<Vec<u8>> = strings.iter().take(6).cycle().take(30).cloned().collect();
        let (ends, data) = joined(&some);
        let Some(bytes) = encode(&data, &ends, TIGHT) else {
            continue;
        };
        for (parameters, bytes) in damaged(&[], &bytes) {
            for count in [some.len(), some.len() + 1, 0] {
                let strings = (count, data.len());
                let result = decode(
                    &parameters,
                    &bytes,
                    strings,
                    &mut Budget::new(&tiny, STORED),
                );
                if let Ok((ends, back)) = result {
                    assert_eq!((ends.len(), back.len()), (count + 1, data.len()));
                    assert!(ends.is_sorted() && ends.last() == Some(&data.len()));
                }
            }
        }
    }
}

#[test]
fn alike_strings_cost_what_differs() {
    let noise = |i: u64| (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let ids: Vec<Vec<u8>> = (0..1000)
        .map(|i| format!("{:016x}", noise(i)).into())
        .collect();
    assert!(check(&ids).unwrap() < 1000 * 8 + 100);
    let keys: Vec<Vec<u8>> = (0..1000)
        .map(|i| format!("{:08X}-{:024X}", noise(i) >> 32, u128::from(noise(i)) << 32).into())
        .collect();
    assert!(check(&keys).unwrap() < 1000 * 16 + 200);
    let lines: Vec<Vec<u8>> = (0..1000)
        .map(|i| format!("job {i} took {}ms on node {:03}", noise(i) % 256, i / 5).into())
        .collect();
    assert!(check(&lines).unwrap() < 1000 * 2);
    // One in a hundred has a word of its own, which does not make a template of it.
    let users: Vec<Vec<u8>> = (0..1000)
        .map(|i| match i % 100 {
            7 => format!(
                "user {} logged in from port {}",
                "x".repeat(i / 90 + 1),
                i % 7
            )
            .into(),
            _ => format!("user root logged in from port {}", i % 7).into(),
        })
        .collect();
    assert!(check(&users).unwrap() < 1000);
}

#[test]
fn prose_is_refused_early() {
    let words = [
        "the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog",
    ];
    let lines: Vec<Vec<u8>> = (0..5000usize)
        .map(|i| {
            let word = |k: u32| words[i / 8usize.pow(k) % 8];
            let line: Vec<&str> = (0..5).map(word).collect();
            line.join(" ").into()
        })
        .collect();
    let (ends, data) = joined(&lines);
    assert!(encode(&data, &ends, TIGHT).is_none());
    assert!(encode(&data[..5], &[0, 100], TIGHT).is_none_or(|bytes| bytes.len() < 50));
}

#[test]
fn values_of_every_byte_leave_no_terminator() {
    let all: Vec<u8> = (0..=255).collect();
    let (ends, data) = joined(&[all.clone(), all[1..].to_vec()]);
    assert!(encode(&data, &ends, TIGHT).is_none());
    let (ends, data) = joined(&[all[1..].to_vec()]);
    let bytes = encode(&data, &ends, TIGHT).unwrap();
    assert_eq!(back(&bytes, 1, data.len()).unwrap().1, data);
}

/// Encoded bytes: templates as (literals with columns), the ids of strings, columns.
fn by_hand(fields: &[u8], lengths: &[u8], columns: &[u8], text: &[u8], rest: &[u8]) -> Vec<u8> {
    let count = *columns.iter().max().unwrap_or(&0) + u8::from(!columns.is_empty());
    let mut bytes = vec![u8::try_from(fields.len()).unwrap(), 0, 0, 0, count, 0, 0, 0];
    for series in [fields, lengths, columns] {
        bytes.extend([1, 0, 0, u8::try_from(series.len()).unwrap(), 0, 0, 0]);
        bytes.extend(series);
    }
    bytes.extend(text);
    bytes.extend(rest);
    bytes
}

#[test]
fn every_form() {
    let constant = |value: u8| vec![1, 1, 1, 0, 0, 0, 0, value];
    let ids = constant(0);
    let column = |form: [u8; 2], body: &[u8]| {
        let rest = [&ids[..], &form, body].concat();
        back(&by_hand(&[1], &[1, 1], &[0], b"<>", &rest), 2, 6)
    };
    let text = |size: u8, text: &[u8]| [&[size, 0, 0, 0], text].concat();
    let both = |a: &str| Ok::<_, ()>((vec![0, 3, 6], a.repeat(2).into_bytes()));
    let seven = constant(7);
    assert_eq!(column([2, 0], &seven).map_err(drop), both("<7>"));
    assert_eq!(column([3, 1], &seven).map_err(drop), both("<7>"));
    assert_eq!(column([4, 1], &constant(10)).map_err(drop), both("<a>"));
    assert_eq!(column([5, 1], &constant(10)).map_err(drop), both("<A>"));
    assert_eq!(
        column([0, b';'], &text(4, b"x;x;")).map_err(drop),
        both("<x>")
    );
    let entries = [text(4, b"w;x;"), constant(1)].concat();
    assert_eq!(column([1, b';'], &entries).map_err(drop), both("<x>"));
    for (form, body) in [
        ([6, 0], &seven[..]),
        ([2, 1], &seven),
        ([3, 0], &seven),
        ([3, 20], &seven),
        ([4, 0], &seven),
        ([5, 65], &seven),
        // Ten is no number of one digit.
        ([3, 1], &constant(10)),
        ([3, 2], &seven),
        // No end, no text, too few, one too many.
        ([0, b';'], &text(3, b"x;x")),
        ([0, b';'], &text(4, b"x;;x")),
        ([0, b';'], &text(2, b"x;")),
        ([0, b';'], &text(6, b"x;x;x;")),
        ([1, b';'], &[text(2, b"x;"), constant(1)].concat()),
    ] {
        assert!(column(form, body).is_err(), "{form:?} {body:?}");
    }
}

#[test]
fn what_nothing_stands_behind_is_refused() {
    let many = |width: u8, value: u64| {
        let value = value.to_le_bytes();
        [&[width, 1, width, 0, 0, 0, 0], &value[..usize::from(width)]].concat()
    };
    let head =
        |templates: u32, columns: u32| [templates.to_le_bytes(), columns.to_le_bytes()].concat();
    let mut small = Limits::default();
    small.chunk_decoded_bytes = 1 << 20;
    for bytes in [
        head(u32::MAX, 1),
        head(1, u32::MAX),
        // More templates than strings; more fields than bytes.
        [head(1001, 1), many(1, 0)].concat(),
        [head(1000, 1), many(4, 1_000_000)].concat(),
        [head(1, 1), many(4, 5001)].concat(),
        // Fields that are each in bounds, but not when every string has them.
        [
            head(1, 1),
            many(2, 5000),
            many(1, 0),
            many(1, 0),
            many(1, 0),
            vec![2, 0],
            many(1, 0),
        ]
        .concat(),
        // A width or an encoding that is none.
        [head(1, 0), vec![3, 0, 0, 0, 0, 0, 0]].concat(),
        [head(1, 0), vec![1, 12, 0, 0, 0, 0, 0]].concat(),
    ] {
        assert!(decode(&[], &bytes, (1000, 5000), &mut Budget::new(&small, STORED)).is_err());
    }
    assert!(decode(&[], &head(0, 0), (0, 0), &mut budget()).is_err());
    let none = [head(0, 0), many(1, 0), many(1, 0), many(1, 0), many(1, 0)].concat();
    assert_eq!(
        decode(&[], &none, (0, 0), &mut budget()).unwrap(),
        (vec![0], vec![])
    );
    assert!(decode(&[], &none, (1, 0), &mut budget()).is_err());
}

#[test]
fn the_example() {
    let spec = include_str!("../../../../../docs/format/encodings.md");
    let example = spec.split("Example, `id 7;`, `id 7;`").nth(1).unwrap();
    let example = example.split('`').nth(5).unwrap();
    let bytes: Vec<u8> = example
        .split(|c: char| !c.is_ascii_hexdigit())
        .filter(|byte| !byte.is_empty())
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect();
    let (ends, data) = joined(&[b"id 7;".to_vec(), b"id 7;".to_vec()]);
    assert_eq!(back(&bytes, 2, 10).unwrap(), (ends, data));
}

#[test]
fn columns_that_are_not_there_cost_nothing() {
    // One template without fields, one string of it, and five hundred million columns.
    let constant = |value: u8| vec![1, 1, 1, 0, 0, 0, 0, value];
    let mut bytes = vec![1, 0, 0, 0];
    bytes.extend(500_000_000_u32.to_le_bytes());
    for value in [0, 0, 0, 0] {
        bytes.extend(constant(value));
    }
    let mut budget = Budget::new(&Limits::default(), STORED);
    assert!(decode(&[], &bytes, (1, 500 << 20), &mut budget).is_err());
}
