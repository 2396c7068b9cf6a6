//! What this process holds of the machine.

use std::fs;

use anyhow::{Context, Result};

/// Memory, open files and threads.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holdings {
    pub(super) memory_bytes: u64,
    pub(super) files: u64,
    pub(super) threads: u64,
}

impl Holdings {
    /// As of now. Fails where the system does not tell.
    pub(super) fn now() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let word = line.and_then(|rest| rest.split_whitespace().next());
            word.and_then(|word| word.parse::<u64>().ok())
                .with_context(|| format!("no {key}"))
        };
        Ok(Self {
            memory_bytes: number("VmRSS:")? * 1024,
            files: fs::read_dir("/proc/self/fd")?.count() as u64,
            threads: number("Threads:")?,
        })
    }
}
