//! Interrupts, and a recording that is followed while it grows.
#![cfg(unix)]

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Place, Run, csv, spawn};

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until the tool has something to clean up.
fn wait_for(place: &Place, ready: impl Fn(&[String]) -> bool) {
    let start = Instant::now();
    while !ready(&place.names()) {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{:?}",
            place.names()
        );
        sleep(Duration::from_millis(10));
    }
}

/// Interrupts a conversion that waits for more input.
fn interrupted(signal: Signal) -> (Place, Run) {
    let place = Place::new();
    let mut child = spawn(&mut place.command(["convert", "-", "out.xk", "--from", "csv"]));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(csv(100_000).as_bytes()).unwrap();
    wait_for(&place, |names| !names.is_empty());
    send(&child, signal);
    let run = Run::from(child.wait_with_output().unwrap());
    drop(stdin);
    (place, run)
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let (place, run) = interrupted(Signal::INT);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(130), "interrupted\n")
    );
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn a_termination_leaves_nothing_behind() {
    let (place, run) = interrupted(Signal::TERM);
    assert_eq!(run.code, Some(143), "{}", run.stderr);
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
#[cfg(target_os = "linux")]
fn a_named_pipe_is_waited_for_and_the_wait_ends() {
    let place = Place::new();
    let pipe = place.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    let words = ["cat", "pipe", "--from", "csv", "--format", "csv"];
    let child = spawn(&mut place.command(words));
    sleep(Duration::from_millis(300));
    send(&child, Signal::INT);
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(130), "{}", run.stderr);

    // Nobody writes to it yet, and then somebody does, with a pause.
    let child = spawn(&mut place.command(words));
    sleep(Duration::from_millis(300));
    let mut writer = OpenOptions::new().write(true).open(&pipe).unwrap();
    writer.write_all(b"a,b\n1,2\n").unwrap();
    sleep(Duration::from_millis(300));
    writer.write_all(b"3,4\n").unwrap();
    drop(writer);
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.text()), (Some(0), "a,b\n1,2\n3,4\n"));
}

#[test]
fn a_growing_file_is_followed() {
    const ROWS: usize = 400_000;
    let place = Place::new();
    place.table("whole.xk", ROWS);
    let whole = place.read("whole.xk");
    let (before, after) = whole.split_at(whole.len() / 2);
    place.write("live.xk", before);

    let words = "tail -f live.xk -n 1 --format csv --columns n";
    let mut child = spawn(&mut place.command(words.split(' ')));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "n");
    let first: usize = lines.next().unwrap().unwrap().parse().unwrap();
    assert!(first < ROWS - 1);

    // In pieces that end anywhere.
    let mut live = OpenOptions::new()
        .append(true)
        .open(place.path("live.xk"))
        .unwrap();
    for part in after.chunks(after.len() / 7 + 1) {
        live.write_all(part).unwrap();
        sleep(Duration::from_millis(50));
    }
    for expected in first + 1..ROWS {
        assert_eq!(
            lines.next().unwrap().unwrap().parse::<usize>().unwrap(),
            expected
        );
    }
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let both = place.run("tail -f live.xk --json").exits(2);
    assert!(
        both.stderr.contains("cannot be used with"),
        "{}",
        both.stderr
    );
    place.write("t.csv", csv(3));
    place.run("tail -f t.csv").fails(2, &["only an .xk file"]);
}
