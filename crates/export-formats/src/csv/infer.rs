//! Kinds of columns, and the file's token for "no value", from a sample of rows.

use export_core::marrow::datatypes::TimeUnit;
use export_core::text::TimestampStyle;

use super::kind::Kind;
use super::parse;
use super::split::Quoting;

/// Words that files use for "no value", besides nothing at all.
pub(super) const NULL_TOKENS: [&str; 4] = ["NA", "NULL", "null", "\\N"];

/// A quoted empty cell, as it stands in a file.
pub(super) const QUOTED_EMPTY: &str = "\"\"";

/// Which cells have no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NullRule {
    /// Those that are exactly this, without quotes.
    Bare(Vec<u8>),
    /// Quoted empty ones: the file quotes all of its cells, and a column of numbers has such.
    QuotedEmpty,
}

impl NullRule {
    /// The rule that a user names by how such cells look.
    pub(super) fn named(text: &str) -> Self {
        if text == QUOTED_EMPTY {
            Self::QuotedEmpty
        } else {
            Self::Bare(text.into())
        }
    }

    /// How such cells look, where they are not just empty.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Bare(token) if token.is_empty() => None,
            Self::Bare(token) => Some(String::from_utf8_lossy(token).into_owned()),
            Self::QuotedEmpty => Some(QUOTED_EMPTY.to_owned()),
        }
    }

    /// Whether a cell has no value.
    #[inline]
    pub(super) fn is_null(&self, cell: &[u8], quoting: Quoting) -> bool {
        match (self, quoting) {
            (_, Quoting::Unreadable) => true,
            // The first bytes, compared in place, spare most cells a call.
            (Self::Bare(token), Quoting::Bare) => cell.first() == token.first() && cell == token,
            (Self::QuotedEmpty, Quoting::Quoted) => cell.is_empty(),
            _ => false,
        }
    }
}

/// What a column can still be after the cells seen so far.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    /// Cells which are neither empty nor one of [`NULL_TOKENS`].
    ordinary: u64,
    tokens: [u64; NULL_TOKENS.len()],
    empty: u64,
    quoted_empty: u64,
    possible: Possible,
}

#[derive(Debug, Clone)]
struct Possible {
    bool: bool,
    int: bool,
    uint: bool,
    plain: bool,
    point: bool,
    /// Integers of any length.
    digits: Decimals,
    /// Decimals with as many digits after the point as the first cell.
    scaled: Decimals,
    date: bool,
    timestamp: Option<(TimeUnit, TimestampStyle)>,
}

#[derive(Debug, Clone, Copy)]
struct Decimals {
    /// Digits after the point; `None` once a cell is no such decimal.
    scale: Option<u8>,
    /// The largest unscaled value, sign left out.
    largest: u128,
}

impl Decimals {
    fn see(&mut self, cell: &[u8]) {
        match self.scale.and_then(|scale| parse::decimal(cell, scale)) {
            Some(unscaled) => self.largest = self.largest.max(unscaled.unsigned_abs()),
            None => self.scale = None,
        }
    }

    fn kind(self) -> Option<Kind> {
        self.scale.map(|scale| Kind::decimal(self.largest, scale))
    }
}

impl Possible {
    /// All that a column with this cell can be.
    fn first(cell: &[u8]) -> Self {
        let mut first = Self {
            bool: true,
            int: true,
            uint: true,
            plain: true,
            point: true,
            digits: Decimals {
                scale: Some(0),
                largest: 0,
            },
            scaled: Decimals {
                scale: parse::scale_of(cell),
                largest: 0,
            },
            date: true,
            timestamp: parse::timestamp_format(cell),
        };
        first.see(cell);
        first
    }

    fn see(&mut self, cell: &[u8]) {
        if self.int {
            // Most cells of most files: an integer is nothing but a number without a point.
            if let Some(v) = parse::int(cell) {
                self.uint = self.uint && v >= 0;
                self.plain = self.plain && v.unsigned_abs() < 1 << 53;
                self.digits.largest = self.digits.largest.max(u128::from(v.unsigned_abs()));
                (self.bool, self.point, self.date) = (false, false, false);
                (self.scaled.scale, self.timestamp) = (None, None);
                return;
            }
        }
        self.bool = self.bool && parse::boolean(cell).is_some();
        self.int = false;
        self.uint = self.uint && parse::uint(cell).is_some();
        if self.digits.scale.is_some() {
            self.digits.see(cell);
        }
        self.plain = self.plain && parse::float(cell, false).is_some();
        self.point = self.point && parse::float(cell, true).is_some();
        if self.scaled.scale.is_some() {
            self.scaled.see(cell);
        }
        self.date = self.date && parse::date(cell).is_some();
        self.timestamp = self
            .timestamp
            .filter(|&(unit, style)| parse::timestamp(cell, unit, style).is_some());
    }

    fn narrowest(&self) -> Kind {
        let flags = [
            (self.bool, Kind::Bool),
            (self.int, Kind::Int),
            (self.uint, Kind::UInt),
        ];
        let floats = [
            (self.plain, Kind::Float { point: false }),
            (self.point, Kind::Float { point: true }),
        ];
        let pick = |kinds: &[(bool, Kind)]| kinds.iter().find(|(is, _)| *is).map(|&(_, kind)| kind);
        pick(&flags)
            .or_else(|| self.digits.kind())
            .or_else(|| pick(&floats))
            .or_else(|| self.scaled.kind())
            .or_else(|| self.date.then_some(Kind::Date))
            .or_else(|| {
                self.timestamp
                    .map(|(unit, style)| Kind::Timestamp { unit, style })
            })
            .unwrap_or(Kind::Text)
    }

    fn is_text(&self) -> bool {
        self.narrowest() == Kind::Text
    }
}

