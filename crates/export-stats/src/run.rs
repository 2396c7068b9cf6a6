//! What a run took, and the one line that says so.

use std::fmt;
use std::time::Duration;

/// What a run took. `Display` is one line, such as
/// `336776 rows  31.1 MB → 3.4 MB  9.1×  0.52 s  59.7 MB/s  peak 41 MB`; MB are 10⁶ bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunSummary {
    /// Rows that passed.
    pub rows: u64,
    /// Bytes read, as stored.
    pub bytes_in: u64,
    /// Bytes written, as stored.
    pub bytes_out: u64,
    /// Wall-clock time.
    pub elapsed: Duration,
    /// Most memory the process has held, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

impl RunSummary {
    /// How many times smaller the output is; `None` where there is none.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.bytes_out > 0).then(|| self.bytes_in as f64 / self.bytes_out as f64)
    }

    /// Input bytes a second, in MB.
    #[must_use]
    pub fn megabytes_per_second(&self) -> f64 {
        self.bytes_in as f64 / 1e6 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

impl fmt::Display for RunSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rows,
            bytes_in,
            bytes_out,
            elapsed,
            peak_memory_bytes,
        } = self;
        write!(
            f,
            "{rows} rows  {} → {}",
            Bytes(*bytes_in),
            Bytes(*bytes_out)
        )?;
        if let Some(ratio) = self.ratio() {
            write!(f, "  {ratio:.1}×")?;
        }
        write!(
            f,
            "  {:.2} s  {:.1} MB/s",
            elapsed.as_secs_f64(),
            self.megabytes_per_second()
        )?;
        if let Some(peak) = peak_memory_bytes {
            write!(f, "  peak {:.0} MB", *peak as f64 / 1e6)?;
        }
        Ok(())
    }
}

/// A count of bytes as people read it, in powers of 1,000.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", bytes / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", bytes / 1e6),
            _ => write!(f, "{:.2} GB", bytes / 1e9),
        }
    }
}

/// Most memory that this process has held (resident set), where the system tells. Linux only.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_it_all() {
        let run = RunSummary {
            rows: 336_776,
            bytes_in: 31_050_000,
            bytes_out: 3_400_000,
            elapsed: Duration::from_millis(520),
            peak_memory_bytes: Some(41_000_000),
        };
        let line = "336776 rows  31.1 MB → 3.4 MB  9.1×  0.52 s  59.7 MB/s  peak 41 MB";
        assert_eq!(run.to_string(), line);
    }

    #[test]
    fn nothing_has_no_ratio() {
        let run = RunSummary::default();
        assert_eq!(run.to_string(), "0 rows  0 B → 0 B  0.00 s  0.0 MB/s");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_a_peak() {
        assert!(peak_memory_bytes().unwrap() > 100_000);
    }
}
