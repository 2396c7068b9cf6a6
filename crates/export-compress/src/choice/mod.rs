//! Which encoding and codec a block gets. Candidates are tried on a sample and the cheapest is taken, where the cost is bytes
//! plus what the preset thinks a nanosecond is worth; times come from a table, so that the choice depends on the data alone.
//! What was chosen is kept for the chunks that follow, as long as their blocks come out as small as was expected.

mod bytes;
mod explain;
mod sample;
mod tariff;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use export_core::Role;

use crate::codec::Compression;
use crate::encoding::{Encoding, Recipe, Symbols};

pub(crate) use bytes::{weigh_bits, weigh_data, weigh_fixed};
pub use explain::{Candidate, Explanation, Versus};
pub(crate) use sample::sample;
pub(crate) use tariff::{Tariff, float};
pub(crate) use words::weigh_words;

/// A block may grow to this times what its plan promised before the choice is made anew.
const PATIENCE: f64 = 1.25;
/// And by this many bytes, which are those of headers.
const SLACK_BYTES: f64 = 256.0;

/// How a block is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) recipe: Recipe,
    pub(crate) codec: Compression,
}

/// A plan and what it is thought to give.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighed {
    pub(crate) plan: Plan,
    /// Bytes of the whole block.
    pub(crate) bytes: f64,
    /// Bytes plus the worth of the time.
    pub(crate) cost: f64,
}

/// What came of weighing the plans for one block: the cheapest first, never empty.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    weighed: Vec<Weighed>,
    /// Values that were asked about.
    count: usize,
    /// Symbols found for text, which suit the chunks after it as well.
    pub(crate) symbols: Option<Arc<Symbols>>,
    /// What the node would take with a dictionary, or without, where both were weighed.
    pub(crate) versus: Option<Versus>,
}

impl Choice {
    /// The cheapest of `weighed`, or `otherwise`.
    pub(crate) fn new(mut weighed: Vec<Weighed>, count: usize, otherwise: Weighed) -> Self {
        if weighed.is_empty() {
            weighed.push(otherwise);
        }
        weighed.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        Self {
            weighed,
            count,
            symbols: None,
            versus: None,
        }
    }

    /// Encodings that `saves` accepts cost so much less elsewhere.
    pub(crate) fn credit(&mut self, saves: impl Fn(Encoding) -> bool, cost: f64) {
        for weighed in &mut self.weighed {
            if saves(weighed.plan.recipe.encoding) {
                weighed.cost -= cost;
            }
        }
        self.weighed.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    }

    pub(crate) fn best(&self) -> Weighed {
        // There is always one.
        self.weighed.first().copied().unwrap_or(Weighed {
            plan: Plan {
                recipe: Recipe::new(Encoding::Plain),
                codec: Compression::None,
            },
            bytes: 0.0,
            cost: 0.0,
        })
    }

    /// Whether it was made for so many values: what is best for a few may not be for thousands.
    pub(crate) fn is_for(&self, values: usize) -> bool {
        self.count >= values / 4
    }

    /// Whether a block of `values` values may take `stored` bytes before the plan is doubted.
    pub(crate) fn expects(&self, values: usize, stored: usize) -> bool {
        float(stored) <= self.due(values) * PATIENCE + SLACK_BYTES
    }

    /// Whether a block of another column takes about as much, so that its values are probably alike.
    pub(crate) fn suits(&self, values: usize, stored: usize) -> bool {
        self.expects(values, stored) && float(stored) * PATIENCE + SLACK_BYTES >= self.due(values)
    }

    fn due(&self, values: usize) -> f64 {
        self.best().bytes * float(values) / float(self.count.max(1))
    }
}

/// What was chosen for the blocks of one column.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnChoices(BTreeMap<(u16, Role), Choice>);

impl ColumnChoices {
    pub(crate) fn get(&self, place: (u16, Role)) -> Option<&Choice> {
        self.0.get(&place)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn insert(&mut self, place: (u16, Role), choice: Choice) {
        self.0.insert(place, choice);
    }
}

/// What an [`Encoder`](crate::Encoder) has chosen for the columns of a chunk, to be kept for the chunks after it.
///
/// Empty choices are made while encoding. Which of a stream's chunks share choices is up to the caller; that it does not
/// depend on threads is what makes files equal whatever their number.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    pub(crate) columns: Vec<ColumnChoices>,
}
