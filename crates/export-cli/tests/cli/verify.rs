//! Damage: found, named, and what is intact saved.

use serde_json::json;

use crate::harness::{Place, csv};

/// Enough rows for several chunks.
const ROWS: usize = 400_000;

fn damaged() -> Place {
    let place = Place::new();
    place.table("good.xk", ROWS);
    let mut bytes = place.read("good.xk");
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).unwrap() ^= 0x10;
    place.write("bad.xk", bytes);
    place
}

#[test]
fn sound_files() {
    let place = Place::new();
    place.table("good.xk", 1000);
    for words in [
        "verify good.xk",
        "verify --quick good.xk",
        "verify good.xk --deep",
    ] {
        let run = place.run(words).succeeds();
        assert!(
            run.text().contains("sound") && run.text().contains("1000 rows"),
            "{}",
            run.text()
        );
        assert_eq!(run.stderr, "");
    }
    place
        .run("verify good.xk --deep --quick")
        .fails(2, &["cannot be used with"]);
}

#[test]
fn damage_is_named() {
    let place = damaged();
    for words in ["verify bad.xk", "verify bad.xk --deep"] {
        let run = place.run(words).exits(1);
        assert!(run.text().contains("damage: "), "{}", run.text());
        assert!(
            run.text().contains("stream table") && run.text().contains("byte "),
            "{}",
            run.text()
        );
        assert!(
            run.text().lines().last().unwrap().contains("damaged"),
            "{}",
            run.text()
        );
        let document = place.run(&format!("{words} --json")).exits(1).json();
        assert_eq!(document["sound"], false);
        let position = &document["findings"][0]["position"];
        assert!(
            position["offset"].is_u64() && position["chunk"].is_u64(),
            "{document}"
        );
    }
    place
        .run("convert bad.xk out.csv")
        .fails(1, &["stream table", "chunk", "repair"]);
    place.run("cat bad.xk --format csv --quiet").exits(1);
    assert_eq!(place.names(), ["bad.xk", "good.xk"]);
}

#[test]
fn repair_saves_the_rest_and_says_what_was_lost() {
    let place = damaged();
    let run = place.run("repair bad.xk -o new.xk").exits(3);
    assert!(
        run.text().contains("lost") && run.text().contains("chunk"),
        "{}",
        run.text()
    );
    place.run("verify new.xk --deep").succeeds();
    let kept = place.run("cat new.xk --format csv").succeeds();
    let all = csv(ROWS);
    let kept: Vec<_> = kept.text().lines().collect();
    assert!(
        kept.len() > ROWS / 4 && kept.len() < ROWS,
        "{} rows",
        kept.len()
    );
    let all: std::collections::HashSet<_> = all.lines().collect();
    assert!(kept.iter().all(|line| all.contains(line)));

    let document = place
        .run("repair bad.xk -o again.xk --json")
        .exits(3)
        .json();
    assert_eq!(document["rows"], kept.len() - 1);
    let lost = document["lost_rows"].as_array().unwrap();
    let lost: u64 = lost.iter().map(|lost| lost["rows"].as_u64().unwrap()).sum();
    assert_eq!(lost, (ROWS + 1 - kept.len()) as u64);
    assert_eq!(document["lossless"], false);

    // What reading past the damage gives is the same.
    let skipped = place
        .run("cat bad.xk --format csv --on-error skip")
        .exits(3);
    assert_eq!(skipped.text().lines().collect::<Vec<_>>(), kept);
}

#[test]
fn repair_says_what_the_journal_has_lost() {
    let place = Place::new();
    place.table("good.xk", 1000);
    place.write("good.xk.journal", [7; 10_000]);
    let run = place.run("repair good.xk -o new.xk").exits(3);
    for said in [
        "the journal beside the file cannot be read",
        "not all of it",
    ] {
        assert!(run.text().contains(said), "{}", run.text());
    }
    let document = place
        .run("repair good.xk -o again.xk --json")
        .exits(3)
        .json();
    assert_eq!(document["lossless"], false);
    assert_eq!(document["findings"][0]["check"], "journal");
}

#[test]
fn nothing_lost_nothing_said() {
    let place = Place::new();
    place.table("good.xk", 1000);
    let run = place.run("repair good.xk -o new.xk").succeeds();
    assert!(run.text().contains("nothing was lost"), "{}", run.text());
    let document = place
        .run("repair good.xk -o again.xk --json")
        .succeeds()
        .json();
    assert_eq!(
        (&document["rows"], &document["lossless"]),
        (&json!(1000), &json!(true))
    );
    let text = |file: &str| {
        place
            .run(&format!("cat {file} --format csv"))
            .succeeds()
            .stdout
    };
    assert!(text("good.xk") == text("new.xk"));
}

