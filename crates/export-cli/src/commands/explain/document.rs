//! The explanation for programs.

use exportkit::stats::ColumnStatistics;
use exportkit::{
    BlockExplanation, Candidate, ChunkExplanation, NodeExplanation, Stored, field_type_name,
    role_name,
};
use serde::Serialize;

use super::{Explained, whole};

#[derive(Serialize)]
pub(super) struct Document<'a> {
    file: &'a str,
    format: &'static str,
    preset: &'static str,
    streams: Vec<StreamDocument<'a>>,
}

#[derive(Serialize)]
struct StreamDocument<'a> {
    name: &'a str,
    chunk: u64,
    rows: u64,
    columns: Vec<ColumnDocument<'a>>,
}

#[derive(Serialize)]
struct ColumnDocument<'a> {
    name: &'a str,
    nodes: Vec<NodeDocument<'a>>,
}

#[derive(Serialize)]
struct NodeDocument<'a> {
    path: &'a str,
    #[serde(rename = "type")]
    data_type: String,
    slots: u64,
    nulls: u64,
    nans: u64,
    distinct: u64,
    distinct_is_exact: bool,
    min: Option<String>,
    max: Option<String>,
    range_bits: Option<u32>,
    rising_share: Option<f64>,
    mean_run: Option<f64>,
    mean_length: Option<f64>,
    digit_share: Option<f64>,
    dictionary: Option<DictionaryDocument>,
    blocks: Vec<BlockDocument>,
}

#[derive(Serialize)]
struct DictionaryDocument {
    chosen: bool,
    flat_bytes: u64,
    flat_cost: f64,
    dictionary_bytes: u64,
    dictionary_cost: f64,
}

#[derive(Serialize)]
struct BlockDocument {
    role: &'static str,
    values: u64,
    #[serde(flatten)]
    stored: StoredDocument,
    /// How it would be stored now, where otherwise.
    now: Option<StoredDocument>,
    candidates: Vec<CandidateDocument>,
}

#[derive(Serialize)]
struct StoredDocument {
    encoding: &'static str,
    codec: &'static str,
    stored_bytes: u64,
}

#[derive(Serialize)]
struct CandidateDocument {
    encoding: &'static str,
    codec: &'static str,
    bytes: u64,
    cost: f64,
    relative_cost: Option<f64>,
}

pub(super) fn document(explained: &Explained) -> Document<'_> {
    Document {
        file: &explained.file,
        format: explained.format,
        preset: explained.preset.name(),
        streams: explained.chunks.iter().map(stream).collect(),
    }
}

fn stream(chunk: &ChunkExplanation) -> StreamDocument<'_> {
    let columns = chunk.columns.iter().map(|column| ColumnDocument {
        name: &column.field.name,
        nodes: column.nodes.iter().map(node).collect(),
    });
    StreamDocument {
        name: &chunk.stream,
        chunk: chunk.chunk,
        rows: chunk.rows,
        columns: columns.collect(),
    }
}

fn node(node: &NodeExplanation) -> NodeDocument<'_> {
    let statistics: &ColumnStatistics = &node.statistics;
    let distinct = statistics.distinct();
    NodeDocument {
        path: &node.path,
        data_type: field_type_name(statistics.field()),
        slots: statistics.rows(),
        nulls: statistics.nulls(),
        nans: statistics.nans(),
        distinct: distinct.count,
        distinct_is_exact: distinct.is_exact,
        min: statistics.min_text(),
        max: statistics.max_text(),
        range_bits: statistics.range_bits(),
        rising_share: node.shape.rising(),
        mean_run: node.shape.mean_run(),
        mean_length: statistics.mean_length(),
        digit_share: node.shape.digits(),
        dictionary: node.versus.map(|versus| DictionaryDocument {
            chosen: node.has_codes(),
            flat_bytes: whole(versus.flat_bytes),
            flat_cost: versus.flat_cost,
            dictionary_bytes: whole(versus.dictionary_bytes),
            dictionary_cost: versus.dictionary_cost,
        }),
        blocks: node.blocks.iter().map(block).collect(),
    }
}

fn block(block: &BlockExplanation) -> BlockDocument {
    let candidate = |other: &Candidate| {
        let (encoding, codec) = other.names();
        CandidateDocument {
            encoding,
            codec,
            bytes: whole(other.bytes),
            cost: other.cost,
            relative_cost: block.relative_cost(other),
        }
    };
    BlockDocument {
        role: role_name(block.role),
        values: block.values,
        stored: stored(&block.stored),
        now: block.now.as_ref().map(stored),
        candidates: block.candidates.iter().map(candidate).collect(),
    }
}

fn stored(stored: &Stored) -> StoredDocument {
    StoredDocument {
        encoding: stored.encoding,
        codec: stored.codec,
        stored_bytes: stored.bytes,
    }
}
