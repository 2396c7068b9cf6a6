//! What the first rows say about the file: delimiter, header, "no value", and the kinds of the columns.

use export_core::{Error, Limits, Result};

use super::BYTE_ORDER_MARK;
use super::buffer::Window;
use super::fault::Fault;
use super::infer::{self, Guess, NullRule};
use super::kind::Kind;
use super::options::CsvOptions;
use super::sniff;
use super::split::{Cell, Quoting, Split, split_record};

/// Bytes and rows looked at before the first row is read.
const SAMPLE_BYTES: usize = 1 << 20;
const SAMPLE_ROWS: usize = 10_000;

/// What the sample told.
pub(super) struct Sample {
    pub(super) delimiter: u8,
    /// The header's cells, where there is one.
    pub(super) header: Option<Vec<String>>,
    /// Position in the window where the rows start.
    pub(super) rows_at: usize,
    pub(super) kinds: Vec<Kind>,
    pub(super) nulls: NullRule,
    /// The sample was the whole input: no kind will turn out to be too narrow.
    pub(super) complete: bool,
}

struct FirstRow {
    cells: Vec<(Vec<u8>, Quoting)>,
    start: usize,
    end: usize,
    fault: Option<Fault>,
}

/// Reads the start of the input and draws conclusions. Consumes a byte order mark, nothing else.
pub(super) fn take(
    window: &mut Window,
    options: &CsvOptions,
    fixed_delimiter: Option<u8>,
    limits: &Limits,
) -> Result<Sample> {
    let mut wanted = SAMPLE_BYTES;
    window.fill(wanted)?;
    check_encoding(window)?;
    if window.bytes().len() == window.start() {
        return Err(Error::data("the input is empty").with_hint("there is not even a header row"));
    }
    loop {
        let head = window.bytes().get(window.start()..).unwrap_or_default();
        // No line, no table: there is nothing to tell a delimiter from.
        let has_line = window.at_end() || head.contains(&b'\n');
        let given = options.delimiter.or(fixed_delimiter);
        let delimiter = match given {
            Some(delimiter) => delimiter,
            None if has_line => sniff::delimiter(head, window.at_end()),
            None => b',',
        };
        let sampled = conclude(window, options, delimiter, most_cells(limits))?;
        match sampled {
            Some(sample) => return check(sample, window, limits),
            None if window.at_end() => {
                return Err(Error::data("there are only empty lines")
                    .with_hint("there is not even a header row"));
            }
            None => {
                let have = window.bytes().len() - window.start();
                Limits::check("bytes of the first rows", have as u64, record_bytes(limits))
                    .map_err(|error| {
                        error.with_hint("perhaps a quote is not closed, or the file has no lines")
                    })?;
                // A byte more than is allowed tells that there are too many.
                let most = usize::try_from(record_bytes(limits)).unwrap_or(usize::MAX);
                wanted = (wanted * 2).min(most.saturating_add(1)).max(have + 1);
                window.fill(wanted)?;
            }
        }
    }
}

fn check((sample, first): (Sample, FirstRow), window: &Window, limits: &Limits) -> Result<Sample> {
    Limits::check(
        "columns",
        first.cells.len() as u64,
        u64::from(limits.columns),
    )?;
    match first.fault {
        Some(fault) if sample.header.is_some() => {
            let before = window.bytes().get(..first.start).unwrap_or_default();
            let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64;
            Err(fault
                .into_error()
                .at_line(line)
                .at_offset(window.offset_of(first.start)))
        }
        _ => Ok(sample),
    }
}

fn check_encoding(window: &mut Window) -> Result<()> {
    let head = window
        .bytes()
        .get(..window.bytes().len().min(4096))
        .unwrap_or_default();
    let zeros = head.iter().filter(|&&byte| byte == 0).count();
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || zeros * 8 > head.len() {
        let what = if zeros * 3 < head.len() * 2 {
            "UTF-16 or UTF-32 text"
        } else {
            "no text"
        };
        return Err(
            Error::unsupported(format!("the input is {what}, not UTF-8"))
                .with_hint("convert it first, with iconv -f utf-16 -t utf-8 perhaps"),
        );
    }
    if !window.bytes().contains(&b'\n') && head.contains(&b'\r') {
        return Err(Error::unsupported("lines end in carriage returns alone")
            .with_hint("convert them first, with tr '\\r' '\\n'"));
    }
    if head.starts_with(BYTE_ORDER_MARK) {
        window.consume(window.start() + BYTE_ORDER_MARK.len());
    }
    Ok(())
}

/// How long a row may be: it is held whole.
pub(super) fn record_bytes(limits: &Limits) -> u64 {
    limits.record_bytes.min(limits.memory_bytes)
}

/// How many cells a row may have.
pub(super) fn most_cells(limits: &Limits) -> usize {
    usize::try_from(limits.columns).unwrap_or(usize::MAX)
}

