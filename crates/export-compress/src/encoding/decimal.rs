//! Encoding 8: floats that are decimal numbers of few digits, as integers: 12.34 is 1234 hundredths. The idea is that of ALP
//! (Afroozeh, Kuffo and Boncz, SIGMOD 2024). Dividing by a power of ten, which rounds correctly, in place of multiplying by
//! its inverse, which does not, spares the second exponent and leaves fewer exceptions.

use super::bit_packed::MINIBLOCK;
use super::cursor::{Cursor, bounded};
use super::{Encoding, Recipe, decode_words, encode_words, entropy};
use crate::choice::float;
use crate::defect::{Defect, wide};
use crate::word::{Kind, Word};
use export_core::EncodingId;

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/// Most digits after the point that the writer looks for, and most zeros before it.
const MOST_DIGITS: i8 = 17;
const MOST_ZEROS: i8 = 9;
/// Values that the number of digits is chosen by.
const SAMPLE: usize = 128;
/// Added to a double below 2⁵¹, it leaves the nearest integer in the lowest bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// A unit of 10^-digits.
#[derive(Debug, Clone, Copy)]
struct Scale {
    digits: i8,
    power: f64,
}

impl Scale {
    /// `None` where 10^|digits| is no double.
    fn new(digits: i8) -> Option<Self> {
        let power = *POWERS.get(usize::from(digits.unsigned_abs()))?;
        Some(Self { digits, power })
    }

    /// The nearest integer number of units; any integer where there is none.
    #[inline]
    fn units<W: Word>(&self, word: W) -> W {
        let value = to_double(word);
        let units = match self.digits >= 0 {
            true => value * self.power,
            false => value / self.power,
        };
        let rounded = (units + ROUNDER).to_bits();
        W::join(rounded.wrapping_sub(ROUNDER.to_bits()), 0)
    }

    /// The float of a number of units.
    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        reason = "the format says: to the nearest double"
    )]
    fn value<W: Word>(&self, units: W) -> W {
        let units = to_signed(units) as f64;
        from_double(match self.digits >= 0 {
            true => units / self.power,
            false => units * self.power,
        })
    }
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "words of 32 bits have no more"
)]
fn to_double<W: Word>(word: W) -> f64 {
    match W::BYTES {
        4 => f32::from_bits(word.low() as u32).into(),
        _ => f64::from_bits(word.low()),
    }
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the format says: to the nearest float"
)]
fn from_double<W: Word>(value: f64) -> W {
    match W::BYTES {
        4 => W::join((value as f32).to_bits().into(), 0),
        _ => W::join(value.to_bits(), 0),
    }
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "words of 32 bits have no more"
)]
fn to_signed<W: Word>(word: W) -> i64 {
    match W::BYTES {
        4 => (word.low() as u32).cast_signed().into(),
        _ => word.low().cast_signed(),
    }
}

/// Floats as integers, and those that are none.
pub(crate) struct Decimals<W> {
    digits: i8,
    /// Signed; where a value is an exception, the one before.
    pub(crate) units: Vec<W>,
    positions: Vec<u32>,
    exceptions: Vec<W>,
}

/// `None` where values are no floats of 32 or 64 bits, or more than an eighth of them are no decimals.
pub(crate) fn decimals<W: Word>(values: &[W], kind: Kind) -> Option<Decimals<W>> {
    if kind != Kind::Float || !matches!(W::BYTES, 4 | 8) {
        return None;
    }
    let scale = best_scale(values)?;
    let mut decimals = Decimals {
        digits: scale.digits,
        units: Vec::with_capacity(values.len()),
        positions: Vec::new(),
        exceptions: Vec::new(),
    };
    let mut last = W::ZERO;
    for (value, position) in values.iter().zip(0..) {
        let units = scale.units(*value);
        if scale.value(units) == *value {
            last = units;
        } else {
            decimals.positions.push(position);
            decimals.exceptions.push(*value);
        }
        decimals.units.push(last);
    }
    (decimals.exceptions.len() <= values.len() / 8).then_some(decimals)
}

/// How integers are best entropy-coded, and bits a value that this takes, about. `None` where the encoding does not apply.
pub(crate) fn survey<W: Word>(values: &[W], kind: Kind) -> Option<(entropy::Survey, f64)> {
    let decimals = decimals(values, kind)?;
    let (survey, bits) = entropy::survey(&decimals.units, Kind::Signed)?;
    let exceptions = decimals.exceptions.len() * (W::BYTES + 4) * 8;
    Some((
        survey,
        bits + float(exceptions) / float(values.len().max(1)),
    ))
}

