//! The encodings, one file each, and what they have in common: values in, parameters and bytes out.

mod applies;
pub(crate) mod bit_packed;
pub(crate) mod byte_shuffle;
pub(crate) mod constant;
pub(crate) mod cursor;
pub(crate) mod decimal;
pub(crate) mod delta;
pub(crate) mod entropy;
pub(crate) mod flat_gap;
pub(crate) mod fsst;
pub(crate) mod hex;
pub(crate) mod lane_packed;
pub(crate) mod lanes;
mod pack;
#[cfg(feature = "pco")]
pub(crate) mod pco;
pub(crate) mod plain;
pub(crate) mod prefix;
pub(crate) mod run_length;
pub(crate) mod template;
#[cfg(test)]
pub(crate) mod testing;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use export_core::{EncodingId, Error, Result};

use crate::bits;
use crate::block::Strings;
use crate::defect::Defect;
use crate::nodes::Budget;
use crate::word::{Kind, Word};
use bit_packed::Widths;
pub(crate) use fsst::Symbols;

/// How the values of a block become fewer bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Values as they are in memory.
    Plain,
    /// One value, however often. Applies where all values are equal.
    Constant,
    /// Runs of equal values.
    RunLength,
    /// Distance from the least value of 1,024, in as few bits as most need. For integers of a narrow range.
    BitPacked,
    /// Differences of neighbours, bit-packed. For counters, clocks and sorted keys.
    Delta,
    /// Bytes of equal place together. For floats, with a codec behind it.
    ByteShuffle,
    /// pcodec: smallest for numbers of 16 to 64 bits, at 10 to 30 ns a value.
    Pco,
    /// Values or differences in as many bits as their frequency is worth. For integers of skewed distribution and small
    /// alphabets, at 3 to 6 ns a value.
    Entropy,
    /// Floats that are decimal numbers as integers. For prices, latencies and what was typed or rounded.
    Decimal,
    /// Lists that never fall as one series, whose gaps give lengths and elements. For sparse events of every step.
    FlatGap,
    /// Codes of one byte for what is frequent in strings. For short text that no codec is to follow.
    Fsst,
    /// What each string shares with the one before is left out. For sorted keys, paths and times in text.
    Prefix,
    /// Strings of few shapes: what they have in common once, their numbers and words as columns. For log lines and ids.
    Template,
    /// As bit-packed, but packed in lanes: several times as fast. For a thousand integers and more.
    LanePacked,
    /// As delta, but packed in lanes: several times as fast. For a thousand values and more.
    LaneDelta,
    /// Hexadecimal digits in text as the number they are. For ids and hashes.
    Hex,
}

impl Encoding {
    /// Every encoding, by id.
    pub const ALL: [Self; 16] = [
        Self::Plain,
        Self::Constant,
        Self::RunLength,
        Self::BitPacked,
        Self::Delta,
        Self::ByteShuffle,
        Self::Pco,
        Self::Entropy,
        Self::Decimal,
        Self::FlatGap,
        Self::Fsst,
        Self::Prefix,
        Self::Template,
        Self::LanePacked,
        Self::LaneDelta,
        Self::Hex,
    ];

    /// Its number in the registry.
    #[must_use]
    pub fn id(self) -> EncodingId {
        EncodingId(match self {
            Self::Plain => 0,
            Self::Constant => 1,
            Self::RunLength => 2,
            Self::BitPacked => 3,
            Self::Delta => 4,
            Self::ByteShuffle => 5,
            Self::Pco => 6,
            Self::Entropy => 7,
            Self::Decimal => 8,
            Self::FlatGap => 9,
            Self::Fsst => 10,
            Self::Prefix => 11,
            Self::Template => 12,
            Self::LanePacked => 13,
            Self::LaneDelta => 14,
            Self::Hex => 15,
        })
    }

    /// The encoding stored as `id`. Fails on ids this version does not know, naming the id.
    pub fn from_id(id: EncodingId) -> Result<Self> {
        Ok(Self::find(id)?)
    }

