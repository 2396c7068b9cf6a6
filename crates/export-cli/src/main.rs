//! The exportkit command line tool.
fn main() {}
