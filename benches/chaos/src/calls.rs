//! R6: system calls that fail, one after the other, once and for good.

mod faults;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::Arguments;
use crate::cases::{some_of, try_all};
use crate::outcome::{Outcome, Size};
use crate::subject::{Promise, SIGABRT, SIGXFSZ, Subject, Suffered, Workshop};
use crate::traced::{self, Call, Fault};
use faults::{Meaning, faults, text};

/// One way to hurt a program.
#[derive(Debug, Clone)]
enum Injury {
    Call(Fault, Meaning),
    /// No file may become longer.
    FileSize(u64),
    /// The disk is full after so many pages more than the inputs take.
    Disk(u64),
}

/// Runs the row.
pub(crate) fn row(arguments: &Arguments) -> Result<Vec<Outcome>> {
    if !traced::strace_is_here() {
        bail!("strace is not installed, and R6 needs it (on Debian: apt-get install strace)");
    }
    let home = tempfile::tempdir()?;
    let home = home.path();
    let subjects = subjects(home)?;
    let mut outcome = Outcome {
        subject: String::from("exportkit"),
        injected: String::from(
            "errors of system calls at every index, once and for good; full disks",
        ),
        ..Outcome::default()
    };
    let mut cases = Vec::new();
    let mounts = mounts(home);
    if !mounts {
        eprintln!("R6: no small disks, which only root can mount");
    }
    for subject in &subjects {
        let numbers = subject.numbers(home)?;
        let calls = numbers
            .values()
            .map(|(first, last)| (last + 1).saturating_sub(*first));
        outcome.count("calls", calls.sum());
        let calls = faults(&numbers).into_iter();
        let calls = calls.map(|(fault, meaning)| Injury::Call(fault, meaning));
        let sizes = (0..60).map(|part| Injury::FileSize(subject.size * part / 60));
        let pages = 0..subject.size.div_ceil(4096) + 2;
        let disks = pages.filter(|_| mounts).map(Injury::Disk);
        cases.extend(
            calls
                .chain(sizes)
                .chain(disks)
                .map(|injury| (subject, injury)),
        );
    }
    let most = match arguments.size {
        Size::Quick => 150,
        Size::Ci => 1000,
        Size::Full => cases.len(),
    };
    let chosen = some_of(&cases, most, arguments.seed);
    let name = |(subject, injury): &&(&Subject, Injury)| format!("{}: {injury:?}", subject.name);
    let case = |(subject, injury): &&(&Subject, Injury)| suffer(subject, injury, home);
    Ok(vec![try_all(&chosen, outcome, name, case)])
}

pub(crate) fn subjects(home: &Path) -> Result<Vec<Subject>> {
    let mut shop = Workshop::new(home)?;
    let (rows, kept) = shop.recordings()?;
    add_conversions(&mut shop)?;
    add_mending(&mut shop, &rows, &kept)?;
    add_recorders(&mut shop)?;
    add_appends(&mut shop, rows, kept)?;
    Ok(shop.subjects)
}

fn add_conversions(shop: &mut Workshop) -> Result<()> {
    let convert = shop.convert(&["in.csv", "out.xk"]);
    shop.add("convert csv to xk", convert, &["in.csv"], "out.xk", None, 0)?;
    let convert = shop.convert(&["out.xk", "out.csv"]);
    shop.add(
        "convert xk to csv",
        convert,
        &["out.xk"],
        "out.csv",
        None,
        0,
    )?;
    let convert = shop.convert(&["out.xk", "old.csv", "--force"]);
    shop.add(
        "replace csv",
        convert,
        &["out.xk", "old.csv"],
        "old.csv",
        None,
        0,
    )?;
    let convert = shop.convert(&["in.csv", "out.ndjson.gz"]);
    shop.add(
        "convert csv to compressed ndjson",
        convert,
        &["in.csv"],
        "out.ndjson.gz",
        None,
        0,
    )?;
    Ok(())
}

/// Programs that look at recordings of `rows`, or of those that were `kept`.
fn add_mending(shop: &mut Workshop, rows: &[String], kept: &[String]) -> Result<()> {
    let repair = shop.tool(&["repair", "torn.xk", "-o", "repaired.xk"]);
    shop.add(
        "repair",
        repair,
        &["torn.xk"],
        "repaired.xk",
        Some(Promise::Rows(kept.to_vec())),
        3,
    )?;
    let verify = shop.tool(&["verify", "recorded.xk"]);
    shop.add(
        "verify",
        verify,
        &["recorded.xk"],
        "recorded.xk",
        Some(Promise::Rows(rows.to_vec())),
        0,
    )?;
    Ok(())
}

