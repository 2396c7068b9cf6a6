//! What benchmarks measured, for people and for `cargo xtask bench`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

/// Where `cargo xtask bench` wants what was measured; it puts tables together, and judges them.
const FIGURES_AT: &str = "EXPORTKIT_BENCH_DIR";

/// How a contender did with a table.
#[derive(Debug, Clone, Serialize)]
pub struct Speed {
    /// `tables` where it was given batches, `rows` where it was given structs.
    pub from: &'static str,
    /// The table, such as `D3 lists`.
    pub table: String,
    /// Who did it.
    pub contender: String,
    /// Rows of the table.
    pub rows: usize,
    /// Bytes of its buffers in memory.
    pub memory_bytes: usize,
    /// Bytes that were written.
    pub stored_bytes: usize,
    /// CPU time of writing it all.
    pub write_seconds: f64,
    /// CPU time of reading it all.
    pub read_seconds: f64,
}

/// One number that a target is about.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// The target, such as `T7`.
    pub target: &'static str,
    /// What was looked at, such as a column.
    pub subject: String,
    /// What was measured of it.
    pub what: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
}

/// Takes what was measured: each a line on stdout, and in the file that `cargo xtask bench` collects.
#[derive(Debug)]
pub struct Figures {
    file: Option<File>,
}

impl Figures {
    /// Figures of the benchmark called `name`.
    pub fn new(name: &str) -> std::io::Result<Self> {
        let file = match std::env::var_os(FIGURES_AT) {
            None => None,
            Some(directory) => {
                let path = PathBuf::from(directory).join(format!("{name}.jsonl"));
                Some(OpenOptions::new().create(true).append(true).open(path)?)
            }
        };
        Ok(Self { file })
    }

    /// Takes speed and size.
    pub fn speed(&mut self, speed: &Speed) -> std::io::Result<()> {
        let megabytes = speed.memory_bytes as f64 / 1e6;
        println!(
            "{:<10} {:<36} {:>7.0} MB/s written {:>8.3} : 1 {:>7.0} MB/s read",
            speed.table,
            speed.contender,
            megabytes / speed.write_seconds,
            speed.memory_bytes as f64 / speed.stored_bytes as f64,
            megabytes / speed.read_seconds,
        );
        self.line(speed)
    }

    /// Takes a number.
    pub fn figure(&mut self, figure: &Figure) -> std::io::Result<()> {
        println!(
            "{:<4} {:<34} {:<44} {:>14.3} {}",
            figure.target, figure.subject, figure.what, figure.value, figure.unit
        );
        self.line(figure)
    }

    fn line(&mut self, measured: &impl Serialize) -> std::io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut line = serde_json::to_vec(measured)?;
        line.push(b'\n');
        file.write_all(&line)
    }
}
