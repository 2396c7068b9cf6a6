//! Programs whose system calls are watched, or fail.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A program that does nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a program is, and what it is given.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) name: PathBuf,
    pub(crate) arguments: Vec<String>,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ending {
    /// `None` where it hung and was ended.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// The fault of a system call.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) call: String,
    /// Which call of that name, from 1; counted for each thread.
    pub(crate) number: u64,
    /// The name of the error.
    pub(crate) error: &'static str,
    /// Whether all later ones fail, too.
    pub(crate) for_good: bool,
}

/// A system call as strace tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) thread: u32,
    pub(crate) name: String,
    /// What stands between the brackets.
    pub(crate) arguments: String,
    /// What follows ` = `.
    pub(crate) result: String,
    /// How many calls had ended before this one began.
    pub(crate) began_after: usize,
}

impl Program {
    pub(crate) fn new(name: &Path, arguments: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
        }
    }

    /// Runs it in `directory`.
    pub(crate) fn run(&self, directory: &Path) -> Result<Ending> {
        let mut command = Command::new(&self.name);
        finish(command.args(&self.arguments), directory)
    }

    /// Runs it in `directory` by way of another program, such as `prlimit --fsize=100`.
    pub(crate) fn run_by(&self, by: &[&str], directory: &Path) -> Result<Ending> {
        let (first, rest) = by.split_first().context("by nothing")?;
        let mut command = Command::new(first);
        command.args(rest).arg(&self.name);
        finish(command.args(&self.arguments), directory)
    }

    /// Runs it in `directory`, and tells all of its calls.
    pub(crate) fn trace(&self, directory: &Path) -> Result<(Ending, Vec<Call>)> {
        let log = log(directory);
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-y", "-s", "80", "-e", "signal=none", "-o"]);
        command.arg(&log).arg(&self.name);
        let ending = finish(command.args(&self.arguments), directory)?;
        let text = fs::read_to_string(&log)?;
        fs::remove_file(&log)?;
        Ok((ending, calls(&text)))
    }

    /// Runs it in `directory` with `fault`. Also returns the calls that failed by it.
    pub(crate) fn run_with(&self, fault: &Fault, directory: &Path) -> Result<(Ending, Vec<Call>)> {
        let log = log(directory);
        let Fault {
            call,
            number,
            error,
            for_good,
        } = fault;
        let when = if *for_good { "+" } else { "" };
        let mut command = Command::new("strace");
        command.args([
            "-f",
            "-qq",
            "-y",
            "--seccomp-bpf",
            "-s",
            "80",
            "-e",
            "signal=none",
        ]);
        command.args(["-e", &format!("trace={call}")]);
        command.args([
            "-e",
            &format!("inject={call}:error={error}:when={number}{when}"),
            "-o",
        ]);
        command.arg(&log).arg(&self.name);
        let ending = finish(command.args(&self.arguments), directory)?;
        let text = fs::read_to_string(&log).unwrap_or_default();
        _ = fs::remove_file(&log);
        let mut failed = calls(&text);
        failed.retain(|call| call.result.contains("(INJECTED)"));
        Ok((ending, failed))
    }
}

