//! `exportkit repair`.

use std::path::PathBuf;

use clap::Args;
use exportkit::{Progress, Repair as Repaired, Result};
use serde::Serialize;

use super::verify::{FindingDocument, line};
use crate::args::{LimitArgs, When};
use crate::console::{Console, plain};
use crate::exit::Exit;
use crate::progress::View;
use crate::{json, units};

/// Options of `repair`.
#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// The damaged .xk file; it is not changed
    #[arg(value_name = "IN", value_hint = clap::ValueHint::FilePath)]
    input: PathBuf,
    /// The new .xk file
    #[arg(short, long, value_name = "OUT", value_hint = clap::ValueHint::FilePath)]
    output: PathBuf,
    /// Replace the output if it exists
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    limits: LimitArgs,
    /// Whether to show how far the work is; auto does on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Everywhere")]
    progress: When,
}

#[derive(Serialize)]
struct Document<'a> {
    input: String,
    output: String,
    chunks: u64,
    rows: u64,
    lost_rows: Option<u64>,
    lost_bytes: u64,
    lost: Vec<FindingDocument<'a>>,
}

impl Repair {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        let progress = Progress::new();
        let view = View::start(console, self.progress, &progress);
        let done = exportkit::repair(
            &self.input,
            &self.output,
            self.force,
            &self.limits.limits(),
            &progress,
            &console.cancel,
        );
        drop(view);
        let done = done?;
        if console.json {
            json::print(&self.document(&done))?;
        } else {
            self.print(&done, console)?;
        }
        Ok(if done.lost.is_empty() { Exit::Done } else { Exit::Loss })
    }

    fn document<'a>(&self, done: &'a Repaired) -> Document<'a> {
        Document {
            input: self.input.display().to_string(),
            output: self.output.display().to_string(),
            chunks: done.chunks,
            rows: done.rows,
            lost_rows: done.lost_rows,
            lost_bytes: done.lost_bytes,
            lost: done.lost.iter().map(FindingDocument::new).collect(),
        }
    }

    fn print(&self, done: &Repaired, console: &Console) -> Result<()> {
        let mut text: String = done.lost.iter().map(|finding| line(finding, console)).collect();
        let (good, odd) = (console.out.good, console.out.odd);
        let lost = if done.lost.is_empty() {
            format!("{good}nothing was lost{good:#}")
        } else {
            let rows = match done.lost_rows {
                Some(rows) => units::count(rows, "row"),
                None => String::from("an unknown number of rows"),
            };
            format!("{odd}lost{odd:#} {rows}, {} damaged", units::bytes(done.lost_bytes))
        };
        text.push_str(&format!(
            "{}: {}, {} kept; {lost}\n",
            plain(&self.output.display().to_string()),
            units::count(done.chunks, "chunk"),
            units::count(done.rows, "row"),
        ));
        console.print(text.as_bytes())
    }
}