fn add_recorders(shop: &mut Workshop) -> Result<()> {
    let record = shop.child(&["record", "new.xk"]);
    shop.add(
        "record",
        record,
        &[],
        "new.xk",
        Some(Promise::Acknowledged(Vec::new())),
        0,
    )?;
    let record = shop.child(&["record", "new.xk", "--threads=2"]);
    shop.add(
        "record with threads",
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
    Ok(())
}

fn add_appends(shop: &mut Workshop, rows: Vec<String>, kept: Vec<String>) -> Result<()> {
    let append = shop.child(&["append", "recorded.xk", "--rows=24"]);
    shop.add(
        "append",
        append,
        &["recorded.xk"],
        "recorded.xk",
        Some(Promise::Acknowledged(rows)),
        0,
    )?;
    let append = shop.child(&["append", "torn.xk", "--rows=24"]);
    shop.add(
        "append to a torn file",
        append,
        &["torn.xk"],
        "torn.xk",
        Some(Promise::Acknowledged(kept)),
        0,
    )?;
    Ok(())
}

/// Runs a program, hurt. `None` where it did not come to that, else how it ended; fails where a promise is broken.
fn suffer(subject: &Subject, injury: &Injury, home: &Path) -> Result<Option<&'static str>> {
    let directory = tempfile::tempdir_in(home)?;
    let place = directory.path();
    let how = match injury {
        Injury::Call(fault, meaning) => {
            subject.prepare(place)?;
            let (ending, failed) = subject.program.run_with(fault, place)?;
            if failed.is_empty() {
                return Ok(None);
            }
            let how = subject.judge(place, &ending, &suffered(fault, *meaning, &failed));
            let how = how.with_context(|| format!("{failed:?}"))?;
            subject.judge_next(place)?;
            how
        }
        Injury::FileSize(bytes) => {
            subject.prepare(place)?;
            let limit = format!("--fsize={bytes}");
            let ending = subject.program.run_by(&["prlimit", &limit], place)?;
            let how = subject.judge(place, &ending, &full("EFBIG"))?;
            subject.judge_next(place)?;
            how
        }
        Injury::Disk(pages) => {
            let disk = SmallDisk::mount(place, subject.input_pages() + pages)?;
            subject.prepare(place)?;
            let ending = subject.program.run(place)?;
            let how = subject.judge(place, &ending, &full("ENOSPC"))?;
            subject.judge_next(place)?;
            drop(disk);
            how
        }
    };
    Ok(Some(how))
}

fn suffered(fault: &Fault, meaning: Meaning, failed: &[Call]) -> Suffered {
    let speaks = |call: &Call| call.arguments.starts_with("2<") || call.arguments.starts_with("1<");
    Suffered {
        passes: meaning == Meaning::Passes && !fault.for_good,
        signals: if meaning == Meaning::Memory {
            &[SIGABRT]
        } else {
            &[]
        },
        // Where memory was meant for a thread, the system says "temporarily unavailable".
        text: if meaning == Meaning::Memory {
            "error"
        } else {
            text(fault.error)
        },
        names_file: meaning == Meaning::Fails,
        mute: fault.call == "write" && failed.iter().any(speaks),
        may_leave: fault.call.starts_with("unlink") || meaning == Meaning::Memory,
    }
}

fn full(error: &str) -> Suffered {
    Suffered {
        // A program that takes no notice of the signal ends by it.
        signals: &[SIGXFSZ],
        text: text(error),
        names_file: true,
        ..Suffered::default()
    }
}

/// Whether a small disk can be mounted here.
fn mounts(home: &Path) -> bool {
    let place = home.join("mounted");
    std::fs::create_dir_all(&place).is_ok() && SmallDisk::mount(&place, 1).is_ok()
}

/// A disk of memory, which is gone with this.
#[derive(Debug)]
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(place: &'a Path, pages: u64) -> Result<Self> {
        let mut mount = Command::new("mount");
        let size = format!("size={}", pages.max(1) * 4096);
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(place);
        let done = mount.stderr(Stdio::null()).status();
        match done.is_ok_and(|status| status.success()) {
            true => Ok(Self(place)),
            false => bail!("nothing can be mounted"),
        }
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        _ = Command::new("umount").arg(self.0).status();
    }
}