/// Whether there is strace on this machine.
pub(crate) fn strace_is_here() -> bool {
    let version = Command::new("strace").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// Beside the directory, in which nothing may be left.
fn log(directory: &Path) -> PathBuf {
    directory.with_extension("strace")
}

fn finish(command: &mut Command, directory: &Path) -> Result<Ending> {
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let name = format!("{command:?}");
    let mut child = command.spawn().with_context(|| format!("running {name}"))?;
    let (mut output, mut errors) = (child.stdout.take(), child.stderr.take());
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        errors.as_mut().map(|errors| errors.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    // What they say fits into a pipe, so that neither is waited for in vain.
    let mut text = Vec::new();
    let start = Instant::now();
    let mut nap = Duration::from_micros(200);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > PATIENCE {
            // Where strace is what was started, the program is its child and would go on.
            let text = fs::read_to_string(log(directory)).unwrap_or_default();
            if let Some(traced) = calls(&text).first() {
                let mut kill = Command::new("kill");
                _ = kill.args(["-9", &traced.thread.to_string()]).status();
            }
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(5));
    };
    output.as_mut().map(|output| output.read_to_end(&mut text));
    let Ok(errors) = reader.join() else {
        bail!("{name}: its errors could not be read");
    };
    Ok(Ending {
        status,
        output: String::from_utf8_lossy(&text).into_owned(),
        errors,
    })
}

/// The calls in what strace wrote, in the order in which they ended.
fn calls(text: &str) -> Vec<Call> {
    let mut begun = BTreeMap::<u32, (String, usize)>::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let (Ok(thread), rest) = (thread.parse(), rest.trim_start()) else {
            continue;
        };
        if let Some(start) = rest.strip_suffix("<unfinished ...>") {
            begun.insert(thread, (start.trim_end().to_owned(), calls.len()));
            continue;
        }
        let (whole, began_after) = match rest.strip_prefix("<... ") {
            None => (rest.to_owned(), calls.len()),
            Some(resumed) => {
                let (Some((start, began_after)), Some((_, end))) =
                    (begun.remove(&thread), resumed.split_once("resumed>"))
                else {
                    continue;
                };
                (start + end, began_after)
            }
        };
        let Some((name, rest)) = whole.split_once('(') else {
            continue;
        };
        // The result is aligned: there may be blanks before it.
        let Some((arguments, result)) = rest.rsplit_once(" = ") else {
            continue;
        };
        calls.push(Call {
            thread,
            name: name.to_owned(),
            arguments: arguments.trim_end().trim_end_matches(')').to_owned(),
            result: result.to_owned(),
            began_after,
        });
    }
    calls
}

/// Whether the calls up to and with this one are those of the loader and the standard library's start, not the program's.
fn ends_start(call: &Call) -> bool {
    call.name == "rt_sigaction" && call.arguments.starts_with("SIGBUS, {")
}

/// The calls of the program itself.
pub(crate) fn own_calls(calls: &[Call]) -> &[Call] {
    let start = calls.iter().position(ends_start).map_or(0, |at| at + 1);
    calls.get(start..).unwrap_or_default()
}

/// Of each call, its numbers that are the program's own: the first and the last.
pub(crate) fn own_numbers(calls: &[Call]) -> BTreeMap<String, (u64, u64)> {
    let own = calls.len() - own_calls(calls).len();
    let mut counts = BTreeMap::<(&str, u32), (u64, u64)>::new();
    for (at, call) in calls.iter().enumerate() {
        let (before, all) = counts.entry((&call.name, call.thread)).or_default();
        *before += u64::from(at < own);
        *all += 1;
    }
    let mut numbers = BTreeMap::<String, (u64, u64)>::new();
    for ((name, _), (before, all)) in counts {
        let (first, last) = numbers.entry(name.to_owned()).or_insert((1, 0));
        // A fault hits the same number of all threads: one that the loader needs is nobody's.
        *first = (before + 1).max(*first);
        *last = all.max(*last);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_in_the_order_of_their_ends() {
        let text = "\
7 poll([...], 3, 0)                 = 0 (Timeout)
7 rt_sigaction(SIGBUS, {sa_handler=0x1, sa_flags=0}, NULL, 8) = 0
7 write(6</d/a = b>, \"x = y\"..., 64 <unfinished ...>
8 fsync(5</d/c>)    = -1 EIO (Input/output error) (INJECTED)
7 <... write resumed>)              = 64
7 exit_group(0)                     = ?
";
        let all = calls(text);
        let names: Vec<_> = all.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(
            names,
            ["poll", "rt_sigaction", "fsync", "write", "exit_group"]
        );
        assert_eq!(all[3].arguments, "6</d/a = b>, \"x = y\"..., 64");
        assert_eq!((all[3].began_after, all[2].began_after), (2, 2));
        assert!(all[2].result.ends_with("(INJECTED)"));
        assert_eq!(own_calls(&all).len(), 3);
        assert_eq!(own_numbers(&all)["write"], (1, 1));
        assert_eq!(own_numbers(&all)["poll"], (2, 1));
    }
}