    pub(crate) fn find(id: EncodingId) -> Result<Self, Defect> {
        let known = Self::ALL.into_iter().find(|encoding| encoding.id() == id);
        known.ok_or(Defect::Unknown {
            what: "encoding",
            id: id.0.into(),
        })
    }

    /// Its name in options and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Constant => "constant",
            Self::RunLength => "run-length",
            Self::BitPacked => "bit-packed",
            Self::Delta => "delta",
            Self::ByteShuffle => "byte-shuffle",
            Self::Pco => "pco",
            Self::Entropy => "entropy",
            Self::Decimal => "decimal",
            Self::FlatGap => "flat-gap",
            Self::Fsst => "fsst",
            Self::Prefix => "prefix",
            Self::Template => "template",
            Self::LanePacked => "lane-packed",
            Self::LaneDelta => "lane-delta",
            Self::Hex => "hex",
        }
    }

    /// Whether this build can read and write it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Pco => cfg!(feature = "pco"),
            // Reading takes no library.
            Self::Fsst => cfg!(feature = "fsst"),
            _ => true,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Encoding {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.name() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                Error::usage(format!("{text:?} is no encoding"))
                    .with_hint(format!("known are {names}"))
            })
    }
}

/// An encoding with what a writer chooses inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) encoding: Encoding,
    /// For those that pack bits.
    pub(crate) widths: Widths,
    /// For pco: 0 to 12.
    pub(crate) level: usize,
    /// For decimals and templates: whether integers are entropy-coded, which is smaller, or packed, which is faster.
    pub(crate) entropy: bool,
    /// For entropy coding, once it is found; each block finds its own where it is not.
    pub(crate) survey: Option<entropy::Survey>,
}

impl Recipe {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            widths: Widths::Tight,
            level: 8,
            entropy: false,
            survey: None,
        }
    }
}

/// Values after their encoding, before a codec.
pub(crate) struct Encoded<'a> {
    pub(crate) encoding: Encoding,
    pub(crate) parameters: Vec<u8>,
    pub(crate) bytes: Cow<'a, [u8]>,
}

impl<'a> Encoded<'a> {
    pub(crate) fn owned(encoding: Encoding, (parameters, bytes): (Vec<u8>, Vec<u8>)) -> Self {
        Self {
            encoding,
            parameters,
            bytes: Cow::Owned(bytes),
        }
    }

    pub(crate) fn plain(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            encoding: Encoding::Plain,
            parameters: Vec::new(),
            bytes: bytes.into(),
        }
    }
}

/// Encodes words, or says that `recipe` does not apply to them.
pub(crate) fn encode_words<W: Word>(
    values: &[W],
    kind: Kind,
    recipe: Recipe,
) -> Option<Encoded<'_>> {
    let Recipe {
        encoding,
        widths,
        level,
        survey,
        ..
    } = recipe;
    let parts = match encoding {
        Encoding::Plain => return Some(Encoded::plain(plain::encode(values))),
        Encoding::Constant => (constant::encode(values)?, Vec::new()),
        Encoding::RunLength => run_length::encode(values, kind, widths),
        Encoding::BitPacked => bit_packed::encode(values, kind, widths),
        Encoding::Delta => delta::encode(values, widths),
        Encoding::ByteShuffle => (
            Vec::new(),
            byte_shuffle::encode(bytemuck::cast_slice(values), W::BYTES),
        ),
        Encoding::Entropy => entropy::encode(values, kind, survey)?,
        Encoding::Decimal => decimal::encode(values, kind, recipe)?,
        Encoding::LanePacked => lane_packed::encode(values, kind),
        Encoding::LaneDelta => lane_packed::encode_delta(values),
        #[cfg(feature = "pco")]
        Encoding::Pco => pco::encode(values, kind, level)?,
        #[cfg(not(feature = "pco"))]
        Encoding::Pco => {
            let _ = level;
            return None;
        }
        Encoding::FlatGap
        | Encoding::Fsst
        | Encoding::Prefix
        | Encoding::Template
        | Encoding::Hex => return None,
    };
    Some(Encoded::owned(encoding, parts))
}

