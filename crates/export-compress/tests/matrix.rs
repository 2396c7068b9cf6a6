//! Every codec × every encoding × shapes of data of every width: exact, and safe when bits flip.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "shapes are cut to widths"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod common;

use common::{batch, bitmap, bytes_array, some_nulls, sorted_lists, strings};
use export_compress::{Compression, Decoder, Encoder, Encoding, Fixed, Options};
use export_core::marrow::array::{
    Array, BooleanArray, DecimalArray, FixedSizeBinaryArray, PrimitiveArray,
};
use export_core::{Batch, ChunkDecoder, ChunkEncoder, Codec, EncodedChunk, Limits, array};

/// Values of one shape, as 64-bit words that narrower columns cut.
fn shapes(rows: usize) -> Vec<Vec<u64>> {
    let noise = |i: u64| (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (i << 40);
    let rows = rows as u64;
    vec![
        vec![0xFFFF_FFFF_FFFF_FFF7; rows as usize],
        (0..rows).map(|i| 1000 + i * 3).collect(),
        (0..rows).map(|i| i / 40 % 4).collect(),
        (0..rows)
            .map(|i| if i % 90 == 0 { u64::MAX } else { noise(i) % 12 })
            .collect(),
        (0..rows).map(noise).collect(),
        (0..rows)
            .map(|i| [i64::MIN, i64::MAX, 0, -1][i as usize % 4].cast_unsigned())
            .collect(),
    ]
}

/// Columns of every width, with and without nulls, of one shape.
/// Each as its hexadecimal digits.
fn ids(shape: &[u64]) -> Vec<String> {
    shape.iter().map(|value| format!("{value:x}")).collect()
}

fn columns(shape: &[u64]) -> Vec<Array> {
    let rows = shape.len();
    let nulls = some_nulls(rows);
    let wide = shape
        .iter()
        .map(|v| i128::from(*v as i64).wrapping_mul(0x1_0000_0001_0000_0001));
    vec![
        Array::Boolean(BooleanArray {
            len: rows,
            validity: None,
            values: bitmap(rows, |i| shape[i].is_multiple_of(3)).unwrap(),
        }),
        Array::UInt8(PrimitiveArray {
            validity: nulls.clone(),
            values: shape.iter().map(|v| *v as u8).collect(),
        }),
        Array::Int16(PrimitiveArray {
            validity: None,
            values: shape.iter().map(|v| *v as i16).collect(),
        }),
        Array::Float32(PrimitiveArray {
            validity: None,
            values: shape.iter().map(|v| f32::from_bits(*v as u32)).collect(),
        }),
        Array::Int64(PrimitiveArray {
            validity: nulls.clone(),
            values: shape.iter().map(|v| *v as i64).collect(),
        }),
        Array::Float64(PrimitiveArray {
            validity: None,
            values: shape.iter().map(|v| f64::from_bits(*v)).collect(),
        }),
        Array::Float64(PrimitiveArray {
            validity: nulls.clone(),
            values: shape.iter().map(|v| f64::from(*v as u16) / 100.0).collect(),
        }),
        Array::Decimal128(DecimalArray {
            precision: 38,
            scale: 0,
            validity: None,
            values: wide.collect(),
        }),
        Array::FixedSizeBinary(FixedSizeBinaryArray {
            n: 5,
            validity: None,
            data: shape
                .iter()
                .flat_map(|v| v.to_le_bytes()[..5].to_vec())
                .collect(),
        }),
        Array::List(sorted_lists(rows, nulls.clone())),
        Array::Utf8(bytes_array(
            &strings(rows, 1 + shape[0] as usize % 50),
            nulls,
        )),
        Array::Utf8(bytes_array(&ids(shape), None)),
    ]
}

fn options() -> Vec<Options> {
    let mut all = Vec::new();
    for codec in Compression::ALL
        .into_iter()
        .filter(|codec| codec.is_available())
    {
        for encoding in Encoding::ALL
            .into_iter()
            .filter(|encoding| encoding.is_available())
        {
            for dictionary in [false, true] {
                let (codec, encoding, dictionary) = (Some(codec), Some(encoding), Some(dictionary));
                let fixed = Fixed {
                    encoding,
                    codec,
                    dictionary,
                };
                all.push(Options {
                    fixed,
                    ..Options::default()
                });
            }
        }
    }
    all
}

fn encode(batch: &Batch, options: &Options) -> EncodedChunk {
    Encoder::new(options.clone())
        .unwrap()
        .encode(batch)
        .unwrap()
}

#[test]
fn every_pair_is_exact() {
    let mut seen = std::collections::BTreeSet::new();
    for rows in [1, 100, 1500] {
        for shape in shapes(rows) {
            let batch = batch(rows, columns(&shape));
            for options in options() {
                let chunk = encode(&batch, &options);
                let limits = Limits::default();
                let back = Decoder::new()
                    .decode(batch.schema(), &chunk, &limits)
                    .unwrap();
                assert!(back.same_rows(&batch), "{options:?}");
                for block in chunk
                    .directory
                    .columns
                    .iter()
                    .flat_map(|column| &column.blocks)
                {
                    assert_eq!(block.codec, options.fixed.codec.unwrap().id());
                    seen.insert((block.encoding, block.codec));
                }
            }
        }
    }
    // Nothing fell back to plain throughout.
    assert_eq!(seen.len(), Encoding::ALL.len() * Compression::ALL.len());
}

#[test]
fn flipped_bits_never_panic() {
    let (mut caught, mut silent) = (0, 0);
    for shape in shapes(40) {
        for column in columns(&shape) {
            let batch = batch(40, vec![column]);
            for options in options() {
                let mut chunk = encode(&batch, &options);
                for bit in 0..chunk.bytes.len() * 8 {
                    // Padding is the container's to check.
                    if chunk.bytes.len() > 400 && bit % 5 != 0 {
                        continue;
                    }
                    chunk.bytes[bit / 8] ^= 1 << (bit % 8);
                    match Decoder::new().decode(batch.schema(), &chunk, &Limits::default()) {
                        Err(_) => caught += 1,
                        Ok(back) => {
                            let column = &back.columns()[0];
                            assert_eq!(array::len(column), 40);
                            array::validate(column, &Limits::default()).unwrap();
                            silent += 1;
                        }
                    }
                    chunk.bytes[bit / 8] ^= 1 << (bit % 8);
                }
            }
        }
    }
    // Most flips go unnoticed here: that is what the container's checksums are for.
    println!("{caught} flips caught, {silent} decoded to something");
}
