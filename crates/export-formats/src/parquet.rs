//! Parquet.
//!
//! **Reading** goes through the file row group by row group, page by page, and decodes only the columns wanted. The file's
//! key/value metadata are the source's, all but `ARROW:schema`, which is used instead: with it, a trip through Parquet keeps
//! names, nullability, units and zones of timestamps, decimals, dictionaries and extension types. Columns it tells to be in
//! seconds are read through once at the start: they are, if all of their milliseconds are. A pipe is stored in a temporary
//! file without a name first. Timestamps of the old INT96 kind are read as nanoseconds, and refused where they
//! are out of that range.
//!
//! **Writing** makes row groups of about 64 MiB, compressed with zstd, with statistics and with encodings chosen by looking
//! at the first rows. [`export_core::ExportMetadata`] goes to keys that start with `exportkit.`, its entries to keys of their
//! own. What Parquet has no type for is written as the nearest that holds every value, with a note: seconds as
//! milliseconds (of timestamps, `ARROW:schema` keeps the unit), dates in milliseconds as days, runs as their values, intervals of months, days and nanoseconds as a struct of the three. Unions are
//! refused. Options: `parquet.codec` (`zstd`, `snappy`, `lz4`, `gzip`, `brotli`, `none`; a level after a colon, as in
//! `zstd:9`).
//!
//! The `parquet` crate panics on some damaged files. Such a panic is caught in one place and becomes an error of kind
//! [`export_core::ErrorKind::Corrupt`]; the process's panic hook, which prints, still runs.

mod decimals;
mod fault;
mod footer;
mod input;
mod int96;
mod pages;
mod prepare;
mod properties;
mod read;
mod seconds;
mod shape;
mod thrift;
mod write;
mod zones;

use std::collections::BTreeMap;
use std::io::Write;

use export_core::{
    Confidence, Error, Format, Input, ReadOptions, Result, Sink, Source, WriteOptions,
};

/// The first and the last bytes of a file.
const SIGNATURE: &[u8] = b"PAR1";
/// Option of the sink: the compressor of pages.
const CODEC_OPTION: &str = "parquet.codec";

/// The columnar format of the Hadoop world.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parquet;

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn sniff(&self, head: &[u8]) -> Confidence {
        if head.starts_with(SIGNATURE) {
            Confidence::Yes
        } else {
            Confidence::No
        }
    }

    fn reads_anywhere(&self) -> bool {
        true
    }

    fn open(&self, input: Input, options: &ReadOptions) -> Result<Box<dyn Source>> {
        check_options(&options.extra, &[])?;
        Ok(Box::new(read::ParquetSource::open(input, options)?))
    }

    fn create(
        &self,
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>> {
        check_options(&options.extra, &[CODEC_OPTION])?;
        let codec = properties::codec(
            options
                .extra
                .get(CODEC_OPTION)
                .map_or("zstd", String::as_str),
        )?;
        Ok(Box::new(write::ParquetSink::create(
            output,
            codec,
            &options.cancel,
        )))
    }
}

/// Refuses options of Parquet that are not `known`.
fn check_options(extra: &BTreeMap<String, String>, known: &[&str]) -> Result<()> {
    let unknown = |name: &&String| name.starts_with("parquet.") && !known.contains(&name.as_str());
    match extra.keys().find(unknown) {
        None => Ok(()),
        Some(name) => Err(
            Error::usage(format!("there is no option {name:?} here")).with_hint(format!(
                "the only option of Parquet is {CODEC_OPTION}, for writing"
            )),
        ),
    }
}
