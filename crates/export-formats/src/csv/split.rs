//! Bytes to records of cells: RFC 4180 as it is found in the wild.
//!
//! The `csv` crate's reader does not say which cells were quoted (a quoted empty cell is an empty string, a bare one is no
//! value) and takes malformed quotes as they come, so this is written by hand; the tests compare it with that crate.

/// How a cell was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Without quotes.
    Bare,
    /// In quotes.
    Quoted,
    /// In quotes, with doubled quotes inside that stand for one each.
    Escaped,
    /// Not to be read: malformed, not UTF-8, or not there.
    Unreadable,
}

/// Where a cell's content lies in the buffer, quotes around it left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    start: u32,
    end: u32,
    pub(super) quoting: Quoting,
}

impl Cell {
    /// A cell that is not there.
    pub(super) const MISSING: Self = Self {
        start: 0,
        end: 0,
        quoting: Quoting::Unreadable,
    };

    #[expect(
        clippy::cast_possible_truncation,
        reason = "buffers are at most MAX_BUFFER_BYTES long"
    )]
    fn new(start: usize, end: usize, quoting: Quoting) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
            quoting,
        }
    }

    /// The content, still escaped where [`Quoting::Escaped`].
    #[inline]
    pub(super) fn raw<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// The content; `scratch` holds it where it was escaped.
    #[inline]
    pub(super) fn bytes<'a>(&self, buffer: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match self.quoting {
            Quoting::Escaped => unescaped(self.raw(buffer), scratch),
            _ => self.raw(buffer),
        }
    }

    /// Where the content starts in the buffer.
    pub(super) fn start(&self) -> usize {
        self.start as usize
    }
}

/// The content with one quote instead of each two, in `scratch`.
#[cold]
fn unescaped<'a>(raw: &[u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    scratch.clear();
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|&byte| byte == b'"') {
        let (before, quotes) = rest.split_at(at + 1);
        scratch.extend_from_slice(before);
        rest = quotes.get(1..).unwrap_or_default();
    }
    scratch.extend_from_slice(rest);
    scratch
}

/// Longest buffer whose positions fit a [`Cell`].
pub(super) const MAX_BUFFER_BYTES: usize = 1 << 30;

/// What was wrong with the quotes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// Something stands between the closing quote and the end of the cell.
    AfterQuote,
    /// The input ends inside of quotes.
    Unclosed,
}

/// One record, as far as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// A record whose cells were appended; it ends, line end included, at this position of the buffer.
    Record {
        end: usize,
        malformed: Option<Malformed>,
    },
    /// The buffer ends before the record does. No cells were appended.
    Incomplete,
    /// The record has more cells than are wanted to be known. No cells were appended.
    TooWide,
}

/// Appends the cells of the record that starts at `start`, if they are no more than `most_cells`. `last` says that nothing follows
/// the buffer.
///
/// An empty line is a record of one bare, empty cell. Nothing at all is [`Split::Incomplete`].
pub(super) fn split_record(
    buffer: &[u8],
    start: usize,
    delimiter: u8,
    last: bool,
    most_cells: usize,
    cells: &mut Vec<Cell>,
) -> Split {
    let before = cells.len();
    let mut at = start;
    let mut malformed = None;
    if at >= buffer.len() {
        return Split::Incomplete;
    }
    loop {
        let rest = buffer.get(at..).unwrap_or_default();
        let cell = if rest.first() == Some(&b'"') {
            quoted_cell(rest, delimiter, last)
        } else {
            bare_cell(rest, delimiter, last)
        };
        let Some(Found {
            content,
            quoting,
            next,
            ends_record,
            error,
        }) = cell
        else {
            cells.truncate(before);
            return Split::Incomplete;
        };
        if cells.len() - before >= most_cells {
            cells.truncate(before);
            return Split::TooWide;
        }
        cells.push(Cell::new(at + content.0, at + content.1, quoting));
        malformed = malformed.or(error);
        at += next;
        if ends_record {
            return Split::Record { end: at, malformed };
        }
    }
}

/// A cell relative to its start.
struct Found {
    content: (usize, usize),
    quoting: Quoting,
    next: usize,
    ends_record: bool,
    error: Option<Malformed>,
}

#[inline]
fn bare_cell(rest: &[u8], delimiter: u8, last: bool) -> Option<Found> {
    let bare = |end, next, ends_record| Found {
        content: (0, end),
        quoting: Quoting::Bare,
        next,
        ends_record,
        error: None,
    };
    match rest
        .iter()
        .position(|&byte| byte == delimiter || byte == b'\n')
    {
        Some(at) if rest.get(at) == Some(&delimiter) => Some(bare(at, at + 1, false)),
        Some(at) => {
            let content = rest.get(..at).unwrap_or_default();
            let end = content.strip_suffix(b"\r").map_or(at, <[u8]>::len);
            Some(bare(end, at + 1, true))
        }
        None if last => Some(bare(rest.len(), rest.len(), true)),
        None => None,
    }
}

