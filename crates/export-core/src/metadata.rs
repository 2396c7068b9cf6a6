//! What every export says about itself.

use std::collections::BTreeMap;

/// Facts about an export that travel with its data: in an `.xk` file's `meta` frames and index, in the key/value
/// metadata of Parquet, and wherever else a format has a place for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportMetadata {
    /// Program and version that wrote the export, such as `exportkit 0.1.0`.
    pub tool: String,
    /// When the export was made, in nanoseconds since 1970-01-01 UTC.
    pub created_ns: i64,
    /// Where the rows came from, as the user named it.
    pub source: Option<String>,
    /// Rows over all streams.
    pub rows: u64,
    /// Chunks over all streams.
    pub chunks: u64,
    /// The user's own keys, and those of the source (Parquet's key/value metadata, say). Kept in key order.
    pub entries: BTreeMap<String, String>,
}

/// A remark on a conversion that was done, but not in the way one might expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Stream concerned, if one.
    pub stream: Option<String>,
    /// Column concerned, if one; nested fields joined with dots.
    pub column: Option<String>,
    /// What was done, in one sentence without a full stop.
    pub text: String,
    /// True where values were lost; the tool then exits with 3.
    pub loss: bool,
}
