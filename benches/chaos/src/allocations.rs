//! R7: allocations that fail, one after the other, once and for good.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::Arguments;
use crate::cases::{some_of, try_all};
use crate::outcome::{Outcome, Size};
use crate::subject::{Promise, SIGABRT, Subject, Suffered, Workshop};
use crate::traced::Program;

/// Allocations of this many bytes and more are of the size of the data.
const LARGE_BYTES: u64 = 1 << 20;

/// What is done to a program.
#[derive(Debug, Clone, Copy)]
enum Injury {
    /// This allocation fails.
    Once(u64),
    /// This one and all that follow.
    ForGood(u64),
    /// This one fails, of the large ones.
    Large(u64),
    /// All of its memory may take this many bytes.
    AddressSpace(u64),
}

/// Runs the row.
pub(crate) fn row(arguments: &Arguments) -> Result<Vec<Outcome>> {
    let home = tempfile::tempdir()?;
    let subjects = subjects(home.path())?;
    let mut outcome = Outcome {
        subject: String::from("exportkit"),
        injected: String::from("allocations that fail, each of them, once and for good"),
        ..Outcome::default()
    };
    let mut cases = Vec::new();
    for subject in &subjects {
        let count = allocations(subject, home.path(), 0)?;
        outcome.count("allocations", count);
        let large = allocations(subject, home.path(), LARGE_BYTES)?;
        outcome.count("large allocations", large);
        let injuries = (0..count).flat_map(|n| [Injury::Once(n), Injury::ForGood(n)]);
        let injuries = injuries.chain((0..large).map(Injury::Large));
        // From less than it takes to start to plenty.
        let spaces = (0..48).map(|step| Injury::AddressSpace((4 << 20) + step * (2 << 20)));
        cases.extend(injuries.chain(spaces).map(|injury| (subject, injury)));
    }
    let most = match arguments.size {
        Size::Quick => 300,
        Size::Ci => 3000,
        Size::Full => cases.len(),
    };
    let chosen = some_of(&cases, most, arguments.seed);
    let name = |(subject, injury): &&(&Subject, Injury)| format!("{}: {injury:?}", subject.name);
    let case = |(subject, injury): &&(&Subject, Injury)| suffer(subject, *injury, home.path());
    Ok(vec![try_all(&chosen, outcome, name, case)])
}

fn subjects(home: &Path) -> Result<Vec<Subject>> {
    let mut shop = Workshop::new(home)?;
    let (rows, kept) = shop.recordings()?;
    add_recorders(&mut shop, &rows)?;
    add_conversions(&mut shop)?;
    add_readers(&mut shop, rows, kept)?;
    Ok(shop.subjects)
}

fn add_recorders(shop: &mut Workshop, rows: &[String]) -> Result<()> {
    let record = shop.child(&["record", "new.xk"]);
    shop.add(
        "record",
        record,
        &[],
        "new.xk",
        Some(Promise::Acknowledged(Vec::new())),
        0,
    )?;
    let record = shop.child(&["record", "kept.xk", "--journal", "--rows=30"]);
    shop.add(
        "record with a journal",
        record,
        &[],
        "kept.xk",
        Some(Promise::Acknowledged(Vec::new())),
        0,
    )?;
    let record = shop.child(&[
        "record",
        "long.xk",
        "--rows=600",
        "--sync=300",
        "--text=5000",
    ]);
    shop.add(
        "record much",
        record,
        &[],
        "long.xk",
        Some(Promise::Acknowledged(Vec::new())),
        0,
    )?;
    let read = shop.child(&["read", "long.xk"]);
    shop.add(
        "read much",
        read,
        &["long.xk"],
        "long.xk",
        Some(Promise::Rows(Vec::new())),
        0,
    )?;
    let append = shop.child(&["append", "recorded.xk", "--rows=24"]);
    shop.add(
        "append",
        append,
        &["recorded.xk"],
        "recorded.xk",
        Some(Promise::Acknowledged(rows.to_vec())),
        0,
    )?;
    Ok(())
}

