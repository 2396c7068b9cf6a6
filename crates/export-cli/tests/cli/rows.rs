//! Rows in and out: every format, standard input and output, heads, tails and samples.

use std::io::Read;

use crate::harness::{Place, csv, finish, gzip, spawn};

#[test]
fn from_format_to_format_and_back() {
    let place = Place::new();
    place.write("table.csv", csv(1000));
    for middle in [
        "m.xk",
        "m.parquet",
        "m.ndjson",
        "m.csv",
        "m.tsv",
        "m.csv.gz",
        "m.ndjson.zst",
        "m.csv.lz4",
        "m.csv.br",
    ] {
        let run = place.run(&format!("convert table.csv {middle}")).succeeds();
        assert_eq!(run.text(), "");
        assert!(run.stderr.contains("1000 rows"), "{}", run.stderr);
        let back = place
            .run(&format!("convert {middle} - --to csv --quiet"))
            .succeeds();
        assert_eq!(back.text(), csv(1000), "{middle}");
        assert_eq!(back.stderr, "");
    }
}

#[test]
fn standard_input_and_output() {
    let place = Place::new();
    let input = csv(1000);
    let binary = place
        .run_with("convert - - --from csv --to xk", input.as_bytes())
        .succeeds();
    let back = place
        .run_with("convert - - --to csv", &binary.stdout)
        .succeeds();
    assert_eq!(back.text(), input);
    // Formats are told from content, too.
    let parquet = place
        .run_with("convert - - --to parquet", input.as_bytes())
        .succeeds();
    let lines = place
        .run_with("cat - --format ndjson", &parquet.stdout)
        .succeeds();
    assert_eq!(lines.text().lines().count(), 1000);
    let back = place
        .run_with("cat - --format csv", lines.stdout.as_slice())
        .succeeds();
    assert_eq!(back.text(), input);
    for words in ["info -", "schema -", "head -", "tail -", "sample -"] {
        place.run_with(words, &binary.stdout).succeeds();
        place.run_with(words, input.as_bytes()).succeeds();
    }
    place
        .run_with("convert - out.xk", b"")
        .fails(1, &["the input is empty"]);
    assert!(place.names().is_empty());
}

#[test]
fn a_closed_pipe_is_no_error() {
    let place = Place::new();
    place.table("table.xk", 300_000);
    place.write("table.csv", csv(300_000));
    for words in [
        "cat table.xk",
        "cat table.csv --format csv",
        "cat table.xk --format table",
        "cat table.csv --json",
        "head table.xk -n 200000",
        "convert table.xk - --to csv",
        // Plain, so that there is more than a pipe holds: a small output may be gone before the pipe is.
        "convert table.csv - --to xk --codec none --encoding plain",
    ] {
        let mut child = spawn(&mut place.command(words.split(' ')));
        let mut some = [0; 100];
        child.stdout.take().unwrap().read_exact(&mut some).unwrap();
        let run = finish(child, b"");
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{words}");
    }
}

#[test]
fn head_and_tail() {
    let place = Place::new();
    place.table("table.xk", 100);
    place.write("table.csv", csv(100));
    for file in ["table.xk", "table.csv"] {
        let head = place
            .run(&format!("head -n 2 --format csv {file}"))
            .succeeds();
        assert_eq!(head.text(), "n,name,value\n0,name 0,0.5\n1,name 1,3.5\n");
        let tail = place
            .run(&format!(
                "tail {file} --rows 1 --format csv --columns value,n"
            ))
            .succeeds();
        assert_eq!(tail.text(), "value,n\n297.5,99\n");
        assert_eq!(
            place
                .run(&format!("head {file}"))
                .succeeds()
                .text()
                .lines()
                .count(),
            10
        );
        assert_eq!(
            place
                .run(&format!("tail {file} -n 1000"))
                .succeeds()
                .text()
                .lines()
                .count(),
            100
        );
        assert_eq!(
            place
                .run(&format!("head {file} -n 0 --format csv"))
                .succeeds()
                .text(),
            "n,name,value\n"
        );
    }
    let lines = place.run("tail table.xk -n 1").succeeds();
    assert_eq!(
        lines.text(),
        "{\"n\":99,\"name\":\"name 1\",\"value\":297.5}\n"
    );
}

