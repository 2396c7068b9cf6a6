//! The figures of the first release: the whole flights table there and back, sizes and times beside Parquet's, and the
//! memory that a long stream of nested records takes.

mod flights;
mod records;

use anyhow::Result;

use crate::bench::machine;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The whole table; by default ../shared/data/flights.csv.gz where it is there, else the excerpt
    #[arg(long, value_name = "FILE")]
    flights: Option<std::path::PathBuf>,
    /// Runs of each command that is timed or whose memory is measured
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only this part
    #[arg(long, value_parser = ["flights", "memory"])]
    only: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let exportkit = workspace.exportkit()?;
    println!("{}", machine());
    let wanted = |part: &str| arguments.only.as_deref().is_none_or(|only| only == part);
    if wanted("flights") {
        flights::run(workspace, &exportkit, arguments)?;
    }
    if wanted("memory") {
        records::run(workspace, &exportkit, arguments.runs.max(1))?;
    }
    Ok(())
}
