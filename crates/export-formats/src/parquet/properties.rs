//! How columns are written: compressor, dictionaries, encodings.

use std::collections::HashSet;

use export_core::marrow::array::Array;
use export_core::{Batch, Error, Result};
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

const ROW_GROUP_ROWS: usize = 1 << 20;
const ROW_GROUP_BYTES: usize = 64 << 20;
/// Values looked at to tell whether a column repeats itself.
const SAMPLE_VALUES: usize = 4096;

/// The compressor called `name`, with a level after a colon where it has levels.
pub(super) fn codec(name: &str) -> Result<Compression> {
    let wrong = || {
        Error::usage(format!("{name:?} is no codec of Parquet"))
            .with_hint("give zstd, snappy, lz4, gzip, brotli or none; zstd:9 for a level")
    };
    let (codec, level) = match name.split_once(':') {
        Some((codec, level)) => (codec, Some(level.parse::<u32>().map_err(|_| wrong())?)),
        None => (name, None),
    };
    let known = match (codec, level) {
        ("zstd", level) => i32::try_from(level.unwrap_or(1))
            .ok()
            .and_then(|level| ZstdLevel::try_new(level).ok())
            .map(Compression::ZSTD),
        ("gzip", level) => GzipLevel::try_new(level.unwrap_or(6))
            .ok()
            .map(Compression::GZIP),
        ("brotli", level) => BrotliLevel::try_new(level.unwrap_or(4))
            .ok()
            .map(Compression::BROTLI),
        ("snappy", None) => Some(Compression::SNAPPY),
        ("lz4", None) => Some(Compression::LZ4_RAW),
        ("none", None) => Some(Compression::UNCOMPRESSED),
        _ => None,
    };
    known.ok_or_else(wrong)
}

/// Properties of a file that starts with `first`.
pub(super) fn for_batch(first: &Batch, codec: Compression) -> WriterProperties {
    let builder = WriterProperties::builder()
        .set_compression(codec)
        .set_created_by(concat!("exportkit ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES));
    let columns = std::iter::zip(&first.schema().fields, first.columns());
    columns
        .fold(builder, |builder, (field, column)| {
            for_column(builder, &field.name, column)
        })
        .build()
}

/// Dictionaries are on unless a column hardly repeats itself; the encoding set here is that of values outside of one.
fn for_column(
    builder: WriterPropertiesBuilder,
    name: &str,
    column: &Array,
) -> WriterPropertiesBuilder {
    let (encoding, repeats) = match column {
        Array::Int32(a) => (Encoding::DELTA_BINARY_PACKED, repeats(&a.values)),
        Array::UInt32(a) => (Encoding::DELTA_BINARY_PACKED, repeats(&a.values)),
        Array::Int64(a) => (Encoding::DELTA_BINARY_PACKED, repeats(&a.values)),
        Array::UInt64(a) => (Encoding::DELTA_BINARY_PACKED, repeats(&a.values)),
        Array::Date32(a) => (Encoding::DELTA_BINARY_PACKED, repeats(&a.values)),
        Array::Timestamp(a) => (Encoding::DELTA_BINARY_PACKED, repeats(&a.values)),
        Array::Float32(a) => (
            Encoding::BYTE_STREAM_SPLIT,
            repeats(a.values.iter().map(|v| v.to_bits())),
        ),
        Array::Float64(a) => (
            Encoding::BYTE_STREAM_SPLIT,
            repeats(a.values.iter().map(|v| v.to_bits())),
        ),
        Array::Utf8(_) | Array::LargeUtf8(_) | Array::Utf8View(_) => {
            (Encoding::DELTA_LENGTH_BYTE_ARRAY, true)
        }
        _ => return builder,
    };
    let path = ColumnPath::new(vec![name.to_owned()]);
    builder
        .set_column_encoding(path.clone(), encoding)
        .set_column_dictionary_enabled(path, repeats)
}

/// Whether fewer than half of the first values are different from all others.
fn repeats<T: Eq + std::hash::Hash>(values: impl IntoIterator<Item = T>) -> bool {
    let mut seen = 0_usize;
    let distinct: HashSet<T> = values
        .into_iter()
        .take(SAMPLE_VALUES)
        .inspect(|_| seen += 1)
        .collect();
    distinct.len() * 2 < seen.max(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs() {
        assert_eq!(codec("none").unwrap(), Compression::UNCOMPRESSED);
        assert!(matches!(codec("zstd:9").unwrap(), Compression::ZSTD(_)));
        for wrong in ["zip", "zstd:99", "zstd:", "snappy:1", ""] {
            assert!(codec(wrong).unwrap_err().hint().is_some(), "{wrong}");
        }
    }

    #[test]
    fn repetition() {
        assert!(repeats((0..1000).map(|n| n % 7)));
        assert!(!repeats(0..1000));
        assert!(repeats([1, 2, 3]));
    }
}
