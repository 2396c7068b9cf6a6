//! Other people's formats, one feature each.

#[cfg(feature = "arrow")]
pub mod arrow;
#[cfg(feature = "compressed")]
pub mod compressed;
#[cfg(feature = "csv")]
pub mod csv;
#[cfg(feature = "ndjson")]
pub mod ndjson;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod text;
