//! What inputs are made with does what it says.

#![expect(clippy::unwrap_used, reason = "it is a test")]

use std::path::Path;
use std::sync::Arc;

use export_container::{Container, Depth, MemoryStorage, verify};
use export_core::{Cancel, Limits, Progress, conformance};
use export_fuzz::plan::{Plan, directory_to_bytes, fields_to_bytes};
use export_fuzz::sealed;

fn golden(name: &str) -> Vec<u8> {
    let goldens = "../crates/export-container/tests/golden/v1";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(goldens)
        .join(name);
    std::fs::read(path).unwrap()
}

fn is_intact(bytes: &[u8]) -> bool {
    let storage = Arc::new(MemoryStorage::new(bytes.to_vec()));
    let (limits, progress, cancel) = (Limits::default(), Progress::new(), Cancel::new());
    verify(storage, Depth::Checksums, &limits, &progress, &cancel)
        .is_ok_and(|report| report.is_intact())
}

#[test]
fn a_sealed_container_is_intact_whatever_was_changed_in_its_blocks() {
    let whole = golden("0.1.0-evolved.xk");
    assert_eq!(sealed(&whole), whole);
    let storage = Arc::new(MemoryStorage::new(whole.clone()));
    let container = Container::open(storage, Limits::default()).unwrap();
    let mut changed = 0;
    for chunk in container.chunks() {
        let directory = container.read_directory(chunk).unwrap();
        let blocks = u64::from(chunk.directory_bytes).next_multiple_of(64);
        for block in directory.columns.iter().flat_map(|column| &column.blocks) {
            if block.stored_bytes == 0 {
                continue;
            }
            let at = usize::try_from(chunk.offset + 64 + blocks + block.offset).unwrap();
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert!(!is_intact(&bytes));
            assert!(is_intact(&sealed(&bytes)));
            changed += 1;
        }
    }
    assert!(changed > 0);
    // Checksums of headers and directories, too.
    for at in [60, 64 + 50, 64 + 60] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        assert!(!is_intact(&bytes));
        assert!(is_intact(&sealed(&bytes)));
    }
}

#[test]
fn types_and_directories_come_back_from_their_plans() {
    for field in conformance::fields() {
        let bytes = fields_to_bytes(std::slice::from_ref(&field));
        let mut plan = Plan(&bytes);
        let back = plan.fields();
        assert!(plan.0.is_empty());
        // Names and what plans do not have differ; the plan of what came back is the same.
        assert_eq!(fields_to_bytes(&back), bytes, "{field:?}");
        assert_eq!(back[0].nullable, field.nullable);
    }
    let whole = golden("0.1.0-evolved.xk");
    let container =
        Container::open(Arc::new(MemoryStorage::new(whole)), Limits::default()).unwrap();
    for chunk in container.chunks() {
        let mut directory = container.read_directory(chunk).unwrap();
        let bytes = directory_to_bytes(&directory);
        for column in &mut directory.columns {
            column.summary = Default::default();
            column
                .blocks
                .iter_mut()
                .for_each(|block| block.checksum = 0);
        }
        assert_eq!(Plan(&bytes).directory(directory.columns.len()), directory);
    }
}