/// The scale that makes a sample cheapest: bits of the range of units, and exceptions in full.
fn best_scale<W: Word>(values: &[W]) -> Option<Scale> {
    let step = values.len().div_ceil(SAMPLE).max(1);
    // Not all at the same place of their parts: what counts up would seem to count in larger steps.
    let parts = values.chunks(step).enumerate();
    let sample = parts.filter_map(|(at, part)| part.get(at * 37 % part.len()).copied());
    let sample: Vec<W> = sample.collect();
    let cost = |scale: &Scale| {
        let (mut least, mut most, mut exact) = (i64::MAX, i64::MIN, 0);
        for value in &sample {
            let units = scale.units(*value);
            if scale.value(units) == *value {
                least = least.min(to_signed(units));
                most = most.max(to_signed(units));
                exact += 1;
            }
        }
        let range = most.wrapping_sub(least).cast_unsigned();
        let bits = if exact == 0 {
            0
        } else {
            (u64::BITS - range.leading_zeros()) as usize
        };
        exact * bits + (sample.len() - exact) * (W::BYTES + 4) * 8
    };
    let scales = (-MOST_ZEROS..=MOST_DIGITS).filter_map(Scale::new);
    let best = scales
        .map(|scale| (cost(&scale), scale))
        .min_by_key(|(cost, _)| *cost)?;
    // Not even the sample gains.
    (best.0 <= sample.len() * W::BYTES * 8 * 7 / 8).then_some(best.1)
}