impl Guess {
    pub(super) fn new() -> Self {
        Self {
            ordinary: 0,
            tokens: [0; NULL_TOKENS.len()],
            empty: 0,
            quoted_empty: 0,
            possible: Possible::first(b""),
        }
    }

    /// Takes a cell into account.
    pub(super) fn see(&mut self, cell: &[u8], quoting: Quoting) {
        match quoting {
            Quoting::Unreadable => return,
            Quoting::Bare if cell.is_empty() => return self.empty += 1,
            Quoting::Bare => {
                let mut counts = NULL_TOKENS.iter().zip(&mut self.tokens);
                if let Some((_, count)) = counts.find(|(token, _)| token.as_bytes() == cell) {
                    return *count += 1;
                }
            }
            _ if cell.is_empty() => return self.quoted_empty += 1,
            _ => {}
        }
        if self.ordinary == 0 {
            self.possible = Possible::first(cell);
        } else if !self.possible.is_text() {
            self.possible.see(cell);
        }
        self.ordinary += 1;
    }

    fn is_typed(&self) -> bool {
        self.ordinary > 0 && !self.possible.is_text()
    }

    /// The kind of the column, where cells as in `rule` have no value.
    pub(super) fn kind(&self, rule: &NullRule) -> Kind {
        let mut tokens = NULL_TOKENS
            .iter()
            .zip(self.tokens)
            .filter(|&(_, count)| count > 0);
        let other_tokens = tokens.any(|(token, _)| !rule.is_null(token.as_bytes(), Quoting::Bare));
        let empties_are_text = (self.empty > 0 && !rule.is_null(b"", Quoting::Bare))
            || (self.quoted_empty > 0 && !rule.is_null(b"", Quoting::Quoted));
        if other_tokens || empties_are_text {
            return Kind::Text;
        }
        if self.ordinary == 0 {
            Kind::Null
        } else {
            self.possible.narrowest()
        }
    }
}

/// The rule that makes most columns typed: empty cells have no value, unless a column that is otherwise typed has one of
/// [`NULL_TOKENS`], or a quoted empty cell where no column has a bare one.
pub(super) fn null_rule(guesses: &[Guess]) -> NullRule {
    let typed = || guesses.iter().filter(|guess| guess.is_typed());
    let votes = |at: usize| {
        typed()
            .filter(|guess| guess.tokens.get(at) > Some(&0))
            .count()
    };
    let best = NULL_TOKENS
        .iter()
        .enumerate()
        .map(|(at, token)| (votes(at), *token))
        .rev()
        .max_by_key(|&(votes, _)| votes)
        .filter(|&(votes, _)| votes > 0);
    let bare_empty = guesses.iter().any(|guess| guess.empty > 0);
    match best {
        Some((_, token)) => NullRule::Bare(token.into()),
        None if !bare_empty && typed().any(|guess| guess.quoted_empty > 0) => NullRule::QuotedEmpty,
        None => NullRule::Bare(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(cells: &[&str]) -> Guess {
        let mut guess = Guess::new();
        for cell in cells {
            guess.see(cell.as_bytes(), Quoting::Bare);
        }
        guess
    }

    fn kind(cells: &[&str]) -> Kind {
        guess(cells).kind(&NullRule::named(""))
    }

    #[test]
    fn kinds() {
        let decimal = |precision, scale| Kind::Decimal { precision, scale };
        assert_eq!(kind(&["true", "", "false"]), Kind::Bool);
        assert_eq!(kind(&["1", "-2"]), Kind::Int);
        assert_eq!(kind(&["1", "18446744073709551615"]), Kind::UInt);
        assert_eq!(kind(&["-1", "18446744073709551615"]), decimal(38, 0));
        assert_eq!(kind(&["1", "2.5"]), Kind::Float { point: false });
        assert_eq!(kind(&["1.0", "2.5"]), Kind::Float { point: true });
        assert_eq!(kind(&["1.50", "2.25"]), decimal(18, 2));
        assert_eq!(kind(&["1.50", "2.5"]), Kind::Text);
        assert_eq!(kind(&["123456789012345678.50", "2.25"]), decimal(38, 2));
        assert_eq!(kind(&["2013-01-01", "2013-01-02"]), Kind::Date);
        assert_eq!(kind(&["2013-01-01", "2013-02-30"]), Kind::Text);
        assert_eq!(kind(&["00501", "1"]), Kind::Text);
        assert_eq!(kind(&["1e5"]), Kind::Text);
        assert_eq!(kind(&["", ""]), Kind::Null);
        assert_eq!(kind(&["NA", "1"]), Kind::Text);
    }

    #[test]
    fn one_token_a_file() {
        let numbers = guess(&["1", "NA", "2"]);
        let words = guess(&["a", "NA", ""]);
        let rule = null_rule(&[numbers.clone(), words.clone()]);
        assert_eq!(rule, NullRule::named("NA"));
        assert_eq!(numbers.kind(&rule), Kind::Int);
        assert_eq!(guess(&["1", ""]).kind(&rule), Kind::Text);
        assert_eq!(guess(&["1", "NULL"]).kind(&rule), Kind::Text);
        assert_eq!(null_rule(&[words]), NullRule::named(""));
    }

    #[test]
    fn quoted_empties() {
        let mut quoted = guess(&["1"]);
        quoted.see(b"", Quoting::Quoted);
        let rule = null_rule(std::slice::from_ref(&quoted));
        assert_eq!(rule, NullRule::QuotedEmpty);
        assert_eq!(quoted.kind(&rule), Kind::Int);
        let rule = null_rule(&[quoted.clone(), guess(&["", "a"])]);
        assert_eq!(rule, NullRule::named(""));
        assert_eq!(quoted.kind(&rule), Kind::Text);
    }
}
