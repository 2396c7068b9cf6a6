//! Where the bytes of a file are.

use std::collections::BTreeMap;

use export_compress::{codec_name, encoding_name};
use export_core::marrow::datatypes::Field;
use export_core::{Block, Result, Role};

use crate::recording::Recording;

/// Where the bytes of a file are.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Length of the file, in bytes.
    pub size_bytes: u64,
    /// One entry a stream.
    pub streams: Vec<StreamUsage>,
    /// Bytes that are in no block: headers, directories, schemas, index, padding.
    pub overhead_bytes: u64,
}

/// Where the bytes of a stream are.
#[derive(Debug, Clone, Default)]
pub struct StreamUsage {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its chunks.
    pub chunks: u64,
    /// Bytes of its blocks, as stored.
    pub stored_bytes: u64,
    /// One entry a column of its widest schema.
    pub columns: Vec<ColumnUsage>,
}

/// Where the bytes of a column are.
#[derive(Debug, Clone)]
pub struct ColumnUsage {
    /// Its field.
    pub field: Field,
    /// Bytes of its blocks, as stored.
    pub stored_bytes: u64,
    /// Bytes of its blocks after the codec.
    pub encoded_bytes: u64,
    /// What its chunks were encoded with, such as `codes bit-packed + zstd`, and the bytes stored so; most bytes first.
    pub encodings: Vec<(String, u64)>,
}

impl Recording {
    /// Where the file's bytes are. Reads the chunks' directories, not their blocks.
    pub fn usage(&self) -> Result<Usage> {
        let mut usage = Usage {
            size_bytes: self.container.size_bytes(),
            ..Usage::default()
        };
        for stream in self.container.streams() {
            let fields = &stream.schema().fields;
            let mut columns: Vec<Tally> = fields.iter().map(|_| Tally::default()).collect();
            for chunk in &stream.chunks {
                let directory = self.container.read_directory(chunk)?;
                let written = stream.schema_of(chunk)?;
                for (field, column) in written.fields.iter().zip(&directory.columns) {
                    let at = stream.schema().index_of(&field.name);
                    if let Some(tally) = at.and_then(|at| columns.get_mut(at)) {
                        column.blocks.iter().for_each(|block| tally.add(block));
                    }
                }
            }
            let columns: Vec<_> = columns
                .into_iter()
                .zip(fields)
                .map(|(tally, field)| tally.total(field))
                .collect();
            usage.streams.push(StreamUsage {
                name: stream.name.clone(),
                rows: stream.rows(),
                chunks: stream.chunks.len() as u64,
                stored_bytes: columns.iter().map(|column| column.stored_bytes).sum(),
                columns,
            });
        }
        let in_blocks: u64 = usage.streams.iter().map(|stream| stream.stored_bytes).sum();
        usage.overhead_bytes = usage.size_bytes.saturating_sub(in_blocks);
        Ok(usage)
    }
}

#[derive(Debug, Default)]
struct Tally {
    stored_bytes: u64,
    encoded_bytes: u64,
    encodings: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, block: &Block) {
        self.stored_bytes += block.stored_bytes;
        self.encoded_bytes += block.encoded_bytes;
        *self.encodings.entry(name(block)).or_default() += block.stored_bytes;
    }

    fn total(self, field: &Field) -> ColumnUsage {
        let mut encodings: Vec<_> = self.encodings.into_iter().collect();
        encodings.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        ColumnUsage {
            field: field.clone(),
            stored_bytes: self.stored_bytes,
            encoded_bytes: self.encoded_bytes,
            encodings,
        }
    }
}

/// How a block is stored, such as `lengths bit-packed` or `codes bit-packed + zstd`.
fn name(block: &Block) -> String {
    let role = match block.role {
        Role::Validity => "validity ",
        Role::Lengths => "lengths ",
        Role::Data => "text ",
        Role::Codes => "dictionary codes ",
        Role::TypeIds => "type ids ",
        Role::Offsets => "offsets ",
        _ => "",
    };
    let encoding = encoding_name(block.encoding);
    match codec_name(block.codec) {
        "none" => format!("{role}{encoding}"),
        codec => format!("{role}{encoding} + {codec}"),
    }
}
