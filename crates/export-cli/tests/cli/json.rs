//! `--json`: exactly one document on standard output, whatever the command and its end.

use serde_json::{Value, json};

use crate::harness::{Place, csv};

fn place() -> Place {
    let place = Place::new();
    place.table("table.xk", 20);
    place.write("table.csv", csv(20));
    place
}

#[test]
fn every_command_prints_one_document() {
    let place = place();
    for words in [
        "convert table.csv out.parquet",
        "info table.xk",
        "info table.csv",
        "schema table.xk",
        "schema table.csv",
        "du table.xk",
        "du --explain table.xk",
        "du --explain table.csv",
        "head table.xk",
        "tail table.csv",
        "cat table.xk",
        "sample table.csv -n 3",
        "verify table.xk",
        "verify --quick table.xk",
        "verify --deep table.xk",
        "repair table.xk -o out.xk",
        "completions zsh",
        "man",
    ] {
        let run = place.run(&format!("{words} --json")).succeeds();
        assert!(run.json().is_object(), "{words}");
        assert_eq!(run.stderr, "", "{words}");
    }
}

#[test]
fn every_failure_is_one_document() {
    let place = place();
    for words in [
        "convert nowhere.csv out.xk",
        "info nowhere",
        "schema nowhere",
        "du nowhere",
        "du --explain nowhere",
        "head nowhere",
        "tail nowhere",
        "cat nowhere",
        "sample nowhere",
        "verify nowhere",
        "repair nowhere -o out.xk",
        "man nowhere",
        "convert table.csv table.xk",
        "head table.csv --columns x",
        "cat table.xk --stream x",
    ] {
        let run = place.run(&format!("{words} --json")).exits(1);
        let error = &run.json()["error"];
        assert!(
            error["kind"].is_string() && error["message"].is_string(),
            "{words}: {error}"
        );
        assert!(error["position"].is_object(), "{words}: {error}");
        assert!(run.stderr.starts_with("error: "), "{words}: {}", run.stderr);
    }
    // Data and result cannot both be on standard output.
    let error = place
        .run("convert table.csv - --to csv --json")
        .exits(2)
        .json();
    assert_eq!(error["error"]["kind"], "usage");
}

#[test]
fn convert_counts() {
    let place = place();
    let done = place
        .run("convert table.csv out.xk --json")
        .succeeds()
        .json();
    assert_eq!(done["rows"], 20);
    assert_eq!(done["streams"], 1);
    assert_eq!((&done["from"], &done["to"]), (&json!("csv"), &json!("xk")));
    assert_eq!(done["bytes_in"], csv(20).len());
    assert_eq!(done["bytes_out"], place.read("out.xk").len());
    assert_eq!(done["loss"], false);
    assert!(done["seconds"].as_f64().unwrap() > 0.0);
    place.write("ragged.csv", "a,b\n1,2\n3\n");
    let done = place
        .run("convert ragged.csv r.xk --on-error skip --json")
        .exits(3)
        .json();
    assert_eq!((&done["rows"], &done["loss"]), (&json!(1), &json!(true)));
    assert_eq!(done["notes"][0]["loss"], true);
}

#[test]
fn rows_as_objects() {
    let place = place();
    for file in ["table.xk", "table.csv"] {
        let document = place
            .run(&format!("head -n 2 {file} --json"))
            .succeeds()
            .json();
        let rows = json!([{"n": 0, "name": "name 0", "value": 0.5}, {"n": 1, "name": "name 1", "value": 3.5}]);
        let stream = &document["streams"][0];
        assert_eq!(stream["name"], "table");
        assert_eq!(stream["rows"], rows, "{file}");
        let columns: Vec<_> = stream["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| (&c["name"], &c["type"]))
            .collect();
        assert_eq!(columns[0], (&json!("n"), &json!("int64")));
        assert_eq!(columns[1], (&json!("name"), &json!("utf8")));
        let all = place.run(&format!("cat {file} --json")).succeeds().json();
        assert_eq!(all["streams"][0]["rows"].as_array().unwrap().len(), 20);
    }
}

#[test]
fn a_document_that_breaks_off_is_whole() {
    let place = Place::new();
    // More than one batch of good rows, then a bad one.
    let bad = csv(200_000) + "1,2\n";
    place.write("bad.csv", bad);
    let run = place.run("cat bad.csv --json").exits(1);
    let document = run.json();
    assert_eq!(document["error"]["position"]["row"], 200_001);
    let rows: usize = document["streams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["rows"].as_array().unwrap().len())
        .sum();
    assert!(rows > 0 && rows <= 200_000, "{rows}");
    assert!(run.stderr.contains("row 200001"));
}

#[test]
fn info_and_schema_agree() {
    let place = place();
    let info = place.run("info table.xk --json").succeeds().json();
    assert_eq!(info["format"], "xk");
    assert_eq!(info["container"]["version"], "1.0");
    assert_eq!(info["container"]["complete"], true);
    assert_eq!(info["size_bytes"], place.read("table.xk").len());
    assert_eq!(info["streams"][0]["rows"], 20);
    assert_eq!(info["streams"][0]["columns"], 3);
    let schema = place.run("schema table.xk --json").succeeds().json();
    let types = |schema: &Value| -> Vec<String> {
        let columns = schema["streams"][0]["columns"].as_array().unwrap();
        columns
            .iter()
            .map(|column| column["type"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        types(&schema),
        types(&place.run("schema table.csv --json").succeeds().json())
    );
    assert_eq!(
        place.run("info table.csv --json").succeeds().json()["format"],
        "csv"
    );
}

#[test]
fn du_adds_up() {
    let place = Place::new();
    place.table("table.xk", 50_000);
    let du = place.run("du table.xk --json").succeeds().json();
    let bytes = |value: &Value| value.as_u64().unwrap();
    let mut sum = bytes(&du["overhead_bytes"]);
    for stream in du["streams"].as_array().unwrap() {
        let mut in_stream = 0;
        for column in stream["columns"].as_array().unwrap() {
            let encodings = column["encodings"].as_array().unwrap();
            let in_column: u64 = encodings.iter().map(|e| bytes(&e["stored_bytes"])).sum();
            assert_eq!(in_column, bytes(&column["stored_bytes"]));
            in_stream += in_column;
        }
        assert_eq!(in_stream, bytes(&stream["stored_bytes"]));
        sum += in_stream;
    }
    assert_eq!(sum, place.read("table.xk").len() as u64);
    assert_eq!(sum, bytes(&du["size_bytes"]));
}