#[test]
fn parity_makes_damage_good() {
    let place = Place::new();
    place.write("t.csv", csv(ROWS));
    place.run("convert t.csv good.xk --parity 10%").succeeds();
    let run = place.run("verify good.xk").succeeds();
    assert!(
        run.text()
            .contains("parity: 1 group, 10%: nothing is to be restored"),
        "{}",
        run.text()
    );
    // A twentieth of the file, in a row.
    let good = place.read("good.xk");
    let mut bytes = good.clone();
    let (from, count) = (bytes.len() / 3, bytes.len() / 20);
    bytes[from..from + count].fill(0);
    place.write("bad.xk", &bytes);
    let run = place.run("verify bad.xk").exits(1);
    assert!(run.text().contains("can be restored"), "{}", run.text());
    assert!(!run.text().contains("cannot"), "{}", run.text());
    let parity = &place.run("verify bad.xk --json").exits(1).json()["parity"];
    assert!(parity["damaged_frames"].as_u64().unwrap() > 0, "{parity}");
    assert_eq!(parity["damaged_frames"], parity["restored_frames"]);

    let before = std::fs::metadata(place.path("bad.xk")).unwrap();
    let run = place.run("repair bad.xk -o new.xk").succeeds();
    assert!(run.text().contains("restored: "), "{}", run.text());
    let after = std::fs::metadata(place.path("bad.xk")).unwrap();
    assert!(place.read("bad.xk") == bytes);
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    let text = |file: &str| {
        let run = place.run(&format!("cat {file} --format csv")).succeeds();
        run.stdout
    };
    assert!(text("good.xk") == text("new.xk"));
    let run = place.run("verify new.xk --deep").succeeds();
    assert!(run.text().contains("10%"), "{}", run.text());

    // More than there is parity for: as much as is intact is kept, and it is said why not all.
    let count = bytes.len() / 3;
    bytes[from..from + count].fill(0);
    place.write("worse.xk", &bytes);
    let run = place.run("verify worse.xk").exits(1);
    assert!(
        run.text().contains("cannot be restored: "),
        "{}",
        run.text()
    );
    let run = place.run("repair worse.xk -o less.xk").exits(3);
    assert!(
        run.text().contains("parity shards are left"),
        "{}",
        run.text()
    );
    place.run("verify less.xk --deep").succeeds();
}

#[test]
fn parity_that_makes_no_sense() {
    let place = Place::new();
    place.write("t.csv", csv(10));
    for share in ["0%", "51", "ten", "-3%"] {
        place
            .run(&format!("convert t.csv t.xk --parity={share}"))
            .fails(2, &["1% to 50%"]);
    }
    place
        .run("convert t.csv t.ndjson --parity 10%")
        .fails(2, &["ndjson has no parity"]);
}

/// A file that breaks off, as a crash leaves it: what is whole is read.
#[test]
fn a_file_without_its_end() {
    let place = Place::new();
    place.table("good.xk", ROWS);
    let bytes = place.read("good.xk");
    place.write("cut.xk", &bytes[..bytes.len() * 2 / 3]);
    let info = place.run("info cut.xk --json").succeeds().json();
    assert_eq!(info["container"]["complete"], false);
    let rows = info["streams"][0]["rows"].as_u64().unwrap();
    assert!(rows > 0 && rows < ROWS as u64);
    assert!(
        place
            .run("info cut.xk")
            .succeeds()
            .text()
            .contains("no index at the end")
    );
    // Rows of the chunk that was being written are lost, and the exit code says so.
    let head = place.run("head cut.xk -n 1 --format csv").exits(3);
    assert_eq!(head.text(), "n,name,value\n0,name 0,0.5\n");
    assert!(
        head.stderr.contains("loss: no index ends the file"),
        "{}",
        head.stderr
    );
    let repaired = place.run("repair cut.xk -o new.xk --json");
    assert!(matches!(repaired.code, Some(0 | 3)), "{}", repaired.stderr);
    assert_eq!(repaired.json()["rows"], rows);
    place.run("verify new.xk --deep").succeeds();
}

#[test]
fn a_file_that_was_not_finished_is_said_to_be() {
    let place = Place::new();
    place.table("good.xk", 1000);
    let good = place.read("good.xk");
    let index = good.len() - 128 - 64;
    let index = (0..=index)
        .rev()
        .find(|at| good[*at..].starts_with(&good[16..32]))
        .unwrap();
    place.write("cut.xk", &good[..index]);
    place.run("verify cut.xk").succeeds();
    place.run("verify cut.xk --require-complete").exits(1);
    place.run("verify good.xk --require-complete").succeeds();
    let run = place.run("repair cut.xk -o new.xk").succeeds();
    for said in [
        "warning: index: ",
        "was not finished",
        "nothing is known to be lost",
    ] {
        assert!(run.text().contains(said), "{}", run.text());
    }
    let document = place.run("repair cut.xk -o new.xk -f --json").succeeds();
    assert_eq!(document.json()["finished"], false);
}

#[test]
fn files_that_were_joined_are_told_from_one() {
    let place = Place::new();
    place.table("a.xk", 2000);
    place.table("b.xk", 1000);
    let (a, b) = (place.read("a.xk"), place.read("b.xk"));
    let id: String = b[16..32].iter().map(|byte| format!("{byte:02x}")).collect();
    place.write("joined.xk", [a, b].concat());
    let run = place.run("verify joined.xk").exits(1);
    let said = format!("frames of another file, {id}");
    assert!(run.text().contains(&said), "{}", run.text());
    let run = place.run("repair joined.xk -o new.xk").exits(3);
    assert!(run.text().contains(&said), "{}", run.text());
    let document = place.run("repair joined.xk -o new.xk -f --json").exits(3);
    assert_eq!(document.json()["foreign_file"], id);
}

#[test]
fn what_cannot_be_looked_at_or_written_is_refused() {
    let place = Place::new();
    place.table("good.xk", 10);
    let cannot = ["cannot be read back and forth"];
    for device in ["/dev/zero", "/dev/null"] {
        place.run(&format!("verify {device}")).fails(2, &cannot);
        place
            .run(&format!("repair {device} -o new.xk"))
            .fails(2, &cannot);
    }
    place.run("repair good.xk -o -").fails(2, &["to a file"]);
    place.run("keygen -").fails(2, &["to a file"]);
    assert_eq!(place.names(), ["good.xk"]);
}
