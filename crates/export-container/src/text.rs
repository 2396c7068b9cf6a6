//! The frames that carry JSON: streams and metadata (v1.md, "Stream" and "Metadata").

mod field;
mod measure;
mod metadata;
mod stream;

pub(crate) use metadata::{metadata_from_json, metadata_to_json};
pub(crate) use stream::{StreamText, check_schema};
pub use stream::{schema_from_text, schema_to_text};
