#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| export_fuzz::run("protected", bytes));
