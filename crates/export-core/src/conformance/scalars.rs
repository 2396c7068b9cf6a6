//! Values of flat types.

use half::f16;
use marrow::datatypes::TimeUnit;

use super::batches::Shape;
use super::random::Random;
use crate::array::bits;
use crate::text::units_per_second;

/// A validity bitmap of `rows` slots for a shape; `None` where no slot is null.
pub(super) fn validity(
    nullable: bool,
    shape: Shape,
    rows: usize,
    random: &mut Random,
) -> Option<Vec<u8>> {
    if !nullable || matches!(shape, Shape::Rising) {
        return None;
    }
    // A bitmap of ones is as good as none.
    if shape == Shape::Full && random.once_in(2) {
        return None;
    }
    let mut validity = Vec::new();
    for row in 0..rows {
        let valid = match shape {
            Shape::Full | Shape::Rising => true,
            Shape::Null => false,
            Shape::Few => !random.once_in(3),
            Shape::Runs => row / 29 % 3 != 1,
            Shape::Extreme => row % 5 != 4,
        };
        bits::push(&mut validity, row, valid);
    }
    Some(validity)
}

/// Integers of any width, as the low bits of what is returned.
pub(super) fn integers<T: Copy>(
    shape: Shape,
    rows: usize,
    random: &mut Random,
    extremes: &[T],
    from_bits: impl Fn(u128) -> T,
) -> Vec<T> {
    let mut risen: u128 = 40;
    let mut value = |row: usize| match shape {
        Shape::Full | Shape::Null => {
            let bits = random.wide_bits();
            // Small numbers are more common than large ones.
            from_bits(bits >> (random.below(16) * 8))
        }
        Shape::Few => from_bits(u128::from(random.bits() % 5)),
        Shape::Rising => {
            risen = risen.wrapping_add(u128::from(random.bits() % 4));
            from_bits(risen)
        }
        Shape::Runs => from_bits(u128::try_from(row / 29).unwrap_or(0)),
        Shape::Extreme => {
            let extreme = extremes.get(row).or_else(|| random.pick(extremes)).copied();
            extreme.unwrap_or_else(|| from_bits(0))
        }
    };
    (0..rows).map(&mut value).collect()
}

/// Whether a value of at most `bound` in size would do; else one that does.
pub(super) fn within(bits: u128, bound: i128) -> i128 {
    // The remainder keeps the sign.
    i128::from_le_bytes(bits.to_le_bytes())
        .checked_rem(bound)
        .unwrap_or(0)
}

pub(super) const FLOAT16: [u16; 10] = [
    0, 0x8000, 0x7E01, 0xFE00, 0x7D01, 0x7C00, 0xFC00, 1, 0x7BFF, 0x3555,
];
pub(super) const FLOAT32: [u32; 12] = [
    0,
    0x8000_0000,
    0x7FC0_0001,
    0xFFC0_0000,
    0x7F80_0001,
    0x7F80_0000,
    0xFF80_0000,
    1,
    0x7F7F_FFFF,
    0xFF7F_FFFF,
    0x3DCC_CCCD,
    0x4B80_0001,
];
pub(super) const FLOAT64: [u64; 13] = [
    0,
    1 << 63,
    0x7FF8_0000_0000_0001,
    0xFFF8_DEAD_BEEF_0000,
    0x7FF0_0000_0000_0001,
    0x7FF0_0000_0000_0000,
    0xFFF0_0000_0000_0000,
    1,
    0x7FEF_FFFF_FFFF_FFFF,
    0xFFEF_FFFF_FFFF_FFFF,
    0x3FB9_9999_9999_999A,
    0x4340_0000_0000_0001,
    0x4015_BF0A_8B14_5769,
];

/// A float out of bits: any where they are wide, else one with two decimals.
pub(super) fn float64(bits: u128) -> f64 {
    match u32::try_from(bits) {
        Ok(small) => f64::from(small) / 100.0,
        Err(_) => f64::from_bits(low(bits)),
    }
}

pub(super) fn float32(bits: u128) -> f32 {
    match u16::try_from(bits) {
        Ok(small) => f32::from(small) / 4.0,
        Err(_) => f32::from_bits(u32::try_from(low(bits) & 0xFFFF_FFFF).unwrap_or(0)),
    }
}

pub(super) fn float16(bits: u128) -> f16 {
    f16::from_bits(u16::try_from(low(bits) & 0xFFFF).unwrap_or(0))
}

fn low(bits: u128) -> u64 {
    u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0)
}

/// How many of `unit` a day has.
pub(super) fn units_per_day(unit: TimeUnit) -> i64 {
    86_400 * units_per_second(unit)
}

const WORDS: [&str; 12] = [
    "",
    "a",
    "NULL",
    "001",
    "1e5",
    "comma, quote\" and\nline",
    "twelve bytes",
    "thirteen byte",
    "Ünïcödé ✓ 数据 🦀",
    " leading and trailing ",
    "\u{FEFF}bom and \u{0} nul",
    "\u{10FFFF}",
];

/// Texts: of every kind in extremes, else of some letters.
pub(super) fn texts(shape: Shape, rows: usize, random: &mut Random) -> Vec<String> {
    let text = |row: usize, random: &mut Random| match shape {
        Shape::Full | Shape::Null => {
            let letters = ["x", "yz", "é", "-", "0"];
            let length = random.below(24);
            (0..length)
                .filter_map(|_| random.pick(&letters).copied())
                .collect()
        }
        Shape::Few => format!("name {}", random.below(4)),
        Shape::Rising => format!("item {row:06}"),
        Shape::Runs => format!("run {}", row / 29),
        Shape::Extreme if row == WORDS.len() => "long ".repeat(300),
        Shape::Extreme => {
            let word = WORDS.get(row).or_else(|| random.pick(&WORDS));
            word.copied().unwrap_or_default().to_owned()
        }
    };
    (0..rows).map(|row| text(row, random)).collect()
}

/// Binary values; `len` bytes each, or of any length.
pub(super) fn binaries(
    shape: Shape,
    rows: usize,
    random: &mut Random,
    len: Option<usize>,
) -> Vec<Vec<u8>> {
    let texts = texts(shape, rows, random);
    let mut binary = |text: String| {
        let mut bytes = text.into_bytes();
        if shape == Shape::Extreme || shape == Shape::Full {
            bytes.iter_mut().for_each(|byte| *byte ^= 0xA5);
        }
        if let Some(len) = len {
            bytes.resize(len, u8::try_from(random.below(3)).unwrap_or(0));
        }
        bytes
    };
    texts.into_iter().map(&mut binary).collect()
}