#[test]
fn tables() {
    let place = Place::new();
    place.write("t.csv", "id,text\n1,a\n22,\n3,\u{1b}[2Jb\tc\n");
    let run = place.run("cat t.csv --format table --null=").succeeds();
    assert_eq!(
        run.text(),
        "id  text\n 1  a\n22  null\n 3  \\u{1b}[2Jb\\tc\n"
    );
}

#[test]
fn samples_are_repeatable() {
    let place = Place::new();
    place.table("table.xk", 5000);
    place.write("table.csv", csv(5000));
    let sample = |file: &str, seed: u32| {
        let run = place
            .run(&format!("sample {file} -n 20 --seed {seed} --format csv"))
            .succeeds();
        let numbers = run
            .text()
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap().parse::<u32>().unwrap());
        numbers.collect::<Vec<_>>()
    };
    let numbers = sample("table.xk", 1);
    assert_eq!(numbers.len(), 20);
    assert!(numbers.is_sorted());
    assert_eq!(numbers, sample("table.csv", 1));
    assert_ne!(numbers, sample("table.xk", 2));
    assert_eq!(
        place
            .run("sample table.xk -n 9999")
            .succeeds()
            .text()
            .lines()
            .count(),
        5000
    );
}

#[test]
fn options_of_csv() {
    let place = Place::new();
    place.write("t.txt", "1;x\n2;-\n");
    let run = place
        .run("convert t.txt - --from csv --to ndjson --delimiter ; --no-header --null -")
        .succeeds();
    assert_eq!(
        run.text(),
        "{\"column1\":1,\"column2\":\"x\"}\n{\"column1\":2,\"column2\":null}\n"
    );
    place.write("t.ndjson", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\n");
    let run = place
        .run("convert t.ndjson - --to csv --delimiter tab --null NA")
        .succeeds();
    assert_eq!(run.text(), "a\tb\n1\tx\n2\tNA\n");
    let run = place
        .run("convert t.ndjson - --to csv --write csv.delimiter=|")
        .succeeds();
    assert_eq!(run.text(), "a|b\n1|x\n2|\n");
}

#[test]
fn columns_in_the_order_asked_for() {
    let place = Place::new();
    place.write("t.csv", "a,\"b,c\",d\n1,2,3\n");
    let run = place.run(r"convert t.csv t.xk --columns d,b\,c").succeeds();
    assert!(run.stderr.contains("1 row"), "{}", run.stderr);
    assert_eq!(
        place.run("cat t.xk --format csv").succeeds().text(),
        "d,\"b,c\"\n3,2\n"
    );
}

/// The README's commands, as they stand there, on a small table.
#[test]
fn commands_of_the_readme() {
    let place = Place::new();
    place.write("flights.csv.gz", gzip(csv(5000).as_bytes()));
    let readme = include_str!("../../../../README.md");
    let mut lines = 0;
    let block = readme
        .split("```sh")
        .find(|block| block.contains("\nexportkit convert"))
        .unwrap();
    for line in block
        .split("```")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("exportkit "))
    {
        if line.contains("damaged.xk") {
            let mut bytes = place.read("flights.xk");
            let middle = bytes.len() / 2;
            // More than the padding between two blocks.
            for byte in &mut bytes[middle - 64..middle + 64] {
                *byte ^= 1;
            }
            place.write("damaged.xk", bytes);
        }
        let words = line
            .split('#')
            .next()
            .unwrap()
            .trim()
            .strip_prefix("exportkit ")
            .unwrap();
        let run = place.run(&words.split_whitespace().collect::<Vec<_>>().join(" "));
        let expected = if line.contains("damaged.xk") { 3 } else { 0 };
        assert_eq!(run.code, Some(expected), "{line}\n{}", run.stderr);
        lines += 1;
    }
    assert!(lines > 8);
}
