//! Choices that chunks of a stream share. The first chunk of each group makes them and the others keep them, whichever
//! threads those are on, so that a file's bytes don't depend on how many there are.

use std::sync::{Arc, OnceLock};

use export_compress::{Choices, Encoder};
use export_core::{Batch, ChunkEncoder, EncodedChunk, Result, Schema};

/// Chunks that share choices: enough that choosing costs little, few enough that what changes slowly is noticed.
const GROUP: u32 = 16;

/// Hands out a stream's shares, chunk by chunk.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    schema: Option<Arc<Schema>>,
    choices: Arc<OnceLock<Choices>>,
    chunks: u32,
}

impl Sharing {
    /// The share of the stream's next chunk, which has this schema.
    pub(crate) fn next(&mut self, schema: &Arc<Schema>) -> Share {
        let same = self.schema.as_ref().is_some_and(|s| s == schema);
        if self.chunks == 0 || !same {
            self.schema = Some(Arc::clone(schema));
            self.choices = Arc::default();
            self.chunks = GROUP;
        }
        let first = self.chunks == GROUP;
        self.chunks -= 1;
        Share {
            choices: Arc::clone(&self.choices),
            first,
        }
    }
}

/// One chunk's part in its group. Chunks must be begun in their order: all but the first wait for what that finds out.
#[derive(Debug)]
pub(crate) struct Share {
    choices: Arc<OnceLock<Choices>>,
    first: bool,
}

impl Share {
    pub(crate) fn encode(self, encoder: &Encoder, batch: &Batch) -> Result<EncodedChunk> {
        if !self.first {
            let (chunk, _) = encoder.encode_with(batch, self.choices.wait())?;
            return Ok(chunk);
        }
        let (chunk, found) = encoder.encode_with(batch, &Choices::default())?;
        // Nobody else sets it.
        drop(self.choices.set(found));
        Ok(chunk)
    }
}

impl Drop for Share {
    /// Where the first chunk failed or was never begun, the others must not wait for ever.
    fn drop(&mut self) {
        if self.first {
            self.choices.get_or_init(Choices::default);
        }
    }
}
