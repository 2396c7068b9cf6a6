//! One column on its way into a block: the form that its values have in common, and their bytes.

use super::scan::{Class, Span, class};
use super::{Form, HEX_PIECE, MOST_DIGITS, MOST_HEX, Style, series};
use crate::dictionary::{self, Dictionary};

pub(super) struct Column<'d> {
    pub(super) form: Form,
    /// What all values begin with, which is not in the column.
    pub(super) before: &'d [u8],
    /// What all values end with, which is not in the column.
    pub(super) after: &'d [u8],
    pub(super) bytes: Vec<u8>,
}

impl<'d> Column<'d> {
    /// `None` where values have every byte there is, so that none is left to end them.
    pub(super) fn new(data: &'d [u8], spans: &[Span], style: Style) -> Option<Self> {
        let mut values: Vec<&[u8]> = spans.iter().map(|span| span.of(data)).collect();
        let (before, after) = strip(&mut values);
        let (form, bytes) = numbers(&values, style)
            .or_else(|| dictionary(&values, style))
            .or_else(|| hex(&values, style))
            .or_else(|| text(&values))?;
        Some(Self {
            form,
            before,
            after,
            bytes,
        })
    }

    /// Strings as they are, whatever they hold.
    pub(super) fn whole(data: &'d [u8], spans: &[Span]) -> Option<Self> {
        let values: Vec<&[u8]> = spans.iter().map(|span| span.of(data)).collect();
        let (form, bytes) = text(&values)?;
        Some(Self {
            form,
            before: &[],
            after: &[],
            bytes,
        })
    }
}

/// Takes letters from both ends of all values, or `0x` from the front, where that leaves numbers.
fn strip<'d>(values: &mut [&'d [u8]]) -> (&'d [u8], &'d [u8]) {
    let none: (&[u8], &[u8]) = (&[], &[]);
    let Some(&first) = values.first() else {
        return none;
    };
    let is_letter = |byte: &&u8| class(**byte) == Class::Letter;
    let before = match first.starts_with(b"0x") && first.len() > 2 {
        true => 2,
        false => first.iter().take_while(is_letter).count(),
    };
    let after = match before == 2 && first.starts_with(b"0x") {
        true => 0,
        false => first.iter().rev().take_while(is_letter).count(),
    };
    let (Some(front), Some(back)) = (
        first.get(..before),
        first.get(first.len().saturating_sub(after)..),
    ) else {
        return none;
    };
    let inner = |value: &&'d [u8]| {
        let inner = value.strip_prefix(front)?.strip_suffix(back)?;
        (!inner.is_empty()).then_some(inner)
    };
    let is_worth_it = before + after > 0 && values.iter().all(|value| inner(value).is_some());
    if !is_worth_it {
        return none;
    }
    for value in values {
        *value = inner(value).unwrap_or_default();
    }
    (front, back)
}

/// Decimal numbers, if that is what they are.
fn numbers(values: &[&[u8]], style: Style) -> Option<(Form, Vec<u8>)> {
    let digits = values.first()?.len();
    let minimal: Option<Vec<u64>> = values.iter().map(|value| number(value)).collect();
    let (form, numbers) = match minimal {
        Some(numbers) => (Form::Number, numbers),
        None => {
            let form = Form::Digits(u8::try_from(digits).ok()?);
            let parse = |value: &&[u8]| decimal(value).filter(|_| value.len() == digits);
            (form, values.iter().map(parse).collect::<Option<_>>()?)
        }
    };
    let mut bytes = Vec::with_capacity(numbers.len() * 4);
    series::write(&numbers, style, &mut bytes);
    Some((form, bytes))
}

/// A decimal number without a zero in front.
fn number(text: &[u8]) -> Option<u64> {
    match text {
        [b'0', _, ..] => None,
        _ => decimal(text),
    }
}

/// A decimal number of at most 19 digits.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > usize::from(MOST_DIGITS) {
        return None;
    }
    let mut number = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

/// Hexadecimal numbers of one length and case, if that is what they are.
fn hex(values: &[&[u8]], style: Style) -> Option<(Form, Vec<u8>)> {
    let digits = u8::try_from(values.first()?.len()).ok()?;
    let is_upper = |value: &&[u8]| value.iter().any(u8::is_ascii_uppercase);
    let upper = values.iter().any(is_upper);
    let form = match upper {
        true => Form::UpperHex(digits),
        false => Form::LowerHex(digits),
    };
    if digits > MOST_HEX {
        return None;
    }
    let pieces = usize::from(digits.div_ceil(HEX_PIECE));
    let mut columns = vec![Vec::with_capacity(values.len()); pieces];
    for value in values {
        if value.len() != usize::from(digits) {
            return None;
        }
        let texts = value.chunks(HEX_PIECE.into());
        for (column, text) in columns.iter_mut().zip(texts) {
            column.push(hexadecimal(text, upper)?);
        }
    }
    let mut bytes = Vec::with_capacity(values.len() * 8 * pieces);
    for column in columns {
        series::write(&column, style, &mut bytes);
    }
    Some((form, bytes))
}

/// A hexadecimal number of at most 16 digits and this case.
fn hexadecimal(text: &[u8], upper: bool) -> Option<u64> {
    let digits = if upper { &UPPER } else { &LOWER };
    let (mut number, mut all) = (0, 0);
    for byte in text {
        let digit = digits.get(usize::from(*byte)).copied().unwrap_or(NO_DIGIT);
        number = number << 4 | u64::from(digit & 15);
        all |= digit;
    }
    (all < NO_DIGIT).then_some(number)
}

const NO_DIGIT: u8 = 16;
static LOWER: [u8; 256] = digits(b'a');
static UPPER: [u8; 256] = digits(b'A');

/// What each byte is worth where letters begin with this one.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn digits(letter: u8) -> [u8; 256] {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        let byte = match digit {
            0..10 => b'0' + digit,
            _ => letter + digit - 10,
        };
        digits[byte as usize] = digit;
        digit += 1;
    }
    digits
}

/// A dictionary, if a third of the values are enough for it.
fn dictionary(values: &[&[u8]], style: Style) -> Option<(Form, Vec<u8>)> {
    let all = values.iter().map(|value| Some(*value));
    let Dictionary { codes, entries } = dictionary::of_bytes(all, values.len() / 3)?;
    let (Form::Text { terminator }, mut bytes) = text(&entries)? else {
        return None;
    };
    let codes: Vec<u64> = codes.into_iter().map(u64::from).collect();
    series::write(&codes, style, &mut bytes);
    Some((Form::Dictionary { terminator }, bytes))
}

/// Each value before a byte that none of them has.
fn text(values: &[&[u8]]) -> Option<(Form, Vec<u8>)> {
    let mut taken = [false; 256];
    let mut size = values.len();
    for value in values {
        size += value.len();
        for byte in *value {
            if let Some(taken) = taken.get_mut(usize::from(*byte)) {
                *taken = true;
            }
        }
    }
    let free = |byte: &u8| taken.get(usize::from(*byte)) == Some(&false);
    let terminator = [b'\n'].into_iter().chain(0..=255).find(free)?;
    let mut bytes = Vec::with_capacity(size + 4);
    bytes.extend(u32::try_from(size).ok()?.to_le_bytes());
    for value in values {
        bytes.extend_from_slice(value);
        bytes.push(terminator);
    }
    Some((Form::Text { terminator }, bytes))
}
