//! Batches of any size into batches of a chunk's size.

use std::sync::Arc;

use export_core::marrow::datatypes::{DataType, Field};
use export_core::{Batch, Error, Result, Schema, widen};

/// Bytes of values a chunk holds at about most, before encoding.
pub(crate) const CHUNK_BYTES: usize = 4 << 20;
/// A batch of at least this many bytes is a chunk without waiting for more.
const ENOUGH_BYTES: usize = CHUNK_BYTES / 2;

/// Rows of one stream that are not a whole chunk yet.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    parts: Vec<Batch>,
    bytes: usize,
    /// How many times chunks are halved, for want of memory.
    halvings: u32,
    /// Schema of the stream so far, where a file is being continued that has the stream already: what comes now may be
    /// narrower (a column of nothing but nulls, say), and is widened to it.
    continues: Option<Arc<Schema>>,
}

impl Gather {
    pub(crate) fn new(continues: Option<Arc<Schema>>) -> Self {
        Self {
            continues,
            ..Self::default()
        }
    }

    /// Whether nothing is known of the stream that is gone on with.
    pub(crate) fn is_unknown(&self) -> bool {
        self.continues.is_none()
    }

    /// Bytes of what was gathered and is no chunk yet.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes chunks that are halved so many times from now on.
    pub(crate) fn halve(&mut self, halvings: u32) {
        self.halvings = halvings;
    }

    /// The rows of `batch`, as wide as the stream they continue.
    pub(crate) fn continued(&mut self, batch: Batch) -> Result<Batch> {
        let Some(known) = &mut self.continues else {
            return Ok(batch);
        };
        *known = joined(known, batch.schema())?;
        widen::cast_batch(&batch, known)
    }

    /// Adds rows, and calls `whole` for each chunk's worth there is now. Rows keep their order. A chunk has one schema, so a
    /// new one ends the chunk before it.
    pub(crate) fn add(
        &mut self,
        batch: Batch,
        mut whole: impl FnMut(Batch) -> Result<()>,
    ) -> Result<()> {
        if batch.rows() == 0 {
            return Ok(());
        }
        let bytes = batch.memory_bytes();
        let [chunk_bytes, enough] = [CHUNK_BYTES, ENOUGH_BYTES].map(|bytes| bytes >> self.halvings);
        let fits = self.parts.first().is_none_or(|first| {
            let same =
                Arc::ptr_eq(first.schema(), batch.schema()) || first.schema() == batch.schema();
            same && self.bytes + bytes <= chunk_bytes
        });
        if !fits && let Some(before) = self.take()? {
            whole(before)?;
        }
        if bytes > chunk_bytes * 3 / 2 && batch.rows() > 1 {
            return split(&batch, bytes.div_ceil(chunk_bytes), whole);
        }
        self.parts.push(batch);
        self.bytes += bytes;
        match self.bytes >= enough {
            true => self.take()?.map_or(Ok(()), whole),
            false => Ok(()),
        }
    }

    /// What was gathered, if anything was.
    pub(crate) fn take(&mut self) -> Result<Option<Batch>> {
        self.bytes = 0;
        let parts = std::mem::take(&mut self.parts);
        match <[Batch; 1]>::try_from(parts) {
            Ok([one]) => Ok(Some(one)),
            Err(parts) if parts.is_empty() => Ok(None),
            Err(parts) => Batch::concat(&parts).map(Some),
        }
    }
}

/// The schema of a stream of schema `known` once it has rows of `schema`, too. Fails where they do not fit.
pub(crate) fn joined(known: &Arc<Schema>, schema: &Schema) -> Result<Arc<Schema>> {
    if known.fields == schema.fields {
        return Ok(Arc::clone(known));
    }
    let [before, now] = [&known.fields, &schema.fields].map(|fields| Field {
        data_type: DataType::Struct(fields.clone()),
        ..Field::default()
    });
    match widen::join(&before, &now).map(|field| field.data_type) {
        Some(DataType::Struct(fields)) => Ok(Arc::new(Schema {
            fields,
            metadata: known.metadata.clone(),
        })),
        _ => Err(
            Error::schema("these rows do not fit those the stream has already")
                .with_hint("give them a stream of their own"),
        ),
    }
}

/// Cuts a batch that is too large for one chunk into equal parts.
fn split(batch: &Batch, parts: usize, mut whole: impl FnMut(Batch) -> Result<()>) -> Result<()> {
    let parts = parts.min(batch.rows());
    let rows = batch.rows().div_ceil(parts.max(1)).max(1);
    let mut start = 0;
    while start < batch.rows() {
        let count = rows.min(batch.rows() - start);
        whole(batch.slice(start, count)?)?;
        start += count;
    }
    Ok(())
}
