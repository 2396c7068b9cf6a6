//! The programs that are hurt, and what must be true of them afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::traced::{Call, Ending, Program, own_numbers};

/// A program on its files.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
    /// Files that it is given.
    pub(crate) inputs: Vec<(&'static str, Vec<u8>)>,
    /// The file that it makes, or changes.
    pub(crate) output: &'static str,
    promise: Promise,
    /// Exit code where all went well.
    code: i32,
    /// Length of the output where all went well.
    pub(crate) size: u64,
}

/// What is promised of the output.
#[derive(Debug)]
pub(crate) enum Promise {
    /// It is this, or as before.
    Bytes(Vec<u8>),
    /// It holds these rows, or is as before.
    Rows(Vec<String>),
    /// It holds these rows and those that the program has acknowledged.
    Acknowledged(Vec<String>),
}

/// What a program gets that aborts.
pub(crate) const SIGABRT: i32 = 6;
/// What a program gets whose file is too long.
pub(crate) const SIGXFSZ: i32 = 25;

/// A program beside this one.
fn beside(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    ensure!(
        path.is_file(),
        "{} is not built (cargo build -p export-cli -p export-chaos, in the profile of this program)",
        path.display()
    );
    Ok(path)
}

/// Where subjects are made: a directory in which their programs run undisturbed.
pub(crate) struct Workshop {
    home: PathBuf,
    tool: PathBuf,
    child: PathBuf,
    pub(crate) subjects: Vec<Subject>,
}

impl Workshop {
    pub(crate) fn new(home: &Path) -> Result<Self> {
        let clean = home.join("clean");
        fs::create_dir_all(&clean)?;
        fs::write(clean.join("in.csv"), csv())?;
        fs::write(clean.join("old.csv"), "what,was,there\n1,2,3\n")?;
        Ok(Self {
            home: clean,
            tool: beside("exportkit")?,
            child: beside("chaos-child")?,
            subjects: Vec::new(),
        })
    }

    /// The command line tool.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Program {
        Program::new(&self.tool, arguments)
    }

    /// A conversion by the command line tool whose output is the same each time.
    pub(crate) fn convert(&self, arguments: &[&str]) -> Program {
        let fixed = [
            "--threads=0",
            "--file-id=000102030405060708090a0b0c0d0e0f",
            "--created-ns=7",
        ];
        self.tool(&[&["convert"], arguments, &fixed].concat())
    }

    /// The program of this package.
    pub(crate) fn child(&self, arguments: &[&str]) -> Program {
        Program::new(&self.child, arguments)
    }

    /// Runs a program undisturbed. Returns what it acknowledged.
    pub(crate) fn run(&self, program: &Program, code: i32) -> Result<Vec<String>> {
        let ending = program.run(&self.home)?;
        let status = ending.status.context("it hangs")?;
        ensure!(
            status.code() == Some(code),
            "{program:?}: {}",
            ending.errors
        );
        Ok(acknowledged(&ending.output))
    }

    /// A recording, and one that was cut; of each, what it holds.
    pub(crate) fn recordings(&self) -> Result<(Vec<String>, Vec<String>)> {
        let rows = self.run(&self.child(&["record", "recorded.xk"]), 0)?;
        let recorded = fs::read(self.home.join("recorded.xk"))?;
        let torn = recorded
            .get(..recorded.len() * 2 / 3)
            .context("an empty recording")?;
        fs::write(self.home.join("torn.xk"), torn)?;
        let kept = self.run(&self.child(&["check", "torn.xk"]), 0)?;
        Ok((rows, kept))
    }

    /// Adds a program that makes or changes `output` and ends with `code`. Without a promise, its output is the same each time.
    pub(crate) fn add(
        &mut self,
        name: &'static str,
        program: Program,
        inputs: &[&'static str],
        output: &'static str,
        promise: Option<Promise>,
        code: i32,
    ) -> Result<()> {
        let read = |name: &&'static str| Ok((*name, fs::read(self.home.join(name))?));
        let inputs = inputs.iter().map(read).collect::<Result<Vec<_>>>()?;
        if !inputs.iter().any(|(input, _)| *input == output) {
            _ = fs::remove_file(self.home.join(output));
        }
        self.run(&program, code)?;
        let whole = fs::read(self.home.join(output))?;
        // As it was, for the next.
        for (input, bytes) in &inputs {
            fs::write(self.home.join(input), bytes)?;
        }
        self.subjects.push(Subject {
            name,
            program,
            inputs,
            output,
            code,
            size: whole.len() as u64,
            promise: promise.unwrap_or(Promise::Bytes(whole)),
        });
        Ok(())
    }
}