fn add_conversions(shop: &mut Workshop) -> Result<()> {
    let convert = shop.child(&["convert", "in.csv", "out.xk"]);
    shop.add("convert csv to xk", convert, &["in.csv"], "out.xk", None, 0)?;
    let convert = shop.child(&["convert", "out.xk", "out.csv"]);
    shop.add(
        "convert xk to csv",
        convert,
        &["out.xk"],
        "out.csv",
        None,
        0,
    )?;
    Ok(())
}

/// Programs that look at recordings of `rows`, or of those that were `kept`.
fn add_readers(shop: &mut Workshop, rows: Vec<String>, kept: Vec<String>) -> Result<()> {
    let read = shop.child(&["read", "recorded.xk"]);
    shop.add(
        "read",
        read,
        &["recorded.xk"],
        "recorded.xk",
        Some(Promise::Rows(rows.clone())),
        0,
    )?;
    let verify = shop.child(&["verify", "recorded.xk"]);
    shop.add(
        "verify",
        verify,
        &["recorded.xk"],
        "recorded.xk",
        Some(Promise::Rows(rows)),
        0,
    )?;
    let repair = shop.child(&["repair", "torn.xk", "repaired.xk"]);
    shop.add(
        "repair",
        repair,
        &["torn.xk"],
        "repaired.xk",
        Some(Promise::Rows(kept)),
        0,
    )?;
    Ok(())
}

/// The same program, with options of its allocator.
fn with(program: &Program, options: &[String]) -> Program {
    let arguments = options.iter().chain(&program.arguments).cloned();
    Program {
        name: program.name.clone(),
        arguments: arguments.collect(),
    }
}

/// How many allocations of `least` bytes and more a program makes.
fn allocations(subject: &Subject, home: &Path, least: u64) -> Result<u64> {
    let directory = tempfile::tempdir_in(home)?;
    subject.prepare(directory.path())?;
    let counting = with(&subject.program, &[format!("--large={least}")]);
    let ending = counting.run(directory.path())?;
    let count = ending
        .output
        .lines()
        .find_map(|line| line.strip_prefix("allocations "));
    Ok(count.context("it did not count its allocations")?.parse()?)
}

fn suffer(subject: &Subject, injury: Injury, home: &Path) -> Result<Option<&'static str>> {
    let directory = tempfile::tempdir_in(home)?;
    let place = directory.path();
    subject.prepare(place)?;
    let program = &subject.program;
    let failing = |n: u64| format!("--allocation={n}");
    let ending = match injury {
        Injury::Once(n) => with(program, &[failing(n)]).run(place)?,
        Injury::ForGood(n) => {
            with(program, &[failing(n), String::from("--for-good")]).run(place)?
        }
        Injury::Large(n) => {
            with(program, &[failing(n), format!("--large={LARGE_BYTES}")]).run(place)?
        }
        Injury::AddressSpace(bytes) => {
            program.run_by(&["prlimit", &format!("--as={bytes}")], place)?
        }
    };
    if !ending.output.starts_with("begun") {
        // The loader had too little already.
        ensure!(
            matches!(injury, Injury::AddressSpace(_)),
            "it did not begin: {}",
            ending.errors
        );
        return Ok(None);
    }
    let suffered = Suffered {
        signals: &[SIGABRT],
        may_leave: true,
        ..Suffered::default()
    };
    let how = subject.judge(place, &ending, &suffered)?;
    ensure!(
        how != "aborted" || ending.errors.contains("memory allocation of"),
        "it aborted for another reason: {}",
        ending.errors
    );
    let is_large = matches!(injury, Injury::Large(_));
    Ok(Some(match how {
        "aborted" if is_large => "aborted, of large ones",
        "failed" if is_large => "failed, of large ones",
        how => how,
    }))
}
