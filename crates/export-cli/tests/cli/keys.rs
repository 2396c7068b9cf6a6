//! Encrypted and sealed files, and the keys of them.

use std::fs;

use crate::harness::{Place, csv};

const ROWS: usize = 3_000;

/// `lab.key`, `other.key`, and a table in four guises.
fn place() -> Place {
    let place = Place::new();
    for key in ["lab.key", "other.key"] {
        place.run(&format!("keygen {key}")).succeeds();
    }
    place.write("table.csv", csv(ROWS));
    for (name, how) in [
        ("plain.xk", ""),
        ("secret.xk", " --encrypt lab.key"),
        ("sealed.xk", " --seal lab.key"),
        ("both.xk", " --encrypt lab.key --seal lab.key"),
    ] {
        place
            .run(&format!("convert table.csv {name}{how}"))
            .succeeds();
    }
    place
}

/// The id of a key, as `keygen` tells it.
fn key_id(place: &Place, file: &str) -> String {
    let document = place
        .run(&format!("keygen {file} --json"))
        .succeeds()
        .json();
    document.get("key_id").unwrap().as_str().unwrap().to_owned()
}

#[test]
fn a_key_file_is_its_owners_alone_and_never_replaced() {
    let place = Place::new();
    let run = place.run("keygen lab.key").succeeds();
    assert_eq!(run.stdout, b"");
    let line = String::from_utf8(place.read("lab.key")).unwrap();
    assert!(line.starts_with("exportkit-key-1:") && line.lines().count() == 1);
    let secret = line.split(':').nth(1).unwrap();
    assert!(!run.stderr.contains(secret), "{}", run.stderr);
    place
        .run("keygen lab.key")
        .fails(1, &["already", "lab.key"]);
    assert_eq!(place.read("lab.key"), line.as_bytes());
    let id = key_id(&place, "json.key");
    assert_eq!(id.len(), 16);
    assert!(
        !String::from_utf8(place.read("json.key"))
            .unwrap()
            .contains(&id)
    );
    place
        .run("keygen nowhere/lab.key")
        .fails(1, &["nowhere/lab.key"]);

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode();
        assert_eq!(mode("lab.key") & 0o777, 0o600);
        place.table("plain.xk", 5);
        fs::set_permissions(place.path("lab.key"), fs::Permissions::from_mode(0o640)).unwrap();
        place
            .run("info plain.xk --key lab.key")
            .fails(1, &["others", "lab.key", "chmod 600"]);
        place
            .run("convert plain.xk new.xk --encrypt lab.key")
            .fails(1, &["others"]);
    }
    place.write("wrong.key", line.replace(secret, &"A".repeat(secret.len())));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(place.path("wrong.key"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    place
        .run("info plain.xk --key wrong.key")
        .fails(1, &["no key file"]);
    place
        .run("info plain.xk --key none.key")
        .fails(1, &["none.key", "keygen"]);
}

#[test]
fn every_command_reads_an_encrypted_file_with_its_key_alone() {
    let place = place();
    let commands = [
        "info FILE",
        "schema FILE",
        "du FILE",
        "du FILE --explain",
        "head FILE",
        "tail FILE -n 3",
        "cat FILE --format csv",
        "cat FILE --format ndjson --columns name",
        "sample FILE -n 3 --seed 5",
        "convert FILE - --to ndjson",
        "verify FILE --deep",
        "repair FILE -o repaired.xk -f",
    ];
    for command in commands {
        let with = |file: &str| command.replace("FILE", file);
        let plain = place.run(&with("plain.xk"));
        let with_key = place
            .run(&format!("{} --key lab.key", with("secret.xk")))
            .succeeds();
        if !command.starts_with("info")
            && !command.starts_with("du")
            && !command.starts_with("verify")
        {
            assert_eq!(with_key.text(), plain.text(), "{command}");
        }
        place
            .run(&with("secret.xk"))
            .fails(1, &["encrypted", "--key"]);
        place
            .run(&format!("{} --key other.key", with("secret.xk")))
            .fails(
                1,
                &["encrypted with key", "not with the one given", "--key"],
            );
        place
            .run(&format!(
                "{} --key other.key --key lab.key",
                with("secret.xk")
            ))
            .succeeds();
        // A key that is not needed does not matter, but to who asks for seals.
        let unneeded = place.run(&format!("{} --key lab.key", with("plain.xk")));
        assert_eq!(
            unneeded.code,
            Some(i32::from(command.starts_with("verify")))
        );
    }
    place
        .run("repair secret.xk -o repaired.xk -f --key lab.key")
        .succeeds();
    place.run("cat repaired.xk").fails(1, &["encrypted"]);
    place.run("cat repaired.xk --key lab.key").succeeds();
    let error = place.run("info secret.xk --json").exits(1).json();
    assert_eq!(error["error"]["kind"], "key");
    let info = place
        .run("info both.xk --key lab.key --json")
        .succeeds()
        .json();
    assert_eq!(
        info["container"]["encrypted_with"].as_str().unwrap().len(),
        16
    );
    assert_eq!(info["container"]["sealed"], true);
    // The checksums can be verified by anybody.
    let run = place.run("verify secret.xk").succeeds();
    assert!(
        run.text().contains("3000 rows") && run.text().contains("checksums alone"),
        "{}",
        run.text()
    );
    let bytes = place.read("secret.xk");
    for word in ["name", "table", "int64"] {
        assert!(
            !bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes()),
            "{word}"
        );
    }
}

