//! Output that cannot be written: a clear message, the right exit code, no partial file, no temporary file.

use std::fs;
use std::process::Command;

use crate::harness::{Place, Run, csv, finish, spawn};

#[test]
fn output_exists() {
    let place = Place::new();
    place.write("in.csv", csv(10));
    for output in ["out.xk", "out.csv", "out.ndjson", "out.parquet"] {
        place.write(output, "precious");
        place.run(&format!("convert in.csv {output}")).fails(
            1,
            &[
                "error: the output exists already",
                &format!("file {output}"),
                "--force",
            ],
        );
        assert_eq!(place.read(output), b"precious");
        place.run(&format!("convert in.csv {output} -f")).succeeds();
        assert_ne!(place.read(output), b"precious");
        fs::remove_file(place.path(output)).unwrap();
    }
    fs::remove_file(place.path("in.csv")).unwrap();
    place.table("good.xk", 10);
    place.write("out.xk", "precious");
    place
        .run("repair good.xk -o out.xk")
        .fails(1, &["exists already", "file out.xk"]);
    assert_eq!(place.read("out.xk"), b"precious");
    place.run("repair -f good.xk -o out.xk").succeeds();
    assert_eq!(place.names(), ["good.xk", "out.xk"]);
}

#[test]
fn a_failed_replacement_leaves_the_old_file() {
    let place = Place::new();
    place.write("bad.csv", "a,b\n1,2\n3\n");
    place.write("out.xk", "precious");
    place
        .run("convert bad.csv out.xk --force")
        .fails(1, &["row 2"]);
    assert_eq!(place.read("out.xk"), b"precious");
    assert_eq!(place.names(), ["bad.csv", "out.xk"]);
}

#[test]
fn input_is_output() {
    let place = Place::new();
    place.write("same.csv", csv(10));
    place.table("same.xk", 10);
    fs::create_dir(place.path("d")).unwrap();
    for words in [
        "convert same.csv same.csv",
        "convert same.csv d/../same.csv -f",
        "repair same.xk -o same.xk -f",
    ] {
        place.run(words).fails(2, &["the same file", "help: "]);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(place.path("same.csv"), place.path("link.csv")).unwrap();
        place
            .run("convert same.csv link.csv -f")
            .fails(2, &["the same file"]);
        fs::remove_file(place.path("link.csv")).unwrap();
    }
    assert_eq!(place.read("same.csv"), csv(10).as_bytes());
    assert_eq!(place.names(), ["d", "same.csv", "same.xk"]);
}

#[test]
fn nowhere_to_write() {
    let place = Place::new();
    place.write("in.csv", csv(10));
    place
        .run("convert in.csv no/out.xk")
        .fails(1, &["no/out.xk", "create the directory"]);
    fs::create_dir(place.path("folder.xk")).unwrap();
    place
        .run("convert in.csv folder.xk -f")
        .fails(2, &["the output is a directory"]);
    assert_eq!(place.names(), ["folder.xk", "in.csv"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device() {
    let place = Place::new();
    place.write("in.csv", csv(5000));
    for to in ["xk", "csv", "ndjson", "parquet"] {
        place
            .run(&format!("convert in.csv /dev/full --to {to}"))
            .fails(1, &["No space left on device", "file /dev/full"]);
    }
    place.table("in.xk", 5000);
    place.write("in.csv", csv(5000));
    for words in [
        "convert in.csv - --to ndjson",
        "cat in.xk --format csv",
        "head in.xk -n 5000",
        "tail in.csv --format table",
        "sample in.xk --json",
        "info in.xk",
        "schema in.csv --json",
        "du in.xk",
        "verify in.xk",
        "man",
        "completions bash",
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = place
            .command(words.split(' '))
            .stdout(full)
            .output()
            .unwrap();
        let run = Run::from(output).exits(1);
        assert!(
            run.stderr.contains("No space left on device"),
            "{words}: {}",
            run.stderr
        );
    }
    assert_eq!(place.names(), ["in.csv", "in.xk"]);
}

/// The size a file may have runs out in the middle: the write fails as on a full disk, which the tool survives and reports.
#[test]
#[cfg(unix)]
fn a_file_size_limit() {
    let place = Place::new();
    place.write("in.csv", incompressible(60_000));
    for to in ["xk", "csv", "ndjson", "parquet"] {
        let script = format!("ulimit -f 16; exec \"$0\" convert in.csv out.{to}");
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, env!("CARGO_BIN_EXE_exportkit")])
            .current_dir(place.root());
        finish(spawn(&mut command), b"").fails(1, &["File too large", "where: file "]);
        assert_eq!(place.names(), ["in.csv"], "{to}");
    }
}

/// As above, on a file system that is really full; where one can be mounted without asking for rights.
#[test]
#[cfg(target_os = "linux")]
fn a_full_file_system() {
    let place = Place::new();
    place.write("in.csv", incompressible(60_000));
    fs::create_dir(place.path("full")).unwrap();
    let mount = "mount -t tmpfs -o size=64k none full";
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_exportkit")]);
        command
            .current_dir(place.root())
            .stdin(std::process::Stdio::null())
            .output()
    };
    if !in_namespace(mount).is_ok_and(|output| output.status.success()) {
        println!("no file system can be mounted here: not tried");
        return;
    }
    for to in ["xk", "csv", "ndjson", "parquet"] {
        let script = format!(
            "{mount}; \"$0\" convert in.csv full/out.{to}; code=$?; ls -A full; exit $code"
        );
        let run = Run::from(in_namespace(&script).unwrap());
        run.fails(1, &["No space left on device", "where: file full"]);
    }
}

/// CSV that stays large in every format.
#[cfg(unix)]
fn incompressible(rows: u64) -> String {
    let mut csv = String::from("a,b\n");
    let mut state = 1_u64;
    for _ in 0..rows {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        csv.push_str(&format!("{},{:x}\n", state >> 33, state.rotate_left(29)));
    }
    csv
}