/// A table of some columns.
fn csv() -> String {
    let mut text = String::from("number,name,ratio,when\n");
    for n in 0..400_u32 {
        let (name, ratio) = (n.wrapping_mul(2_654_435_761), f64::from(n) / 7.0);
        text.push_str(&format!(
            "{n},name {name},{ratio},2026-11-{:02}\n",
            n % 28 + 1
        ));
    }
    text
}

/// What a program has acknowledged so far, as `STREAM=ROWS`.
fn acknowledged(output: &str) -> Vec<String> {
    let lines = output
        .lines()
        .filter_map(|line| line.strip_prefix("acknowledged "));
    lines.map(|line| line.replace(' ', "=")).collect()
}

impl Subject {
    /// Puts its inputs in a directory.
    pub(crate) fn prepare(&self, directory: &Path) -> Result<()> {
        for (name, bytes) in &self.inputs {
            fs::write(directory.join(name), bytes)?;
        }
        Ok(())
    }

    /// Pages of a disk that its inputs take.
    pub(crate) fn input_pages(&self) -> u64 {
        let pages = self
            .inputs
            .iter()
            .map(|(_, bytes)| bytes.len().div_ceil(4096) as u64);
        pages.sum()
    }

    /// The numbers of the calls that it makes.
    pub(crate) fn numbers(&self, home: &Path) -> Result<BTreeMap<String, (u64, u64)>> {
        let directory = tempfile::tempdir_in(home)?;
        let (_, calls) = self.trace(directory.path())?;
        Ok(own_numbers(&calls))
    }

