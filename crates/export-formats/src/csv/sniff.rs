//! How a file is written: its delimiter, and whether its first row is a header.

use super::kind::Kind;
use super::split::{Split, split_record};

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Records looked at for the delimiter.
const RECORDS: usize = 200;

/// The delimiter that splits most of the first records into the same number of cells, more than one; a comma where none does.
///
/// `whole` says that `head` is the whole file.
pub(super) fn delimiter(head: &[u8], whole: bool) -> u8 {
    candidates(head, whole).map_or(b',', |(delimiter, _)| delimiter)
}

/// Cells of a record that are counted; more are no table that anyone means.
const MOST_CELLS: usize = 1 << 20;

/// The best delimiter and the share of records it fits, if any splits them.
fn candidates(head: &[u8], whole: bool) -> Option<(u8, f64)> {
    DELIMITERS
        .iter()
        .rev()
        .filter_map(|&delimiter| {
            let (fits, columns) = fit(head, whole, delimiter)?;
            Some((delimiter, fits, columns))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1).then(a.2.cmp(&b.2)))
        .map(|(delimiter, fits, _)| (delimiter, fits))
}

/// The share of records that have as many cells as the first, and how many those are. `None` for a single column.
#[expect(clippy::cast_precision_loss, reason = "at most RECORDS")]
fn fit(head: &[u8], whole: bool, delimiter: u8) -> Option<(f64, usize)> {
    let (mut at, mut records, mut fits, mut columns) = (0, 0_usize, 0_usize, 0);
    let mut cells = Vec::new();
    while records < RECORDS {
        cells.clear();
        let Split::Record { end, malformed } =
            split_record(head, at, delimiter, whole, MOST_CELLS, &mut cells)
        else {
            break;
        };
        at = end;
        if matches!(cells.as_slice(), [cell] if cell.raw(head).is_empty()) {
            continue;
        }
        if records == 0 {
            columns = cells.len();
        }
        records += 1;
        fits += usize::from(cells.len() == columns && malformed.is_none());
    }
    (columns > 1).then(|| (fits as f64 / records as f64, columns))
}

/// Whether `head` may well be the start of a table: text that a delimiter splits evenly, or a column of numbers.
pub(super) fn looks_like(head: &[u8], delimiter: Option<u8>) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let json = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    if !text || json || head.contains(&0) {
        return false;
    }
    let fits = match delimiter {
        Some(delimiter) => fit(head, false, delimiter).or_else(|| fit(head, true, delimiter)),
        None => candidates(head, false)
            .or_else(|| candidates(head, true))
            .map(|(_, fits)| (fits, 2)),
    };
    match fits {
        Some((share, _)) => share > 0.9,
        None => is_typed_column(head),
    }
}

/// Whether all lines but the first, which may be a name, are numbers, dates or the like, or empty. Prose is no table.
fn is_typed_column(head: &[u8]) -> bool {
    let lines = head.split(|&byte| byte == b'\n').skip(1).take(RECORDS);
    let mut kinds = lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .map(Kind::of)
        .peekable();
    kinds.peek().is_some() && kinds.all(|kind| kind != Kind::Text)
}

/// Whether the first row names the columns, given the kinds of the columns below it.
///
/// It does where one of its cells does not fit a column of numbers, dates or the like, or where there is no such column and
/// no cell that looks like one's.
pub(super) fn is_header<'a>(first: impl Iterator<Item = &'a [u8]> + Clone, kinds: &[Kind]) -> bool {
    let typed = || {
        let typed = |kind: &Kind| !matches!(kind, Kind::Null | Kind::Text);
        first
            .clone()
            .zip(kinds)
            .filter(move |(cell, kind)| !cell.is_empty() && typed(kind))
    };
    if typed().any(|(cell, kind)| !kind.accepts(cell)) {
        return true;
    }
    typed().next().is_none() && first.clone().all(|cell| Kind::of(cell) == Kind::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        assert_eq!(delimiter(b"a,b\n1,2\n", true), b',');
        assert_eq!(delimiter(b"a;b\n1,5;2\n2,5;3\n", true), b';');
        assert_eq!(delimiter(b"a\tb c, d\n1\t2\n", true), b'\t');
        assert_eq!(delimiter(b"a|b|c\n1|2|3\n", true), b'|');
        assert_eq!(delimiter(b"text\n12:30, noon\n", true), b',');
        assert_eq!(delimiter(b"\"a;b\",c\n\"x;y\",d\n", true), b',');
        assert_eq!(delimiter(b"", true), b',');
    }

    #[test]
    fn headers() {
        let is =
            |first: &[&str], kinds: &[Kind]| is_header(first.iter().map(|c| c.as_bytes()), kinds);
        assert!(is(&["a", "b"], &[Kind::Int, Kind::Text]));
        assert!(is(&["a", "b"], &[Kind::Text, Kind::Text]));
        assert!(is(&["", "b"], &[Kind::Int, Kind::Text]));
        assert!(!is(&["1", "b"], &[Kind::Int, Kind::Text]));
        assert!(!is(&["1", "b"], &[Kind::Null, Kind::Null]));
    }

    #[test]
    fn tables() {
        assert!(looks_like(b"a,b\n1,2\n", None));
        assert!(!looks_like(b"{\"a\":1,\"b\":2}\n", None));
        assert!(!looks_like(b"PAR1\0\0,", None));
        assert!(!looks_like(b"plain prose\n", None));
        assert!(looks_like(b"name\n1\n\n2\n", None));
    }
}
