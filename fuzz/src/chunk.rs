//! Chunks.

use std::sync::Arc;

use export_compress::Decoder;
use export_core::{ChunkDecoder, EncodedChunk, Schema};

use crate::plan::Plan;
use crate::{batch, limits};

/// The input is a plan of columns, a plan of a directory, and the blocks.
pub(crate) fn decode(bytes: &[u8]) {
    let mut plan = Plan(bytes);
    let schema = Schema {
        fields: plan.fields(),
        ..Schema::default()
    };
    let directory = plan.directory(schema.fields.len());
    let chunk = EncodedChunk {
        directory,
        bytes: plan.0.to_vec(),
    };
    if let Ok(decoded) = Decoder::new().decode(&Arc::new(schema), &chunk, &limits()) {
        batch::check(&decoded);
    }
}