/// Decodes exactly `count` words. Allocates those and, at most, as much again.
pub(crate) fn decode_words<W: Word>(
    encoding: Encoding,
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    match encoding {
        Encoding::Plain => plain::decode(parameters, bytes, count),
        Encoding::Constant => constant::decode(parameters, bytes, count),
        Encoding::RunLength => run_length::decode(parameters, bytes, count),
        Encoding::BitPacked => bit_packed::decode(parameters, bytes, count),
        Encoding::Delta => delta::decode(parameters, bytes, count),
        Encoding::ByteShuffle => byte_shuffle::decode(parameters, bytes, count),
        Encoding::Entropy => entropy::decode(parameters, bytes, count),
        Encoding::Decimal => decimal::decode(parameters, bytes, count),
        Encoding::LanePacked => lane_packed::decode(parameters, bytes, count),
        Encoding::LaneDelta => lane_packed::decode_delta(parameters, bytes, count),
        #[cfg(feature = "pco")]
        Encoding::Pco => pco::decode(parameters, bytes, count),
        #[cfg(not(feature = "pco"))]
        Encoding::Pco => Err(Defect::Absent {
            what: "encoding pco",
            feature: "pco",
        }),
        Encoding::FlatGap
        | Encoding::Fsst
        | Encoding::Prefix
        | Encoding::Template
        | Encoding::Hex => Err(Defect::Inapplicable {
            what: encoding.name(),
            to: "words",
        }),
    }
}

/// Encodes a bitmap whose padding is zero, or says that `recipe` does not apply to it.
pub(crate) fn encode_bits(bitmap: &[u8], count: usize, recipe: Recipe) -> Option<Encoded<'_>> {
    match recipe.encoding {
        Encoding::Plain => Some(Encoded::plain(bitmap)),
        Encoding::Constant => {
            let first = bits::get(bitmap, 0);
            let all = count > 0 && bits::count_ones(bitmap) == if first { count } else { 0 };
            let parts = (vec![u8::from(first)], Vec::new());
            all.then(|| Encoded::owned(Encoding::Constant, parts))
        }
        Encoding::RunLength => {
            let parts = run_length::encode_bits(bitmap, count, recipe.widths);
            Some(Encoded::owned(Encoding::RunLength, parts))
        }
        _ => None,
    }
}

/// Decodes a bitmap of exactly `count` bits, padding zero.
pub(crate) fn decode_bits(
    encoding: Encoding,
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<u8>, Defect> {
    match encoding {
        Encoding::Plain => {
            let bitmap = plain::decode_bytes(parameters, bytes, count.div_ceil(8))?;
            if !bits::padding_is_zero(bitmap, count) {
                return Err(Defect::Rule("padding bits of a bitmap are not zero"));
            }
            Ok(bitmap.to_vec())
        }
        Encoding::Constant => {
            constant::no_bytes(bytes)?;
            match parameters {
                [value @ 0..=1] => Ok(bits::filled(*value == 1, count)),
                _ => Err(Defect::Rule("a constant bit is one byte, 0 or 1")),
            }
        }
        Encoding::RunLength => run_length::decode_bits(parameters, bytes, count),
        other => Err(Defect::Inapplicable {
            what: other.name(),
            to: "a bitmap",
        }),
    }
}

/// Encodes values of `width` bytes each, or says that `recipe` does not apply to them.
pub(crate) fn encode_fixed(bytes: &[u8], width: usize, recipe: Recipe) -> Option<Encoded<'_>> {
    match recipe.encoding {
        Encoding::Plain => Some(Encoded::plain(bytes)),
        Encoding::Constant => {
            let first = bytes.get(..width).filter(|_| (1..=255).contains(&width))?;
            let parts = (first.to_vec(), Vec::new());
            let same = bytes.chunks(width).all(|value| value == first);
            same.then(|| Encoded::owned(Encoding::Constant, parts))
        }
        Encoding::ByteShuffle => {
            let parts = (Vec::new(), byte_shuffle::encode(bytes, width));
            Some(Encoded::owned(Encoding::ByteShuffle, parts))
        }
        _ => None,
    }
}

