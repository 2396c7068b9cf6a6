//! Every type, with and without nulls, at many lengths, under every preset: the same rows come back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]
#![allow(clippy::cast_possible_truncation, reason = "the numbers are small")]

mod common;

use common::{batch, columns};
use export_compress::{Decoder, Encoder, Fixed, Options, Preset};
use export_core::chunk::BLOCK_ALIGNMENT;
use export_core::{Batch, ChunkDecoder, ChunkEncoder, EncodedChunk, Limits, array};

fn round_trip(batch: &Batch, options: &Options) -> EncodedChunk {
    let encoder = Encoder::new(options.clone()).unwrap();
    let chunk = encoder.encode(batch).unwrap();
    let limits = Limits::default();
    let back = Decoder::new()
        .decode(batch.schema(), &chunk, &limits)
        .unwrap();
    for (at, (a, b)) in batch.columns().iter().zip(back.columns()).enumerate() {
        assert!(
            array::same(a, b),
            "column {at}, {:?}\n{a:?}\n{b:?}",
            a.data_type()
        );
        array::validate(b, &limits).unwrap();
    }
    check_layout(&chunk);
    assert_eq!(
        encoder.encode(batch).unwrap(),
        chunk,
        "encoding is deterministic"
    );
    chunk
}

/// Blocks are aligned, in order, do not overlap, and only zeros are between them.
fn check_layout(chunk: &EncodedChunk) {
    let mut end = 0;
    for block in chunk
        .directory
        .columns
        .iter()
        .flat_map(|column| &column.blocks)
    {
        let start = block.offset as usize;
        assert_eq!(start % BLOCK_ALIGNMENT, 0);
        assert!(start >= end && chunk.bytes[end..start].iter().all(|byte| *byte == 0));
        end = start + block.stored_bytes as usize;
        assert!(block.parameters.len() <= 255);
    }
    assert!(end <= chunk.bytes.len());
}

#[test]
fn every_type() {
    for rows in [0, 1, 8, 300, 2500] {
        for preset in Preset::ALL {
            round_trip(&batch(rows, columns(rows)), &Options::new(preset));
        }
    }
}

#[test]
fn every_type_with_dictionaries() {
    for dictionary in [Some(true), Some(false)] {
        let options = Options {
            fixed: Fixed {
                dictionary,
                ..Fixed::default()
            },
            ..Options::default()
        };
        round_trip(&batch(300, columns(300)), &options);
    }
}

#[test]
fn dictionaries_are_chosen_for_few_strings() {
    let rows = 5000;
    let strings = common::strings(rows, 5);
    let column = export_core::marrow::array::Array::Utf8(common::bytes_array(&strings, None));
    let chunk = round_trip(&batch(rows, vec![column]), &Options::default());
    let roles: Vec<u8> = chunk.directory.columns[0]
        .blocks
        .iter()
        .map(|b| b.role as u8)
        .collect();
    assert_eq!(roles, [2, 3, 4]);
}
