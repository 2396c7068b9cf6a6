//! `exportkit sample`.

use clap::Args;
use exportkit::Result;

use crate::console::Console;
use crate::exit::Exit;
use crate::rows::{Reservoir, RowsArgs, from_start};

/// Options of `sample`.
#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// How many rows of each stream; all where there are fewer
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    rows: usize,
    /// The same seed chooses the same rows of the same file
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    args: RowsArgs,
}

impl Sample {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        self.args.print_kept(console, from_start, |source| {
            let mut reservoir = Reservoir::new(self.rows, self.seed);
            while let Some(batch) = source.next_batch()? {
                reservoir.offer(&batch)?;
            }
            reservoir.into_kept()
        })
    }
}
