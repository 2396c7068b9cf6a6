//! The choice for words.

use super::sample::sample;
use super::tariff::{Tariff, codec_ns, encoding_ns, float};
use super::{Choice, Plan, Weighed};
use crate::codec::Compression;
use crate::encoding::bit_packed::{MINIBLOCK, Widths};
use crate::encoding::{Encoded, Encoding, Recipe, decimal, encode_words, entropy};
use crate::options::Policy;
use crate::word::{Kind, Word};

/// Fewer values than this are not worth a slow encoding's headers.
const FEW: usize = 256;
/// What the table of an entropy-coded block takes, about.
const ENTROPY_TABLE_BYTES: f64 = 200.0;
/// Fewer values than this are not worth a codec's.
const VERY_FEW: usize = 64;

/// Weighs the plans for words.
pub(crate) fn weigh_words<W: Word>(values: &[W], kind: Kind, policy: &Policy) -> Choice {
    let tariff = Tariff::of(policy.preset);
    let sample = sample(values, tariff.runs);
    let mut trial = Trial {
        policy,
        tariff,
        scratch: Vec::new(),
        sample: &sample,
        kind,
        scale: float(values.len()) / float(sample.len().max(1)),
        weighed: Vec::new(),
    };
    match policy.fixed.encoding {
        Some(encoding) => trial.fixed(encoding),
        None => trial.free(),
    }
    if trial.weighed.is_empty() {
        // What is fixed does not apply to these values.
        trial.fixed(Encoding::Plain);
    }
    let plan = Plan {
        recipe: Recipe::new(Encoding::Plain),
        codec: policy.fixed.codec.unwrap_or(Compression::None),
    };
    let bytes = float(values.len() * W::BYTES);
    let plain = Weighed {
        plan,
        bytes,
        cost: bytes,
    };
    Choice::new(trial.weighed, values.len(), plain)
}

/// Candidates on a sample.
struct Trial<'a, W> {
    policy: &'a Policy,
    tariff: Tariff,
    scratch: Vec<u8>,
    sample: &'a [W],
    kind: Kind,
    /// How many times the sample's values there are.
    scale: f64,
    weighed: Vec<Weighed>,
}