/// The error of a row that has more.
pub(super) fn too_wide(most: usize) -> Error {
    Error::limit(format!("columns: a row has more than the limit of {most}"))
        .with_hint(Limits::HINT)
}

/// What the rows in the window tell; `None` where there is not even one whole row after the first.
fn conclude(
    window: &Window,
    options: &CsvOptions,
    delimiter: u8,
    most_cells: usize,
) -> Result<Option<(Sample, FirstRow)>> {
    let (bytes, last) = (window.bytes(), window.at_end());
    if !last && !bytes.contains(&b'\n') {
        return Ok(None);
    }
    let given = options.null.as_deref().map(NullRule::named);
    let mut scratch = Vec::new();
    let mut cells: Vec<Cell> = Vec::new();
    let mut at = window.start();
    let mut first: Option<FirstRow> = None;
    let mut guesses = Vec::new();
    let mut rows = 0;
    // Starts of empty lines before the first row. A header is looked for below them.
    let mut blank = Vec::new();
    while rows < SAMPLE_ROWS {
        cells.clear();
        let (end, malformed) =
            match split_record(bytes, at, delimiter, last, most_cells, &mut cells) {
                Split::Record { end, malformed } => (end, malformed),
                Split::Incomplete => break,
                Split::TooWide => {
                    return Err(too_wide(most_cells).at_offset(window.offset_of(at)));
                }
            };
        let fault = malformed.map(Fault::from).or_else(|| {
            (end > window.utf8_to() && !is_utf8(&cells, bytes)).then_some(Fault::NotUtf8)
        });
        let start = std::mem::replace(&mut at, end);
        match &first {
            None if is_blank(&cells, bytes) => blank.push(start),
            None => {
                guesses = vec![Guess::new(); cells.len()];
                let cells = cells
                    .iter()
                    .map(|c| (c.bytes(bytes, &mut scratch).to_vec(), c.quoting));
                first = Some(FirstRow {
                    cells: cells.collect(),
                    start,
                    end,
                    fault,
                });
            }
            Some(first) if first.cells.len() == cells.len() && fault.is_none() => {
                rows += 1;
                for (guess, cell) in guesses.iter_mut().zip(&cells) {
                    see(
                        guess,
                        cell.bytes(bytes, &mut scratch),
                        cell.quoting,
                        given.as_ref(),
                    );
                }
            }
            Some(_) => {}
        }
    }
    let Some(first) = first.filter(|_| rows > 0 || last) else {
        return Ok(None);
    };
    let complete = last && at == bytes.len();
    let null_rule = |guesses: &[Guess]| given.clone().unwrap_or_else(|| infer::null_rule(guesses));
    let nulls = null_rule(&guesses);
    let mut kinds: Vec<Kind> = guesses.iter().map(|guess| guess.kind(&nulls)).collect();
    let is_header = options.header.unwrap_or_else(|| {
        sniff::is_header(first.cells.iter().map(|(cell, _)| cell.as_slice()), &kinds)
    });
    let (mut nulls, mut rows_at, mut header) = (nulls, first.end, None);
    if is_header {
        let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
        header = Some(first.cells.iter().map(|(cell, _)| text(cell)).collect());
    } else {
        for (guess, (cell, quoting)) in guesses.iter_mut().zip(&first.cells) {
            see(guess, cell, *quoting, given.as_ref());
        }
        nulls = null_rule(&guesses);
        kinds = guesses.iter().map(|guess| guess.kind(&nulls)).collect();
        rows_at = first.start;
        // In a single column, empty lines are rows.
        if let ([guess], [first_blank, ..]) = (guesses.as_mut_slice(), blank.as_slice()) {
            blank
                .iter()
                .for_each(|_| see(guess, b"", Quoting::Bare, given.as_ref()));
            rows_at = *first_blank;
        }
    }
    if options.all_text {
        kinds.fill(Kind::Text);
    }
    let complete = complete || options.all_text;
    Ok(Some((
        Sample {
            delimiter,
            header,
            rows_at,
            kinds,
            nulls,
            complete,
        },
        first,
    )))
}

/// Takes a cell into account, unless the user said that it has no value.
fn see(guess: &mut Guess, cell: &[u8], quoting: Quoting, given: Option<&NullRule>) {
    if !given.is_some_and(|rule| rule.is_null(cell, quoting)) {
        guess.see(cell, quoting);
    }
}

/// Whether a record is an empty line.
pub(super) fn is_blank(cells: &[Cell], bytes: &[u8]) -> bool {
    matches!(cells, [cell] if cell.quoting == Quoting::Bare && cell.raw(bytes).is_empty())
}

/// Whether all cells of a record are UTF-8.
pub(super) fn is_utf8(cells: &[Cell], bytes: &[u8]) -> bool {
    cells
        .iter()
        .all(|cell| std::str::from_utf8(cell.raw(bytes)).is_ok())
}
