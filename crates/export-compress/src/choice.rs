//! Which encoding and codec a block gets: candidates are tried on a sample and the cheapest one is taken, where the cost is
//! bytes plus what the preset thinks a nanosecond is worth. Times come from a table, so the choice depends on the data alone.

use std::borrow::Cow;

use crate::codec::Compression;
use crate::encoding::bit_packed::Widths;
use crate::encoding::{Encoded, Encoding, Recipe, encode_bits, encode_fixed, encode_words};
use crate::options::{Policy, Preset};
use crate::word::{Kind, Word};

/// Consecutive values of one run of a sample.
const RUN: usize = 1024;
/// Bytes of text that are tried on a codec.
const DATA_SAMPLE: usize = 32 << 10;
/// Fewer values than this are not worth a slow encoding's headers.
const FEW: usize = 256;

/// What a block gets, and what that is thought to cost in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) recipe: Recipe,
    pub(crate) codec: Compression,
    pub(crate) cost: f64,
}

/// What a preset weighs and considers.
pub(crate) struct Tariff {
    /// Bytes that a nanosecond is worth.
    bytes_per_ns: f64,
    codecs: &'static [Compression],
    /// pco's level and the least bytes a value that the other candidates must leave it to beat.
    pco: Option<(usize, f64)>,
    runs: usize,
    /// Candidates that are encoded in full before the choice.
    finalists: usize,
}

impl Tariff {
    pub(crate) fn of(preset: Preset) -> Self {
        match preset {
            Preset::HighPerformance => Self {
                bytes_per_ns: 0.2,
                codecs: &[Compression::Lz4],
                pco: None,
                runs: 2,
                finalists: 1,
            },
            Preset::Balanced => Self {
                bytes_per_ns: 0.03,
                codecs: &[Compression::Zstd { level: 1 }],
                pco: Some((4, 1.0)),
                runs: 2,
                finalists: 1,
            },
            Preset::MemoryEfficient => Self {
                bytes_per_ns: 0.0005,
                codecs: &[Compression::Zstd { level: 9 }],
                pco: Some((8, 0.0)),
                runs: 8,
                finalists: 4,
            },
        }
    }

    /// What spending `ns` on each of `count` values costs, in bytes.
    pub(crate) fn time(&self, ns: f64, count: usize) -> f64 {
        self.bytes_per_ns * ns * float(count)
    }
}

/// Nanoseconds a value, written and read once. Measured once, on one machine: their ratios matter, not their size.
fn encoding_ns(encoding: Encoding, width: usize) -> f64 {
    match encoding {
        Encoding::Plain => 0.1 * float(width),
        Encoding::Constant => 0.1,
        Encoding::RunLength | Encoding::BitPacked => 1.5,
        Encoding::LanePacked => 0.5,
        Encoding::LaneDelta => 0.8,
        Encoding::Delta => 2.0,
        Encoding::ByteShuffle => 0.4 * float(width),
        Encoding::Pco => 15.0,
        // A value of data is a byte.
        Encoding::Fsst => 3.0,
        Encoding::Prefix => 1.0,
        Encoding::Template => 5.0,
    }
}

/// Nanoseconds a byte that goes into the codec.
fn codec_ns(codec: Compression) -> f64 {
    match codec {
        Compression::None => 0.0,
        Compression::Lz4 => 1.2,
        Compression::Zstd { level } => 2.0 + 0.5 * f64::from(level.max(0)),
        Compression::Gzip { .. } => 20.0,
        Compression::Brotli { .. } => 15.0,
    }
}

pub(crate) fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// One candidate's cost on a sample of `sampled` values out of `count`.
struct Trial<'p> {
    policy: &'p Policy,
    tariff: Tariff,
    scratch: Vec<u8>,
    /// Bytes of one value.
    width: usize,
    sampled: usize,
    count: usize,
}

impl Trial<'_> {
    fn cost(&mut self, encoded: &Encoded<'_>, codec: Compression) -> Option<f64> {
        let stored = match codec {
            Compression::None => encoded.bytes.len(),
            _ => {
                self.scratch.clear();
                codec.squeeze(&encoded.bytes, &mut self.scratch).ok()?;
                self.scratch.len()
            }
        };
        let scale = float(self.count) / float(self.sampled.max(1));
        let codec_time = self.tariff.time(codec_ns(codec), encoded.bytes.len());
        let time = self
            .tariff
            .time(encoding_ns(encoded.encoding, self.width), self.sampled);
        Some((float(stored) + codec_time + time) * scale)
    }

    /// The codecs worth trying behind an encoding.
    fn codecs(&self) -> Vec<Compression> {
        match self.policy.fixed.codec {
            Some(codec) => vec![codec],
            None => {
                let tariff = self
                    .tariff
                    .codecs
                    .iter()
                    .copied()
                    .filter(|c| c.is_available());
                [Compression::None].into_iter().chain(tariff).collect()
            }
        }
    }
}

