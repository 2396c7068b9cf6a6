//! Peak memory of reading mixed nested records from a pipe: it must not grow with their number.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::measure::{Cost, cost_while, megabytes};
use crate::workspace::Workspace;

const COUNTS: [u64; 2] = [200_000, 2_000_000];

pub(super) fn run(workspace: &Workspace, exportkit: &Path, runs: usize) -> Result<()> {
    let output = workspace.scratch("acceptance")?.join("records.xk");
    println!(
        "\nmixed nested records as NDJSON through stdin, `exportkit convert - records.xk --from ndjson`\n\
         of {runs} runs the one with the median peak"
    );
    println!(
        "{:>10} {:>8} {:>12} {:>8} {:>8} {:>10}",
        "records", "MB in", "peak RSS MB", "s", "CPU-s", ".xk MB"
    );
    let mut peaks = Vec::new();
    for count in COUNTS {
        // Peaks differ from run to run, with what the allocator gives back and when.
        let mut costs = (0..runs)
            .map(|_| convert(exportkit, &output, count))
            .collect::<Result<Vec<_>>>()?;
        costs.sort_by_key(|(cost, _)| cost.peak_bytes);
        let median = costs.len().saturating_sub(1) / 2;
        let &(cost, bytes_in) = costs.get(median).context("no runs")?;
        let bytes_out = std::fs::metadata(&output)?.len();
        println!(
            "{count:>10} {:>8.1} {:>12.1} {:>8.2} {:>8.2} {:>10.1}",
            megabytes(bytes_in),
            megabytes(cost.peak_bytes),
            cost.wall.as_secs_f64(),
            cost.processor.as_secs_f64(),
            megabytes(bytes_out)
        );
        peaks.push(megabytes(cost.peak_bytes));
    }
    if let [few, many] = peaks.as_slice() {
        println!(
            "peak of many over peak of few: {:.3} (target: 0.9 to 1.1, and at most 96 MB)",
            many / few
        );
    }
    Ok(())
}

/// Converts `count` records; returns the cost and how many bytes they were.
fn convert(exportkit: &Path, output: &Path, count: u64) -> Result<(Cost, u64)> {
    let mut command = std::process::Command::new(exportkit);
    command
        .args(["convert", "--quiet", "-f", "--from", "ndjson", "-"])
        .arg(output)
        .stdin(Stdio::piped());
    let mut bytes = 0;
    let cost = cost_while(&mut command, |child| {
        let pipe = child.stdin.take().context("no pipe to write to")?;
        let mut pipe = BufWriter::with_capacity(1 << 16, pipe);
        let mut line = String::new();
        for number in 0..count {
            line.clear();
            record(number, &mut line)?;
            pipe.write_all(line.as_bytes())?;
            bytes += u64::try_from(line.len())?;
        }
        pipe.flush()?;
        Ok(())
    })?;
    Ok((cost, bytes))
}

/// One line: nested objects and lists, fields that are absent or null, a field of mixed types, text with escapes.
fn record(number: u64, line: &mut String) -> std::fmt::Result {
    let noise = scrambled(number);
    write!(
        line,
        r#"{{"id":{number},"at":"2026-11-{:02}T{:02}:{:02}:00Z""#,
        noise % 28 + 1,
        noise % 24,
        noise % 60
    )?;
    write!(
        line,
        r#","level":"{}""#,
        ["debug", "info", "warn", "error"]
            .get(slot(noise >> 8, 4))
            .unwrap_or(&"")
    )?;
    write!(
        line,
        r#","user":{{"name":"user {}","tags":["#,
        noise % 5_003
    )?;
    for tag in 0..(noise >> 16) % 4 {
        write!(
            line,
            r#"{}"t{}""#,
            if tag == 0 { "" } else { "," },
            scrambled(noise ^ tag) % 97
        )?;
    }
    write!(
        line,
        r#"],"place":{{"x":{}.{:03},"y":-{}.5}}}}"#,
        noise % 180,
        (noise >> 12) % 1_000,
        noise % 90
    )?;
    match number % 4 {
        0 => write!(line, r#","value":{}"#, noise % 1_000_000)?,
        1 => write!(line, r#","value":{}.25"#, noise % 1_000)?,
        2 => write!(line, r#","value":null,"note":"said \"{:x}\"\n""#, noise)?,
        _ => {}
    }
    write!(line, r#","mixed":"#)?;
    match (noise >> 32) % 16 {
        0 => write!(line, r#""text {}""#, noise % 100)?,
        1 => write!(line, r#"[{},true]"#, noise % 10)?,
        _ => write!(line, "{}", noise % 1_000)?,
    }
    let calls = (noise >> 40) % 3;
    write!(line, r#","calls":["#)?;
    for call in 0..calls {
        let comma = if call == 0 { "" } else { "," };
        write!(
            line,
            r#"{comma}{{"fn":"f{}","ns":{},"ok":{}}}"#,
            (noise >> call) % 211,
            noise >> 30,
            !noise.is_multiple_of(7)
        )?;
    }
    line.push_str("]}\n");
    Ok(())
}

/// SplitMix64's output function (Steele, Lea, Flood 2014): every number gives another, the same on every run.
fn scrambled(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn slot(number: u64, of: u64) -> usize {
    usize::try_from(number % of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_lines_that_balance() {
        let mut text = String::new();
        for number in 0..1_000 {
            record(number, &mut text).unwrap();
        }
        assert_eq!(text.lines().count(), 1_000);
        for line in text.lines() {
            assert!(line.starts_with('{') && line.ends_with('}'));
            assert_eq!(line.matches('{').count(), line.matches('}').count());
            assert_eq!(line.matches('[').count(), line.matches(']').count());
        }
    }
}
