//! A stream as readers see it.

use std::sync::Arc;

use export_core::{Error, Result, Schema, StreamId};

use crate::index::ChunkRef;

/// A stream of a container.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its number.
    pub id: StreamId,
    /// Its name.
    pub name: String,
    /// Its schemas, the widest last. A chunk says which of them it was written with. One without fields after others stands
    /// for a schema that is lost.
    pub schemas: Vec<Arc<Schema>>,
    /// Its chunks, in order.
    pub chunks: Vec<ChunkRef>,
}

impl Stream {
    /// The widest schema, which readers present.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        static EMPTY: std::sync::OnceLock<Arc<Schema>> = std::sync::OnceLock::new();
        self.schemas
            .last()
            .unwrap_or_else(|| EMPTY.get_or_init(Arc::default))
    }

    /// The schema that `chunk` was written with. Fails where no intact stream frame knows it.
    pub fn schema_of(&self, chunk: &ChunkRef) -> Result<&Arc<Schema>> {
        self.schemas
            .get(chunk.schema_version as usize)
            .filter(|schema| schema.fields.len() == chunk.columns.len())
            .ok_or_else(|| {
                Error::corrupt(format!(
                    "schema {} of the stream is lost",
                    chunk.schema_version
                ))
                .in_chunk(chunk.number)
                .in_stream(&self.name)
            })
    }

    /// Its schemas, from the first on, without those that are lost.
    pub(crate) fn known_schemas(&self) -> impl Iterator<Item = (usize, &Arc<Schema>)> {
        let mut schemas = self.schemas.iter().enumerate();
        schemas
            .next()
            .into_iter()
            .chain(schemas.filter(|(_, schema)| !schema.fields.is_empty()))
    }

    /// Rows of all its chunks that are there.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.chunks
            .iter()
            .map(|chunk| chunk.rows)
            .fold(0, u64::saturating_add)
    }
}
