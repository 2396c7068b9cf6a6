//! `exportkit keygen`.

use std::path::{Path, PathBuf};

use clap::Args;
use exportkit::{Error, Key, Result, Secret};
use serde::Serialize;

use crate::console::{Console, plain};
use crate::exit::Exit;
use crate::json;

/// Options of `keygen`.
#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// The new key file. Its owner alone can read it; a file that is there is never replaced
    #[arg(value_name = "OUT", value_hint = clap::ValueHint::FilePath)]
    output: PathBuf,
}

#[derive(Serialize)]
struct Document {
    file: String,
    key_id: String,
}

impl Keygen {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        if self.output == Path::new("-") {
            return Err(
                Error::usage("a key is written to a file that its owner alone can read")
                    .with_hint("give its name"),
            );
        }
        let key = Key::generate()?;
        key.save(&self.output)?;
        let (file, key_id) = (self.output.display().to_string(), key.id().to_string());
        if console.json {
            json::print(&Document { file, key_id })?;
        } else {
            console.remark(&format!(
                "{}: key {key_id}. Keep a copy elsewhere: what it encrypts is lost with it",
                plain(&file)
            ));
        }
        Ok(Exit::Done)
    }
}
