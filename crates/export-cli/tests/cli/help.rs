//! Help texts, wrong usage, completions and manual pages.

use snapbox::{assert_data_eq, file};

use crate::harness::Place;

#[test]
fn help_of_the_tool() {
    assert_data_eq!(
        Place::new().run("--help").succeeds().text(),
        file!["help/exportkit.txt"].raw()
    );
}

#[test]
fn help_of_convert() {
    assert_data_eq!(
        Place::new().run("convert -h").succeeds().text(),
        file!["help/convert.txt"].raw()
    );
}

#[test]
fn help_of_head() {
    assert_data_eq!(
        Place::new().run("head -h").succeeds().text(),
        file!["help/head.txt"].raw()
    );
}

#[test]
fn help_of_verify() {
    assert_data_eq!(
        Place::new().run("verify -h").succeeds().text(),
        file!["help/verify.txt"].raw()
    );
}

#[test]
fn every_command_says_how_it_exits() {
    let place = Place::new();
    for command in COMMANDS {
        for help in ["-h", "--help"] {
            let run = place.run(&format!("{command} {help}")).succeeds();
            for code in [
                "0  done",
                "1  failed",
                "2  wrong usage",
                "3  done, with loss",
                "130  interrupted",
            ] {
                assert!(run.text().contains(code), "{command} {help}: {code}");
            }
        }
    }
}

const COMMANDS: [&str; 13] = [
    "convert",
    "info",
    "schema",
    "du",
    "head",
    "tail",
    "cat",
    "sample",
    "verify",
    "repair",
    "keygen",
    "completions",
    "man",
];

#[test]
fn wrong_words_are_put_right() {
    let place = Place::new();
    place
        .run("convret a b")
        .fails(2, &["unrecognized subcommand 'convret'", "'convert'"]);
    place
        .run("head a --colums x")
        .fails(2, &["'--colums'", "'--columns'"]);
    place
        .run("convert a b --to ndjsn")
        .fails(2, &["'ndjsn'", "'ndjson'"]);
    place
        .run("convert a b --preset balancd")
        .fails(2, &["'balancd'", "'balanced'"]);
    place
        .run("convert a b --codec zsdt")
        .fails(2, &["zsdt", "zstd"]);
    place
        .run("convert a b --encoding x=dleta")
        .fails(2, &["dleta", "delta"]);
    place
        .run("head a --format tabel")
        .fails(2, &["'tabel'", "'table'"]);
    place
        .run("head a --max-value 3x")
        .fails(2, &["--max-value", "3x"]);
    place.run("convert a").fails(2, &["<OUT>"]);
    place.run("convert a b --read x").fails(2, &["KEY=VALUE"]);
    place.run("").fails(2, &["unrecognized subcommand ''"]);
    assert!(place.names().is_empty());
}

#[test]
fn nothing_typed_shows_the_commands() {
    let place = Place::new();
    let output = place.command(Vec::<&str>::new()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("repair"));
}

#[test]
fn version_is_told() {
    let version = Place::new().run("--version").succeeds();
    assert_eq!(
        version.text(),
        concat!("exportkit ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_usage_is_json_where_asked_for() {
    let error = Place::new().run("head a --colums x --json").exits(2).json();
    assert_eq!(error["error"]["kind"], "usage");
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("--colums")
    );
    assert!(
        error["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("--columns")
    );
}

#[test]
fn completions_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.run(&format!("completions {shell}")).succeeds();
        assert!(script.text().contains("sample"), "{shell}");
        let json = place
            .run(&format!("completions {shell} --json"))
            .succeeds()
            .json();
        assert_eq!(json["script"].as_str(), Some(script.text()));
    }
}

#[test]
fn manual_pages() {
    let place = Place::new();
    let page = place.run("man").succeeds();
    assert!(page.text().starts_with(".ie"), "{}", page.text());
    assert_eq!(
        place.run("man --json").succeeds().json()["page"].as_str(),
        Some(page.text())
    );
    assert_eq!(
        place.run("man . --json").succeeds().json()["files"]
            .as_array()
            .unwrap()
            .len(),
        14
    );
    let names = place.names();
    assert_eq!(names.len(), 14, "{names:?}");
    assert!(names.contains(&String::from("exportkit-convert.1")));
    let convert = String::from_utf8(place.read("exportkit-convert.1")).unwrap();
    assert!(
        convert.contains("exportkit\\-convert") && convert.contains("Exit codes"),
        "{convert}"
    );
    place.run("man nowhere").fails(1, &["error:", "nowhere"]);
}

#[test]
fn colours_where_wanted_only() {
    let place = Place::new();
    let escapes = |words: &str, name: &str, value: &str| {
        let output = place
            .command(words.split(' '))
            .env(name, value)
            .output()
            .unwrap();
        let all = [output.stdout, output.stderr].concat();
        all.contains(&0x1b)
    };
    for words in ["info nowhere.xk", "--help", "head --colums"] {
        assert!(!escapes(words, "X", "1"), "{words}");
        assert!(escapes(words, "CLICOLOR_FORCE", "1"), "{words}");
        assert!(
            !escapes(&format!("--color never {words}"), "CLICOLOR_FORCE", "1"),
            "{words}"
        );
        assert!(
            escapes(&format!("--color always {words}"), "NO_COLOR", "1"),
            "{words}"
        );
    }
}
