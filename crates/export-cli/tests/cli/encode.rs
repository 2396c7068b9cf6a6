//! How `.xk` files are encoded: presets, what is fixed, and that the same options give the same bytes.

use std::fs;

use crate::harness::{Place, csv};

#[test]
fn what_is_fixed_is_used() {
    let place = Place::new();
    place.write("table.csv", csv(20_000));
    place
        .run("convert table.csv t.xk --codec none --encoding plain --encoding n=delta")
        .succeeds();
    let du = place.run("du t.xk --json").succeeds().json();
    for column in du["streams"][0]["columns"].as_array().unwrap() {
        let names: Vec<_> = column["encodings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["name"].as_str().unwrap())
            .collect();
        assert!(names.iter().all(|name| !name.contains('+')), "{column}");
        assert_eq!(names.contains(&"delta"), column["name"] == "n", "{column}");
    }
    place
        .run("convert table.csv u.xk --codec zstd:0x")
        .fails(2, &["zstd"]);
}

#[test]
fn same_options_same_bytes() {
    let place = Place::new();
    place.write("table.csv", csv(50_000));
    let id = "--file-id 000102030405060708090a0b0c0d0e0f --created-ns 1700000000000000000";
    place
        .run(&format!("convert table.csv a.xk {id} --threads 0"))
        .succeeds();
    place
        .run(&format!("convert table.csv b.xk {id} --threads 3"))
        .succeeds();
    assert!(place.read("a.xk") == place.read("b.xk"));
    let info = place.run("info a.xk").succeeds();
    assert!(
        info.text().contains("000102030405060708090a0b0c0d0e0f"),
        "{}",
        info.text()
    );
    assert!(
        info.text().contains("2023-11-14T22:13:20"),
        "{}",
        info.text()
    );
}

#[test]
fn presets() {
    let place = Place::new();
    place.write("table.csv", csv(50_000));
    for preset in ["high-performance", "balanced", "memory-efficient"] {
        place
            .run(&format!("convert table.csv {preset}.xk --preset {preset}"))
            .succeeds();
        let back = place
            .run(&format!("convert {preset}.xk - --to csv"))
            .succeeds();
        assert_eq!(back.text(), csv(50_000));
    }
    let size = |preset: &str| {
        fs::metadata(place.path(&format!("{preset}.xk")))
            .unwrap()
            .len()
    };
    assert!(size("memory-efficient") <= size("balanced"));
    assert!(size("balanced") <= size("high-performance"));
}