fn widths_for(codec: Compression) -> Widths {
    match codec {
        Compression::None => Widths::Tight,
        _ => Widths::Bytes,
    }
}

/// The plan for words.
pub(crate) fn plan_words<W: Word>(values: &[W], kind: Kind, policy: &Policy) -> Plan {
    let tariff = Tariff::of(policy.preset);
    let sample = sample(values, tariff.runs);
    let (width, sampled, count) = (W::BYTES, sample.len(), values.len());
    let mut trial = Trial {
        policy,
        tariff,
        scratch: Vec::new(),
        width,
        sampled,
        count,
    };
    let plain = Recipe::new(Encoding::Plain, Widths::Tight);

    let wants = |encoding| policy.fixed.encoding.is_none_or(|fixed| fixed == encoding);
    let recipe = Recipe::new(Encoding::Constant, Widths::Tight);
    if wants(Encoding::Constant) && encode_words(values, kind, recipe).is_some() {
        let codec = policy.fixed.codec.unwrap_or(Compression::None);
        return Plan {
            recipe,
            codec,
            cost: float(W::BYTES),
        };
    }
    let mut plans = Vec::new();
    match policy.fixed.encoding {
        Some(encoding) => try_words(&mut trial, &mut plans, &sample, kind, &[encoding], true),
        None => try_free(&mut trial, &mut plans, &sample, kind),
    }
    plans.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let finalists = trial.tariff.finalists;
    if finalists > 1 && sampled < count && policy.fixed == crate::options::Fixed::default() {
        plans.truncate(finalists);
        (trial.sampled, trial.count) = (count, count);
        for plan in &mut plans {
            let encoded = encode_words(values, kind, plan.recipe);
            let cost = encoded.and_then(|encoded| trial.cost(&encoded, plan.codec));
            plan.cost = cost.unwrap_or(f64::MAX);
        }
        plans.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    }
    plans.first().copied().unwrap_or(Plan {
        recipe: plain,
        codec: policy.fixed.codec.unwrap_or(Compression::None),
        cost: float(count * W::BYTES),
    })
}

/// Bare encodings first; a codec only behind those that did best.
fn try_free<W: Word>(trial: &mut Trial<'_>, plans: &mut Vec<Plan>, sample: &[W], kind: Kind) {
    use Encoding::{BitPacked, ByteShuffle, Delta, Pco, Plain, RunLength};

    let changes = sample
        .windows(2)
        .filter(|pair| pair.first() != pair.last())
        .count();
    let runs_are_long = (changes + 1) * 2 <= sample.len();
    let bare = [Plain, BitPacked, Delta, RunLength];
    let bare = if runs_are_long {
        &bare[..]
    } else {
        bare.get(..3).unwrap_or_default()
    };
    for &encoding in bare {
        try_one(
            trial,
            plans,
            sample,
            kind,
            encoding,
            trial.policy.fixed.codec.unwrap_or(Compression::None),
        );
    }
    if trial.policy.fixed.codec.is_none() && sample.len() >= FEW / 4 {
        let packed = plans.iter().filter(|plan| plan.recipe.encoding != Plain);
        let best = packed
            .min_by(|a, b| a.cost.total_cmp(&b.cost))
            .map(|plan| plan.recipe.encoding);
        let bytes = if kind == Kind::Float && W::BYTES > 1 {
            ByteShuffle
        } else {
            Plain
        };
        let thorough = trial.tariff.finalists > 1 && W::BYTES > 1;
        let extra = thorough.then_some(if bytes == Plain { ByteShuffle } else { Plain });
        let behind: Vec<Encoding> = best.into_iter().chain([bytes]).chain(extra).collect();
        try_words(trial, plans, sample, kind, &behind, false);
    }
    if let Some((level, floor)) = trial.tariff.pco
        && trial.count >= FEW
        && Pco.is_available()
        && matches!(W::BYTES, 2 | 4 | 8)
    {
        let best = plans.iter().map(|plan| plan.cost).fold(f64::MAX, f64::min);
        if best > floor * float(trial.count) {
            let codec = trial.policy.fixed.codec.unwrap_or(Compression::None);
            let recipe = Recipe {
                encoding: Pco,
                widths: Widths::Tight,
                level,
            };
            let cost = encode_words(sample, kind, recipe).and_then(|e| trial.cost(&e, codec));
            plans.extend(cost.map(|cost| Plan {
                recipe,
                codec,
                cost,
            }));
        }
    }
}

