//! Encoding 12: strings as templates and columns of what varies between strings of one template.
//!
//! A run is a longest piece of letters and digits. Strings that are equal but for the runs with a digit in them have one
//! *shape*; frequent shapes become templates, rare ones of like structure are merged to templates that leave words open as
//! well ([`merge`]), and what is left over is kept whole. Fields after the same beginning share a column, so that a time in
//! front of every line is one series, whatever follows it. A column of numbers is a series of words, which other encodings
//! of this crate make small.

mod column;
mod decode;
mod encode;
mod merge;
mod output;
mod scan;
mod series;
#[cfg(test)]
mod tests;

use super::bit_packed::Widths;
pub(crate) use decode::decode;
pub(crate) use encode::encode;

/// How series are written; a reader does not need to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Whether bits or whole bytes are packed.
    pub(crate) widths: Widths,
    /// Whether entropy coding is tried: it costs twice the time and saves a tenth or so.
    pub(crate) entropy: bool,
}

/// How the values of a column are written in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// As they are, each before a terminator.
    Text { terminator: u8 },
    /// Numbers of entries, which are each before a terminator.
    Dictionary { terminator: u8 },
    /// Decimal numbers without a zero in front.
    Number,
    /// Decimal numbers of so many digits, zeros in front.
    Digits(u8),
    /// Hexadecimal numbers of so many digits, which are lower case.
    LowerHex(u8),
    /// Hexadecimal numbers of so many digits, which are upper case.
    UpperHex(u8),
}

/// A decimal number of so many digits is below 2^64.
const MOST_DIGITS: u8 = 19;
/// Hexadecimal digits that a word of 64 bits holds.
const HEX_PIECE: u8 = 16;
/// Longest hexadecimal number: four words.
const MOST_HEX: u8 = 64;

impl Form {
    /// Its number in the encoded bytes, and the parameter after that.
    fn to_bytes(self) -> [u8; 2] {
        match self {
            Self::Text { terminator } => [0, terminator],
            Self::Dictionary { terminator } => [1, terminator],
            Self::Number => [2, 0],
            Self::Digits(digits) => [3, digits],
            Self::LowerHex(digits) => [4, digits],
            Self::UpperHex(digits) => [5, digits],
        }
    }

    /// `None` where there is no such form.
    fn from_bytes([number, parameter]: [u8; 2]) -> Option<Self> {
        let hex = (1..=MOST_HEX).contains(&parameter);
        match number {
            0 => Some(Self::Text {
                terminator: parameter,
            }),
            1 => Some(Self::Dictionary {
                terminator: parameter,
            }),
            2 if parameter == 0 => Some(Self::Number),
            3 if (1..=MOST_DIGITS).contains(&parameter) => Some(Self::Digits(parameter)),
            4 if hex => Some(Self::LowerHex(parameter)),
            5 if hex => Some(Self::UpperHex(parameter)),
            _ => None,
        }
    }
}
