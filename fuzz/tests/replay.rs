//! Every kept input, again.

#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use allocation_counter::measure;
use export_fuzz::{ALLOCATED_BYTES, TARGETS, target};

/// Only so that an input that takes forever says which it is: nothing is said about speed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Kept inputs are small, and few.
const INPUT_BYTES: u64 = 64 << 10;
const CORPORA_BYTES: u64 = 1_000_000;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let mut inputs: Vec<PathBuf> = fs::read_dir(corpora().join(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn kept_inputs_do_no_harm() {
    let mut failures = Vec::new();
    for target in &TARGETS {
        let inputs = inputs(target.name);
        assert!(
            !inputs.is_empty(),
            "nothing to begin with for {}",
            target.name
        );
        for path in inputs {
            let bytes = fs::read(&path).unwrap();
            let start = Instant::now();
            let mut outcome = Ok(());
            let spent = measure(|| outcome = catch_unwind(AssertUnwindSafe(|| target.run(&bytes))));
            let took = start.elapsed();
            if outcome.is_err() || spent.bytes_max > ALLOCATED_BYTES || took > PATIENCE {
                let at = path.strip_prefix(corpora()).unwrap().display().to_string();
                failures.push(format!(
                    "{at}: panicked: {}, {} bytes, {took:?}",
                    outcome.is_err(),
                    spent.bytes_max
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn bytes_of_no_meaning_do_no_harm() {
    for target in &TARGETS {
        for bytes in [&b""[..], b"\0", &[0; 300], &[0xff; 300], b"{\"a\":[[[["] {
            target.run(bytes);
        }
    }
}

#[test]
fn corpora_and_glue_are_there_for_every_target_and_small() {
    let glue = Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer");
    let manifest = fs::read_to_string(glue.join("Cargo.toml")).unwrap();
    let mut total = 0;
    for target in &TARGETS {
        let name = target.name;
        let text = fs::read_to_string(glue.join("targets").join(format!("{name}.rs"))).unwrap();
        assert!(text.contains(&format!("run(\"{name}\"")), "{text}");
        assert!(manifest.contains(&format!("name = \"{name}\"")));
        for path in inputs(name) {
            let size_bytes = fs::metadata(&path).unwrap().len();
            assert!(size_bytes <= INPUT_BYTES, "{}", path.display());
            total += size_bytes;
        }
    }
    assert!(total <= CORPORA_BYTES, "{total} bytes");
    assert_eq!(fs::read_dir(corpora()).unwrap().count(), TARGETS.len());
    assert_eq!(
        fs::read_dir(glue.join("targets")).unwrap().count(),
        TARGETS.len()
    );
    assert!(target("no such").is_none());
}
