//! Why columns are encoded as they are.

mod chunk;
mod nodes;

use export_compress::{
    Candidate, Choices, Encoder, Explanation, Options as EncodeOptions, Versus, codec_name,
    encoding_name,
};
use export_core::marrow::array::Array;
use export_core::marrow::datatypes::Field;
use export_core::{Batch, Block, ChunkEncoder, Error, Result, Role};
use export_stats::{ColumnStatistics, Shape};

pub use chunk::{ChunkExplanation, ExplainOptions, explain_source};

/// Why one column is encoded as it is.
#[derive(Debug, Clone)]
pub struct ColumnExplanation {
    /// Its field.
    pub field: Field,
    /// The nodes of its type tree, in pre-order: the column itself, then what is nested in it.
    pub nodes: Vec<NodeExplanation>,
}

/// What one node of a column holds, and how it is written.
#[derive(Debug, Clone)]
pub struct NodeExplanation {
    /// Its name from the column on, such as `place.x` or `spikes[]`.
    pub path: String,
    /// What its values are.
    pub statistics: ColumnStatistics,
    /// How they follow one another.
    pub shape: Shape,
    /// Values slot by slot against a dictionary, where both were weighed.
    pub versus: Option<Versus>,
    /// Its blocks, by role. None where the type has none of its own, as structs without nulls.
    pub blocks: Vec<BlockExplanation>,
}

impl NodeExplanation {
    /// Whether values are stored as codes into a dictionary.
    #[must_use]
    pub fn has_codes(&self) -> bool {
        self.blocks.iter().any(|block| block.role == Role::Codes)
    }
}

/// How a block is written, and how else it could be.
#[derive(Debug, Clone)]
pub struct BlockExplanation {
    /// What it holds.
    pub role: Role,
    /// Values in it.
    pub values: u64,
    /// How it is stored: in the file that is explained, or else by the choice.
    pub stored: Stored,
    /// How it would be stored now, where that is not how the file has it: other options, or a choice kept from the chunks
    /// before.
    pub now: Option<Stored>,
    /// What was weighed, by estimate from a sample, the cheapest first. Empty where nothing had to be: all values are equal.
    pub candidates: Vec<Candidate>,
}

/// How a block is stored, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Name of its encoding.
    pub encoding: &'static str,
    /// Name of its codec.
    pub codec: &'static str,
    /// Bytes it takes.
    pub bytes: u64,
}

impl From<&Block> for Stored {
    fn from(block: &Block) -> Self {
        Self {
            encoding: encoding_name(block.encoding),
            codec: codec_name(block.codec),
            bytes: block.stored_bytes,
        }
    }
}

impl BlockExplanation {
    /// The cheapest candidate that is not how the block is stored.
    #[must_use]
    pub fn runner_up(&self) -> Option<&Candidate> {
        self.candidates
            .iter()
            .find(|other| !self.is_stored_as(other))
    }

    /// The estimate for how the block is stored, if it was weighed.
    #[must_use]
    pub fn weighed(&self) -> Option<&Candidate> {
        self.candidates
            .iter()
            .find(|other| self.is_stored_as(other))
    }

    /// The cost of `other` as a multiple of the cost of how the block is stored.
    #[must_use]
    pub fn relative_cost(&self, other: &Candidate) -> Option<f64> {
        let own = self.weighed().filter(|own| own.cost > 0.0)?;
        Some(other.cost / own.cost)
    }

    fn is_stored_as(&self, other: &Candidate) -> bool {
        (self.stored.encoding, self.stored.codec) == other.names()
    }
}

