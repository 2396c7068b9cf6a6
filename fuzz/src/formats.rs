//! Other people's formats.

use std::io::{Cursor, Read};

use export_core::{Format, Input, OnError, ReadOptions};
use export_formats::compressed::{Compression, wrap_reader};

use crate::{batch, limits};

/// Most bytes that are taken out of a compressed input.
const PLAIN_BYTES: u64 = 8 << 20;

fn read(format: &dyn Format, bytes: &[u8], on_error: OnError) {
    let options = ReadOptions {
        limits: limits(),
        on_error,
        batch_rows: 1 << 10,
        batch_bytes: 1 << 16,
        threads: Some(1),
        ..ReadOptions::default()
    };
    let input = Input::Stream(Box::new(Cursor::new(bytes.to_vec())));
    let Ok(mut source) = format.open(input, &options) else {
        return;
    };
    while let Ok(Some(read)) = source.next_batch() {
        batch::check(&read.batch);
    }
    // After an error as at the end, a source says that there is nothing more.
    drop(source.notes());
    drop(source.metadata());
}

pub(crate) fn csv(bytes: &[u8]) {
    read(&export_formats::csv::Csv, bytes, OnError::Fail);
    read(&export_formats::csv::Csv, bytes, OnError::Null);
    read(&export_formats::csv::Tsv, bytes, OnError::Skip);
}

pub(crate) fn ndjson(bytes: &[u8]) {
    for on_error in [OnError::Fail, OnError::Skip, OnError::Null] {
        read(&export_formats::ndjson::Ndjson, bytes, on_error);
    }
}

pub(crate) fn parquet(bytes: &[u8]) {
    read(&export_formats::parquet::Parquet, bytes, OnError::Fail);
}

/// By its signature, or else as Brotli, which has none.
pub(crate) fn compressed(bytes: &[u8]) {
    let kind = Compression::detect(bytes).unwrap_or(Compression::Brotli);
    let Ok(mut plain) = wrap_reader(kind, Box::new(Cursor::new(bytes.to_vec()))) else {
        return;
    };
    let mut buffer = vec![0; 64 << 10];
    let mut left = PLAIN_BYTES;
    while let Ok(count @ 1..) = plain.read(&mut buffer) {
        match left.checked_sub(count as u64) {
            Some(rest) => left = rest,
            None => break,
        }
    }
}