/// `rest` starts with the opening quote.
fn quoted_cell(rest: &[u8], delimiter: u8, last: bool) -> Option<Found> {
    let mut quoting = Quoting::Quoted;
    let mut from = 1;
    let close = loop {
        let tail = rest.get(from..).unwrap_or_default();
        let Some(at) = tail.iter().position(|&byte| byte == b'"') else {
            return last.then_some(Found {
                content: (1, rest.len()),
                quoting: Quoting::Unreadable,
                next: rest.len(),
                ends_record: true,
                error: Some(Malformed::Unclosed),
            });
        };
        match tail.get(at + 1) {
            Some(b'"') => {
                quoting = Quoting::Escaped;
                from += at + 2;
            }
            None if !last => return None,
            _ => break from + at,
        }
    };
    let quoted = |next, ends_record| Found {
        content: (1, close),
        quoting,
        next,
        ends_record,
        error: None,
    };
    match rest.get(close + 1..).unwrap_or_default() {
        [] => Some(quoted(close + 1, true)),
        [byte, ..] if *byte == delimiter => Some(quoted(close + 2, false)),
        [b'\n', ..] => Some(quoted(close + 2, true)),
        [b'\r', b'\n', ..] => Some(quoted(close + 3, true)),
        [b'\r'] if last => Some(quoted(close + 2, true)),
        [b'\r'] => None,
        // The rest of the cell is skipped as if it were bare, so that the next cell and the next record are found.
        after => bare_cell(after, delimiter, last).map(|skipped| Found {
            content: (1, close),
            quoting: Quoting::Unreadable,
            next: close + 1 + skipped.next,
            ends_record: skipped.ends_record,
            error: Some(Malformed::AfterQuote),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: usize = usize::MAX;
    use proptest::prelude::*;

    fn records(text: &[u8]) -> Vec<Vec<(String, Quoting)>> {
        let (mut at, mut all, mut scratch) = (0, Vec::new(), Vec::new());
        let mut cells = Vec::new();
        while let Split::Record { end, .. } = split_record(text, at, b',', true, ANY, &mut cells) {
            assert!(end > at);
            at = end;
            all.push(
                cells
                    .drain(..)
                    .map(|cell| {
                        let bytes = cell.bytes(text, &mut scratch).to_vec();
                        (String::from_utf8(bytes).unwrap(), cell.quoting)
                    })
                    .collect(),
            );
        }
        assert_eq!(at, text.len());
        all
    }

    fn texts(text: &str) -> Vec<Vec<String>> {
        let strip = |row: Vec<(String, Quoting)>| row.into_iter().map(|(text, _)| text).collect();
        records(text.as_bytes()).into_iter().map(strip).collect()
    }

    #[test]
    fn kinds_of_cells() {
        use Quoting::{Bare, Escaped, Quoted, Unreadable};
        let row = |text: &str| records(text.as_bytes()).swap_remove(0);
        assert_eq!(
            row("a,,\"\""),
            [
                ("a".into(), Bare),
                (String::new(), Bare),
                (String::new(), Quoted)
            ]
        );
        assert_eq!(row("\"a\"\"b\"\r\n"), [("a\"b".into(), Escaped)]);
        assert_eq!(
            row("a\"b,\"c\"d,e\n"),
            [
                ("a\"b".into(), Bare),
                ("c".into(), Unreadable),
                ("e".into(), Bare)
            ]
        );
        assert_eq!(row("\"a\nb"), [("a\nb".into(), Unreadable)]);
        assert_eq!(texts("a\r\n\r\nb\rc\n"), [["a"], [""], ["b\rc"]]);
    }

    #[test]
    fn every_prefix_is_incomplete_or_the_same() {
        let text = b"a,\"b\"\"c\r\n\",d\r\ne,f,g\n";
        let mut cells = Vec::new();
        let whole = split_record(text, 0, b',', false, ANY, &mut cells);
        for cut in 0..text.len() {
            let mut part = Vec::new();
            match split_record(&text[..cut], 0, b',', false, ANY, &mut part) {
                Split::Incomplete => assert!(part.is_empty()),
                record => assert_eq!((record, &part), (whole, &cells)),
            }
        }
    }

    proptest! {
        #[test]
        fn like_the_csv_crate(rows in prop::collection::vec(prop::collection::vec("[a\",\n\r é]{0,6}", 1..5), 1..8)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(texts(&text), rows);
        }

        #[test]
        fn never_panics(text in prop::collection::vec(prop::sample::select(&b"a,\"\n\r"[..]), 0..40), last: bool) {
            let mut cells = Vec::new();
            let mut at = 0;
            while let Split::Record { end, .. } = split_record(&text, at, b',', last, ANY, &mut cells) {
                prop_assert!(end > at && end <= text.len());
                at = end;
            }
            prop_assert!(!last || at == text.len());
        }
    }
}
