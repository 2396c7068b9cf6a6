//! Other people's formats, one feature each.

#[cfg(feature = "csv")]
pub mod csv;
pub mod text;
