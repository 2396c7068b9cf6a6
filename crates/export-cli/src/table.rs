//! Tables of text, fitted to the width of a terminal.

use std::fmt::Write as _;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::console::Paint;

/// Narrowest that a column is cut to before whole columns are left out.
const NARROWEST: usize = 8;
/// Widest that a column gets where nothing says how much room there is.
pub(crate) const WIDEST: usize = 60;
/// Space between columns.
const GAP: &str = "  ";
/// What takes the place of text that was cut off.
const CUT: char = '…';

/// The head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// What stands over the column.
    pub(crate) title: String,
    /// Whether values are aligned to the right, as numbers are.
    pub(crate) right: bool,
}

impl Head {
    /// A column of text.
    pub(crate) fn text(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            right: false,
        }
    }

    /// A column of numbers.
    pub(crate) fn number(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            right: true,
        }
    }
}

/// One value of a table; its text holds no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    /// What is shown.
    pub(crate) text: String,
    /// Whether it steps back behind the others, as nulls do.
    pub(crate) dim: bool,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, dim: false }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

/// How wide each column is, for one or more blocks of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    heads: Vec<Head>,
    /// One entry a column that is shown; those to the right of them are left out.
    widths: Vec<usize>,
}

impl Layout {
    /// Widths for `heads` over `rows`, so that a line takes at most `room` columns of the terminal.
    pub(crate) fn new(heads: Vec<Head>, rows: &[Vec<Cell>], room: Option<usize>) -> Self {
        let mut widths: Vec<usize> = heads.iter().map(|head| head.title.width()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        match room {
            Some(room) => fit(&mut widths, room),
            None => widths
                .iter_mut()
                .for_each(|width| *width = (*width).min(WIDEST)),
        }
        Self { heads, widths }
    }

    /// Number of columns, shown or not.
    pub(crate) fn columns(&self) -> usize {
        self.heads.len()
    }

    /// Titles of the columns that have no place.
    pub(crate) fn left_out(&self) -> impl ExactSizeIterator<Item = &str> {
        self.heads
            .iter()
            .skip(self.widths.len())
            .map(|head| head.title.as_str())
    }

    /// Writes the line of titles.
    pub(crate) fn write_head(&self, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        let titles = self
            .heads
            .iter()
            .map(|head| (head.title.as_str(), paint.bold));
        self.write_line(titles, out)
    }

    /// Writes a line of values.
    pub(crate) fn write_row(
        &self,
        row: &[Cell],
        paint: Paint,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let plain = anstyle::Style::new();
        let cells = row
            .iter()
            .map(|cell| (cell.text.as_str(), if cell.dim { paint.dim } else { plain }));
        self.write_line(cells, out)
    }

    fn write_line<'a>(
        &self,
        cells: impl Iterator<Item = (&'a str, anstyle::Style)>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut line = String::new();
        let last = self.widths.len().saturating_sub(1);
        for (at, ((text, style), (&width, head))) in
            cells.zip(self.widths.iter().zip(&self.heads)).enumerate()
        {
            let text = cut(text, width);
            let pad = width.saturating_sub(text.width());
            if head.right {
                _ = write!(line, "{:pad$}{style}{text}{style:#}", "");
            } else {
                _ = write!(line, "{style}{text}{style:#}{:pad$}", "");
            }
            if at != last {
                line.push_str(GAP);
            }
        }
        writeln!(out, "{}", line.trim_end())
    }
}

/// Makes `widths` fit into `room`: cuts the widest columns first, then leaves out columns from the right.
fn fit(widths: &mut Vec<usize>, room: usize) {
    let total = |widths: &[usize], cap: usize| {
        let gaps = widths.len().saturating_sub(1) * GAP.len();
        widths.iter().map(|&width| width.min(cap)).sum::<usize>() + gaps
    };
    let cap = (NARROWEST..=room)
        .rev()
        .find(|&cap| total(widths, cap) <= room)
        .unwrap_or(NARROWEST);
    while widths.len() > 1 && total(widths, cap) > room {
        widths.pop();
    }
    for width in widths.iter_mut() {
        *width = (*width).min(cap).min(room.max(1));
    }
}

/// `text` in at most `width` columns.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        cut.push(character);
    }
    cut.push(CUT);
    cut
}

/// Writes a whole table.
pub(crate) fn write(
    heads: Vec<Head>,
    rows: &[Vec<Cell>],
    room: Option<usize>,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let layout = Layout::new(heads, rows, room);
    layout.write_head(paint, out)?;
    rows.iter()
        .try_for_each(|row| layout.write_row(row, paint, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(heads: Vec<Head>, rows: &[Vec<Cell>], room: Option<usize>) -> String {
        let mut out = Vec::new();
        write(heads, rows, room, Paint::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_right_text_left_nothing_trailing() {
        let heads = vec![Head::number("n"), Head::text("name")];
        let rows = [
            vec!["1".into(), "é".into()],
            vec!["1000".into(), "日本".into()],
        ];
        assert_eq!(
            table(heads, &rows, None),
            "   n  name\n   1  é\n1000  日本\n"
        );
    }

    #[test]
    fn widest_columns_are_cut_first() {
        let heads = vec![Head::text("a"), Head::text("b")];
        let rows = [vec!["short".into(), "a very long text indeed".into()]];
        assert_eq!(
            table(heads, &rows, Some(20)),
            "a      b\nshort  a very long …\n"
        );
    }

    #[test]
    fn columns_without_room_are_named() {
        let heads: Vec<_> = ["one", "two", "three"]
            .into_iter()
            .map(Head::text)
            .collect();
        let rows = [vec!["12345678".into(), "12345678".into(), "x".into()]];
        let layout = Layout::new(heads, &rows, Some(20));
        assert_eq!(layout.left_out().collect::<Vec<_>>(), ["three"]);
        let narrow = Layout::new(vec![Head::text("a title")], &[], Some(3));
        assert_eq!(narrow.widths, [3]);
    }

    #[test]
    fn cut_counts_columns_not_characters() {
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 1), "…");
    }
}
