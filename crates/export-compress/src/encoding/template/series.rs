//! Series: numbers inside the encoded bytes of a template block, themselves in an encoding of words.

use super::Style;
use crate::choice::float;
use crate::codec::Compression;
use crate::defect::{Defect, wide};
use crate::encoding::bit_packed::Widths;
use crate::encoding::cursor::{Cursor, bounded};
use crate::encoding::{Encoded, Encoding, Recipe, decode_words, encode_words};
use crate::word::{Kind, Word};
use export_core::EncodingId;

/// Appends a series: the width of its words, its encoding, how long parameters and bytes are, and those.
pub(super) fn write(values: &[u64], style: Style, bytes: &mut Vec<u8>) {
    let most = values.iter().copied().max().unwrap_or(0);
    match most.bit_length() {
        0..=8 => write_words::<u8>(values, style, bytes),
        9..=16 => write_words::<u16>(values, style, bytes),
        17..=32 => write_words::<u32>(values, style, bytes),
        _ => write_words::<u64>(values, style, bytes),
    }
}

fn write_words<W: Word>(values: &[u64], style: Style, bytes: &mut Vec<u8>) {
    let words: Vec<W> = values.iter().map(|value| W::join(*value, 0)).collect();
    let recipe = Recipe {
        widths: style.widths,
        ..Recipe::new(choose(values))
    };
    let entropy = match style.entropy {
        true => by_entropy(&words, recipe),
        false => None,
    };
    let Some(encoded) = entropy.or_else(|| encode_words(&words, Kind::Unsigned, recipe)) else {
        return;
    };
    bytes.push(u8::try_from(W::BYTES).unwrap_or(0));
    bytes.extend(u8::try_from(encoded.encoding.id().0));
    bytes.extend(u8::try_from(encoded.parameters.len()));
    // Data is shorter than 4 GiB, and no encoding of its numbers much longer.
    let length = u32::try_from(encoded.bytes.len()).unwrap_or(u32::MAX);
    length.append_to(bytes);
    bytes.extend_from_slice(&encoded.parameters);
    bytes.extend_from_slice(&encoded.bytes);
}

/// Values of a piece that [`choose`] looks at, and how many pieces it looks at.
const PIECE: usize = 1024;
const PIECES: usize = 4;
/// Values that entropy coding is worth trying for, and allowed for.
const MANY: usize = 1024;

/// The encoding by how many bits values and differences have.
fn choose(values: &[u64]) -> Encoding {
    let first = values.first().copied().unwrap_or(0);
    if !values.is_empty() && values.iter().all(|value| *value == first) {
        return Encoding::Constant;
    }
    let least = values.iter().copied().min().unwrap_or(0);
    let (mut runs, mut own, mut differences, mut seen) = (1, 0, 0, 0);
    let step = values.len().div_ceil(PIECES).max(PIECE);
    for piece in values.chunks(step) {
        let piece = piece.get(..PIECE).unwrap_or(piece);
        seen += piece.len();
        let mut last = piece.first().copied().unwrap_or(0);
        for value in piece {
            let difference = value.wrapping_sub(last).cast_signed();
            last = *value;
            runs += usize::from(difference != 0);
            own += (value - least).bit_length() as usize;
            differences += difference.unsigned_abs().bit_length() as usize + 1;
        }
    }
    if runs * 8 <= seen {
        Encoding::RunLength
    } else if differences * 8 < own * 7 {
        Encoding::Delta
    } else {
        Encoding::BitPacked
    }
}

/// Many words, entropy-coded, if that makes less of them than `recipe` does of the first, with a codec where there is to be one.
fn by_entropy<W: Word>(words: &[W], recipe: Recipe) -> Option<Encoded<'_>> {
    let sample = words.get(..MANY)?;
    if recipe.encoding == Encoding::Constant {
        return None;
    }
    let encoded = encode_words(words, Kind::Unsigned, Recipe::new(Encoding::Entropy))?;
    let other = encode_words(sample, Kind::Unsigned, recipe)?;
    let zstd = Compression::Zstd { level: 1 };
    let mut stored = other.bytes.len();
    if recipe.widths == Widths::Bytes && zstd.is_available() {
        let mut bytes = Vec::new();
        zstd.squeeze(&other.bytes, &mut bytes).ok()?;
        stored = bytes.len();
    }
    // A stronger codec makes a little less, and finds more where series repeat.
    let (entropy, other) = (float(encoded.bytes.len()), float(stored) * 0.92);
    (entropy * float(sample.len()) < other * float(words.len())).then_some(encoded)
}

/// Reads a series of `count` numbers.
pub(super) fn read(cursor: &mut Cursor<'_>, count: usize) -> Result<Vec<u64>, Defect> {
    match cursor.word::<u8>()? {
        1 => read_words::<u8>(cursor, count),
        2 => read_words::<u16>(cursor, count),
        4 => read_words::<u32>(cursor, count),
        8 => read_words::<u64>(cursor, count),
        other => Err(Defect::Range {
            what: "width of a series",
            found: other.into(),
        }),
    }
}

/// Whether a series may be of an encoding: tables have to be worth their while, since a block may have very many series.
fn may_be(encoding: Encoding, count: usize) -> bool {
    match encoding {
        Encoding::Entropy => count >= MANY,
        Encoding::Plain
        | Encoding::Constant
        | Encoding::RunLength
        | Encoding::BitPacked
        | Encoding::Delta
        | Encoding::LanePacked
        | Encoding::LaneDelta => true,
        _ => false,
    }
}

fn read_words<W: Word>(cursor: &mut Cursor<'_>, count: usize) -> Result<Vec<u64>, Defect> {
    let encoding = Encoding::find(EncodingId(cursor.word::<u8>()?.into()))?;
    let parameters = usize::from(cursor.word::<u8>()?);
    let length = bounded(
        "length of a series",
        cursor.word::<u32>()?.into(),
        usize::MAX,
    )?;
    let parameters = cursor.take(parameters)?;
    if !may_be(encoding, count) {
        return Err(Defect::Inapplicable {
            what: encoding.name(),
            to: "a series of so few numbers",
        });
    }
    let words: Vec<W> = decode_words(encoding, parameters, cursor.take(length)?, count)?;
    Ok(words.into_iter().map(W::low).collect())
}

/// Reads a series of `count` numbers that are each at most `most`; with `None`, nothing is little enough.
pub(super) fn read_counts(
    cursor: &mut Cursor<'_>,
    what: &'static str,
    count: usize,
    most: Option<usize>,
) -> Result<Vec<usize>, Defect> {
    let values = read(cursor, count)?.into_iter();
    let check = |found: u64| match most {
        Some(most) => bounded(what, found, most),
        None => Err(Defect::Range { what, found }),
    };
    values.map(check).collect()
}

/// Appends a series of counts.
pub(super) fn write_counts(values: impl Iterator<Item = usize>, style: Style, bytes: &mut Vec<u8>) {
    let values: Vec<u64> = values.map(wide).collect();
    write(&values, style, bytes);
}
