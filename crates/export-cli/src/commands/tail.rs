//! `exportkit tail`.

use clap::Args;
use exportkit::{Recording, Result, Source};

use crate::console::Console;
use crate::exit::Exit;
use crate::rows::{Kept, RowsArgs};

/// Options of `tail`.
#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// How many rows of each stream
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    rows: usize,
    /// Go on printing the rows that are recorded from now on, until interrupted (an .xk file, one stream)
    #[arg(short, long, conflicts_with = "json")]
    follow: bool,
    #[command(flatten)]
    args: RowsArgs,
}

impl Tail {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        if self.follow {
            return super::follow::run(&self.args, self.rows, console);
        }
        let first_row =
            |file: &Recording, stream: &str| file.first_of_last(stream, self.rows as u64);
        self.args
            .print_kept(console, first_row, |source| last_rows(source, self.rows))
    }
}

fn last_rows(source: &mut dyn Source, most: usize) -> Result<Kept> {
    let mut kept = Kept::default();
    while let Some(batch) = source.next_batch()? {
        kept.keep_last(batch, most)?;
    }
    Ok(kept)
}