/// Decodes exactly `count` values of `width` bytes each; the caller has checked that their product is in bounds.
pub(crate) fn decode_fixed(
    encoding: Encoding,
    parameters: &[u8],
    bytes: &[u8],
    width: usize,
    count: usize,
) -> Result<Vec<u8>, Defect> {
    let due = count.saturating_mul(width);
    match encoding {
        Encoding::Plain => plain::decode_bytes(parameters, bytes, due).map(<[u8]>::to_vec),
        Encoding::Constant => {
            constant::no_bytes(bytes)?;
            if parameters.len() != width {
                return Err(Defect::mismatch(
                    "constant parameters",
                    width,
                    parameters.len(),
                ));
            }
            Ok(parameters.repeat(count))
        }
        Encoding::ByteShuffle => {
            let mut output = vec![0; due];
            byte_shuffle::decode_bytes(parameters, bytes, width, &mut output)?;
            Ok(output)
        }
        other => Err(Defect::Inapplicable {
            what: other.name(),
            to: "values of bytes",
        }),
    }
}

/// Encodes the bytes of strings, or says that `recipe` does not apply to them. Symbols are found where none are given.
pub(crate) fn encode_data<'a>(
    Strings { data, ends }: Strings<'a>,
    recipe: Recipe,
    symbols: Option<&Symbols>,
) -> Option<Encoded<'a>> {
    let bytes = match recipe.encoding {
        Encoding::Plain => return Some(Encoded::plain(data)),
        Encoding::Hex => return Some(Encoded::owned(Encoding::Hex, hex::encode(data)?)),
        Encoding::Constant => return encode_fixed(data, 1, recipe),
        Encoding::Fsst => match symbols {
            Some(symbols) => symbols.encode(data),
            None => Symbols::of(data)?.encode(data),
        },
        Encoding::Prefix => prefix::encode(data, ends, recipe.widths)?,
        Encoding::Template => {
            let Recipe {
                widths, entropy, ..
            } = recipe;
            template::encode(data, ends, template::Style { widths, entropy })?
        }
        _ => return encode_words::<u8>(data, Kind::Unsigned, recipe),
    };
    Some(Encoded::owned(recipe.encoding, (Vec::new(), bytes)))
}

/// Whether data of this encoding says where its strings end. Then the block of their lengths is of the same encoding, and
/// empty.
pub(crate) fn implies_lengths(encoding: Encoding) -> bool {
    encoding == Encoding::Template
}

/// Decodes `count` strings of `size` bytes in all from data that says where they end: after a 0, the end of each; and their
/// bytes.
pub(crate) fn decode_strings(
    encoding: Encoding,
    parameters: &[u8],
    bytes: &[u8],
    (count, size): (usize, usize),
    budget: &mut Budget,
) -> Result<(Vec<usize>, Vec<u8>), Defect> {
    match encoding {
        Encoding::Template => template::decode(parameters, bytes, (count, size), budget),
        other => Err(Defect::Inapplicable {
            what: other.name(),
            to: "data without lengths",
        }),
    }
}

/// Decodes the bytes of strings, of which `ends` says where each ends.
pub(crate) fn decode_data(
    encoding: Encoding,
    parameters: &[u8],
    bytes: &[u8],
    ends: &[usize],
) -> Result<Vec<u8>, Defect> {
    let count = ends.last().copied().unwrap_or(0);
    match encoding {
        Encoding::Plain | Encoding::Constant => decode_fixed(encoding, parameters, bytes, 1, count),
        Encoding::Fsst => fsst::decode(parameters, bytes, count),
        Encoding::Prefix => prefix::decode(parameters, bytes, ends),
        Encoding::Hex => hex::decode(parameters, bytes, count),
        _ => decode_words::<u8>(encoding, parameters, bytes, count),
    }
}
