#![no_main]

libfuzzer_sys::fuzz_target!(
    init: {
        // libFuzzer's own hook ends the process at every panic. Those of the Parquet library are caught and become errors; one
        // that is not caught ends it all the same.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |bytes: &[u8]| export_fuzz::run("parquet", bytes)
);
