//! Any words under any options: what comes back is what went in, to the bit.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::sync::Arc;

use export_compress::{Compression, Decoder, Encoder, Encoding, Fixed, Options, Preset};
use export_core::marrow::array::{Array, DecimalArray, PrimitiveArray};
use export_core::marrow::datatypes::Field;
use export_core::{Batch, ChunkDecoder, ChunkEncoder, Limits, Schema};
use proptest::collection::vec;
use proptest::prelude::*;

/// Mixtures of runs, steps, noise and extremes.
fn words() -> impl Strategy<Value = Vec<u64>> {
    let run = (any::<u64>(), 1usize..200).prop_map(|(value, length)| vec![value; length]);
    let steps = (any::<u64>(), 0u64..1000, 1u64..600)
        .prop_map(|(start, step, n)| (0..n).map(|i| start.wrapping_add(i * step)).collect());
    let narrow = (any::<u64>(), 0u32..64).prop_flat_map(|(base, bits)| {
        vec(
            any::<u64>().prop_map(move |v| base.wrapping_add(v >> (63 - bits))),
            1..400,
        )
    });
    let extremes = vec(
        prop_oneof![Just(0), Just(u64::MAX), Just(1 << 63), Just((1 << 63) - 1)],
        1..50,
    );
    vec(prop_oneof![run, steps, narrow, extremes], 0..6).prop_map(|parts| parts.concat())
}

fn options() -> impl Strategy<Value = Options> {
    let encoding = proptest::option::of(proptest::sample::select(Encoding::ALL.to_vec()));
    let codec = proptest::option::of(proptest::sample::select(Compression::ALL.to_vec()));
    let preset = proptest::sample::select(Preset::ALL.to_vec());
    (preset, encoding, codec, any::<Option<bool>>()).prop_map(
        |(preset, encoding, codec, dictionary)| Options {
            preset,
            fixed: Fixed {
                encoding,
                codec,
                dictionary,
            },
            ..Options::default()
        },
    )
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "words are cut to every width"
)]
fn columns(words: &[u64]) -> Vec<Array> {
    macro_rules! column {
        ($variant:ident, $value:expr) => {
            Array::$variant(PrimitiveArray {
                validity: None,
                values: words.iter().copied().map($value).collect(),
            })
        };
    }
    let wide = words.iter().zip(words.iter().rev());
    let wide = wide.map(|(a, b)| (i128::from(*a) << 64 | i128::from(*b)) >> (a % 100));
    vec![
        column!(UInt8, |word| word as u8),
        column!(Int16, |word| word as i16),
        column!(UInt32, |word| word as u32),
        column!(Float32, |word| f32::from_bits(word as u32)),
        column!(Int64, u64::cast_signed),
        column!(UInt64, |word| word),
        column!(Float64, f64::from_bits),
        Array::Decimal128(DecimalArray {
            precision: 38,
            scale: 3,
            validity: None,
            values: wide.collect(),
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_words_come_back(words in words(), options in options()) {
        let columns = columns(&words);
        let fields = columns.iter().enumerate().map(|(at, column)| Field {
            name: at.to_string(),
            data_type: column.data_type(),
            ..Field::default()
        });
        let schema = Arc::new(Schema::new(fields.collect()).unwrap());
        let batch = Batch::new(Arc::clone(&schema), words.len(), columns).unwrap();
        let chunk = Encoder::new(options).unwrap().encode(&batch).unwrap();
        let back = Decoder::new().decode(&schema, &chunk, &Limits::default()).unwrap();
        prop_assert!(back.same_rows(&batch));
    }
}
