//! Templates and columns to strings.

use super::output::{DIGITS, Output, decimal, hexadecimal};
use super::{Form, HEX_PIECE, series};
use crate::defect::{Defect, wide};
use crate::encoding::cursor::{Cursor, bounded};
use crate::nodes::Budget;

/// `count` strings of `size` bytes in all: where each ends, after a 0, and their bytes.
pub(crate) fn decode(
    parameters: &[u8],
    bytes: &[u8],
    (count, size): (usize, usize),
    budget: &mut Budget,
) -> Result<(Vec<usize>, Vec<u8>), Defect> {
    Cursor::new("template parameters", parameters).finish()?;
    let mut cursor = Cursor::new("templates", bytes);
    // Every template has a string, and every field a byte.
    let most = |what, count: u32, limit| bounded(what, count.into(), limit);
    let templates = most("number of templates", cursor.word()?, count)?;
    // Every column has a value, and takes its form and a length at least.
    let columns = cursor.word()?;
    let columns = most(
        "number of columns",
        columns,
        size.min(cursor.left() / COLUMN_LEAST),
    )?;
    budget.spend(columns, size_of::<Column<'_>>() + size_of::<usize>())?;
    let templates = Templates::read(&mut cursor, (templates, columns), size, budget)?;
    budget.spend(count, 2 * size_of::<usize>())?;
    let last = templates.starts.len().checked_sub(2);
    let ids = series::read_counts(&mut cursor, "template of a string", count, last)?;
    let values = templates.values_of_columns(&ids, columns, size)?;
    let mut columns = Vec::with_capacity(columns);
    for count in values {
        columns.push(Column::read(&mut cursor, count, budget)?);
    }
    cursor.finish()?;

    let mut output = Output::new(size);
    let mut ends = Vec::with_capacity(count.saturating_add(1));
    ends.push(0);
    for id in ids {
        for piece in templates.of(id) {
            let literal = templates.text.get(piece.start..).unwrap_or_default();
            output.push(literal, piece.length)?;
            if let Some(column) = piece.column.and_then(|column| columns.get_mut(column)) {
                column.write_next(&mut output)?;
            }
        }
        ends.push(output.end);
    }
    match columns.iter().all(Column::is_used_up) {
        true => Ok((ends, output.finish()?)),
        false => Err(Defect::Rule("text of a column is left over")),
    }
}

/// Fewest bytes that a column takes.
const COLUMN_LEAST: usize = 6;
/// What a literal and the field after it take while they are read, and after.
const PIECE_BYTES: usize = 64;

/// Literal text and the field after it.
struct Piece {
    /// Where it is in the text of all templates.
    start: usize,
    length: usize,
    column: Option<usize>,
}

struct Templates {
    /// The text of all, and some bytes more to copy.
    text: Vec<u8>,
    pieces: Vec<Piece>,
    /// The first piece of each template, and the end of the last one's.
    starts: Vec<usize>,
}

impl Templates {
    fn read(
        cursor: &mut Cursor<'_>,
        (templates, columns): (usize, usize),
        size: usize,
        budget: &mut Budget,
    ) -> Result<Self, Defect> {
        budget.spend(templates, PIECE_BYTES)?;
        let fields = series::read_counts(cursor, "fields of a template", templates, Some(size))?;
        let total = fields.iter().copied().fold(0, usize::saturating_add);
        let total = bounded("fields of all templates", wide(total), size)?;
        budget.spend(total, PIECE_BYTES)?;
        let what = "length of a template's text";
        let most = cursor.left();
        let lengths = series::read_counts(cursor, what, templates + total, Some(most))?;
        let what = "column of a field";
        let columns = series::read_counts(cursor, what, total, columns.checked_sub(1))?;
        let (mut lengths, mut columns) = (lengths.into_iter(), columns.into_iter());
        let mut pieces = Vec::with_capacity(templates + total);
        let (mut starts, mut start) = (vec![0], 0usize);
        for fields in fields {
            for column in columns.by_ref().take(fields).map(Some).chain([None]) {
                let length = lengths.next().unwrap_or(0);
                pieces.push(Piece {
                    start,
                    length,
                    column,
                });
                start = start.saturating_add(length);
            }
            starts.push(pieces.len());
        }
        let mut text = cursor.take(start)?.to_vec();
        text.extend([0; Output::COPIED]);
        Ok(Self {
            text,
            pieces,
            starts,
        })
    }

    fn of(&self, id: usize) -> &[Piece] {
        let range = self.starts.get(id).zip(self.starts.get(id + 1));
        range
            .and_then(|(&start, &end)| self.pieces.get(start..end))
            .unwrap_or_default()
    }

    /// How many values every column has, at most `size` in all.
    fn values_of_columns(
        &self,
        ids: &[usize],
        columns: usize,
        size: usize,
    ) -> Result<Vec<usize>, Defect> {
        let mut strings = vec![0usize; self.starts.len()];
        for &id in ids {
            if let Some(strings) = strings.get_mut(id) {
                *strings += 1;
            }
        }
        let mut values = vec![0usize; columns];
        let mut total = 0usize;
        for (id, strings) in strings.into_iter().enumerate() {
            for column in self.of(id).iter().filter_map(|piece| piece.column) {
                total = total.saturating_add(strings);
                if let Some(values) = values.get_mut(column) {
                    *values = values.saturating_add(strings);
                }
            }
        }
        bounded("fields of all strings", wide(total), size)?;
        match values.contains(&0) {
            true => Err(Defect::Rule("a column has no value")),
            false => Ok(values),
        }
    }
}

/// A column, from its next value on.
enum Column<'a> {
    Text {
        rest: &'a [u8],
        terminator: u8,
    },
    Dictionary {
        entries: Vec<&'a [u8]>,
        codes: std::vec::IntoIter<u64>,
    },
    Decimal {
        digits: usize,
        values: std::vec::IntoIter<u64>,
    },
    Hex {
        digits: usize,
        upper: bool,
        pieces: Vec<std::vec::IntoIter<u64>>,
    },
}