impl<W: Word> Trial<'_, W> {
    /// One encoding, with the codec that is fixed or best.
    fn fixed(&mut self, encoding: Encoding) {
        match self.policy.fixed.codec {
            Some(codec) if encoding == Encoding::Decimal => self.decimal(codec),
            Some(codec) => self.attempt(encoding, codec),
            None if encoding == Encoding::Decimal => self.decimal(Compression::None),
            None => {
                self.attempt(encoding, Compression::None);
                self.behind(encoding);
            }
        }
    }

    /// Bare encodings first; a codec only behind those that did best.
    fn free(&mut self) {
        use Encoding::{BitPacked, ByteShuffle, Delta, LaneDelta, LanePacked, Plain, RunLength};
        let bare = self.policy.fixed.codec.unwrap_or(Compression::None);
        let whole = float(self.sample.len()) * self.scale >= float(MINIBLOCK);
        let (packed, delta) = match bare == Compression::None && whole {
            true => (LanePacked, LaneDelta),
            false => (BitPacked, Delta),
        };
        self.attempt(Plain, bare);
        self.attempt(packed, bare);
        self.attempt(delta, bare);
        if self.runs_are_long() {
            self.attempt(RunLength, bare);
        }
        if self.policy.fixed.codec.is_none() && self.sample.len() >= VERY_FEW {
            let best = self.best_of(|plan| plan.recipe.encoding != Plain);
            match best.map(|best| best.plan.recipe.encoding) {
                Some(LanePacked) => self.behind(BitPacked),
                Some(LaneDelta) => self.behind(Delta),
                Some(other) => self.behind(other),
                None => {}
            }
            let is_float = self.kind == Kind::Float && W::BYTES > 1;
            self.behind(if is_float { ByteShuffle } else { Plain });
            if self.tariff.thorough && W::BYTES > 1 {
                self.behind(if is_float { Plain } else { ByteShuffle });
            }
        }
        self.decimal(bare);
        self.entropy(bare);
        self.pco(bare);
    }

    /// Entropy coding needs no trial: the sample's entropy says what it would give.
    fn entropy(&mut self, codec: Compression) {
        if codec != Compression::None || self.sample.len() < FEW {
            return;
        }
        if let Some((survey, bits)) = entropy::survey(self.sample, self.kind) {
            let values = float(self.sample.len()) * self.scale;
            let bytes = bits / 8.0 * values + ENTROPY_TABLE_BYTES;
            let ns = encoding_ns(Encoding::Entropy, W::BYTES);
            self.weighed.push(Weighed {
                plan: Plan {
                    recipe: Recipe {
                        survey: Some(survey),
                        ..Recipe::new(Encoding::Entropy)
                    },
                    codec,
                },
                bytes,
                cost: bytes + self.tariff.time(ns, self.sample.len()) * self.scale,
            });
        }
    }

    /// Floats as integers, packed and entropy-coded.
    fn decimal(&mut self, codec: Compression) {
        if self.kind != Kind::Float || self.sample.len() < VERY_FEW {
            return;
        }
        self.attempt_recipe(Recipe::new(Encoding::Decimal), codec);
        if codec != Compression::None || self.sample.len() < FEW {
            return;
        }
        if let Some((survey, bits)) = decimal::survey(self.sample, self.kind) {
            let values = float(self.sample.len()) * self.scale;
            let bytes = bits / 8.0 * values + ENTROPY_TABLE_BYTES;
            let ns = [Encoding::Decimal, Encoding::Entropy].map(|e| encoding_ns(e, W::BYTES));
            let time = self.tariff.time(ns.iter().sum(), self.sample.len());
            let recipe = Recipe {
                entropy: true,
                survey: Some(survey),
                ..Recipe::new(Encoding::Decimal)
            };
            self.weighed.push(Weighed {
                plan: Plan { recipe, codec },
                bytes,
                cost: bytes + time * self.scale,
            });
        }
    }

    fn runs_are_long(&self) -> bool {
        let pairs = self.sample.windows(2);
        let changes = pairs.filter(|pair| pair.first() != pair.last()).count();
        (changes + 1) * 2 <= self.sample.len()
    }

    fn pco(&mut self, codec: Compression) {
        let Some((level, floor)) = self.tariff.pco else {
            return;
        };
        let enough = self.sample.len() >= FEW && matches!(W::BYTES, 2 | 4 | 8);
        if !enough || !Encoding::Pco.is_available() {
            return;
        }
        let best = self.best_of(|_| true).map_or(f64::MAX, |best| best.cost);
        if best > floor * float(self.sample.len()) * self.scale {
            let recipe = Recipe {
                level,
                ..Recipe::new(Encoding::Pco)
            };
            self.attempt_recipe(recipe, codec);
        }
    }

    fn best_of(&self, accepts: impl Fn(&Plan) -> bool) -> Option<Weighed> {
        let weighed = self.weighed.iter().filter(|weighed| accepts(&weighed.plan));
        weighed.min_by(|a, b| a.cost.total_cmp(&b.cost)).copied()
    }

    /// The preset's codec behind an encoding.
    fn behind(&mut self, encoding: Encoding) {
        if self.tariff.codec.is_available() {
            self.attempt(encoding, self.tariff.codec);
        }
    }

    fn attempt(&mut self, encoding: Encoding, codec: Compression) {
        let widths = match codec {
            Compression::None => Widths::Tight,
            _ => Widths::Bytes,
        };
        let recipe = Recipe {
            widths,
            ..Recipe::new(encoding)
        };
        self.attempt_recipe(recipe, codec);
    }

    fn attempt_recipe(&mut self, recipe: Recipe, codec: Compression) {
        let Some(encoded) = encode_words(self.sample, self.kind, recipe) else {
            return;
        };
        let Some(stored) = stored_bytes(&encoded, codec, &mut self.scratch) else {
            return;
        };
        let codec_time = self.tariff.time(codec_ns(codec), encoded.bytes.len());
        let ns = encoding_ns(encoded.encoding, W::BYTES);
        let time = self.tariff.time(ns, self.sample.len());
        let bytes = float(stored) * self.scale;
        self.weighed.push(Weighed {
            plan: Plan { recipe, codec },
            bytes,
            cost: bytes + (codec_time + time) * self.scale,
        });
    }
}

/// Bytes of `encoded` behind `codec`; `None` where this build has no such codec.
pub(super) fn stored_bytes(
    encoded: &Encoded<'_>,
    codec: Compression,
    scratch: &mut Vec<u8>,
) -> Option<usize> {
    if codec == Compression::None {
        return Some(encoded.bytes.len());
    }
    scratch.clear();
    codec.squeeze(&encoded.bytes, scratch).ok()?;
    Some(scratch.len())
}