#[test]
fn a_pipe_and_an_alias_of_a_file_are_encrypted_as_well() {
    let place = place();
    let piped = place
        .run("convert table.csv - --to xk --encrypt lab.key")
        .succeeds();
    let back = place
        .run_with(
            "convert - - --from xk --to csv --key lab.key",
            &piped.stdout,
        )
        .succeeds();
    assert_eq!(back.text(), csv(ROWS));
    place
        .run_with("convert - - --from xk --to csv", &piped.stdout)
        .fails(1, &["encrypted"]);
    for to in ["out.csv", "out.parquet"] {
        place
            .run(&format!("convert plain.xk {to} --encrypt lab.key"))
            .fails(2, &["neither encrypted nor sealed"]);
        place
            .run(&format!("convert plain.xk {to} --seal lab.key"))
            .fails(2, &["neither encrypted nor sealed"]);
    }
    place
        .run("convert plain.xk new.xk --encrypt none.key")
        .fails(1, &["none.key"]);
    assert!(!place.names().iter().any(|name| name.starts_with("new")));
}

#[test]
fn seals_tell_of_every_change() {
    let place = place();
    for file in ["sealed.xk", "both.xk"] {
        let run = place
            .run(&format!("verify {file} --key lab.key"))
            .succeeds();
        assert!(
            run.text().contains("sealed with key") && run.text().contains("intact"),
            "{}",
            run.text()
        );
        let document = place
            .run(&format!("verify {file} --key lab.key --json"))
            .succeeds()
            .json();
        assert_eq!(document["seals"]["intact"], true);
        assert_eq!(document["seals"]["unsealed_bytes"], 0);
        let frames = document["frames"].as_u64().unwrap();
        assert_eq!(document["seals"]["frames"].as_u64(), Some(frames));
        assert_eq!(document["seals"]["last"].as_str().unwrap().len(), 64);
    }
    // Without the key: as ever.
    let run = place.run("verify sealed.xk").succeeds();
    assert!(
        run.text().contains("sealed: with --key FILE"),
        "{}",
        run.text()
    );
    place.run("cat sealed.xk --format csv").succeeds();
    place
        .run("verify sealed.xk --key other.key")
        .fails(1, &["sealed with key", "not with the one given"]);
    let run = place.run("verify plain.xk --key lab.key").exits(1);
    assert!(run.text().contains("there is no seal"), "{}", run.text());
    // An encrypted file says, encrypted, that it is not sealed.
    place
        .run("verify secret.xk --key lab.key --deep")
        .succeeds();

    let sealed = place.read("sealed.xk");
    place.write("cut.xk", sealed.get(..sealed.len() - 128).unwrap());
    let run = place.run("verify cut.xk --key lab.key").exits(1);
    assert!(run.text().contains("not (all) there"), "{}", run.text());
    let mut longer = sealed.clone();
    longer.extend(sealed.get(sealed.len() - 128..).unwrap());
    place.write("longer.xk", longer);
    let run = place.run("verify longer.xk --key lab.key").exits(1);
    assert!(
        run.text().contains("the last 128 bytes are not sealed"),
        "{}",
        run.text()
    );
    // Sealed with one key, encrypted with another: who can only read it cannot say whether it is all there.
    place
        .run("convert table.csv two.xk --encrypt lab.key --seal other.key")
        .succeeds();
    let run = place.run("verify two.xk --key lab.key --deep").exits(1);
    assert!(
        run.text().contains("the seals were not looked at"),
        "{}",
        run.text()
    );
    place
        .run("verify two.xk --key lab.key --key other.key --deep")
        .succeeds();
}