fn try_words<W: Word>(
    trial: &mut Trial<'_>,
    plans: &mut Vec<Plan>,
    sample: &[W],
    kind: Kind,
    encodings: &[Encoding],
    bare: bool,
) {
    for &encoding in encodings {
        for codec in trial.codecs() {
            if bare || codec != Compression::None {
                try_one(trial, plans, sample, kind, encoding, codec);
            }
        }
    }
}

fn try_one<W: Word>(
    trial: &mut Trial<'_>,
    plans: &mut Vec<Plan>,
    sample: &[W],
    kind: Kind,
    encoding: Encoding,
    codec: Compression,
) {
    let recipe = Recipe::new(encoding, widths_for(codec));
    if let Some(encoded) = encode_words(sample, kind, recipe) {
        let cost = trial.cost(&encoded, codec);
        plans.extend(cost.map(|cost| Plan {
            recipe,
            codec,
            cost,
        }));
    }
}

/// The plan for a bitmap whose padding is zero.
pub(crate) fn plan_bits(bitmap: &[u8], count: usize, policy: &Policy) -> Plan {
    let encodings = [Encoding::Constant, Encoding::RunLength, Encoding::Plain];
    plan_bytes(policy, bitmap.len(), count, &encodings, |recipe| {
        encode_bits(bitmap, count, recipe)
    })
}

/// The plan for values of `width` bytes each.
pub(crate) fn plan_fixed(bytes: &[u8], width: usize, policy: &Policy) -> Plan {
    let count = bytes.len() / width.max(1);
    let encodings = [Encoding::Constant, Encoding::Plain, Encoding::ByteShuffle];
    plan_bytes(policy, bytes.len(), count, &encodings, |recipe| {
        encode_fixed(bytes, width, recipe)
    })
}

/// The plan for text or binary data, of which only the codec is open.
pub(crate) fn plan_data(data: &[u8], policy: &Policy) -> Plan {
    let half = DATA_SAMPLE / 2;
    let sample = match data.len().checked_sub(half) {
        Some(last) if data.len() > DATA_SAMPLE => {
            let middle = last / 2;
            let parts = [data.get(..half), data.get(middle..middle + half)];
            Cow::Owned(parts.into_iter().flatten().flatten().copied().collect())
        }
        _ => Cow::Borrowed(data),
    };
    let mut plan = plan_bytes(
        policy,
        sample.len(),
        sample.len(),
        &[Encoding::Plain],
        |_| Some(Encoded::plain(&*sample)),
    );
    plan.cost *= float(data.len()) / float(sample.len().max(1));
    if let Some(encoding) = policy.fixed.encoding {
        plan.recipe = Recipe::new(encoding, widths_for(plan.codec));
    }
    plan
}

/// Tries `encodings` in full, each with every codec.
fn plan_bytes<'a>(
    policy: &Policy,
    size_bytes: usize,
    count: usize,
    encodings: &[Encoding],
    encode: impl Fn(Recipe) -> Option<Encoded<'a>>,
) -> Plan {
    let tariff = Tariff::of(policy.preset);
    let width = (size_bytes / count.max(1)).max(1);
    let mut trial = Trial {
        policy,
        tariff,
        scratch: Vec::new(),
        width,
        sampled: count,
        count,
    };
    let mut best: Option<Plan> = None;
    for &encoding in encodings {
        if policy.fixed.encoding.is_some_and(|fixed| fixed != encoding) {
            continue;
        }
        for codec in trial.codecs() {
            let recipe = Recipe::new(encoding, widths_for(codec));
            let cost = encode(recipe).and_then(|encoded| trial.cost(&encoded, codec));
            if let Some(cost) = cost
                && best.is_none_or(|best| cost < best.cost)
            {
                best = Some(Plan {
                    recipe,
                    codec,
                    cost,
                });
            }
            if encoding == Encoding::Constant && best.is_some() {
                return best.unwrap_or_else(|| plain(policy, size_bytes));
            }
        }
    }
    best.unwrap_or_else(|| plain(policy, size_bytes))
}

/// What a block gets that a fixed encoding does not apply to.
fn plain(policy: &Policy, size_bytes: usize) -> Plan {
    let codec = policy.fixed.codec.unwrap_or(Compression::None);
    let recipe = Recipe::new(Encoding::Plain, Widths::Tight);
    Plan {
        recipe,
        codec,
        cost: float(size_bytes),
    }
}

/// `runs` runs of consecutive values, spread evenly; all values where they are not many more.
pub(crate) fn sample<W: Word>(values: &[W], runs: usize) -> Cow<'_, [W]> {
    if values.len() <= 2 * runs * RUN {
        return Cow::Borrowed(values);
    }
    let stride = (values.len() - RUN) / runs.saturating_sub(1).max(1);
    let starts = (0..runs).map(|run| run * stride);
    let runs = starts.filter_map(|start| values.get(start..start + RUN));
    Cow::Owned(runs.flatten().copied().collect())
}
