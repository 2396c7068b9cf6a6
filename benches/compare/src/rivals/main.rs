//! A worker that hands damaged files to rivals' readers, as somebody who uses them would: `cargo xtask chaos --rivals` starts one
//! for each rival, and another when one dies.
//!
//! `rivals NAME TABLE` reads commands from standard input, one a line, and answers each with a line of JSON: `write PATH` (a
//! whole file of the table's first rows), `read PATH`, and `record PATH`, which writes chunk after chunk and tells of each as soon
//! as it is written. xtask/chaos/worker.py speaks the same for rivals from Python.

mod arrow;
mod ipc;
mod mcap;
mod ours;
mod parquet;
mod table;

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use table::{CHUNK_ROWS, FILE_ROWS, Row, Seen, Table};

/// A rival: how its files are written and read.
trait Rival {
    /// Starts a file to which chunks of rows are added.
    fn create(&self, path: &Path) -> Result<Box<dyn Chunks>>;

    /// Hands every row that its reader yields to `seen`; fails where the reader does.
    fn read(&self, path: &Path, seen: &mut Seen<'_>) -> Result<()>;
}

/// A file that is being written.
trait Chunks {
    /// Adds a chunk and has it written, as far as the format lets one.
    fn chunk(&mut self, rows: &[Row]) -> Result<()>;

    fn finish(self: Box<Self>) -> Result<()>;
}

fn rival(name: &str) -> Result<Box<dyn Rival>> {
    Ok(match name {
        "exportkit" => Box::new(ours::Ours),
        "parquet" => Box::new(parquet::Parquet),
        "mcap" => Box::new(mcap::Mcap),
        "arrow-file" => Box::new(ipc::Ipc::File),
        "arrow-stream" => Box::new(ipc::Ipc::Stream),
        _ => bail!("there is no rival {name}"),
    })
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rival = rival(&arguments.next().context("which rival?")?)?;
    let table = Table::read(arguments.next().context("which table?")?.as_ref())?;
    // What readers say while they panic is not wanted.
    std::panic::set_hook(Box::new(|_| {}));
    let mut answers = io::stdout();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (command, path) = line.split_once(' ').context("a command needs a path")?;
        let path = Path::new(path);
        match command {
            "write" => {
                let mut file = rival.create(path)?;
                for rows in table.rows(FILE_ROWS).chunks(CHUNK_ROWS) {
                    file.chunk(rows)?;
                }
                file.finish()?;
                writeln!(answers, "{}", json!({"rows": FILE_ROWS}))?;
            }
            "read" => {
                let mut seen = Seen::new(&table);
                let done = catch_unwind(AssertUnwindSafe(|| rival.read(path, &mut seen)));
                let error = match &done {
                    Ok(Ok(())) => None,
                    Ok(Err(error)) => Some(format!("{error:#}")),
                    Err(_) => Some("panic".into()),
                };
                let answer = json!({
                    "right": seen.right(), "wrong": seen.wrong(), "error": error, "panicked": done.is_err(),
                });
                writeln!(answers, "{answer}")?;
            }
            "record" => {
                let mut file = rival.create(path)?;
                let mut written = 0;
                for rows in table.rows(usize::MAX).chunks(CHUNK_ROWS) {
                    file.chunk(rows)?;
                    written += rows.len();
                    writeln!(answers, "{}", json!({"rows": written}))?;
                    answers.flush()?;
                }
                file.finish()?;
            }
            _ => bail!("there is no command {command}"),
        }
        answers.flush()?;
    }
    Ok(())
}
