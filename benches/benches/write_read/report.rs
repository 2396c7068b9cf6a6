//! The figures, as a table for people and as one for programs.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use export_core::Result;

/// Where `cargo xtask bench` wants the table, which it then puts machine, commit and command in front of.
const TABLES_AT: &str = "EXPORTKIT_BENCH_DIR";
const FILE: &str = "write_read.csv";

/// What others are compared with, where it is measured.
const BASELINE: &str = "parquet zstd1";

/// The figures of one contender with one table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) table: &'static str,
    pub(crate) contender: String,
    pub(crate) rows: usize,
    pub(crate) memory_bytes: usize,
    pub(crate) stored_bytes: usize,
    pub(crate) write: Duration,
    pub(crate) read: Duration,
}

impl Row {
    fn write_mb_s(&self) -> f64 {
        self.memory_bytes as f64 / 1e6 / self.write.as_secs_f64()
    }

    fn read_mb_s(&self) -> f64 {
        self.memory_bytes as f64 / 1e6 / self.read.as_secs_f64()
    }

    fn ratio(&self) -> f64 {
        self.memory_bytes as f64 / self.stored_bytes as f64
    }

    /// Size, write speed and read speed as multiples of the baseline's.
    fn against(&self, baseline: &Self) -> [f64; 3] {
        [
            self.stored_bytes as f64 / baseline.stored_bytes as f64,
            self.write_mb_s() / baseline.write_mb_s(),
            self.read_mb_s() / baseline.read_mb_s(),
        ]
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn head(&self) {
        for line in origin() {
            println!("{line}");
        }
        println!(
            "\n{:<10} {:<16} {:>9} {:>7} {:>10} {:>7} {:>10} {:>8} {:>8} {:>8}",
            "table",
            "how",
            "rows",
            "MB",
            "write MB/s",
            "ratio",
            "read MB/s",
            "size ×",
            "write ×",
            "read ×"
        );
    }

    pub(crate) fn add(&mut self, row: Row) {
        print!(
            "{:<10} {:<16} {:>9} {:>7.1} {:>10.0} {:>7.2} {:>10.0}",
            row.table,
            row.contender,
            row.rows,
            row.memory_bytes as f64 / 1e6,
            row.write_mb_s(),
            row.ratio(),
            row.read_mb_s()
        );
        match self.against_baseline(&row) {
            Some([size, write, read]) => println!(" {size:>8.2} {write:>8.2} {read:>8.2}"),
            None => println!(),
        }
        self.rows.push(row);
    }

    /// Prints the geometric means over all tables.
    pub(crate) fn means(&self) {
        let mut contenders: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !contenders.contains(&row.contender.as_str()) {
                contenders.push(&row.contender);
            }
        }
        for contender in contenders {
            let figures: Vec<[f64; 3]> = self
                .rows
                .iter()
                .filter(|row| row.contender == contender)
                .filter_map(|row| self.against_baseline(row))
                .collect();
            if figures.is_empty() || contender == BASELINE {
                continue;
            }
            let mean = |of: fn(&[f64; 3]) -> f64| {
                let logs: f64 = figures.iter().map(|figures| of(figures).ln()).sum();
                (logs / figures.len() as f64).exp()
            };
            let [size, write, read] = [mean(|f| f[0]), mean(|f| f[1]), mean(|f| f[2])];
            println!(
                "{:<10} {contender:<16} {:>46} {size:>8.2} {write:>8.2} {read:>8.2}",
                "geom. mean", ""
            );
        }
    }

    fn against_baseline(&self, row: &Row) -> Option<[f64; 3]> {
        let baseline = self
            .rows
            .iter()
            .find(|b| b.table == row.table && b.contender == BASELINE)?;
        Some(row.against(baseline))
    }

    /// Writes the figures to `path` with their origin, and to where `cargo xtask bench` collects them.
    pub(crate) fn save(&self, path: Option<&Path>) -> Result<()> {
        if let Some(path) = path {
            let mut file = File::create(path)?;
            for line in origin() {
                writeln!(file, "# {line}")?;
            }
            self.write(file)?;
        }
        if let Some(directory) = std::env::var_os(TABLES_AT) {
            self.write(File::create(PathBuf::from(directory).join(FILE))?)?;
        }
        Ok(())
    }

    fn write(&self, mut file: File) -> Result<()> {
        writeln!(
            file,
            "table,contender,rows,memory_bytes,stored_bytes,ratio,write_mb_s,read_mb_s,\
             size_of_parquet,write_of_parquet,read_of_parquet"
        )?;
        for row in &self.rows {
            write!(
                file,
                "{},{},{},{},{},{:.3},{:.1},{:.1}",
                row.table,
                row.contender,
                row.rows,
                row.memory_bytes,
                row.stored_bytes,
                row.ratio(),
                row.write_mb_s(),
                row.read_mb_s()
            )?;
            match self.against_baseline(row) {
                Some([size, write, read]) => writeln!(file, ",{size:.3},{write:.3},{read:.3}")?,
                None => writeln!(file, ",,,")?,
            }
        }
        Ok(())
    }
}

/// What figures depend on: machine, cores, commit and command.
fn origin() -> [String; 3] {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let commit = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| String::from("unknown"), |text| text.trim().to_owned());
    let options: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let features = if cfg!(feature = "rivals") {
        " --features rivals"
    } else {
        ""
    };
    [
        format!("machine: {model}, {cores} cores, {}", std::env::consts::OS),
        format!("commit: {commit}"),
        format!(
            "command: cargo bench -p export-benches{features} --bench write_read -- {}",
            options.join(" ")
        ),
    ]
}
