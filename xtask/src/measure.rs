//! What a command costs: its own time, processor time and memory, those of its children included.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

use crate::workspace::shown;

/// What one run of a command cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// From start to end.
    pub(crate) wall: Duration,
    /// User and system time of the process and all children it waited for.
    pub(crate) processor: Duration,
    /// Largest resident set of any one of those processes, in bytes.
    pub(crate) peak_bytes: u64,
}

/// Runs a command to its end. Fails unless it succeeds.
pub(crate) fn cost(command: &mut Command) -> Result<Cost> {
    cost_while(command, |_| Ok(()))
}

/// Runs a command, and `feed` while it runs.
pub(crate) fn cost_while(
    command: &mut Command,
    feed: impl FnOnce(&mut std::process::Child) -> Result<()>,
) -> Result<Cost> {
    let start = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let fed = feed(&mut child);
    let done = child.wait4()?;
    let wall = start.elapsed();
    if !done.status.success() {
        bail!("{} failed: {}", shown(command), done.status);
    }
    fed?;
    let usage = done.rusage;
    Ok(Cost {
        wall,
        processor: usage.utime + usage.stime,
        peak_bytes: usage.maxrss,
    })
}

/// The median of an odd number of durations, or the lower of the two in the middle.
pub(crate) fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    let middle = durations.len().saturating_sub(1) / 2;
    durations.get(middle).copied().unwrap_or_default()
}

/// Bytes as MB (10⁶ bytes).
#[expect(clippy::cast_precision_loss, reason = "printed with one decimal")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_child_costs_processor_time_and_memory() {
        let cost = cost(
            Command::new("sh").args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]),
        )
        .unwrap();
        assert!(
            cost.processor > Duration::ZERO && cost.peak_bytes > 100_000,
            "{cost:?}"
        );
        assert!(cost.processor <= cost.wall * 2);
    }

    #[test]
    fn a_failing_child_is_an_error() {
        assert!(super::cost(&mut Command::new("false")).is_err());
    }

    #[test]
    fn medians() {
        let seconds = |values: &[u64]| {
            values
                .iter()
                .map(|&s| Duration::from_secs(s))
                .collect::<Vec<_>>()
        };
        assert_eq!(median(seconds(&[3, 1, 2])), Duration::from_secs(2));
        assert_eq!(median(seconds(&[4, 1, 2, 3])), Duration::from_secs(2));
        assert_eq!(median(Vec::new()), Duration::ZERO);
    }
}
