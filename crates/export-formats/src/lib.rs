//! Other people's formats, one feature each.

pub mod text;