impl<'a> Column<'a> {
    fn read(cursor: &mut Cursor<'a>, count: usize, budget: &mut Budget) -> Result<Self, Defect> {
        let stored = [cursor.word()?, cursor.word()?];
        let form = Form::from_bytes(stored).ok_or(Defect::Range {
            what: "form of a column",
            found: u16::from_le_bytes(stored).into(),
        })?;
        let read_series = |cursor: &mut Cursor<'a>, budget: &mut Budget| {
            budget.spend(count, size_of::<u64>())?;
            Ok(series::read(cursor, count)?.into_iter())
        };
        let hex = |cursor: &mut Cursor<'a>, budget: &mut Budget, digits: u8, upper| {
            let pieces = (0..digits.div_ceil(HEX_PIECE)).map(|_| read_series(cursor, budget));
            Ok(Self::Hex {
                digits: digits.into(),
                upper,
                pieces: pieces.collect::<Result<_, Defect>>()?,
            })
        };
        match form {
            Form::Text { terminator } => Ok(Self::Text {
                rest: read_text(cursor)?,
                terminator,
            }),
            Form::Dictionary { terminator } => {
                let mut rest = read_text(cursor)?;
                let mut entries = Vec::new();
                // An entry is two bytes long at least.
                budget.spend(rest.len(), size_of::<&[u8]>() / 2)?;
                while !rest.is_empty() {
                    entries.push(next_text(&mut rest, terminator)?);
                }
                let codes = read_series(cursor, budget)?;
                Ok(Self::Dictionary { entries, codes })
            }
            Form::Number => Ok(Self::Decimal {
                digits: 1,
                values: read_series(cursor, budget)?,
            }),
            Form::Digits(digits) => Ok(Self::Decimal {
                digits: digits.into(),
                values: below(
                    read_series(cursor, budget)?,
                    10u64.checked_pow(digits.into()),
                )?,
            }),
            Form::LowerHex(digits) => hex(cursor, budget, digits, false),
            Form::UpperHex(digits) => hex(cursor, budget, digits, true),
        }
    }

    /// Writes the next value.
    #[inline]
    fn write_next(&mut self, output: &mut Output) -> Result<(), Defect> {
        match self {
            Self::Text { rest, terminator } => {
                let from = *rest;
                let text = next_text(rest, *terminator)?;
                output.push(from, text.len())
            }
            Self::Dictionary { entries, codes } => {
                let code = codes.next().unwrap_or(0);
                let entry = usize::try_from(code)
                    .ok()
                    .and_then(|code| entries.get(code));
                let entry = entry.ok_or(Defect::Range {
                    what: "code of an entry",
                    found: code,
                })?;
                output.push(entry, entry.len())
            }
            Self::Decimal { digits, values } => {
                let (room, length) = decimal(values.next().unwrap_or(0), *digits);
                output.push(room.get(DIGITS - length..).unwrap_or_default(), length)
            }
            Self::Hex {
                digits,
                upper,
                pieces,
            } => {
                let mut left = *digits;
                for piece in pieces {
                    let length = left.min(HEX_PIECE.into());
                    left -= length;
                    let text = hexadecimal(piece.next().unwrap_or(0), *upper);
                    let start = text.len() - length;
                    output.push(text.get(start..).unwrap_or_default(), length)?;
                }
                Ok(())
            }
        }
    }

    /// Numbers are as many as are due; text may be more.
    fn is_used_up(&self) -> bool {
        match self {
            Self::Text { rest, .. } => rest.is_empty(),
            _ => true,
        }
    }
}

fn read_text<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Defect> {
    let length: u32 = cursor.word()?;
    cursor.take(bounded(
        "length of a column's text",
        length.into(),
        usize::MAX,
    )?)
}

/// The text before the next terminator, which must not be empty.
#[inline]
fn next_text<'a>(rest: &mut &'a [u8], terminator: u8) -> Result<&'a [u8], Defect> {
    let end = rest.iter().position(|byte| *byte == terminator);
    let end = end.filter(|end| *end > 0);
    let text = end.and_then(|end| rest.split_at_checked(end));
    let (text, after) = text.ok_or(Defect::Rule("a value of a column has no text or no end"))?;
    *rest = after.get(1..).unwrap_or_default();
    Ok(text)
}

/// The values, found to be below `limit`.
fn below(
    values: std::vec::IntoIter<u64>,
    limit: Option<u64>,
) -> Result<std::vec::IntoIter<u64>, Defect> {
    let most = values.as_slice().iter().copied().max().unwrap_or(0);
    match limit.is_none_or(|limit| most < limit) {
        true => Ok(values),
        false => Err(Defect::Range {
            what: "number of so many digits",
            found: most,
        }),
    }
}
