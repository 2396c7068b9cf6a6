//! Input that is not what it should be: a clear message, the right exit code, and nothing left behind.

use xxhash_rust::xxh3::xxh3_64;

use crate::harness::{Place, csv, gzip};

/// Converts `name` to every format; each fails with `code` and `words`, and leaves nothing but the input.
#[track_caller]
fn refused(place: &Place, name: &str, code: i32, words: &[&str]) {
    for output in ["out.xk", "out.csv", "out.ndjson", "out.parquet"] {
        place
            .run(&format!("convert {name} {output}"))
            .fails(code, &[&["error: ", name], words].concat());
        assert_eq!(place.names(), [name], "{output}");
    }
}

#[test]
fn empty_file() {
    for name in [
        "empty.csv",
        "empty.ndjson",
        "empty.xk",
        "empty.parquet",
        "empty.gz",
        "empty",
    ] {
        let place = Place::new();
        place.write(name, "");
        refused(&place, name, 1, &["the input is empty", "help: "]);
    }
}

#[test]
fn missing_file() {
    let place = Place::new();
    place.write("flights.csv", "a\n1\n");
    for command in [
        "convert flihgts.csv a.xk",
        "info flihgts.csv",
        "head flihgts.csv",
        "schema flihgts.csv",
    ] {
        place.run(command).fails(
            1,
            &["no such file", "flihgts.csv", "did you mean", "flights.csv"],
        );
    }
    for command in ["du", "verify", "repair -o a.xk"] {
        place
            .run(&format!("{command} flihgts.xk"))
            .fails(1, &["no such file", "flihgts.xk"]);
    }
    assert_eq!(place.names(), ["flights.csv"]);
}

#[test]
fn directory() {
    let place = Place::new();
    std::fs::create_dir(place.path("folder.csv")).unwrap();
    refused(&place, "folder.csv", 2, &["is a directory", "help: "]);
    for command in [
        "info",
        "schema",
        "du",
        "head",
        "tail",
        "cat",
        "sample",
        "verify",
        "repair -o a.xk",
    ] {
        let run = place.run(&format!("{command} folder.csv"));
        assert!(matches!(run.code, Some(1 | 2)), "{command}: {:?}", run.code);
        run.stderr
            .find("is a directory")
            .unwrap_or_else(|| panic!("{command}: {}", run.stderr));
    }
    assert_eq!(place.names(), ["folder.csv"]);
}

#[test]
fn truncated_gzip() {
    let place = Place::new();
    let whole = gzip(csv(50_000).as_bytes());
    for part in [whole.len() / 2, whole.len() - 4, 12] {
        place.write("table.csv.gz", &whole[..part]);
        refused(&place, "table.csv.gz", 1, &["where: file table.csv.gz"]);
        let error = place
            .run("convert table.csv.gz out.xk --json")
            .exits(1)
            .json();
        assert_eq!(error["error"]["kind"], "truncated", "{error}");
    }
}

#[test]
fn ragged_rows() {
    let place = Place::new();
    place.write("ragged.csv", "a,b\n1,x\n2,y\n3\n4,z,!\n5,w\n");
    refused(&place, "ragged.csv", 1, &["row 3", "line 4", "help: "]);
    let error = place
        .run("convert ragged.csv out.xk --json")
        .exits(1)
        .json();
    let position = &error["error"]["position"];
    assert_eq!(
        (&position["row"], &position["line"]),
        (&3.into(), &4.into()),
        "{error}"
    );

    let skip = place
        .run("convert ragged.csv skip.csv --on-error skip")
        .exits(3);
    assert!(
        skip.stderr.contains("loss: ") && skip.stderr.contains('2'),
        "{}",
        skip.stderr
    );
    assert_eq!(place.read("skip.csv"), b"a,b\n1,x\n2,y\n5,w\n");

    let null = place
        .run("convert ragged.csv null.csv --on-error null --quiet")
        .exits(3);
    assert!(null.stderr.contains("loss: "), "{}", null.stderr);
    assert_eq!(place.read("null.csv"), b"a,b\n1,x\n2,y\n3,\n4,z\n5,w\n");

    let head = place
        .run("head ragged.csv --on-error skip --format csv")
        .exits(3);
    assert_eq!(head.text(), "a,b\n1,x\n2,y\n5,w\n");
    place
        .run("cat ragged.csv --format table")
        .fails(1, &["row 3"]);
}