    /// How it ended; fails where a promise is broken.
    pub(crate) fn judge(
        &self,
        place: &Path,
        ending: &Ending,
        suffered: &Suffered,
    ) -> Result<&'static str> {
        let how = self.judge_ending(ending, suffered);
        let how = how.with_context(|| format!("{:?}, said {:?}", ending.status, ending.errors))?;
        // What is safe from the end of the process is as good as acknowledged.
        let said = ending.output.replace("taken ", "acknowledged ");
        self.judge_files(place, &said, how == "done")?;
        if !suffered.may_leave {
            self.judge_leftovers(place, how == "done")?;
        }
        Ok(how)
    }

    /// Goes on with a recording, undisturbed: all that is there must stay.
    pub(crate) fn judge_next(&self, place: &Path) -> Result<()> {
        match &self.promise {
            Promise::Acknowledged(_) => self.judge_append(place),
            Promise::Bytes(_) | Promise::Rows(_) => Ok(()),
        }
    }

    /// Whether it ended as it may, and said why.
    fn judge_ending(&self, ending: &Ending, suffered: &Suffered) -> Result<&'static str> {
        let status = ending.status.context("it hangs")?;
        ensure!(!ending.errors.contains("panicked"), "it panicked");
        if let Some(signal) = status.signal() {
            ensure!(
                suffered.signals.contains(&signal),
                "it was ended by signal {signal}"
            );
            return Ok("aborted");
        }
        if status.code() == Some(self.code) {
            return Ok("done");
        }
        ensure!(status.code() == Some(1), "its exit code tells nothing");
        ensure!(
            !suffered.passes,
            "it failed where it could have tried again"
        );
        if !suffered.mute {
            ensure!(
                ending.errors.contains("error:"),
                "it does not say that it failed"
            );
            ensure!(ending.errors.contains(suffered.text), "it does not say why");
            ensure!(
                !suffered.names_file || ending.errors.contains("file "),
                "it does not say where"
            );
        }
        Ok("failed")
    }

    /// All calls of an undisturbed run in `place`.
    pub(crate) fn trace(&self, place: &Path) -> Result<(Ending, Vec<Call>)> {
        self.prepare(place)?;
        let (ending, calls) = self.program.trace(place)?;
        let status = ending.status.context("it hangs")?;
        ensure!(
            status.code() == Some(self.code),
            "{}: {}",
            self.name,
            ending.errors
        );
        Ok((ending, calls))
    }

    /// Whether the output may be as it was `found`, after the program had said what it did, and was done or not.
    pub(crate) fn judge_found(
        &self,
        found: Option<&[u8]>,
        said: &str,
        is_done: bool,
    ) -> Result<()> {
        let directory = tempfile::tempdir()?;
        let place = directory.path();
        self.prepare(place)?;
        match found {
            Some(bytes) => fs::write(place.join(self.output), bytes)?,
            None => _ = fs::remove_file(place.join(self.output)),
        }
        self.judge_files(place, said, is_done)
    }

    fn judge_files(&self, place: &Path, said: &str, is_done: bool) -> Result<()> {
        for (name, bytes) in self.inputs.iter().filter(|(name, _)| *name != self.output) {
            ensure!(fs::read(place.join(name))? == *bytes, "{name} was changed");
        }
        let found = match fs::read(place.join(self.output)) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let before = self.inputs.iter().find(|(name, _)| *name == self.output);
        let before = before.map(|(_, bytes)| bytes);
        match &self.promise {
            Promise::Bytes(whole) => {
                let is_whole = found.as_ref() == Some(whole);
                ensure!(
                    is_whole || !is_done,
                    "it says that it is done, and the output is not whole"
                );
                ensure!(
                    is_whole || found.as_ref() == before,
                    "the output is neither old nor whole"
                );
            }
            Promise::Rows(known) => {
                ensure!(
                    found.is_some() || !is_done,
                    "it says that it is done, and there is no output"
                );
                if found.is_some() {
                    check(place, self.output, known)?;
                }
            }
            Promise::Acknowledged(known) => {
                let mut all = known.clone();
                all.extend(acknowledged(said));
                if let Some(before) = before {
                    let found = found.as_ref().context("the file is gone")?;
                    ensure!(found.starts_with(before), "what was there was rewritten");
                }
                ensure!(
                    found.is_some() || all.is_empty(),
                    "what was acknowledged is gone"
                );
                if found.is_some() {
                    check(place, self.output, &all)?;
                }
            }
        }
        Ok(())
    }

    fn judge_leftovers(&self, place: &Path, is_done: bool) -> Result<()> {
        for entry in fs::read_dir(place)? {
            let name = entry?.file_name();
            let known = self.inputs.iter().any(|(input, _)| name == *input);
            // A journal has rows that are not in the recording yet.
            let is_journal = !is_done && name == *journal(self.output);
            let expected = known || is_journal || name == self.output;
            ensure!(expected, "it left {name:?} behind");
        }
        Ok(())
    }

    fn judge_append(&self, place: &Path) -> Result<()> {
        let child = beside("chaos-child")?;
        let kept = match fs::metadata(place.join(self.output)) {
            Ok(metadata) if metadata.len() > 0 => check(place, self.output, &[])?,
            _ => return Ok(()),
        };
        if kept.is_empty() {
            // Not even its start was written.
            return Ok(());
        }
        let elsewhere = tempfile::tempdir()?;
        for name in [self.output.to_owned(), journal(self.output)] {
            if place.join(&name).exists() {
                fs::copy(place.join(&name), elsewhere.path().join(&name))?;
            }
        }
        let append = Program::new(&child, &["append", self.output, "--rows", "12"]);
        let ending = append.run(elsewhere.path())?;
        ensure!(
            ending.status.is_some_and(|status| status.success()),
            "the next append fails: {}",
            ending.errors
        );
        let mut all = kept;
        all.extend(acknowledged(&ending.output));
        check(elsewhere.path(), self.output, &all)
            .context("after the next append")
            .map(drop)
    }
}

/// Name of the journal of a recording.
fn journal(recording: &str) -> String {
    format!("{recording}.journal")
}

/// Fails where a recording does not hold the rows that are `known` to be safe. Returns what it holds.
fn check(place: &Path, name: &str, known: &[String]) -> Result<Vec<String>> {
    let mut arguments = vec!["check", name];
    arguments.extend(known.iter().map(String::as_str));
    let ending = Program::new(&beside("chaos-child")?, &arguments).run(place)?;
    if !ending.status.is_some_and(|status| status.success()) {
        bail!(
            "{name} does not hold what was acknowledged: {}",
            ending.errors.trim()
        );
    }
    Ok(acknowledged(&ending.output))
}

/// What a program was made to suffer, and may therefore do.
#[derive(Debug, Default)]
pub(crate) struct Suffered {
    /// It can try again.
    pub(crate) passes: bool,
    /// It may be ended by these.
    pub(crate) signals: &'static [i32],
    /// What it must say.
    pub(crate) text: &'static str,
    pub(crate) names_file: bool,
    /// It cannot say anything.
    pub(crate) mute: bool,
    /// It cannot take away what it began.
    pub(crate) may_leave: bool,
}
