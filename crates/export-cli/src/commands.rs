//! The commands, one a file. Each has its options and a `run` that prints the result and says how to exit.

pub(crate) mod cat;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod du;
mod explain;
mod follow;
pub(crate) mod head;
pub(crate) mod info;
pub(crate) mod keygen;
pub(crate) mod man;
mod parity;
pub(crate) mod repair;
pub(crate) mod sample;
pub(crate) mod schema;
pub(crate) mod tail;
pub(crate) mod verify;

use exportkit::Result;

use crate::args::{Cli, Command};
use crate::console::Console;
use crate::exit::Exit;
use crate::{failure, signals};

/// Does what was typed.
pub(crate) fn run(cli: Cli) -> Exit {
    let console = Console::new(&cli.global);
    if let Err(error) = signals::watch(console.cancel.clone()) {
        console.remark(&format!(
            "interrupts will leave temporary files behind: {error}"
        ));
    }
    match dispatch(&cli.command, &console) {
        Ok(exit) => exit,
        Err(error) => failure::report(&console, &error),
    }
}

fn dispatch(command: &Command, console: &Console) -> Result<Exit> {
    match command {
        Command::Convert(convert) => convert.run(console),
        Command::Info(info) => info.run(console),
        Command::Schema(schema) => schema.run(console),
        Command::Du(du) => du.run(console),
        Command::Head(head) => head.run(console),
        Command::Tail(tail) => tail.run(console),
        Command::Cat(cat) => cat.run(console),
        Command::Sample(sample) => sample.run(console),
        Command::Verify(verify) => verify.run(console),
        Command::Repair(repair) => repair.run(console),
        Command::Keygen(keygen) => keygen.run(console),
        Command::Completions(completions) => completions.run(console),
        Command::Man(man) => man.run(console),
    }
}
