//! Codecs that fail while they write: the block has a simpler one, the rows are all there, and it is known what happened.

#![cfg(all(feature = "zstd", feature = "lz4"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{batch, columns};
use export_compress::{Compression, Decoder, Encoder, Fallback, Fixed, Options};
use export_core::{
    ChunkDecoder, ChunkEncoder, Codec, CodecId, EncodedChunk, Error, Limits, Note, Result,
};

/// A codec of somebody else's number that writes rubbish and fails, all the time or every other time.
struct Failing {
    stands_for: Compression,
    calls: AtomicU64,
    every: u64,
}

impl Failing {
    fn new(stands_for: Compression, every: u64) -> Arc<Self> {
        Arc::new(Self {
            stands_for,
            calls: AtomicU64::new(0),
            every,
        })
    }
}

impl Codec for Failing {
    fn id(&self) -> CodecId {
        self.stands_for.id()
    }

    fn name(&self) -> &'static str {
        self.stands_for.name()
    }

    fn compress(&self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        if self
            .calls
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(self.every)
        {
            output.extend(b"half a block");
            return Err(Error::limit("no memory for tables"));
        }
        self.stands_for.compress(input, output)
    }

    fn decompress(&self, input: &[u8], decoded_bytes: usize, output: &mut Vec<u8>) -> Result<()> {
        self.stands_for.decompress(input, decoded_bytes, output)
    }
}

fn options(codec: Compression) -> Options {
    Options {
        fixed: Fixed {
            codec: Some(codec),
            ..Fixed::default()
        },
        ..Options::default()
    }
}

fn codecs_of(chunk: &EncodedChunk) -> Vec<CodecId> {
    let blocks = chunk
        .directory
        .columns
        .iter()
        .flat_map(|column| &column.blocks);
    let mut codecs: Vec<CodecId> = blocks.map(|block| block.codec).collect();
    codecs.sort_unstable_by_key(|codec| codec.0);
    codecs.dedup();
    codecs
}

#[test]
fn a_codec_that_fails_is_replaced_and_every_row_comes_back() {
    const ZSTD: Compression = Compression::Zstd { level: 3 };
    for column in columns(300) {
        let name = format!("{:?}", column.data_type());
        let batch = batch(300, vec![column]);
        for (failing, every, allowed) in [
            (vec![Failing::new(ZSTD, 1)], 1, vec![CodecId(1)]),
            (vec![Failing::new(ZSTD, 2)], 2, vec![CodecId(1), CodecId(2)]),
            (
                vec![Failing::new(ZSTD, 1), Failing::new(Compression::Lz4, 1)],
                1,
                vec![CodecId(0)],
            ),
        ] {
            let mut encoder = Encoder::new(options(ZSTD)).unwrap();
            for codec in failing {
                encoder = encoder.with_codec(codec);
            }
            let chunk = encoder.encode(&batch).unwrap();
            let used = codecs_of(&chunk);
            assert!(
                used.iter().all(|codec| allowed.contains(codec)),
                "{name}: {used:?}"
            );
            let back = Decoder::new()
                .decode(batch.schema(), &chunk, &Limits::default())
                .unwrap();
            assert!(back.same_rows(&batch), "{name}");
            let blocks: u64 = encoder.fallbacks().iter().map(|f| f.blocks).sum();
            let all = chunk.directory.columns[0].blocks.len() as u64;
            assert!(
                blocks >= all / every && blocks <= all,
                "{name}: {blocks} of {all}"
            );
        }
    }
}

#[test]
fn it_is_told_which_column_how_often_and_why() {
    const ZSTD: Compression = Compression::Zstd { level: 3 };
    // The first has nothing but nulls, and so no block.
    let column = columns(300).into_iter().nth(2).unwrap();
    let batch = batch(300, vec![column]);
    let encoder = Encoder::new(options(ZSTD))
        .unwrap()
        .with_codec(Failing::new(ZSTD, 1));
    let clone = encoder.clone();
    clone.encode(&batch).unwrap();
    let first = encoder.fallbacks();
    clone.encode(&batch).unwrap();
    let [fallback]: [Fallback; 1] = encoder.fallbacks().try_into().unwrap();
    assert_eq!(fallback.blocks, 2 * first[0].blocks);
    assert_eq!((fallback.instead_of, fallback.with), ("zstd", "lz4"));
    assert_eq!(fallback.why, "no memory for tables");
    let blocks = fallback.blocks;
    let note = Note::from(fallback);
    assert_eq!(note.column.as_deref(), Some("c0"));
    let due =
        format!("{blocks} blocks were written with lz4 instead of zstd: no memory for tables");
    assert_eq!(note.text, due);
    assert!(!note.loss);
}

#[test]
fn what_does_not_fail_is_as_it_was() {
    for column in columns(300) {
        let name = format!("{:?}", column.data_type());
        let batch = batch(300, vec![column]);
        let plain = Encoder::new(Options::default()).unwrap();
        // Stands in for a codec and never fails: the first call is number 0, which no multiple of so many follows.
        let codec = Failing::new(Compression::Zstd { level: 3 }, u64::MAX);
        codec.calls.store(1, Ordering::Relaxed);
        let other = Encoder::new(Options::default()).unwrap().with_codec(codec);
        assert_eq!(
            plain.encode(&batch).unwrap(),
            plain.encode(&batch).unwrap(),
            "{name}"
        );
        let chunk = other.encode(&batch).unwrap();
        let back = Decoder::new()
            .decode(batch.schema(), &chunk, &Limits::default())
            .unwrap();
        assert!(back.same_rows(&batch), "{name}");
        assert!(
            plain.fallbacks().is_empty() && other.fallbacks().is_empty(),
            "{name}"
        );
    }
}
