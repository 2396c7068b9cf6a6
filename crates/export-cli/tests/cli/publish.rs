//! How outputs appear: in which order the system is asked for what, and pipes that are set not to block.
#![cfg(target_os = "linux")]

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::harness::{Place, csv};

/// Lines of `strace`, calls that succeeded only, of the tool run with `words`. `None` where there is no `strace`, or it is not
/// let at the tool.
fn calls(place: &Place, words: &str) -> Option<Vec<String>> {
    let traced = Command::new("strace")
        .args(["-f", "-y", "-qq", "-o", "calls"])
        .args(["-e", "trace=openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink"])
        .arg(env!("CARGO_BIN_EXE_exportkit"))
        .args(words.split(' '))
        .current_dir(place.root())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    let calls = String::from_utf8(std::fs::read(place.path("calls")).ok()?).unwrap();
    std::fs::remove_file(place.path("calls")).unwrap();
    let calls: Vec<_> = calls
        .lines()
        .filter(|line| !line.contains(" = -1 "))
        .map(str::to_owned)
        .collect();
    assert!(traced.success() || calls.is_empty(), "{words}");
    (!calls.is_empty()).then_some(calls)
}

/// The number of the first line from `from` on that has all of `words`.
fn find(calls: &[String], from: usize, words: &[&str]) -> usize {
    let rest = calls.get(from..).unwrap();
    let found = rest
        .iter()
        .position(|line| words.iter().all(|word| line.contains(word)));
    match found {
        Some(at) => from + at,
        None => panic!("no {words:?} in\n{}", rest.join("\n")),
    }
}

#[test]
fn outputs_are_durable_before_they_have_their_name_and_their_name_is_after() {
    for (words, name) in [
        ("convert table.csv out.xk", "out.xk"),
        ("convert table.csv out.ndjson.gz", "out.ndjson.gz"),
        ("convert table.csv out.parquet -f", "out.parquet"),
        ("repair table.xk -o whole.xk", "whole.xk"),
        ("man .", "exportkit-convert.1"),
    ] {
        let place = Place::new();
        place.table("table.xk", 10);
        place.write("table.csv", csv(1_000));
        let Some(calls) = calls(&place, words) else {
            return;
        };
        let temporary = format!("/.{name}.");
        let made = find(
            &calls,
            0,
            &["openat(", &format!(".{name}."), "O_EXCL", "O_CREAT"],
        );
        let synced = find(&calls, made, &["fsync(", &temporary]);
        let named = find(&calls, synced, &["rename", &format!(".{name}."), ".tmp"]);
        // Nothing is written once it was synced.
        let late = calls[synced..]
            .iter()
            .find(|line| line.contains("write") && line.contains(&temporary));
        assert_eq!(late, None, "{words}");
        let directory = place.root().file_name().unwrap().to_str().unwrap();
        find(&calls, named, &["fsync(", &format!("{directory}>")]);
        if !words.ends_with("-f") && !words.starts_with("man") {
            assert!(
                calls[named].contains("RENAME_NOREPLACE"),
                "{}",
                calls[named]
            );
        }
    }
}

#[test]
fn a_pipe_that_is_set_not_to_block_is_waited_for() {
    let place = Place::new();
    place.table("table.xk", 30_000);
    place.write("table.csv", csv(30_000));
    for words in ["convert table.xk - --to csv", "cat table.xk --format csv"] {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let flags = fcntl_getfl(&writer).unwrap();
        fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
        let mut command = place.command(words.split(' '));
        let mut child = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(command);
        // The pipe is full by then.
        sleep(Duration::from_millis(200));
        let mut out = Vec::new();
        reader.read_to_end(&mut out).unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{words}: {said}");
        assert_eq!(out, place.read("table.csv"), "{words}");
    }
}
