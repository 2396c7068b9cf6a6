//! `exportkit completions`.

use clap::Args;
use clap_complete::Shell;
use exportkit::Result;
use serde::Serialize;

use crate::args;
use crate::console::Console;
use crate::exit::Exit;
use crate::json;

/// Options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Serialize)]
struct Document {
    shell: String,
    script: String,
}

impl Completions {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut args::definition(),
            "exportkit",
            &mut script,
        );
        if console.json {
            let script = String::from_utf8_lossy(&script).into_owned();
            json::print(&Document {
                shell: self.shell.to_string(),
                script,
            })?;
        } else {
            console.print(&script)?;
        }
        Ok(Exit::Done)
    }
}
