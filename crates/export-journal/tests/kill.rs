//! A process that records is killed at any moment; every row whose commit returned is there.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

mod common;

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use common::{create, numbers, push, small};
use export_core::Limits;
use export_journal::{Room, read};

const LANES: u64 = 4;
/// Where the child is told what to do: it is this program, running one test.
const DIRECTORY: &str = "EXPORT_JOURNAL_TEST_DIRECTORY";
const END: &str = "EXPORT_JOURNAL_TEST_END";

/// Not a test of its own: what the child does.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let directory = Path::new(&directory);
    let journal = create(directory, &small(64));
    let told = File::options()
        .write(true)
        .open(directory.join("told"))
        .unwrap();
    println!("ready");
    thread::scope(|scope| {
        for number in 0..LANES {
            let (journal, told) = (&journal, &told);
            scope.spawn(move || {
                let mut lane = journal.lane(&number.to_string());
                assert_eq!(lane.begin(b"rows", 0).unwrap(), Room::Ready);
                let mut released = 0;
                for n in 0.. {
                    while !push(&mut lane, n) {
                        // As if all but the last rows were in the main file; whoever is told so first cannot lose them.
                        released = n.saturating_sub(20).max(released);
                        told.write_all_at(&released.to_le_bytes(), 64 * number + 8)
                            .unwrap();
                        journal.release(lane.id(), released);
                    }
                    told.write_all_at(&(n + 1).to_le_bytes(), 64 * number)
                        .unwrap();
                    if number == 3 && n % 1000 == 999 {
                        journal.seal().unwrap();
                    }
                    if number == 0 && n == 30_000 {
                        match std::env::var(END).as_deref() {
                            Ok("abort") => std::process::abort(),
                            Ok("exit") => std::process::exit(1),
                            _ => {}
                        }
                    }
                }
            });
        }
    });
}

fn start(directory: &Path, end: &str) -> Child {
    File::create(directory.join("told"))
        .unwrap()
        .set_len(64 * LANES)
        .unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(END, end)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut seen = String::new();
    let mut byte = [0];
    while !seen.ends_with("ready\n") {
        output.read_exact(&mut byte).unwrap();
        seen.push(char::from(byte[0]));
    }
    child
}

/// Rows that were there of rows that had to be.
fn check(directory: &Path) -> u64 {
    let told = std::fs::read(directory.join("told")).unwrap();
    let word = |at: u64| {
        let bytes = told[at as usize..].first_chunk().unwrap();
        u64::from_le_bytes(*bytes)
    };
    let recovered = read(directory.join("run.xk.journal"), &Limits::default()).unwrap();
    assert!(recovered.same_boot);
    assert!(recovered.losses.is_empty(), "{:?}", recovered.losses);
    let mut rows = 0;
    for number in 0..LANES {
        let (pushed, released) = (word(64 * number), word(64 * number + 8));
        let lane = recovered
            .lanes
            .iter()
            .find(|lane| lane.name == number.to_string());
        let found = lane.map(numbers).unwrap_or_default();
        assert!(
            (released..pushed).all(|n| found.binary_search(&n).is_ok()),
            "{number}"
        );
        // One may have been committed and not told.
        assert!(found.last().is_none_or(|&last| last <= pushed));
        assert!(found.is_sorted_by(|a, b| a + 1 == *b));
        rows += pushed - released;
    }
    rows
}

#[test]
fn killed_at_any_moment() {
    let cases = std::env::var("KILLS").map_or(40, |text| text.parse().unwrap());
    let mut rows = 0;
    for case in 0..cases {
        let directory = tempfile::tempdir().unwrap();
        let mut child = start(directory.path(), "");
        thread::sleep(Duration::from_micros(case * 7919 % 25_000));
        child.kill().unwrap();
        child.wait().unwrap();
        rows += check(directory.path());
    }
    println!("{cases} killed, {rows} rows there");
    assert!(rows > 0);
}

#[test]
fn aborted_and_gone_without_a_word() {
    for end in ["abort", "exit"] {
        let directory = tempfile::tempdir().unwrap();
        let status = start(directory.path(), end).wait().unwrap();
        assert!(!status.success());
        assert!(check(directory.path()) > 0);
    }
}
