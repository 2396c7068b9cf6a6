//! Other people's formats, one feature each.
