//! `exportkit head`.

use clap::Args;
use exportkit::{Result, Source};

use crate::console::Console;
use crate::exit::Exit;
use crate::rows::{Kept, RowsArgs, from_start};

/// Options of `head`.
#[derive(Debug, Args)]
pub(crate) struct Head {
    /// How many rows of each stream
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    rows: usize,
    #[command(flatten)]
    args: RowsArgs,
}

impl Head {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        self.args
            .print_kept(console, from_start, |source| first_rows(source, self.rows))
    }
}

fn first_rows(source: &mut dyn Source, most: usize) -> Result<Kept> {
    let mut kept = Kept::default();
    while !kept.all_have(most) {
        let Some(batch) = source.next_batch()? else {
            break;
        };
        kept.keep_first(&batch, most)?;
    }
    Ok(kept)
}
