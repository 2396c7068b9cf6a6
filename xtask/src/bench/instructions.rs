//! Instructions of the hot loops, counted by callgrind: they don't vary from run to run, so a change that slows one is seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::keep::{HOME, save};
use crate::workspace::{Workspace, output};

const FILE: &str = "instructions.csv";
/// How often the loop runs in the shorter of two runs; in the longer one twice as often. The difference is the loop's alone.
const TIMES: u64 = 2;
/// A loop that grew more than this fails the chore.
const MOST_GROWTH_PERCENT: f64 = 5.0;

pub(super) fn run(workspace: &Workspace, update: bool) -> Result<()> {
    let hot = build(workspace)?;
    let names = output(&mut workspace.command(&hot))?;
    let before = committed(workspace)?;
    if before.is_empty() && !update {
        bail!("there are no counts in {FILE} to compare with: --update makes them");
    }
    let mut counts = Vec::new();
    let mut grown = Vec::new();
    println!(
        "{:<36} {:>14} {:>14} {:>8}",
        "loop", "instructions", "before", "change"
    );
    for name in names.lines() {
        let [once, twice] = [TIMES, 2 * TIMES].map(|times| count(workspace, &hot, name, times));
        let each = (twice?.saturating_sub(once?)) / TIMES;
        match before.get(name) {
            None => println!("{name:<36} {each:>14} {:>14} {:>8}", "-", "new"),
            Some(&old) => {
                let percent = change_percent(old, each);
                println!("{name:<36} {each:>14} {old:>14} {percent:>+7.1}%");
                if percent > MOST_GROWTH_PERCENT {
                    grown.push(name);
                }
            }
        }
        counts.push((name, each));
    }
    for gone in before
        .keys()
        .filter(|name| !names.lines().any(|n| n == *name))
    {
        println!("{gone:<36} {:>14}", "gone");
    }
    if update {
        let mut text = String::from("loop,instructions\n");
        for (name, each) in counts {
            let _ = writeln!(text, "{name},{each}");
        }
        return save(workspace, FILE, &text);
    }
    if !grown.is_empty() {
        bail!(
            "more than {MOST_GROWTH_PERCENT} % more instructions: {}; where that is meant, --update keeps the counts",
            grown.join(", ")
        );
    }
    Ok(())
}

/// Builds the loops and returns their program.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = workspace.cargo(["bench", "--no-run", "--quiet", "-p", "export-benches"]);
    command.args(["--bench", "hot", "--message-format", "json"]);
    let messages = output(&mut command)?;
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
        .next_back();
    executable.context("the build left no program")
}

/// Counts of the loops that were kept, by name.
fn committed(workspace: &Workspace) -> Result<BTreeMap<String, u64>> {
    let path = Path::new(HOME).join(FILE);
    if !workspace.root.join(&path).is_file() {
        return Ok(BTreeMap::new());
    }
    let text = workspace.read(&path)?;
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let (name, count) = line.rsplit_once(',').context("a line without a comma")?;
            Ok((name.to_owned(), count.parse()?))
        })
        .collect()
}

/// Instructions of a run, start and end included.
fn count(workspace: &Workspace, hot: &Path, name: &str, times: u64) -> Result<u64> {
    let mut command = workspace.command("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(hot)
        .args([name, &times.to_string()])
        .stdout(Stdio::null());
    let done = command
        .output()
        .context("cannot start valgrind, which counts the instructions")?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        bail!("{name} failed: {said}");
    }
    collected(&said).with_context(|| format!("valgrind counted nothing: {said}"))
}

/// The number in callgrind's line `==17== Collected : 123`.
fn collected(said: &str) -> Option<u64> {
    let (_, rest) = said.split_once("Collected :")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "printed with one decimal")]
fn change_percent(old: u64, new: u64) -> f64 {
    (new as f64 / old.max(1) as f64 - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        let said =
            "==17== Events    : Ir\n==17== Collected : 123456\n==17==\n==17== I   refs: 123,456\n";
        assert_eq!(collected(said), Some(123_456));
        assert_eq!(collected("nothing"), None);
        assert!((change_percent(200, 210) - 5.0).abs() < 1e-9);
    }
}
