//! A disk without room: an error, and what is there stays.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{create, only, push, small};
use export_core::{ErrorKind, Limits};
use export_journal::{Room, read};

const DIRECTORY: &str = "EXPORT_JOURNAL_TEST_DIRECTORY";

/// Not a test of its own: pushes until the disk is full, then is told so, again and again, and goes on once there is room.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let journal = create(Path::new(&directory), &small(1000));
    let mut lane = journal.lane("lane");
    assert_eq!(lane.begin(b"rows", 0).unwrap(), Room::Ready);
    let refused = loop {
        let n = lane.rows();
        if lane.space().len() < 64
            && let Err(error) = lane.grow(64)
        {
            break error;
        }
        assert!(push(&mut lane, n));
    };
    assert_eq!(refused.kind(), ErrorKind::Io);
    assert!(refused.position().file.is_some());
    assert_eq!(lane.grow(64).unwrap_err().kind(), ErrorKind::Io);
    let rows = lane.rows();
    // Half of it is in the main file.
    journal.release(lane.id(), rows / 2);
    assert!((rows..rows + 100).all(|n| push(&mut lane, n)));
    std::process::abort();
}

#[test]
fn a_full_disk_is_an_error_and_no_row_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    // A file can only become so long, and nobody dies of the signal that says so.
    let status = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -c 0; ulimit -f 256; exec \"$0\" --exact child --test-threads=1",
        ])
        .arg(std::env::current_exe().unwrap())
        .env(DIRECTORY, directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&status.stdout);
    assert!(!said.contains("panicked"), "{said}");
    let recovered = read(directory.path().join("run.xk.journal"), &Limits::default()).unwrap();
    let found = only(&recovered);
    assert!(found.len() > 1_000, "{} rows: {said}", found.len());
    assert!(found.is_sorted_by(|a, b| a + 1 == *b));
    assert!(recovered.losses.is_empty());
}
