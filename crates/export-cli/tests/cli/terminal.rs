//! What changes where a terminal is at the other end.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::thread::JoinHandle;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::harness::{Place, csv};

/// A terminal of 60 columns, and a thread that reads what is shown on it.
fn terminal() -> (OwnedFd, JoinHandle<String>) {
    let shown = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&shown).unwrap();
    unlockpt(&shown).unwrap();
    let name = ptsname(&shown, Vec::new()).unwrap();
    let written = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    tcsetwinsize(
        &written,
        Winsize {
            ws_row: 24,
            ws_col: 60,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )
    .unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        // The end of a terminal whose last writer left is an error.
        _ = File::from(shown).read_to_end(&mut text);
        String::from_utf8(text).unwrap()
    });
    (written, reader)
}

/// What the tool shows on a terminal, on both outputs.
fn shown(place: &Place, words: &str) -> String {
    let (terminal, reader) = terminal();
    let mut command = place.command(words.split(' '));
    command
        .stdout(terminal.try_clone().unwrap())
        .stderr(terminal)
        .stdin(Stdio::null());
    command.env("TERM", "xterm");
    let status = command.status().unwrap();
    // It holds the terminal open.
    drop(command);
    assert_eq!(status.code(), Some(0));
    reader.join().unwrap()
}

#[test]
fn rows_are_a_table_that_fits() {
    let place = Place::new();
    place.write(
        "wide.csv",
        "a,long,c\n1,".to_owned() + &"x".repeat(200) + ",\n2,y,5\n",
    );
    let text = shown(&place, "head wide.csv --color never --null=");
    assert!(
        text.lines()
            .all(|line| line.trim_end().chars().count() <= 60),
        "{text}"
    );
    assert!(text.contains("xxx…") && text.contains("null"), "{text}");
    let coloured = shown(&place, "head wide.csv --null=");
    assert!(coloured.contains("\u{1b}[2mnull"), "{coloured}");
    let many: Vec<_> = (0..50).map(|n| format!("column{n}")).collect();
    place.write(
        "many.csv",
        format!("{}\n{}\n", many.join(","), vec!["1"; 50].join(",")),
    );
    let text = shown(&place, "head many.csv --color never");
    assert!(text.contains("more columns (see --columns): "), "{text}");
}

#[test]
fn progress_is_shown_and_cleared() {
    let place = Place::new();
    place.write("table.csv", csv(2_000_000));
    let text = shown(&place, "convert table.csv out.ndjson --color never");
    assert!(text.contains(" % ") && text.contains("left"), "{text:?}");
    assert!(
        text.trim_end()
            .lines()
            .last()
            .unwrap()
            .contains("2000000 rows"),
        "{text:?}"
    );
    let text = shown(&place, "convert table.csv out.ndjson -f --progress never");
    assert_eq!(text.lines().count(), 1, "{text:?}");
    assert_eq!(shown(&place, "convert table.csv out.ndjson -f --quiet"), "");
}

#[test]
fn progress_without_a_terminal() {
    let place = Place::new();
    place.write("table.csv", csv(20_000));
    let run = place.run("convert table.csv a.xk").succeeds();
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}
