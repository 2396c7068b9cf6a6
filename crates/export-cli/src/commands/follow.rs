//! `exportkit tail --follow`: a recording, while it is made.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use exportkit::{Error, OpenOptions, Place, Recording, Result, Source};

use super::info::recording;
use crate::console::Console;
use crate::exit::Exit;
use crate::rows::{Printer, Recorded, RowsArgs};

/// Time between two looks at the file's length.
const POLL: Duration = Duration::from_millis(200);

/// Prints the last `rows` rows, then those that come, until interrupted.
pub(crate) fn run(args: &RowsArgs, rows: usize, console: &Console) -> Result<Exit> {
    let options = args.open_options(console)?;
    let (Place::Path(path), Some(file)) = (&args.file, recording(&args.file, &options)?) else {
        return Err(
            Error::usage("only an .xk file on disk can be followed").in_file(args.file.to_string())
        );
    };
    let stream = only_stream(&file, args)?;
    let mut printer = Printer::new(console, args.format());
    let mut next_row = file.first_of_last(&stream, rows as u64)?;
    next_row = print_from(&file, &stream, next_row, &options, &mut printer)?;
    let mut size_bytes = file.info().size_bytes;
    drop(file);
    loop {
        console.cancel.check()?;
        let now = fs::metadata(path)?.len();
        if now < size_bytes {
            return Err(Error::data("the file became shorter").in_file(args.file.to_string()));
        }
        if now > size_bytes {
            let file = exportkit::open_with(path, options.read.access())?;
            next_row = print_from(&file, &stream, next_row, &options, &mut printer)?;
            size_bytes = file.info().size_bytes;
        }
        sleep(POLL);
    }
}

/// The stream to follow: the one asked for, or the one there is.
fn only_stream(file: &Recording, args: &RowsArgs) -> Result<String> {
    let streams = file.streams();
    match (args.select.stream.as_slice(), streams.as_slice()) {
        ([stream], _) => Ok(stream.clone()),
        ([], [stream]) => Ok(stream.name.clone()),
        _ => {
            let names: Vec<_> = streams.iter().map(|stream| stream.name.as_str()).collect();
            Err(Error::usage("one stream at a time can be followed")
                .in_file(args.file.to_string())
                .with_hint(format!("choose one with --stream: {}", names.join(", "))))
        }
    }
}

/// Prints the rows from `next_row` on. Returns the number of the row that comes next.
fn print_from(
    file: &Recording,
    stream: &str,
    next_row: u64,
    options: &OpenOptions,
    printer: &mut Printer<'_>,
) -> Result<u64> {
    let end = file
        .streams()
        .into_iter()
        .find(|known| known.name == stream);
    let end = end.map_or(next_row, |stream| stream.next_row.max(next_row));
    if end > next_row {
        let mut source = Recorded::new(file, stream, next_row, &options.read)?;
        while let Some(batch) = source.next_batch()? {
            options.read.cancel.check()?;
            printer.print(batch)?;
        }
        printer.flush()?;
    }
    Ok(end)
}
