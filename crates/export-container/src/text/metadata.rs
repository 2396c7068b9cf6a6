//! A metadata frame's payload.

use std::collections::BTreeMap;

use export_core::{Error, ExportMetadata, Limits, Result};
use serde::{Deserialize, Serialize};

use super::measure::check_metadata;

#[derive(Serialize, Deserialize)]
struct Json {
    tool: String,
    created_ns: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    rows: u64,
    chunks: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    entries: BTreeMap<String, String>,
}

/// As stored.
pub(crate) fn metadata_to_json(metadata: &ExportMetadata) -> Result<Vec<u8>> {
    let ExportMetadata {
        tool,
        created_ns,
        source,
        rows,
        chunks,
        entries,
    } = metadata.clone();
    serde_json::to_vec(&Json {
        tool,
        created_ns,
        source,
        rows,
        chunks,
        entries,
    })
    .map_err(Error::usage)
}

/// Reads a payload, whose checksum was verified.
pub(crate) fn metadata_from_json(payload: &[u8], limits: &Limits) -> Result<ExportMetadata> {
    check_metadata(payload, limits)?;
    let Json {
        tool,
        created_ns,
        source,
        rows,
        chunks,
        entries,
    } = serde_json::from_slice(payload).map_err(Error::corrupt)?;
    Ok(ExportMetadata {
        tool,
        created_ns,
        source,
        rows,
        chunks,
        entries,
    })
}
