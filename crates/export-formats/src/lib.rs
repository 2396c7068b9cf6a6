//! Other people's formats, one feature each.

#[cfg(feature = "compressed")]
pub mod compressed;
#[cfg(feature = "csv")]
pub mod csv;
#[cfg(feature = "ndjson")]
pub mod ndjson;
pub mod text;