/// Encodes floats; the integers by entropy coding where the recipe says so, else packed.
pub(crate) fn encode<W: Word>(
    values: &[W],
    kind: Kind,
    recipe: Recipe,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let decimals = decimals(values, kind)?;
    let units = &decimals.units;
    let packed = match units.len() >= MINIBLOCK {
        true => [Encoding::LanePacked, Encoding::LaneDelta],
        false => [Encoding::BitPacked, Encoding::Delta],
    };
    let inner = match recipe.entropy {
        true => Encoding::Entropy,
        // Packing is done in a moment: the first values say which.
        false => {
            let some = units.get(..4 * MINIBLOCK).unwrap_or(units);
            let size = |encoding: &Encoding| {
                let encoded = encode_words(some, Kind::Signed, Recipe::new(*encoding));
                encoded.map_or(usize::MAX, |encoded| encoded.bytes.len())
            };
            packed.into_iter().min_by_key(size)?
        }
    };
    let recipe = Recipe {
        survey: recipe.survey,
        ..Recipe::new(inner)
    };
    let encoded = encode_words(units, Kind::Signed, recipe)?;
    let mut parameters = decimals.digits.to_le_bytes().to_vec();
    parameters.extend(inner.id().0.to_le_bytes());
    parameters.extend(&encoded.parameters);
    let count = u32::try_from(decimals.positions.len()).ok()?;
    let mut bytes = count.to_le_bytes().to_vec();
    bytes.extend_from_slice(bytemuck::cast_slice(&decimals.positions));
    bytes.extend_from_slice(bytemuck::cast_slice(&decimals.exceptions));
    bytes.extend_from_slice(&encoded.bytes);
    Some((parameters, bytes))
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    if !matches!(W::BYTES, 4 | 8) {
        return Err(Defect::Inapplicable {
            what: "decimal",
            to: "words of this width",
        });
    }
    let mut parameters = Cursor::new("decimal parameters", parameters);
    let digits = parameters.word::<u8>()?;
    let scale = Scale::new(digits.cast_signed()).ok_or(Defect::Range {
        what: "number of digits",
        found: digits.into(),
    })?;
    let inner = Encoding::find(EncodingId(parameters.word()?))?;
    if inner == Encoding::Decimal {
        return Err(Defect::Rule(
            "the units of decimals are decimals themselves",
        ));
    }
    let mut cursor = Cursor::new("decimals", bytes);
    let exceptions = cursor.word::<u32>()?.into();
    let exceptions = bounded("number of exceptions", exceptions, count)?;
    let mut positions = Cursor::new("exception positions", cursor.take(exceptions * 4)?);
    let mut words = Cursor::new("exceptions", cursor.take(exceptions * W::BYTES)?);
    let mut values: Vec<W> = decode_words(inner, parameters.rest(), cursor.rest(), count)?;
    for value in &mut values {
        *value = scale.value(*value);
    }
    let mut next = 0;
    for _ in 0..exceptions {
        let position = positions.word::<u32>()? as usize;
        match values.get_mut(position) {
            Some(value) if position >= next => *value = words.word()?,
            _ => {
                return Err(Defect::Range {
                    what: "position of an exception",
                    found: wide(position),
                });
            }
        }
        next = position + 1;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{damaged, shapes};

    fn recipe(entropy: bool) -> Recipe {
        Recipe {
            entropy,
            ..Recipe::new(Encoding::Decimal)
        }
    }

    fn trip<W: Word>(values: &[W], entropy: bool) -> Option<usize> {
        let (parameters, bytes) = encode(values, Kind::Float, recipe(entropy))?;
        let back: Vec<W> = decode(&parameters, &bytes, values.len()).unwrap();
        assert!(back == values);
        Some(bytes.len())
    }

    #[test]
    fn any_words_come_back_or_are_declined() {
        for entropy in [false, true] {
            for shape in shapes::<u64>() {
                trip(&shape, entropy);
            }
            for shape in shapes::<u32>() {
                trip(&shape, entropy);
            }
        }
        assert!(encode(&[1_u64], Kind::Unsigned, recipe(false)).is_none());
        assert!(encode(&[1_u16], Kind::Float, recipe(false)).is_none());
    }

    #[test]
    fn every_decimal_of_fifteen_digits_is_exact() {
        for digits in [0_i32, 1, 2, 7, 15] {
            let numbers = (0..5000_u64)
                .map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 1_000_000_000_000_000);
            let texts = numbers.map(|n| format!("{n}e-{digits}"));
            let words: Vec<u64> = texts
                .map(|text| text.parse::<f64>().unwrap().to_bits())
                .collect();
            let decimals = decimals(&words, Kind::Float).unwrap();
            assert!(decimals.exceptions.is_empty(), "{digits}");
            trip(&words, false).unwrap();
        }
        let prices: Vec<u32> = (0..5000_u16)
            .map(|i| (f32::from(i) / 100.0).to_bits())
            .collect();
        assert!(
            decimals(&prices, Kind::Float)
                .unwrap()
                .exceptions
                .is_empty()
        );
        assert!(trip(&prices, false).unwrap() < 5000 * 2);
        let round: Vec<u64> = (0..5000_u32)
            .map(|i| f64::from(i % 90 * 10_000).to_bits())
            .collect();
        assert!(trip(&round, false).unwrap() < 5000);
    }

    #[test]
    fn what_is_no_decimal_is_an_exception() {
        let mut words: Vec<u64> = (0..2000_u32)
            .map(|i| (f64::from(i) / 10.0).to_bits())
            .collect();
        let odd = [
            f64::NAN,
            -0.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e300,
            5e-324,
            std::f64::consts::PI,
        ];
        for (at, odd) in odd.into_iter().enumerate() {
            words[at * 200] = odd.to_bits();
        }
        words[77] = 0x7FF8_0000_1234_5678;
        assert_eq!(decimals(&words, Kind::Float).unwrap().exceptions.len(), 8);
        for entropy in [false, true] {
            trip(&words, entropy).unwrap();
        }
        assert!(encode(&[f64::NAN.to_bits(); 100], Kind::Float, recipe(false)).is_none());
    }

    #[test]
    fn damage_is_refused_or_harmless() {
        let mut words: Vec<u64> = (0..150_u32)
            .map(|i| (f64::from(i * i) / 100.0).to_bits())
            .collect();
        words[40] = f64::NAN.to_bits();
        for entropy in [false, true] {
            let (parameters, bytes) = encode(&words, Kind::Float, recipe(entropy)).unwrap();
            for (parameters, bytes) in damaged(&parameters, &bytes) {
                for count in [words.len(), words.len() + 1, 0] {
                    if let Ok(values) = decode::<u64>(&parameters, &bytes, count) {
                        assert_eq!(values.len(), count);
                    }
                }
            }
        }
        let nested = [0, 8, 0, 0, 3, 0, 0];
        assert!(decode::<u64>(&nested, &[0; 4], 0).is_err());
    }
}
