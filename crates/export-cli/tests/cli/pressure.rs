//! Little memory: fewer threads and smaller chunks do the same work, and it is said so.

use std::process::Command;

use crate::harness::{Place, csv, finish, spawn};

const ROWS: usize = 400_000;

fn rows_of(place: &Place, name: &str) -> u64 {
    let info = place.run(&format!("info {name} --json")).succeeds().json();
    info.pointer("/streams/0/rows").unwrap().as_u64().unwrap()
}

#[test]
fn memory_that_is_given_is_kept_to() {
    let place = Place::new();
    place.write("rows.csv", csv(ROWS));
    let convert = "convert rows.csv --file-id 000102030405060708090a0b0c0d0e0f --created-ns 0";
    let roomy = place.run(&format!("{convert} roomy.xk")).succeeds();
    assert!(
        !roomy.stderr.contains("memory was short"),
        "{}",
        roomy.stderr
    );
    // Everything that runs is larger than this.
    let tight = place
        .run(&format!("{convert} tight.xk --memory 1MiB"))
        .succeeds();
    for told in [
        "memory was short",
        "the memory that was given",
        "256 KiB instead of 4096",
    ] {
        assert!(tight.stderr.contains(told), "{}", tight.stderr);
    }
    assert_eq!(rows_of(&place, "tight.xk"), ROWS as u64);
    let [roomy, tight] = ["roomy.xk", "tight.xk"].map(|name| {
        let run = place.run(&format!("cat {name} --format csv"));
        run.succeeds().stdout
    });
    assert!(roomy == tight, "the rows differ");
    place.run("verify tight.xk --deep").succeeds();
}

/// A shell's `ulimit -v` is the limit that every Linux has.
#[cfg(target_os = "linux")]
#[test]
fn a_small_address_space_is_enough() {
    let place = Place::new();
    place.write("rows.csv", csv(ROWS));
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v 98304 && exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_exportkit"))
        .args(["convert", "rows.csv", "rows.xk", "--threads", "16"])
        .current_dir(place.root());
    let run = finish(spawn(&mut command), b"").succeeds();
    assert!(
        run.stderr.contains("the limit of the address space"),
        "{}",
        run.stderr
    );
    assert_eq!(rows_of(&place, "rows.xk"), ROWS as u64);
}

#[test]
fn limits_have_names() {
    let place = Place::new();
    place.write("rows.csv", csv(100));
    place
        .run("cat rows.csv --limit columns=2")
        .fails(1, &["columns", "--limit NAME=VALUE"]);
    place
        .run("cat rows.csv --limit value=3B")
        .fails(1, &["bytes of a value"]);
    place.run("cat rows.csv --limit record=1KiB").succeeds();
    place.run("cat rows.csv --limit colums=2").exits(2);
    place.run("cat rows.csv --limit columns=many").exits(2);
    place.run("cat rows.csv --limit columns").exits(2);
}
