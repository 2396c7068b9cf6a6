//! What was chosen, and what else there was, for people to read.

use export_core::{Codec, Role};

use super::{Choice, Choices};
use crate::codec::Compression;
use crate::encoding::Encoding;

/// One way of writing a block, as it was weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// How values become bytes.
    pub encoding: Encoding,
    /// What compresses those.
    pub codec: Compression,
    /// Bytes that the block is thought to take.
    pub bytes: f64,
    /// Bytes plus the worth of the time, in bytes: the least cost wins.
    pub cost: f64,
}

impl Candidate {
    /// Names of encoding and codec, as reports have them.
    #[must_use]
    pub fn names(&self) -> (&'static str, &'static str) {
        (self.encoding.name(), self.codec.name())
    }
}

/// A node's values slot by slot against codes into a dictionary, each in its cheapest way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Versus {
    /// Bytes of the values, slot by slot.
    pub flat_bytes: f64,
    /// Their cost.
    pub flat_cost: f64,
    /// Bytes of entries and codes.
    pub dictionary_bytes: f64,
    /// Their cost, with that of looking every value up.
    pub dictionary_cost: f64,
}

/// Why a block is written as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Node of the column's type tree, in pre-order.
    pub node: u16,
    /// What the block holds for it.
    pub role: Role,
    /// Values in the block.
    pub values: usize,
    /// What was weighed, the cheapest first; never empty.
    pub candidates: Vec<Candidate>,
    /// What the node would take with a dictionary, or without, where both were weighed. It is said once a node: of the codes,
    /// or else of the values or the data.
    pub versus: Option<Versus>,
}

impl Choices {
    /// The explanations of column `index`, by node and role.
    #[must_use]
    pub fn explain(&self, index: usize) -> Vec<Explanation> {
        let column = self.columns.get(index);
        let blocks = column.into_iter().flat_map(|column| &column.0);
        blocks
            .map(|(&(node, role), choice)| explanation(node, role, choice))
            .collect()
    }
}

fn explanation(node: u16, role: Role, choice: &Choice) -> Explanation {
    let candidates = choice.weighed.iter().map(|weighed| Candidate {
        encoding: weighed.plan.recipe.encoding,
        codec: weighed.plan.codec,
        bytes: weighed.bytes,
        cost: weighed.cost,
    });
    Explanation {
        node,
        role,
        values: choice.count,
        candidates: candidates.collect(),
        versus: choice.versus,
    }
}
