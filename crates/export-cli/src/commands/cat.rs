//! `exportkit cat`.

use clap::Args;
use exportkit::Result;

use crate::console::Console;
use crate::exit::Exit;
use crate::rows::RowsArgs;

/// Options of `cat`.
#[derive(Debug, Args)]
pub(crate) struct Cat {
    #[command(flatten)]
    args: RowsArgs,
}

impl Cat {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        self.args.print_all(console)
    }
}