/// Says how `batch` would be written as a chunk, why, and what its values are: encodes it and reads all of it.
///
/// ```
/// use exportkit::{EncodeOptions, Place, explain, open_source};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("steps.csv");
/// # let rows: String = (0..5_000).map(|step| format!("{step}\n")).collect();
/// std::fs::write(&path, String::from("step\n") + &rows)?;
/// let mut steps = open_source(&Place::from(&*path), &Default::default())?.source;
/// let batch = steps.next_batch()?.unwrap().batch;
/// let columns = explain(&batch, &EncodeOptions::default())?;
/// let step = &columns[0].nodes[0];
/// assert_eq!(step.shape.rising(), Some(1.0));
/// assert_eq!(step.blocks[0].stored.encoding, "lane-delta");
/// assert!(step.blocks[0].runner_up().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain(batch: &Batch, options: &EncodeOptions) -> Result<Vec<ColumnExplanation>> {
    explain_stored(batch, options, &|_| None)
}

/// [`explain()`] for a chunk whose columns are stored already, in the blocks that `stored` has for a column's name.
fn explain_stored<'b>(
    batch: &Batch,
    options: &EncodeOptions,
    stored: &dyn Fn(&str) -> Option<&'b [Block]>,
) -> Result<Vec<ColumnExplanation>> {
    let encoder = Encoder::new(options.clone())?;
    let (chunk, choices) = encoder.encode_with(batch, &Choices::default())?;
    let columns = batch.schema().fields.iter().zip(batch.columns());
    let columns = columns.zip(&chunk.directory.columns).enumerate();
    let explained = columns.map(|(index, ((field, array), directory))| {
        let column = Column {
            now: &directory.blocks,
            stored: stored(&field.name).unwrap_or(&directory.blocks),
            reasons: choices.explain(index),
        };
        column
            .explain(field, array)
            .map_err(|error: Error| error.in_column(&field.name))
    });
    explained.collect()
}

/// What is known of a column's blocks.
struct Column<'a> {
    /// As the choice has them.
    now: &'a [Block],
    /// As the file has them.
    stored: &'a [Block],
    reasons: Vec<Explanation>,
}

impl Column<'_> {
    fn explain(&self, field: &Field, array: &Array) -> Result<ColumnExplanation> {
        let nodes = nodes::nodes(field, array).into_iter().enumerate();
        let nodes = nodes.map(|(number, node)| {
            Ok(NodeExplanation {
                path: node.path,
                shape: Shape::of(node.array),
                statistics: ColumnStatistics::of(node.field, node.array)?,
                versus: self.reasons_of(number).find_map(|reason| reason.versus),
                blocks: self.blocks(number),
            })
        });
        Ok(ColumnExplanation {
            field: field.clone(),
            nodes: nodes.collect::<Result<_>>()?,
        })
    }

    fn reasons_of(&self, number: usize) -> impl Iterator<Item = &Explanation> {
        let reasons = self.reasons.iter();
        reasons.filter(move |reason| usize::from(reason.node) == number)
    }

    fn blocks(&self, number: usize) -> Vec<BlockExplanation> {
        let now: Vec<_> = of_node(self.now, number).collect();
        let stored: Vec<_> = of_node(self.stored, number).collect();
        // Entries of a dictionary are no measure for values slot by slot.
        let codes = |blocks: &[&Block]| blocks.iter().any(|block| block.role == Role::Codes);
        let alike = codes(&now) == codes(&stored);
        let blocks = stored.into_iter().map(|block| {
            let now = now.iter().find(|other| alike && other.role == block.role);
            let reason = self
                .reasons_of(number)
                .find(|reason| reason.role == block.role);
            let stored = Stored::from(block);
            let now = now
                .map(|now| Stored::from(*now))
                .filter(|now| (now.encoding, now.codec) != (stored.encoding, stored.codec));
            BlockExplanation {
                role: block.role,
                values: block.values,
                stored,
                now,
                candidates: reason
                    .filter(|_| alike)
                    .map(|reason| reason.candidates.clone())
                    .unwrap_or_default(),
            }
        });
        blocks.collect()
    }
}

fn of_node(blocks: &[Block], number: usize) -> impl Iterator<Item = &Block> {
    let own = move |block: &&Block| usize::from(block.node) == number;
    blocks.iter().filter(own)
}