#[test]
fn not_utf8() {
    let place = Place::new();
    place.write("latin.csv", b"a,b\n1,x\n2,caf\xe9\n");
    refused(
        &place,
        "latin.csv",
        1,
        &["UTF-8", "row 2", "column 2", "byte 10"],
    );
    let place = Place::new();
    place.write("latin.ndjson", b"{\"a\":\"x\"}\n{\"a\":\"caf\xe9\"}\n");
    refused(&place, "latin.ndjson", 1, &["UTF-8", "row 2"]);
}

#[test]
fn json_nested_too_deep() {
    let place = Place::new();
    let deep = format!("{{\"a\":{}1{}}}\n", "[".repeat(10_000), "]".repeat(10_000));
    place.write("deep.ndjson", &deep);
    refused(&place, "deep.ndjson", 1, &["deep", "row 1"]);
    let error = place
        .run("convert deep.ndjson out.xk --json")
        .exits(1)
        .json();
    assert_eq!(error["error"]["kind"], "limit", "{error}");
    place
        .run("convert deep.ndjson out.xk --max-depth 8")
        .fails(1, &["deep"]);
}

#[test]
fn duplicate_keys() {
    let place = Place::new();
    place.write("twice.ndjson", "{\"a\":1,\"b\":2}\n{\"a\":1,\"a\":2}\n");
    refused(&place, "twice.ndjson", 1, &["\"a\"", "row 2", "line 2"]);
}

#[test]
fn broken_json() {
    for broken in [
        "{\"a\":1}\n{\"a\":",
        "{\"a\":1}\n{\"a\":NaN}\n",
        "{\"a\":1}\n{\"a\":1} x\n",
    ] {
        let place = Place::new();
        place.write("broken.ndjson", broken);
        refused(&place, "broken.ndjson", 1, &["row 2"]);
    }
}

#[test]
fn a_later_major_version() {
    let place = Place::new();
    place.table("future.xk", 10);
    let mut bytes = place.read("future.xk");
    // Header: signature (8 bytes), major version, …, and at 56 the checksum of all before it.
    bytes[8] = 2;
    let checksum = xxh3_64(&bytes[..56]);
    bytes[56..64].copy_from_slice(&checksum.to_le_bytes());
    // Nobody knows what follows it in such a file.
    bytes[64..].fill(0xaa);
    place.write("future.xk", bytes);
    for command in [
        "convert future.xk a.csv",
        "info future.xk",
        "head future.xk",
        "du future.xk",
    ] {
        place.run(command).fails(
            1,
            &[
                "version 2.",
                "reads version 1",
                "help: exportkit",
                "and later",
            ],
        );
    }
    let error = place.run("verify future.xk --json").exits(1).json();
    assert_eq!(error["error"]["kind"], "version", "{error}");
    place
        .run("repair future.xk -o a.xk")
        .fails(1, &["version 2."]);
    assert_eq!(place.names(), ["future.xk"]);
}

#[test]
fn bytes_that_are_no_table() {
    let place = Place::new();
    place.write("image.png", [&b"\x89PNG\r\n\x1a\n"[..], &[0; 100]].concat());
    refused(
        &place,
        "image.png",
        1,
        &["cannot tell what format", "--from"],
    );
    place.write("image.png", "");
    std::fs::rename(place.path("image.png"), place.path("not.xk")).unwrap();
    place.write("not.xk", vec![7; 1000]);
    for command in ["verify", "du", "repair -o a.xk"] {
        place.run(&format!("{command} not.xk")).exits(1);
        assert_eq!(place.names(), ["not.xk"], "{command}");
    }
}

#[test]
fn unknown_names() {
    let place = Place::new();
    place.write("table.csv", csv(10));
    place.table("table.xk", 10);
    place.write("table.csv", csv(10));
    for file in ["table.csv", "table.xk"] {
        for command in ["head", "cat", "tail", "sample"] {
            place
                .run(&format!("{command} {file} --columns n,nmae"))
                .fails(1, &["no column called", "nmae", "did you mean", "\"name\""]);
            place
                .run(&format!("{command} {file} --stream tabel"))
                .fails(1, &["no stream", "tabel", "did you mean", "\"table\""]);
        }
    }
    place
        .run("convert table.csv a.csv --read csv.delimeter=;")
        .fails(2, &["csv.delimiter"]);
    place
        .run("convert table.csv a.csv --write csv.delimeter=;")
        .fails(2, &["csv.delimiter"]);
    place
        .run("convert table.csv a.docx")
        .fails(2, &["cannot tell the output's format", "--to"]);
    assert_eq!(place.names(), ["table.csv", "table.xk"]);
}
