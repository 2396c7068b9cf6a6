//! `du --explain`, and what users fix per column.

use serde_json::{Value, json};

use crate::harness::{Place, csv};

/// The nodes of the first stream, by path.
fn node<'a>(document: &'a Value, path: &str) -> &'a Value {
    let columns = document["streams"][0]["columns"].as_array().unwrap();
    let mut nodes = columns
        .iter()
        .flat_map(|column| column["nodes"].as_array().unwrap());
    nodes
        .find(|node| node["path"] == path)
        .unwrap_or_else(|| panic!("no {path} in {document}"))
}

#[test]
fn what_the_values_are() {
    let place = Place::new();
    place.write("t.csv", csv(20_000));
    let explained = place.run("du --explain t.csv --json").succeeds().json();
    assert_eq!(
        (&explained["format"], &explained["preset"]),
        (&json!("csv"), &json!("balanced"))
    );
    let stream = &explained["streams"][0];
    assert_eq!(
        (&stream["name"], &stream["chunk"], &stream["rows"]),
        (&json!("t"), &json!(0), &json!(20_000))
    );
    let n = node(&explained, "n");
    assert_eq!(
        (&n["min"], &n["max"], &n["range_bits"]),
        (&json!("0"), &json!("19999"), &json!(15))
    );
    assert_eq!(
        (&n["rising_share"], &n["mean_run"]),
        (&json!(1.0), &json!(1.0))
    );
    assert_eq!(n["distinct_is_exact"], false);
    let distinct = n["distinct"].as_f64().unwrap();
    assert!((distinct / 20_000.0 - 1.0).abs() < 0.1, "{distinct}");
    let name = node(&explained, "name");
    assert_eq!(
        (&name["distinct"], &name["distinct_is_exact"]),
        (&json!(7), &json!(true))
    );
    assert_eq!(
        (&name["mean_length"], &name["digit_share"]),
        (&json!(6.0), &json!(1.0 / 6.0))
    );
    assert_eq!(name["dictionary"]["chosen"], true, "{name}");
    assert!(
        name["dictionary"]["flat_cost"].as_f64() > name["dictionary"]["dictionary_cost"].as_f64()
    );
}

#[test]
fn candidates_are_in_order_of_cost() {
    let place = Place::new();
    place.write("t.csv", csv(20_000));
    for preset in ["high-performance", "balanced", "memory-efficient"] {
        let words = format!("du t.csv --explain --preset {preset} --columns value,n --json");
        let explained = place.run(&words).succeeds().json();
        assert_eq!(explained["preset"], preset);
        assert_eq!(explained["streams"][0]["columns"][0]["name"], "value");
        let block = &node(&explained, "n")["blocks"][0];
        let candidates = block["candidates"].as_array().unwrap();
        assert!(candidates.len() > 2, "{block}");
        let costs: Vec<_> = candidates
            .iter()
            .map(|c| c["cost"].as_f64().unwrap())
            .collect();
        assert!(costs.is_sorted(), "{costs:?}");
        assert_eq!(block["encoding"], candidates[0]["encoding"]);
        assert_eq!(block["codec"], candidates[0]["codec"]);
        assert_eq!(candidates[0]["relative_cost"], 1.0);
    }
}

#[test]
fn a_file_is_explained_as_it_is() {
    let place = Place::new();
    place.write("t.csv", csv(20_000));
    place
        .run("convert t.csv t.xk --encoding n=plain --codec n=lz4")
        .succeeds();
    let explained = place.run("du --explain t.xk --json").succeeds().json();
    let du = place.run("du t.xk --json").succeeds().json();
    for column in du["streams"][0]["columns"].as_array().unwrap() {
        let blocks = node(&explained, column["name"].as_str().unwrap())["blocks"]
            .as_array()
            .unwrap();
        let bytes: u64 = blocks
            .iter()
            .map(|b| b["stored_bytes"].as_u64().unwrap())
            .sum();
        assert_eq!(bytes, column["stored_bytes"].as_u64().unwrap(), "{column}");
    }
    let n = &node(&explained, "n")["blocks"][0];
    assert_eq!(
        (&n["encoding"], &n["codec"]),
        (&json!("plain"), &json!("lz4"))
    );
    assert!(
        n["now"]["stored_bytes"].as_u64() < n["stored_bytes"].as_u64(),
        "{n}"
    );
    assert_eq!(node(&explained, "value")["blocks"][0]["now"], Value::Null);
    let text = place.run("du t.xk --explain").succeeds();
    for words in [
        "stream t, chunk 0",
        "as stored",
        "plain + lz4",
        "runner-up",
        "all of it",
        "×",
    ] {
        assert!(text.text().contains(words), "{words}:\n{}", text.text());
    }
}

