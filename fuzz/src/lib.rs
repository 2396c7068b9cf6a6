//! What fuzzing feeds: a function for every decoder of exportkit.
//!
//! A [`Target`] takes any bytes. It must not panic, nor take more than [`ALLOCATED_BYTES`], nor go on for long; where a decoder
//! accepts the bytes, what came of them is checked. `cargo xtask fuzz` has libFuzzer look for bytes that break this
//! (`fuzz/libfuzzer/`, which adds nothing but the glue); `cargo test -p export-fuzz` runs the kept ones (`fuzz/corpus/`).
//!
//! ```
//! export_fuzz::run("image", b"any bytes");
//! ```
//!
//! A decoder that is new gets a function in the module of its crate, a line in [`TARGETS`], a file in
//! `fuzz/libfuzzer/targets/` and seeds in `examples/seed.rs`.

mod batch;
mod chunk;
mod container;
mod formats;
mod image;
mod journal;
mod limits;
pub mod plan;
mod protected;
mod sealed;

pub(crate) use limits::limits;
pub use protected::Open;
pub use sealed::sealed;

/// Most bytes that a target may have allocated at a time.
pub const ALLOCATED_BYTES: u64 = 256 << 20;

/// What is fed to one decoder.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its corpus, too.
    pub name: &'static str,
    /// What it reads, in a few words.
    pub about: &'static str,
    run: fn(&[u8]),
}

impl Target {
    /// Hands `bytes` to the decoder.
    pub fn run(&self, bytes: &[u8]) {
        (self.run)(bytes);
    }
}

/// Every target.
pub const TARGETS: [Target; 15] = [
    of("header", "headers of files and frames", container::header),
    of(
        "scan",
        "frames, and the way back to them after damage",
        container::scan,
    ),
    of(
        "open",
        "containers, by the index and without it",
        container::open,
    ),
    of(
        "sealed",
        "the same with checksums made right, down to the values",
        container::open_sealed,
    ),
    of(
        "verify",
        "every byte of a container, checksums made right",
        container::verify,
    ),
    of(
        "repair",
        "what is intact of a container, and again of that",
        container::repair,
    ),
    of("protected", "encrypted and sealed files", protected::read),
    of(
        "schema",
        "the JSON of schemas and of metadata",
        container::schema,
    ),
    of(
        "decode",
        "chunks: any directory over any bytes",
        chunk::decode,
    ),
    of("csv", "CSV and TSV", formats::csv),
    of("ndjson", "NDJSON", formats::ndjson),
    of("parquet", "Parquet", formats::parquet),
    of(
        "compressed",
        "gzip, Zstandard, LZ4 and Brotli",
        formats::compressed,
    ),
    of("image", "rows out of a journal", image::read),
    of("journal", "the journal's own file", journal::read),
];

const fn of(name: &'static str, about: &'static str, run: fn(&[u8])) -> Target {
    Target { name, about, run }
}

/// The target called `name`.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Hands `bytes` to the decoder of the target called `name`, which is one of [`TARGETS`].
pub fn run(name: &str, bytes: &[u8]) {
    let target = target(name);
    assert!(target.is_some(), "there is no target {name:?}");
    if let Some(target) = target {
        target.run(bytes);
    }
}
