//! What has come of an input so far, held against its limits.

use std::sync::Arc;

use crate::{Batch, Limits, Result, Schema};

/// Counts the batches of a source and fails where they are more than its limits allow.
#[derive(Debug)]
pub struct Tally {
    limits: Limits,
    decoded_bytes: u64,
    schema: Option<Arc<Schema>>,
    schemas: u64,
}

impl Tally {
    /// Nothing came so far.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            decoded_bytes: 0,
            schema: None,
            schemas: 0,
        }
    }

    /// Bytes that all batches took in memory.
    #[must_use]
    pub fn decoded_bytes(&self) -> u64 {
        self.decoded_bytes
    }

    /// Counts what is no batch and costs as much as so many bytes of one.
    pub fn add(&mut self, bytes: u64) {
        self.decoded_bytes = self.decoded_bytes.saturating_add(bytes);
    }

    /// Takes a batch, whatever it was stored in. For sources of several streams, schemas are not to be counted here.
    pub fn take(&mut self, batch: &Batch) -> Result<()> {
        let bytes = batch.memory_bytes() as u64;
        self.decoded_bytes = self.decoded_bytes.saturating_add(bytes);
        Limits::check(
            "bytes that the input became",
            self.decoded_bytes,
            self.limits.decoded_bytes,
        )
    }

    /// Takes a batch of the one stream that an input of text has, of which `stored` bytes were read so far.
    pub fn take_text(&mut self, batch: &Batch, stored: u64) -> Result<()> {
        self.take(batch)?;
        self.check_ratio(0, stored)?;
        let schema = batch.schema();
        let known = self.schema.as_ref();
        if known.is_none_or(|known| !Arc::ptr_eq(known, schema) && known != schema) {
            self.schema = Some(Arc::clone(schema));
            self.schemas += 1;
        }
        Limits::check(
            "schemas of a stream",
            self.schemas,
            self.limits.schemas.into(),
        )
    }

    /// Fails where the batches so far, and `more` bytes of the one that is being made, are too many for `stored` bytes read.
    pub fn check_ratio(&self, more: u64, stored: u64) -> Result<()> {
        let decoded = self.decoded_bytes.saturating_add(more);
        self.limits
            .check_ratio("rows of the input", decoded, stored)
    }
}
