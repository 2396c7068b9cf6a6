//! The one JSON document a command prints with `--json`.

use std::io::{self, BufWriter, IsTerminal, Write};

use exportkit::Result;
use serde::Serialize;

/// Prints `document` on standard output: on one line for programs, indented on a terminal.
pub(crate) fn print(document: &impl Serialize) -> Result<()> {
    let mut out = BufWriter::new(io::stdout());
    if io::stdout().is_terminal() {
        serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from)?;
    } else {
        serde_json::to_writer(&mut out, document).map_err(io::Error::from)?;
    }
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
