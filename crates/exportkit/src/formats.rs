//! The formats this build knows, and which of them a file is.

use std::path::Path;

use export_core::{Confidence, Error, Format, Result};

use crate::xk::Xk;

/// Every format of this build, the project's own first.
#[must_use]
pub fn all() -> &'static [&'static dyn Format] {
    &[
        &Xk,
        #[cfg(feature = "parquet")]
        &export_formats::parquet::Parquet,
        #[cfg(feature = "ndjson")]
        &export_formats::ndjson::Ndjson,
        #[cfg(feature = "csv")]
        &export_formats::csv::Csv,
        #[cfg(feature = "csv")]
        &export_formats::csv::Tsv,
    ]
}

/// The format called `name`. Fails with [`export_core::ErrorKind::NotFound`] and the nearest name as a hint.
pub fn named(name: &str) -> Result<&'static dyn Format> {
    let known = || all().iter().map(|format| format.name());
    let format = all().iter().copied().find(|format| format.name() == name);
    format.ok_or_else(|| Error::no_such("format", name, known()))
}

/// The format whose files' names end like `path`.
#[must_use]
pub fn by_extension(path: &Path) -> Option<&'static dyn Format> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    all()
        .iter()
        .copied()
        .find(|format| format.extensions().contains(&extension.as_str()))
}

/// [`by_extension`], seen through the ending of a compression this build knows: `rows.csv.gz` is CSV.
#[must_use]
pub fn by_name(path: &Path) -> Option<&'static dyn Format> {
    #[cfg(feature = "compressed")]
    if export_formats::compressed::Compression::from_path(path).is_some() {
        return by_extension(&path.with_extension(""));
    }
    by_extension(path)
}

/// The format that is surest a file starting with `head` is its own.
#[must_use]
pub fn by_content(head: &[u8]) -> Option<(&'static dyn Format, Confidence)> {
    all()
        .iter()
        .copied()
        .map(|format| (format, format.sniff(head)))
        .filter(|&(_, confidence)| confidence > Confidence::No)
        // The first of the surest: `max_by_key` would take the last.
        .rev()
        .max_by_key(|&(_, confidence)| confidence)
}