#[test]
fn nested_values_and_nulls() {
    let place = Place::new();
    let row = |n: i32| {
        let x = if n % 4 == 0 {
            String::from("null")
        } else {
            n.to_string()
        };
        format!("{{\"place\":{{\"x\":{x},\"tags\":[\"a\",\"b{n}\"]}}}}\n")
    };
    place.write("t.ndjson", (0..500).map(row).collect::<String>());
    let explained = place.run("du --explain t.ndjson --json").succeeds().json();
    let x = node(&explained, "place.x");
    assert_eq!((&x["slots"], &x["nulls"]), (&json!(500), &json!(125)));
    let roles: Vec<_> = x["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| &b["role"])
        .collect();
    assert!(roles.contains(&&json!("validity")), "{roles:?}");
    assert_eq!(node(&explained, "place.tags[]")["slots"], 1000);
    assert_eq!(node(&explained, "place.tags")["mean_length"], 2.0);
    place.run("du --explain t.ndjson").succeeds();
}

#[test]
fn one_chunk_alone() {
    let place = Place::new();
    place.write("t.csv", csv(400_000));
    place.run("convert t.csv t.xk").succeeds();
    let chunks = place.run("info t.xk --json").succeeds().json()["streams"][0]["chunks"]
        .as_u64()
        .unwrap();
    assert!(chunks > 1, "{chunks}");
    for file in ["t.csv", "t.xk"] {
        let mut rows = 0;
        for chunk in 0..chunks {
            let words = format!("du --explain {file} --chunk {chunk} --columns n --json");
            let explained = place.run(&words).succeeds().json();
            assert_eq!(
                node(&explained, "n")["min"],
                json!(rows.to_string()),
                "{file} {chunk}"
            );
            rows += explained["streams"][0]["rows"].as_u64().unwrap();
        }
        assert_eq!(rows, 400_000);
        let words = format!("du --explain {file} --chunk {chunks}");
        let last = format!("0 to {}", chunks - 1);
        place.run(&words).fails(1, &["there is no chunk", &last]);
    }
}

#[test]
fn explaining_what_is_not_there() {
    let place = Place::new();
    place.table("t.xk", 100);
    place.run("du t.xk --chunk 1").fails(2, &["--explain"]);
    place
        .run("du t.xk --explain --columns nme")
        .fails(1, &["nme", "\"name\""]);
    place
        .run("du t.xk --explain --stream x")
        .fails(1, &["stream", "\"table\""]);
    place.write("empty.csv", "a,b\n");
    place.run("du empty.csv --explain").fails(1, &["no rows"]);
}

#[test]
fn columns_that_are_fixed_must_be_there() {
    let place = Place::new();
    place.write("t.csv", csv(100));
    for option in ["--encoding nmae=fsst", "--codec nmae=zstd"] {
        place
            .run(&format!("convert t.csv t.xk {option}"))
            .fails(1, &["nmae", "did you mean \"name\"?"]);
    }
    place.write("t.ndjson", "{\"place\":{\"x\":1}}\n");
    place
        .run("convert t.ndjson t.xk --encoding place.x=delta")
        .fails(1, &["place.x", "\"place\""]);
    place
        .run("convert t.csv t.xk --encoding n=dleta")
        .fails(2, &["dleta", "run-length", "lane-delta"]);
    assert_eq!(place.names(), ["t.csv", "t.ndjson"]);
}

#[test]
fn encodings_that_are_fixed_must_apply() {
    let place = Place::new();
    place.write("t.csv", csv(100));
    place.run("convert t.csv t.xk --encoding n=fsst").fails(
        2,
        &[
            "fsst does not apply",
            "column n",
            "bit-packed",
            "dictionary",
        ],
    );
    // For all columns: where it can be.
    place.run("convert t.csv t.xk --encoding fsst").succeeds();
    place
        .run("convert t.csv u.xk --encoding name=fsst --encoding n=dictionary")
        .succeeds();
    place
        .run("convert t.csv t.parquet --encoding n=delta")
        .fails(2, &["parquet", ".xk"]);
    assert_eq!(place.names(), ["t.csv", "t.xk", "u.xk"]);
}

/// Every line of the guide's sessions can be run as it stands, one after the other.
#[test]
fn the_guides_session() {
    let place = Place::new();
    place.write("run.csv", csv(20_000));
    let guide = include_str!("../../../../docs/guide/choice.md");
    let (mut lines, mut is_shell) = (0, false);
    for line in guide.lines() {
        if line.starts_with("```") {
            is_shell = line == "```sh";
        }
        let command = line.split(" #").next().unwrap_or_default().trim();
        if let Some(words) = command.strip_prefix("exportkit ").filter(|_| is_shell) {
            place.run(words).succeeds();
            lines += 1;
        }
    }
    assert!(lines >= 4, "{lines} lines were found");
}
