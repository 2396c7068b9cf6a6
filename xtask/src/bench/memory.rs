//! T9: how much memory `convert` takes of an input that is ten times as long.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};

use super::figures::Figure;
use crate::measure::{cost_while, megabytes};
use crate::workspace::Workspace;

/// Bytes of NDJSON that go through a pipe, so that no disk is needed for them.
const QUICK: [u64; 2] = [10_000_000, 100_000_000];
const FULL: [u64; 2] = [100_000_000, 1_000_000_000];

/// Leaves its figures in `directory`, as the benchmarks do.
pub(super) fn measure(workspace: &Workspace, quick: bool, directory: &Path) -> Result<()> {
    let exportkit = workspace.exportkit()?;
    let output = directory.join("events.xk");
    let mut lines = String::new();
    let mut first = None;
    for bytes in if quick { QUICK } else { FULL } {
        let peak = peak_bytes(&exportkit, &output, bytes)?;
        let subject = format!("convert of {:.0} MB of NDJSON", megabytes(bytes));
        let mut add = |what: &str, value: f64, unit: &str| -> Result<()> {
            let figure = Figure {
                target: String::from("T9"),
                subject: subject.clone(),
                what: what.to_owned(),
                value,
                unit: unit.to_owned(),
            };
            lines.push_str(&serde_json::to_string(&figure)?);
            lines.push('\n');
            Ok(())
        };
        add("peak RSS of convert", megabytes(peak), "MB")?;
        match first {
            None => first = Some(peak),
            Some(first) => {
                let times = megabytes(peak) / megabytes(first);
                add("peak RSS × that of the least input", times, "×")?;
            }
        }
    }
    std::fs::remove_file(&output)?;
    Ok(std::fs::write(directory.join("memory.jsonl"), lines)?)
}

/// Largest resident set of a conversion of events that are `bytes` long, in bytes.
fn peak_bytes(exportkit: &Path, output: &Path, bytes: u64) -> Result<u64> {
    let mut command = std::process::Command::new(exportkit);
    command
        .args(["convert", "--quiet", "-f", "--from", "ndjson", "-"])
        .arg(output)
        .stdin(Stdio::piped());
    let cost = cost_while(&mut command, |child| {
        let pipe = child.stdin.take().context("no pipe to write to")?;
        let mut pipe = BufWriter::with_capacity(1 << 16, pipe);
        let mut line = String::new();
        let (mut number, mut written) = (0, 0);
        while written < bytes {
            line.clear();
            event(number, &mut line)?;
            pipe.write_all(line.as_bytes())?;
            number += 1;
            written += u64::try_from(line.len())?;
        }
        Ok(pipe.flush()?)
    })?;
    Ok(cost.peak_bytes)
}

/// A heap event as a line, much as D1 has them.
fn event(number: u64, line: &mut String) -> std::fmt::Result {
    let noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    write!(
        line,
        r#"{{"timestamp":{},"thread":{},"kind":{},"address":{},"size":{},"stack":{}"#,
        1_700_000_000_000_000_000 + number * 275 + noise % 200,
        noise % 8,
        noise % 3,
        0x7f3a_4000_0000 + noise % 100_000 * 16,
        8 << (noise % 9),
        noise % 5_000,
    )?;
    if noise.is_multiple_of(2) {
        write!(line, r#","lifetime":{}"#, noise % 1_000_000)?;
    }
    line.push_str("}\n");
    Ok(())
}
