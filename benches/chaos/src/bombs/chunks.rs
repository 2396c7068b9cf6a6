//! Chunks that are a few bytes and say that they are many: codecs, encodings, dictionaries, nested types.

use anyhow::Result;
use export_compress::{Compression, Encoding as E};
use export_core::Role as R;
use export_core::marrow::datatypes::{DataType as T, Field, UnionMode};

use super::Bomb;
use super::craft::{Piece, container, field, piece, squeezed};

/// As many rows as a chunk may have.
const ROWS: u64 = 16 << 20;
/// As many rows as anyone has.
const FEW: u64 = 1 << 20;

pub(super) fn bombs() -> Result<Vec<Bomb>> {
    let mut bombs = codecs()?;
    for (name, data_type, rows, pieces) in [flat(), strings(), nested(), numbers()?].concat_all() {
        let bytes = container(data_type, rows, pieces)?;
        bombs.push(Bomb::new(name, "xk", bytes));
    }
    Ok(bombs)
}

type Plan = (&'static str, T, u64, Vec<Piece>);

/// Lists of plans as one.
trait ConcatAll {
    fn concat_all(self) -> Vec<Plan>;
}

impl<const N: usize> ConcatAll for [Vec<Plan>; N] {
    fn concat_all(self) -> Vec<Plan> {
        self.into_iter().flatten().collect()
    }
}

fn codecs() -> Result<Vec<Bomb>> {
    let mut bombs = Vec::new();
    for codec in Compression::ALL.into_iter().skip(1) {
        let values = |stored: Vec<u8>, said: u64| {
            let piece = piece((0, R::Values), E::Plain, ROWS, [], stored);
            squeezed(piece, codec, said)
        };
        // 128 MiB that are there, 128 MiB that are not, and a megabyte where a byte is due.
        let whole = values(vec![0; 128 << 20], 128 << 20)?;
        let said = values(vec![0; 100], 128 << 20)?;
        let little = squeezed(
            piece((0, R::Values), E::Plain, 1, [], vec![0; 1 << 20]),
            codec,
            8,
        )?;
        for (name, rows, piece) in [
            ("zeros in full", ROWS, whole),
            ("zeros that are not there", ROWS, said),
            ("more than is due", 1, little),
        ] {
            // LZ4 makes 255 bytes of one at most, which is no more than an honest table does.
            let is_honest = codec == Compression::Lz4 && name == "zeros in full";
            if is_honest {
                continue;
            }
            let bytes = container(T::UInt64, rows, vec![piece])?;
            bombs.push(Bomb::new(format!("codec {codec}: {name}"), "xk", bytes));
        }
    }
    Ok(bombs)
}

fn constant(node: u16, role: R, values: u64, value: &[u8]) -> Piece {
    piece((node, role), E::Constant, values, value, [])
}

fn flat() -> Vec<Plan> {
    // The number of runs, then a miniblock of their lengths, then one of their values.
    let runs = [&1_u64.to_le_bytes()[..], &[0; 8]].concat();
    vec![
        (
            "constant: sixteen million of a number",
            T::UInt64,
            ROWS,
            vec![constant(0, R::Values, ROWS, &[7; 8])],
        ),
        (
            "constant: sixteen million of 255 bytes",
            T::FixedSizeBinary(255),
            ROWS,
            vec![constant(0, R::Values, ROWS, &[7; 255])],
        ),
        (
            "run-length: one run of sixteen million",
            T::UInt64,
            ROWS,
            vec![piece((0, R::Values), E::RunLength, ROWS, runs, [0; 32])],
        ),
        (
            "dictionary: sixteen million times one entry",
            T::UInt64,
            ROWS,
            vec![
                constant(0, R::Values, 1, &[7; 8]),
                constant(0, R::Codes, ROWS, &[0; 4]),
            ],
        ),
        (
            "dictionary: a text of 16 KiB, sixteen million times",
            T::LargeUtf8,
            ROWS,
            vec![
                constant(0, R::Lengths, 1, &(1_u64 << 14).to_le_bytes()),
                piece((0, R::Data), E::Plain, 1 << 14, [], vec![b'x'; 1 << 14]),
                constant(0, R::Codes, ROWS, &[0; 4]),
            ],
        ),
        (
            "dictionary: more entries than rows",
            T::UInt64,
            10,
            vec![
                constant(0, R::Values, 1 << 40, &[7; 8]),
                constant(0, R::Codes, 10, &[0; 4]),
            ],
        ),
        (
            "fixed-size binary: two gigabytes a value",
            T::FixedSizeBinary(i32::MAX),
            1000,
            vec![piece((0, R::Values), E::Plain, 1000, [], [])],
        ),
        (
            "fixed-size list: two thousand million elements a row",
            T::FixedSizeList(Box::new(field(T::UInt8)), i32::MAX),
            1000,
            vec![constant(1, R::Values, 1000 * 0x7FFF_FFFF, &[7])],
        ),
    ]
}

fn strings() -> Vec<Plan> {
    let lengths = |rows: u64, length: u32| constant(0, R::Lengths, rows, &length.to_le_bytes());
    let data =
        |encoding, values: u64, stored: Vec<u8>| piece((0, R::Data), encoding, values, [], stored);
    let implied = |encoding, rows: u64| piece((0, R::Lengths), encoding, rows, [], []);
    // A table of one symbol of eight bytes, then its code over and over.
    let fsst = [&[1, 8][..], b"abcdefgh", &[0; 1000]].concat();
    let template = [
        &1_u32.to_le_bytes()[..],
        &500_000_000_u32.to_le_bytes(),
        &[0; 40],
    ]
    .concat();
    let many = [&u32::MAX.to_le_bytes()[..], &1_u32.to_le_bytes(), &[0; 40]].concat();
    vec![
        (
            "text: a million times four gigabytes",
            T::Utf8,
            1 << 20,
            vec![lengths(1 << 20, u32::MAX), data(E::Plain, 0, vec![])],
        ),
        (
            "text: lengths that overflow",
            T::LargeUtf8,
            1 << 10,
            vec![
                constant(0, R::Lengths, 1 << 10, &u64::MAX.to_le_bytes()),
                data(E::Plain, 0, vec![]),
            ],
        ),
        (
            "constant data: sixteen million texts of one byte",
            T::Utf8,
            ROWS,
            vec![lengths(ROWS, 1), constant(0, R::Data, ROWS, b"x")],
        ),
        (
            "fsst: a gigabyte of a kilobyte",
            T::Utf8,
            1,
            vec![lengths(1, 1 << 30), data(E::Fsst, 1 << 30, fsst)],
        ),
        (
            "prefix: a gigabyte of nothing",
            T::Utf8,
            1 << 20,
            vec![
                lengths(1 << 20, 1 << 10),
                data(E::Prefix, 1 << 30, vec![0; 64]),
            ],
        ),
        (
            "template: five hundred million columns",
            T::Utf8,
            1 << 20,
            vec![
                implied(E::Template, 1 << 20),
                data(E::Template, 1 << 20, template),
            ],
        ),
        (
            "template: four thousand million templates",
            T::Utf8,
            1 << 20,
            vec![
                implied(E::Template, 1 << 20),
                data(E::Template, 1 << 20, many),
            ],
        ),
        (
            "hex: a gigabyte of a few digits",
            T::Utf8,
            1,
            vec![lengths(1, 1 << 30), data(E::Hex, 1 << 30, vec![0; 64])],
        ),
        (
            "views: sixteen million of nothing",
            T::Utf8View,
            ROWS,
            vec![lengths(ROWS, 0), data(E::Plain, 0, vec![])],
        ),
    ]
}

fn list(element: T) -> T {
    T::List(Box::new(field(element)))
}

fn nested() -> Vec<Plan> {
    let lengths =
        |node, rows: u64, length: u32| constant(node, R::Lengths, rows, &length.to_le_bytes());
    let gaps = [1_u64 << 40, 7].map(u64::to_le_bytes).concat();
    let pair = |a: T, b: T| {
        let fields = [("key", a), ("value", b)].map(|(name, data_type)| Field {
            name: name.into(),
            ..field(data_type)
        });
        T::Struct(fields.to_vec())
    };
    let union = |mode| T::Union(vec![(0, field(T::UInt64)), (1, field(T::Null))], mode);
    let runs = T::RunEndEncoded(Box::new(field(T::Int64)), Box::new(field(T::UInt64)));
    vec![
        (
            "list: a million times four thousand million bytes",
            list(T::UInt8),
            1 << 20,
            vec![
                lengths(0, 1 << 20, u32::MAX),
                constant(1, R::Values, (1 << 20) * u64::from(u32::MAX), &[7]),
            ],
        ),
        (
            "list of lists of lists: 65,536 each",
            list(list(list(T::UInt8))),
            1,
            vec![
                lengths(0, 1, 1 << 16),
                lengths(1, 1 << 16, 1 << 16),
                lengths(2, 1 << 32, 1 << 16),
                constant(3, R::Values, 1 << 48, &[7]),
            ],
        ),
        (
            "list: two thousand million nulls",
            list(T::Null),
            1,
            vec![lengths(0, 1, i32::MAX as u32)],
        ),
        (
            "list: two thousand million structs without fields",
            list(T::Struct(vec![])),
            1,
            vec![lengths(0, 1, i32::MAX as u32)],
        ),
        (
            "list: two thousand million values without bytes",
            list(T::FixedSizeBinary(0)),
            1,
            vec![
                lengths(0, 1, i32::MAX as u32),
                piece((1, R::Values), E::Plain, i32::MAX as u64, [], []),
            ],
        ),
        (
            "flat gaps: 2^40 elements",
            list(T::UInt64),
            1 << 20,
            vec![
                piece((0, R::Lengths), E::FlatGap, 1 << 20, gaps, []),
                constant(1, R::Values, 1 << 40, &[0; 8]),
            ],
        ),
        (
            "map: two thousand million entries",
            T::Map(Box::new(field(pair(T::UInt8, T::Null))), false),
            1,
            vec![
                lengths(0, 1, i32::MAX as u32),
                constant(1, R::Values, i32::MAX as u64, &[7]),
            ],
        ),
        (
            "dense union: 2^40 values of a variant",
            union(UnionMode::Dense),
            1,
            vec![
                constant(0, R::Lengths, 2, &(1_u64 << 40).to_le_bytes()),
                constant(0, R::TypeIds, 1, &[0]),
                constant(0, R::Offsets, 1, &[0; 4]),
                constant(1, R::Values, 1 << 40, &[7; 8]),
            ],
        ),
        (
            "run ends: 2^40 runs",
            runs.clone(),
            1,
            vec![
                constant(0, R::Lengths, 1, &(1_u64 << 40).to_le_bytes()),
                constant(1, R::Values, 1 << 40, &[7; 8]),
                constant(2, R::Values, 1 << 40, &[7; 8]),
            ],
        ),
        (
            "dictionary type: 2^40 entries",
            T::Dictionary(Box::new(T::UInt8), Box::new(T::UInt64)),
            1,
            vec![
                constant(0, R::Lengths, 1, &(1_u64 << 40).to_le_bytes()),
                constant(1, R::Values, 1, &[0]),
                constant(2, R::Values, 1 << 40, &[7; 8]),
            ],
        ),
    ]
}

/// Encodings of numbers, some within a codec that hides how little they are.
fn numbers() -> Result<Vec<Plan>> {
    let values = |rows, encoding, parameters: Vec<u8>, stored: Vec<u8>| {
        piece((0, R::Values), encoding, rows, parameters, stored)
    };
    // So few that the room for them is made, and the encoding is asked.
    let few = |encoding, parameters, stored| vec![values(FEW, encoding, parameters, stored)];
    let zstd = Compression::Zstd { level: 3 };
    // A pco file of version 4: chunks whose head announces a dictionary, and a window, of what is not there.
    let pco = |head: [u8; 2]| [&[4, 1][..], &head, &[0xFF; 200]].concat();
    let mut plans: Vec<Plan> = vec![
        (
            "pco: a dictionary",
            T::UInt64,
            FEW,
            few(E::Pco, vec![0], pco([4, 0xFF])),
        ),
        (
            "pco: a window",
            T::UInt64,
            FEW,
            few(E::Pco, vec![0], pco([0x20, 0x3E])),
        ),
        (
            "pco: values of nothing",
            T::UInt64,
            FEW,
            few(E::Pco, vec![0], pco([0, 0])),
        ),
        (
            "entropy: tables of nothing",
            T::UInt32,
            FEW,
            few(E::Entropy, vec![0xFF; 8], vec![0xFF; 300]),
        ),
        (
            "decimal: integers of nothing",
            T::Float64,
            FEW,
            few(E::Decimal, vec![3, 0], vec![0; 100]),
        ),
        (
            "lane-packed: blocks of nothing",
            T::UInt64,
            FEW,
            few(E::LanePacked, vec![], vec![0; 100]),
        ),
    ];
    for (name, encoding, bytes, parameters) in [
        (
            "bit-packed in zstd: sixteen million zeros",
            E::BitPacked,
            9 * (ROWS / 1024),
            vec![],
        ),
        (
            "delta in zstd: sixteen million zeros",
            E::Delta,
            9 * (ROWS / 1024),
            vec![0; 8],
        ),
        (
            "byte-shuffle in zstd: sixteen million zeros",
            E::ByteShuffle,
            8 * ROWS,
            vec![],
        ),
    ] {
        let zeros = vec![0; usize::try_from(bytes)?];
        let piece = squeezed(values(ROWS, encoding, parameters, zeros), zstd, bytes)?;
        plans.push((name, T::UInt64, ROWS, vec![piece]));
    }
    Ok(plans)
}
