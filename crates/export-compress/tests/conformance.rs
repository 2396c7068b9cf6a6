//! The suites of export-core, run on every codec and on encoders of every kind; and batches of its generator.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use export_compress::{Compression, Decoder, Encoder, Encoding, Fixed, Options, Preset};
use export_core::conformance;
use export_core::{ChunkDecoder, ChunkEncoder, Limits};

#[test]
fn codecs() {
    for codec in Compression::ALL
        .into_iter()
        .filter(|codec| codec.is_available())
    {
        conformance::codec(&codec).unwrap();
    }
}

#[test]
fn presets() {
    for preset in Preset::ALL {
        let encoder = Encoder::new(Options::new(preset)).unwrap();
        conformance::chunk_coder(&encoder, &Decoder::new()).unwrap();
    }
}

#[test]
fn generated_batches_under_every_encoding() {
    for batch in conformance::batches(3).unwrap() {
        for encoding in Encoding::ALL
            .into_iter()
            .filter(|encoding| encoding.is_available())
        {
            let fixed = Fixed {
                encoding: Some(encoding),
                ..Fixed::default()
            };
            let options = Options {
                fixed,
                ..Options::default()
            };
            let chunk = Encoder::new(options).unwrap().encode(&batch).unwrap();
            let limits = Limits::default();
            let back = Decoder::new()
                .decode(batch.schema(), &chunk, &limits)
                .unwrap();
            assert!(back.same_rows(&batch), "{encoding}: {:?}", batch.schema());
        }
    }
}
