//! Columns built value by value, whose types are found on the way.
