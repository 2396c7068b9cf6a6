//! The choice for blocks that are not words: bitmaps, values of some bytes each, and text or binary data.

use std::sync::Arc;

use super::sample::sample_strings;
use super::tariff::{Tariff, codec_ns, encoding_ns, float};
use super::words::stored_bytes;
use super::{Choice, Plan, Weighed};
use crate::block::Strings;
use crate::codec::Compression;
use crate::encoding::bit_packed::Widths;
use crate::encoding::{Encoded, Encoding, Recipe, Symbols, encode_bits, encode_data, encode_fixed};
use crate::options::Policy;

/// Less text than this is not worth looking for symbols in it.
const WORTH_SYMBOLS: usize = 64 << 10;

/// Weighs the plans for a bitmap whose padding is zero.
pub(crate) fn weigh_bits(bitmap: &[u8], count: usize, policy: &Policy) -> Choice {
    let shape = Shape {
        size_bytes: bitmap.len(),
        count,
        scale: 1.0,
    };
    let encodings = [Encoding::RunLength, Encoding::Plain];
    weigh(policy, shape, &encodings, |recipe| {
        encode_bits(bitmap, count, recipe)
    })
}

/// Weighs the plans for values of `width` bytes each.
pub(crate) fn weigh_fixed(bytes: &[u8], width: usize, policy: &Policy) -> Choice {
    let shape = Shape {
        size_bytes: bytes.len(),
        count: bytes.len() / width.max(1),
        scale: 1.0,
    };
    let encodings = [Encoding::Plain, Encoding::ByteShuffle];
    weigh(policy, shape, &encodings, |recipe| {
        encode_fixed(bytes, width, recipe)
    })
}

/// Weighs the plans for text or binary data.
pub(crate) fn weigh_data(strings: Strings<'_>, policy: &Policy) -> Choice {
    let (sample, ends) = sample_strings(strings);
    let shape = Shape {
        size_bytes: strings.data.len(),
        count: strings.data.len(),
        scale: float(strings.data.len()) / float(sample.len().max(1)),
    };
    let mut encodings = vec![
        Encoding::Plain,
        Encoding::Prefix,
        Encoding::Template,
        Encoding::Hex,
    ];
    let slots = strings.ends.len().saturating_sub(1);
    if strings.data.len() <= 2 * slots {
        // As good as words of 8 bits.
        encodings.extend([Encoding::RunLength, Encoding::LanePacked, Encoding::Entropy]);
    }
    let wants_fsst = match policy.fixed.encoding {
        Some(fixed) => fixed == Encoding::Fsst,
        None => strings.data.len() >= WORTH_SYMBOLS,
    };
    let symbols = wants_fsst.then(|| Symbols::of(&sample)).flatten();
    let symbols = symbols.map(Arc::new);
    if symbols.is_some() {
        encodings.push(Encoding::Fsst);
    }
    let part = Strings {
        data: &sample,
        ends: &ends,
    };
    let mut choice = weigh(policy, shape, &encodings, |recipe| {
        encode_data(part, recipe, symbols.as_deref())
    });
    let is_fsst = choice.best().plan.recipe.encoding == Encoding::Fsst;
    choice.symbols = symbols.filter(|_| is_fsst);
    choice
}

#[derive(Clone, Copy)]
struct Shape {
    size_bytes: usize,
    count: usize,
    /// How many times what is tried there is.
    scale: f64,
}

/// Tries `encodings`, each with every codec worth it.
fn weigh<'a>(
    policy: &Policy,
    shape: Shape,
    encodings: &[Encoding],
    encode: impl Fn(Recipe) -> Option<Encoded<'a>>,
) -> Choice {
    let tariff = Tariff::of(policy.preset);
    let width = (shape.size_bytes / shape.count.max(1)).max(1);
    let mut scratch = Vec::new();
    let mut weighed = Vec::new();
    let wants = |encoding| policy.fixed.encoding.is_none_or(|fixed| fixed == encoding);
    let wanted = encodings
        .iter()
        .copied()
        .filter(|encoding| wants(*encoding));
    // Plain is for what a fixed encoding does not apply to.
    let fallback = policy.fixed.encoding.map(|_| Encoding::Plain);
    for encoding in wanted.chain(fallback) {
        if fallback.is_some() && !weighed.is_empty() {
            break;
        }
        for codec in codecs(policy, &tariff) {
            let recipe = Recipe {
                widths: match codec {
                    Compression::None => Widths::Tight,
                    _ => Widths::Bytes,
                },
                entropy: encoding == Encoding::Template && tariff.thorough,
                ..Recipe::new(encoding)
            };
            let Some(encoded) = encode(recipe) else {
                continue;
            };
            let Some(stored) = stored_bytes(&encoded, codec, &mut scratch) else {
                continue;
            };
            let tried = float(shape.count) / shape.scale;
            let ns =
                encoding_ns(encoding, width) * tried + codec_ns(codec) * float(encoded.bytes.len());
            let bytes = float(stored) * shape.scale;
            weighed.push(Weighed {
                plan: Plan { recipe, codec },
                bytes,
                cost: bytes + tariff.time(ns, 1) * shape.scale,
            });
        }
    }
    let plan = Plan {
        recipe: Recipe::new(Encoding::Plain),
        codec: policy.fixed.codec.unwrap_or(Compression::None),
    };
    let bytes = float(shape.size_bytes);
    let plain = Weighed {
        plan,
        bytes,
        cost: bytes,
    };
    Choice::new(weighed, shape.count, plain)
}

/// The codecs worth trying behind an encoding.
fn codecs(policy: &Policy, tariff: &Tariff) -> Vec<Compression> {
    match policy.fixed.codec {
        Some(codec) => vec![codec],
        None => [Compression::None, tariff.codec]
            .into_iter()
            .filter(|codec| codec.is_available())
            .collect(),
    }
}
